package delivery

import (
	"fmt"
	"time"

	"breachnotify/pkg/campaign"
)

const (
	// noteEvery is how often a run that sends says so in the ledger.
	noteEvery = 2 * time.Second
	// nap is the longest wait in one piece. The timers of a suspended machine stand
	// still; the clock is looked at again after each nap.
	nap = time.Minute
	// restAfter is the wait from which on sessions are closed rather than left idle.
	restAfter = 10 * time.Second
)

// phase is what a run is doing.
type phase struct {
	name  campaign.Phase
	until time.Time
	limit string // while paused
}

// pause waits until the given moment of the run's timeline, or until the run ends,
// and says so. A moment that has come is no pause.
func (r *run) pause(limit string, until time.Time) {
	if !until.After(r.now()) {
		return
	}
	r.enter(phase{name: campaign.PhasePaused, until: until, limit: limit})
	r.queue.hold(true) // which wakes idle workers: they may want to close their sessions
	r.waitUntil(until)
	r.enter(phase{name: campaign.PhaseSending})
	r.queue.hold(false)
}

// waitUntil waits until the given moment of the run's timeline, or until the run ends.
func (r *run) waitUntil(until time.Time) {
	for wait := until.Sub(r.now()); wait > 0 && !r.ending(); wait = until.Sub(r.now()) {
		r.sleep(wait, nil)
	}
}

// resting reports whether the run pauses for long enough to close idle sessions. How long
// it waits for a page can be told afterwards only.
func (r *run) resting(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.phase.until.Sub(now) > restAfter || len(r.silent) > 0 && now.Sub(r.entered) > restAfter
}

func (r *run) enter(p phase) {
	now := r.now()
	r.mu.Lock()
	r.enterLocked(p, now)
	r.mu.Unlock()
	r.announce()
}

func (r *run) enterLocked(p phase, now time.Time) {
	r.rested = r.restedLocked(now)
	r.phase, r.entered = p, now
}

// restedLocked returns how much of the run was spent in pauses.
func (r *run) restedLocked(now time.Time) time.Duration {
	if r.phase.name == campaign.PhasePaused || len(r.silent) > 0 {
		return r.rested + now.Sub(r.entered)
	}
	return r.rested
}

func (r *run) setBatch(number int) {
	r.mu.Lock()
	r.batch = number
	r.mu.Unlock()
	r.announce()
}

// announce tells Progress where the run stands, and the ledger when something else
// holds the run back for long or the last note is old.
func (r *run) announce() {
	r.announcing.Lock()
	defer r.announcing.Unlock()
	now := r.now()
	event := r.event(now)
	if r.Progress != nil {
		r.Progress(event)
	}
	shown := phase{name: event.Phase, until: event.Until}
	if !shown.until.IsZero() || shown.name == campaign.PhasePaused {
		shown.limit = event.Limit
	}
	if shown == r.notedPhase && now.Sub(r.noted) < noteEvery || r.broken.Load() {
		return
	}
	r.noted, r.notedPhase = now, shown
	if err := r.Ledger.Note(r.durable, event.Activity); err != nil {
		r.fail(fmt.Errorf("note the activity in the ledger: %w", err))
	}
}

func (r *run) event(now time.Time) Event {
	limit, until := r.queue.binds(now)
	ramped, next := r.queue.ramped(), r.feed.nextDue()
	r.mu.Lock()
	defer r.mu.Unlock()
	doing := r.phase
	if len(r.silent) > 0 {
		doing = phase{name: campaign.PhasePaused, limit: r.silent.limit()}
	}
	if doing.name == campaign.PhasePaused {
		limit, until = doing.limit, doing.until
	}
	return Event{
		Activity: campaign.Activity{
			Phase:  doing.name,
			Limit:  limit,
			Until:  until.Truncate(time.Second),
			Rate:   r.meter.Rate(now),
			ETA:    r.etaLocked(now, ramped, next).Truncate(time.Second),
			Ramped: ramped,
		},
		Batch: r.batch,
		Tally: r.tally,
	}
}
