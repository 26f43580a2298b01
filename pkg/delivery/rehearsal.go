package delivery

import (
	"context"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/throttle"
)

// Rehearse runs o against a ledger that is only read, on a clock that begins at the
// time of o.Clock and jumps over every wait: the same code as Run, the same
// messages, no state. Ended minus Began of the Summary is how long the throttle alone
// would make the run take. o.Ledger and o.Connections are not used. Errors are those
// of Run.
//
// The Sender must not touch the network, and should accept everything: a notice that
// is put off in a rehearsal is not tried again.
func Rehearse(ctx context.Context, stop <-chan struct{}, ledger Reader, o Options) (Summary, error) {
	if o.Clock != nil {
		o.Clock = throttle.NewVirtual(o.Clock.Now())
	}
	if ledger != nil {
		o.Ledger = &rehearsal{Reader: ledger, given: map[int64]bool{}}
	}
	o.Connections = 1 // each wait moves the clock
	return Run(ctx, stop, o)
}

// rehearsal is a Ledger that writes nothing. Run reads pending notices by rising Seq
// and so gets none twice; deferred ones are kept from it here.
type rehearsal struct {
	Reader
	given map[int64]bool // deferred notices that Due has returned
}

var _ Ledger = (*rehearsal)(nil)

// Due reads past those that it has given. The deferred notices of a campaign are few
// beside its pending ones, so that reading them again for each page is affordable.
func (r *rehearsal) Due(ctx context.Context, now time.Time, limit int) ([]campaign.Notice, time.Time, error) {
	all, next, err := r.Reader.Due(ctx, now, len(r.given)+limit)
	if err != nil {
		return nil, time.Time{}, err
	}
	var due []campaign.Notice
	for _, n := range all {
		if !r.given[n.Seq] && len(due) < limit {
			r.given[n.Seq] = true
			due = append(due, n)
		}
	}
	return due, next, nil
}

// Record forgets the moves.
func (r *rehearsal) Record(context.Context, ...campaign.Move) error { return nil }

// Note forgets the activity.
func (r *rehearsal) Note(context.Context, campaign.Activity) error { return nil }

// Opened forgets the session.
func (r *rehearsal) Opened(context.Context, campaign.Session) error { return nil }

// Probed forgets which pages answer.
func (r *rehearsal) Probed(context.Context, time.Time, []campaign.PageFailure) error { return nil }
