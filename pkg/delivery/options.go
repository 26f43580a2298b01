package delivery

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/throttle"
)

// Options is everything that a run needs. What may be left out is marked.
type Options struct {
	Ledger   Ledger
	Sender   Sender
	Composer Composer
	// Envelope returns the sender of the SMTP envelope of a notice, as on the wire.
	Envelope func(campaign.Notice) string
	Clock    Clock
	Random   func() float64 // from [0, 1), for jitter; called by one goroutine at a time
	// Log is told, as a warning, whenever the relay fails, and at the debug level what
	// came of each notice. Addresses are masked. Nil: nothing is logged.
	Log *slog.Logger

	Connections int // sessions at the same time
	PerSession  int // notices over one session, which is then replaced; 0: any number
	PerDomain   int // transactions with one destination domain at the same time; 0: any number
	Pace        throttle.Pace
	Pause       time.Duration    // between batches; 0: none
	Retry       throttle.Backoff // of a deferred notice; with Attempts, after which it is rejected
	Redial      throttle.Backoff // of the relay; Attempts is not used, Halt ends it
	// Halt ends the run. When a relay goes down, each session may lose the reply to a
	// notice at once: Consecutive above Connections lets the run survive that.
	Halt throttle.Halt
	// Prober asks the pages that notices lead to, every ProbeEvery. No notice is begun
	// before the first answer, nor while a page does not answer. Nil: no page is asked.
	Prober     Prober
	ProbeEvery time.Duration

	Limit  int64 // notices to try in this run; 0: all of them
	NoWait bool  // end, rather than wait, when only deferred notices and those to paused destinations are left
	// Left is how many notices the campaign has to send, and Batches in how many batches
	// they are: for Outlook and Activity.ETA. 0: not known.
	Left    int64
	Batches int64
	// Progress is told of every change, one call at a time; it must be quick. Optional.
	Progress func(Event)
}

// Validate returns an error for options with which no run can be made.
func (o Options) Validate() error {
	switch {
	case o.Ledger == nil, o.Sender == nil, o.Composer == nil, o.Envelope == nil, o.Clock == nil, o.Random == nil:
		return errors.New("a part of the delivery is missing")
	case o.Connections < 1:
		return errors.New("the number of connections is below 1")
	case o.PerSession < 0:
		return errors.New("the number of notices per session is negative")
	case o.PerDomain < 0:
		return errors.New("the number of transactions per domain is negative")
	case o.Left < 0 || o.Batches < 0:
		return errors.New("the number of notices or of batches is negative")
	case o.Pause < 0:
		return errors.New("the pause between batches is negative")
	case o.Retry.Attempts < 1:
		return errors.New("the number of attempts is below 1")
	case o.Limit < 0:
		return errors.New("the limit is negative")
	case o.Prober != nil && o.ProbeEvery <= 0:
		return errors.New("the time between two questions to the pages is not above 0")
	}
	for _, part := range []struct {
		name  string
		check func() error
	}{
		{"throttle", o.Pace.Validate},
		{"retry", o.Retry.Validate},
		{"redial", o.Redial.Validate},
		{"halt", o.Halt.Validate},
	} {
		if err := part.check(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}
