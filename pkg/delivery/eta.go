package delivery

import (
	"math"
	"time"
)

// measured is the time of sending after which the run's own speed tells more than the
// throttle alone.
const measured = 10 * time.Second

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

// etaLocked returns when the campaign is through: as Outlook has it, but as many times
// slower as the run has been so far than the throttle would have let it, which tells of
// the relay, of slow destinations and of retries. It is no earlier than next, when the
// next deferred notice is due. While the run waits for a page nobody can say.
func (r *run) etaLocked(now time.Time, ramped time.Duration, next time.Time) time.Time {
	done := r.tally.Accepted + r.tally.Rejected + r.tally.InDoubt
	left := r.Left - done
	if left <= 0 || r.Pace.Rate == 0 || len(r.silent) > 0 {
		return time.Time{}
	}
	slower := 1.0
	if took := now.Sub(r.start) - r.restedLocked(now); took >= measured {
		slower = max(1, took.Seconds()/r.Pace.Span(done).Seconds())
	}
	pace := r.Pace
	pace.Ramped = ramped
	seconds := slower * pace.Span(left).Seconds()
	if math.IsInf(seconds, 1) || seconds > math.MaxInt64/4/float64(time.Second) {
		return time.Time{} // nothing has come through yet
	}
	from := later(now, r.phase.until)
	return later(from.Add(time.Duration(seconds*float64(time.Second))+r.pauses(left)), next)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
