package delivery

import (
	"time"

	"breachnotify/pkg/campaign"
)

// End is why a run ended.
type End string

// The ends.
const (
	Done        End = "done"        // no pending or deferred notice is left
	Limited     End = "limit"       // Options.Limit notices were tried
	Waiting     End = "waiting"     // NoWait is set, and there was nothing to do but wait
	Interrupted End = "interrupted" // the stop channel was closed or the context ended
	Halted      End = "halted"      // the run stopped itself; Summary.Halted says why
	Failed      End = "failed"      // Run returned an error
)

// Summary is how a run went.
type Summary struct {
	End    End
	Halted string    // why the run stopped itself; may be shown: recipients and their names are masked
	Hint   string    // what to do about that
	Next   time.Time // when the next deferred notice is due; zero: none is known
	Began  time.Time
	Ended  time.Time
	Hold   campaign.Hold // what the next run is to wait for, by the wall clock
	Ramped time.Duration // how much of the ramp lies behind, for the Pace of the next run
	Tally  Tally
}

// Tally counts what happened in a run. A notice that was deferred and then accepted
// counts in both.
type Tally struct {
	Tried    int64 // intents recorded, and envelopes that were refused or put off
	Retried  int64 // of Tried: notices that had been put off before
	Accepted int64
	Deferred int64
	Rejected int64
	InDoubt  int64
}

// add counts one recorded move.
func (t *Tally) add(m campaign.Move) {
	if m.To == campaign.Sending || m.From != campaign.Sending {
		t.Tried++
		if m.From == campaign.Deferred {
			t.Retried++
		}
	}
	switch m.To {
	case campaign.Accepted:
		t.Accepted++
	case campaign.Deferred:
		t.Deferred++
	case campaign.Rejected:
		t.Rejected++
	case campaign.InDoubt:
		t.InDoubt++
	}
}

// Event is a run at one moment. It holds nothing that names anybody.
type Event struct {
	campaign.Activity
	Batch int // the batch under way, from 1; 0: none yet
	Tally Tally
}
