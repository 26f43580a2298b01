package live_test

import (
	"testing"
	"time"
)

// eventually waits for what happens in another process and cannot be waited for in any
// other way than by looking.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s: not within 30 s", what)
		}
	}
}
