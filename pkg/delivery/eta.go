package delivery

import (
	"math"
	"time"

	"breachnotify/pkg/campaign"
)

// Outlook returns how long it takes at least to send n notices: by the rate, what is
// left of the ramp, the rates of the destinations, and the pauses between batches.
func (o Options) Outlook(n int64) time.Duration { return o.Pace.Span(n) + o.pauses(n) }

// pauses returns how long the run rests while n of the notices that are left go out:
// after each batch but the last.
func (o Options) pauses(n int64) time.Duration {
	if n <= 0 || o.Left <= 0 {
		return 0
	}
	return time.Duration((n-1)*o.Batches/o.Left) * o.Pause
}

// etaLocked returns when the campaign is through: as Outlook has it for the tries that are
// left, but as many times slower as the tries so far took longer than the throttle asks for,
// which tells of the relay and of slow destinations. Whatever came of a try counts, since
// each took its turn. It is no earlier than next, when the next deferred notice is due, and
// leaves the last ones that will be put off the time to be tried again. While the run waits
// for a page nobody can say.
//
// BUG(delivery): a notice that waits is taken to need one more try, so that the end is told
// too early where a relay puts the same ones off again and again.
func (r *run) etaLocked(now time.Time, ramped time.Duration, next time.Time) time.Time {
	left := r.Left - r.tally.settled()
	if left <= 0 || r.Pace.Rate == 0 || len(r.silent) > 0 {
		return time.Time{}
	}
	fresh, again := r.tally.ahead(left)
	pace := r.Pace
	pace.Ramped = ramped
	slowness := r.slownessLocked(now)
	from := later(now, r.phase.until).Add(r.pauses(left))
	through, ok := secondsAfter(from, slowness*pace.Span(fresh+again).Seconds())
	if !ok {
		return time.Time{} // nothing was tried yet
	}
	if r.tally.putOff(fresh) > 0 {
		tried, _ := secondsAfter(from, slowness*pace.Span(fresh).Seconds()) // which is before through
		through = later(through, tried.Add(r.Retry.First))
	}
	return later(later(through, next), r.lastDue)
}

// secondsAfter returns the moment so many seconds after another one. It reports false where
// that is beyond all calendars.
func secondsAfter(from time.Time, seconds float64) (time.Time, bool) {
	if math.IsInf(seconds, 1) || seconds > math.MaxInt64/4/float64(time.Second) {
		return time.Time{}, false
	}
	return from.Add(time.Duration(seconds * float64(time.Second))), true
}

// slownessLocked returns how many times longer the tries of this run took than the throttle
// asks for; 1 where that is not known yet, or where the throttle is what holds the run back.
func (r *run) slownessLocked(now time.Time) float64 {
	took := now.Sub(r.start) - r.restedLocked(now)
	if took < campaign.MeasuredFrom { // the throttle alone tells more
		return 1
	}
	return max(1, took.Seconds()/r.Pace.Span(r.tally.Tried).Seconds())
}

// settled returns how many notices have an outcome.
func (t Tally) settled() int64 { return t.Accepted + t.Rejected + t.InDoubt }

// ahead returns how many tries it takes until left notices are settled: of those that this
// run has not tried, one each, and of those that wait another one each, with as many more as
// are going to be put off. Those on their way take no further turn.
func (t Tally) ahead(left int64) (fresh, again int64) {
	left -= min(max(0, t.Tried-t.Deferred-t.settled()), left)
	waiting := min(max(0, t.Deferred-t.Retried), left)
	fresh = left - waiting
	return fresh, waiting + t.putOff(fresh)
}

// putOff returns how often n notices are going to be put off, should it go on as it has so
// far.
func (t Tally) putOff(n int64) int64 {
	return int64(float64(n) * float64(t.Deferred) / float64(max(1, t.Tried-t.Retried)))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
