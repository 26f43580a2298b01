package delivery

import (
	"errors"
	"fmt"
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

	Connections int // sessions at the same time
	Pace        throttle.Pace
	Pause       time.Duration    // between batches; 0: none
	Retry       throttle.Backoff // of a deferred notice; with Attempts, after which it is rejected
	Redial      throttle.Backoff // of the relay; Attempts is not used, Halt ends it
	// Halt ends the run. When a relay goes down, each session may lose the reply to a
	// notice at once: Consecutive above Connections lets the run survive that.
	Halt throttle.Halt

	Limit  int64 // notices to try in this run; 0: all of them
	NoWait bool  // end, rather than wait, when only deferred notices are left
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
	case o.Pause < 0:
		return errors.New("the pause between batches is negative")
	case o.Retry.Attempts < 1:
		return errors.New("the number of attempts is below 1")
	case o.Limit < 0:
		return errors.New("the limit is negative")
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
