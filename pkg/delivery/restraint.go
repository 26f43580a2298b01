package delivery

import "time"

const (
	// attention is the time over which a restraint is looked at.
	attention = 2 * time.Second
	// noticeable is the part of that time from which on a limit is what holds a run
	// back. Where the relay is slow, several sessions that come back at once wait for
	// the rate as well, but for a moment only.
	noticeable = 0.5
)

// restraint measures for what part of the time limits held notices back. Several
// notices that wait at the same time count once.
type restraint struct {
	began  time.Time     // of the time looked at
	held   time.Duration // of it
	until  time.Time     // the end of what held counts
	before share         // of the time looked at before
}

// share is how much of a time was spent in waiting.
type share struct{ held, of time.Duration }

// hold says that a notice waits from now for the given time.
func (r *restraint) hold(now time.Time, wait time.Duration) {
	r.roll(now)
	from, to := later(now, r.until), now.Add(wait)
	if to.After(from) {
		r.held += to.Sub(from)
		r.until = to
	}
}

// free says that nothing waits any more.
func (r *restraint) free(now time.Time) {
	if r.until.After(now) {
		r.held -= r.until.Sub(now)
		r.until = now
	}
}

// noticeable reports whether limits hold the run back.
func (r *restraint) noticeable(now time.Time) bool {
	r.roll(now)
	held, of := r.before.held+r.past(now), r.before.of+now.Sub(r.began)
	return held > 0 && held.Seconds() >= noticeable*of.Seconds() || of == 0 && r.until.After(now)
}

// past is the part of held that is over.
func (r *restraint) past(now time.Time) time.Duration { return r.held - max(0, r.until.Sub(now)) }

// roll looks at a new time where enough has gone by.
func (r *restraint) roll(now time.Time) {
	if r.began.IsZero() {
		r.began = now
	}
	elapsed := now.Sub(r.began)
	if elapsed < attention {
		return
	}
	r.before = share{r.past(now), elapsed}
	if elapsed > 2*attention { // nobody looked; how it was then says little
		r.before = share{r.before.held * attention / elapsed, attention}
	}
	r.held -= r.past(now)
	r.began = now
}
