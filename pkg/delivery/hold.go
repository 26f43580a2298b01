package delivery

import (
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/relay"
)

// keep begins with what the run before left of a relay that asked for patience. The rest
// of a pause between batches is left to dispatch.
func (r *run) keep(h campaign.Hold) {
	if h.Limit != campaign.LimitRelay || !h.Active(r.Clock.Now()) {
		return
	}
	until := r.onTimeline(h.Until)
	r.mu.Lock()
	r.asked = h.Until
	r.pass.Hold(until)
	r.enterLocked(phase{name: campaign.PhasePaused, until: until, limit: campaign.LimitRelay}, r.now())
	r.mu.Unlock()
	r.announce()
}

// askedLocked takes in for how long the relay asks to be left in peace.
func (r *run) askedLocked(o relay.Outcome) {
	if o.Effect >= relay.BackOff && o.Wait > 0 {
		until := r.Clock.Now().Add(asked(o)).Round(0)
		r.asked = later(r.asked, until.Add(time.Second-1).Truncate(time.Second))
	}
}

// cut takes in that a pause was not waited for to its end.
func (r *run) cut(until time.Time) {
	if left := until.Sub(r.now()); left > 0 {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.unrested = r.Clock.Now().Add(left).Round(0)
	}
}

// leaves reports whether the run ends rather than wait for the relay.
func (r *run) leaves() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.NoWait && r.asked.Sub(r.Clock.Now()) > restAfter
}

// holdLocked returns what the next run is to wait for.
func (r *run) holdLocked() campaign.Hold {
	now := r.Clock.Now()
	for _, h := range []campaign.Hold{{Limit: campaign.LimitRelay, Until: r.asked}, {Limit: campaign.LimitPause, Until: r.unrested}} {
		if h.Active(now) {
			return h
		}
	}
	return campaign.Hold{}
}

// onTimeline returns where a moment by the wall clock stands on the run's timeline.
func (r *run) onTimeline(at time.Time) time.Time { return r.now().Add(at.Sub(r.Clock.Now())) }
