package ledger

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
)

// The cancelled hand-over may have happened or not, and may have got a buffer or not:
// whichever it was, Close comes back.
func TestADraftThatIsCancelledCloses(t *testing.T) {
	records := people(insertRows)
	for range 40 {
		d, err := Create(t.Context(), filepath.Join(t.TempDir(), "a.ledger"))
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		for _, p := range records[:insertRows-1] {
			must(t, d.Add(ctx, p))
		}
		cancel()
		if err := d.Add(ctx, records[insertRows-1]); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		must(t, d.Close())
	}
}
