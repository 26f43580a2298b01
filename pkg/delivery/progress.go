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
	r.queue.wake() // idle workers may want to close their sessions
	for wait := until.Sub(r.now()); wait > 0 && !r.ending(); wait = until.Sub(r.now()) {
		select {
		case <-r.Clock.After(min(wait, nap)):
		case <-r.ended:
		}
	}
	r.enter(phase{name: campaign.PhaseSending})
}

// resting reports whether the run pauses for long enough to close idle sessions.
func (r *run) resting(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.phase.until.Sub(now) > restAfter
}

func (r *run) enter(p phase) {
	r.mu.Lock()
	r.phase = p
	r.mu.Unlock()
	r.announce()
}

func (r *run) setBatch(number int) {
	r.mu.Lock()
	r.batch = number
	r.mu.Unlock()
	r.announce()
}

// announce tells Progress where the run stands, and the ledger when the phase is
// another or the last note is old.
func (r *run) announce() {
	r.announcing.Lock()
	defer r.announcing.Unlock()
	now := r.now()
	event, current := r.event(now)
	if r.Progress != nil {
		r.Progress(event)
	}
	if current == r.notedPhase && now.Sub(r.noted) < noteEvery || r.broken.Load() {
		return
	}
	r.noted, r.notedPhase = now, current
	if err := r.Ledger.Note(r.durable, event.Activity); err != nil {
		r.fail(fmt.Errorf("note the activity in the ledger: %w", err))
	}
}

func (r *run) event(now time.Time) (Event, phase) {
	binding := r.queue.binds(now)
	r.mu.Lock()
	defer r.mu.Unlock()
	current := r.phase
	if current.name == campaign.PhasePaused {
		binding = current.limit
	}
	return Event{
		Activity: campaign.Activity{
			Phase: current.name,
			Until: current.until,
			Limit: binding,
			Rate:  r.meter.Rate(now),
		},
		Batch: r.batch,
		Tally: r.tally,
	}, current
}
