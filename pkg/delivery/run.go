package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/throttle"
)

// Run sends what is due in batches until nothing is left or something ends it.
//
// Closing stop ends it gently: no further notice is taken, those on their way are
// finished and recorded. The end of ctx ends it at once: sessions are torn down, and
// a notice whose final dot was or may have been sent is recorded as in doubt. In both
// cases Summary.End is Interrupted; in the second Run also returns the context's
// error.
//
// Run returns an error if the options are not valid, if the ledger fails, or if a
// notice cannot be composed, with the Summary of what went before. After a failed
// write to the ledger no further body is sent.
func Run(ctx context.Context, stop <-chan struct{}, o Options) (Summary, error) {
	if err := o.Validate(); err != nil {
		return Summary{End: Failed}, fmt.Errorf("start the delivery: %w", err)
	}
	r := newRun(ctx, o)
	defer r.cancelDial()
	r.watch(ctx, stop)
	r.keep(o.Hold)
	var workers sync.WaitGroup
	if o.Prober != nil {
		r.queue.mute()
		workers.Go(r.probe)
	}
	for range o.Connections {
		workers.Go(func() { (&worker{run: r}).work(ctx) })
	}
	r.dispatch(ctx)
	workers.Wait()
	return r.summary(ctx)
}

// run is one Run.
type run struct {
	Options
	steady throttle.Steady
	began  time.Time
	start  time.Time // began, on the run's timeline
	queue  *queue
	feed   *feed

	durable    context.Context // of writes to the ledger: outlives every interrupt, so that they are finished
	dialing    context.Context // ends when the run does, gently or not
	cancelDial context.CancelFunc
	ended      chan struct{} // closed when no further notice is to be taken
	broken     atomic.Bool   // a write to the ledger failed: no further body is to be sent

	mu         sync.Mutex // guards what follows
	end        End        // set when ended is closed
	err        error
	bad        string // the last reply or failure that speaks against going on, for humans
	halted     string
	hint       string
	breaker    *throttle.Breaker
	complaints complaints
	asked      time.Time           // until when the relay has asked to be left in peace, by the wall clock
	unrested   time.Time           // the end of a pause between batches that was cut short, likewise
	dial       throttle.Gate       // closed while sessions cannot be opened
	pass       throttle.Gate       // closed while the relay takes no mail
	sessions   int                 // open ones
	links      map[relay.Link]bool // that the ledger has
	meter      throttle.Meter
	tally      Tally
	lastDue    time.Time // the latest moment until which a notice was put off
	batch      int
	phase      phase
	silent     silence       // what the run waits for besides
	entered    time.Time     // when phase or silent became what it is
	rested     time.Duration // in the pauses before

	announcing sync.Mutex // serialises Progress and Note
	noted      time.Time  // when Note was last called
	notedPhase phase      // what it said
}

func newRun(ctx context.Context, o Options) *run {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &run{
		Options:    o,
		ended:      make(chan struct{}),
		breaker:    throttle.NewBreaker(o.Halt),
		complaints: newComplaints(),
		dial:       throttle.Gate{Backoff: o.Redial},
		pass:       throttle.Gate{Backoff: o.Redial},
		began:      o.Clock.Now(),
		phase:      phase{name: campaign.PhaseSending},
		links:      map[relay.Link]bool{},
	}
	r.durable = context.WithoutCancel(ctx)
	r.dialing, r.cancelDial = context.WithCancel(ctx)
	now := r.now()
	r.start = now
	r.queue = newQueue(throttle.NewPacer(o.Pace, now), o.Limit, o.PerDomain)
	r.feed = &feed{ledger: o.Ledger, queue: r.queue, next: now} // some may be due from a run before
	return r
}

// now is where the run's timeline stands: every wait is measured on it.
func (r *run) now() time.Time { return r.steady.Now(r.Clock.Now) }

// watch ends the run when stop is closed or ctx ends.
func (r *run) watch(ctx context.Context, stop <-chan struct{}) {
	select {
	case <-stop: // before anything is taken
		r.finish(Interrupted, nil)
	case <-ctx.Done():
		r.finish(Interrupted, ctx.Err())
	default:
	}
	go func() {
		select {
		case <-stop:
			r.finish(Interrupted, nil)
		case <-ctx.Done():
			r.finish(Interrupted, ctx.Err())
			return
		case <-r.ended:
		}
	}()
}

// finish ends the run gently, unless it has ended. The first end is the one that
// counts.
func (r *run) finish(end End, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finishLocked(end, err)
}

func (r *run) finishLocked(end End, err error) {
	if r.end != "" {
		return
	}
	r.end, r.err = end, err
	close(r.ended)
	r.cancelDial()
}

// fail ends the run because the ledger failed: what is not on the wire yet stays
// there. The first failure is the one that is returned, also after a gentle end.
func (r *run) fail(err error) {
	r.broken.Store(true)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.finishLocked(Failed, err)
	if r.end != Failed {
		r.end, r.err = Failed, err
	}
}

func (r *run) ending() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// dispatch hands batch after batch to the workers until the run ends.
func (r *run) dispatch(ctx context.Context) {
	if r.Hold.Limit == campaign.LimitPause {
		r.pause(campaign.LimitPause, r.onTimeline(r.Hold.Until))
	}
	for !r.ending() {
		if err := r.feed.load(ctx, r.now()); err != nil {
			r.readFailed(ctx, err)
			return
		}
		switch {
		case r.queue.spent():
			r.finish(Limited, nil)
		case r.queue.idle():
			r.nextBatch()
		case r.queue.stuck(r.now()) && r.passBy():
		default:
			select {
			case <-r.queue.hungry:
			case <-r.ended:
			}
		}
	}
}

// passBy leaves notices behind whose destinations asked for a long pause, and goes on
// with the next batch beside them: one destination must not hold up the others. It
// reports false where there is nothing to do but wait.
func (r *run) passBy() bool {
	switch {
	case len(r.feed.ahead) > 0 && r.queue.wants():
		r.nextBatch()
	case r.NoWait:
		r.finish(Waiting, nil)
	default:
		return false
	}
	return true
}

func (r *run) readFailed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		r.finish(Interrupted, ctx.Err())
		return
	}
	r.finish(Failed, fmt.Errorf("read the next notices: %w", err))
}

// nextBatch closes the books of a batch that is through and goes on to the next one,
// or to the notices that wait for another try.
func (r *run) nextBatch() {
	r.checkBatch()
	if len(r.feed.ahead) > 0 && r.feed.batch > 0 {
		r.pause(throttle.LimitPause, r.now().Add(r.Pause))
	}
	if r.ending() {
		return
	}
	if r.feed.begin() {
		r.setBatch(r.feed.batch)
		return
	}
	switch next := r.feed.nextDue(); {
	case next.IsZero():
		r.finish(Done, nil)
	case next.After(r.now()) && r.NoWait:
		r.finish(Waiting, nil)
	default:
		r.pause(throttle.LimitRetry, next)
	}
}

func (r *run) summary(ctx context.Context) (Summary, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.end == Interrupted && r.err == nil {
		r.err = ctx.Err() // the gentle end was followed by the hard one
	}
	return Summary{
		End:    r.end,
		Halted: r.halted,
		Hint:   r.hint,
		Next:   r.feed.nextDue(),
		Began:  r.began,
		Ended:  r.Clock.Now(),
		Hold:   r.holdLocked(),
		Ramped: r.queue.ramped(),
		Tally:  r.tally,
	}, r.err
}
