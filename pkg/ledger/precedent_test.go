package ledger

import (
	"testing"
	"time"

	"breachnotify/pkg/campaign"
)

func TestPrecedentOfANoticeThatWasPutAside(t *testing.T) {
	l := ready(t, 4, Options{})
	aside := func(seq int64, from campaign.State, counted bool) {
		t.Helper()
		m := to(seq, from, campaign.Deferred)
		m.Next, m.Counted = noon, counted
		m.Attempt = &campaign.Attempt{At: noon, Stage: "dot", Code: 550, Enhanced: "5.4.5", Reply: "daily limit", Relay: "relay:25"}
		must(t, l.Record(t.Context(), m))
	}
	want := func(seq int64, alone bool) {
		t.Helper()
		got, err := l.Precedent(t.Context(), seq)
		must(t, err)
		if got.Alone != alone {
			t.Errorf("notice %d alone: %v, want %v", seq, got.Alone, alone)
		}
	}
	none, err := l.Precedent(t.Context(), 1)
	must(t, err)
	if none != (campaign.Precedent{}) {
		t.Errorf("a notice that was never tried has %+v", none)
	}
	aside(1, campaign.Pending, false)
	got, err := l.Precedent(t.Context(), 1)
	must(t, err)
	if last := got.Last; last.Stage != "dot" || last.Code != 550 || last.Enhanced != "5.4.5" || !last.At.Equal(noon) || got.Alone {
		t.Errorf("precedent = %+v", got)
	}
	due, _, err := l.Due(t.Context(), noon, 9)
	must(t, err)
	if len(due) != 1 || due[0].Attempts != 0 || due[0].Tries != 1 {
		t.Errorf("due = %+v", due)
	}
	if !got.Accepted.IsZero() {
		t.Errorf("somebody was accepted at %v", got.Accepted)
	}
	bring(t, l, 2, campaign.Accepted)
	got, err = l.Precedent(t.Context(), 1)
	must(t, err)
	if !got.Accepted.Equal(noon.Add(time.Minute)) {
		t.Errorf("accepted at %v", got.Accepted)
	}
	want(1, false) // 3 and 4 are pending
	aside(3, campaign.Pending, true)
	aside(4, campaign.Pending, false)
	want(1, false) // 3 waits for what counts
	want(3, true)  // the others met the same
	aside(3, campaign.Deferred, false)
	want(1, true)
	must(t, l.Record(t.Context(), to(4, campaign.Deferred, campaign.Sending)))
	want(1, false)
	want(4, true)
}

// Where nobody was ever accepted, nobody can tell.
func TestPrecedentWithoutAnAcceptance(t *testing.T) {
	l := ready(t, 1, Options{})
	m := to(1, campaign.Pending, campaign.Deferred)
	m.Next, m.Counted = noon, false
	must(t, l.Record(t.Context(), m))
	if got, err := l.Precedent(t.Context(), 1); err != nil || got.Alone {
		t.Errorf("precedent = %+v, %v", got, err)
	}
}
