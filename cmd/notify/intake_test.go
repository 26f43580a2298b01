package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"breachnotify/pkg/bounce"
	"breachnotify/pkg/bounce/mailbox"
	"breachnotify/pkg/campaign"
)

// TestAMessageThatIsTooLargeCountsOnce: it comes as far as it was read, and its error
// behind it.
func TestAMessageThatIsTooLargeCountsOnce(t *testing.T) {
	var stderr bytes.Buffer
	p := newProcess(make(chan struct{}))
	p.stderr = &stderr
	i := &intake{process: p, config: &campaign.Config{}, bad: complaints{process: p}}
	stream := func(yield func(returned, error) bool) {
		_ = yield(returned{bounce.Report{Digest: "small"}, campaign.Place{File: "a.eml"}}, nil) &&
			yield(returned{bounce.Report{Digest: "large"}, campaign.Place{File: "b.eml"}}, nil) &&
			yield(returned{}, fmt.Errorf("b.eml: %w", mailbox.ErrTooLarge)) &&
			yield(returned{}, fmt.Errorf("c.eml: %w", mailbox.ErrNotMail))
	}
	found := 0
	i.findings(t.Context(), stream)(func(_ campaign.Finding, err error) bool {
		if err != nil {
			t.Error(err)
		}
		found++
		return true
	})
	if read := i.read.Load(); found != 2 || read != 1 || i.bad.count != 2 {
		t.Errorf("%d findings, %d messages read and %d not, want 2, 1 and 2", found, read, i.bad.count)
	}
	if got := strings.Count(stderr.String(), "\n"); got != 2 {
		t.Errorf("stderr is %q, want a line for each that could not be read", stderr.String())
	}
}
