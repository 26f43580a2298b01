package throttle

import (
	"sync"
	"time"
)

// System is the clock of the machine.
type System struct{}

// Now is time.Now.
func (System) Now() time.Time { return time.Now() }

// After is time.After.
func (System) After(d time.Duration) <-chan time.Time { return time.After(d) }

// Virtual is a clock that jumps over every wait. A run that waits on one goroutine
// at a time takes no time by it and ends at the moment at which the real one would.
// It is safe for use by several goroutines, but each of their waits moves it.
type Virtual struct {
	mu  sync.Mutex
	now time.Time
}

// NewVirtual returns a clock that stands at start.
func NewVirtual(start time.Time) *Virtual { return &Virtual{now: start} }

// Now returns where the clock stands.
func (v *Virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// After moves the clock by d and returns a channel that has the new time ready.
func (v *Virtual) After(d time.Duration) <-chan time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now = v.now.Add(max(d, 0))
	fired := make(chan time.Time, 1)
	fired <- v.now
	return fired
}

// Steady turns the readings of a clock that people and NTP set into a timeline that
// never goes back: a step back counts as the time that really passed, where the
// readings carry a monotonic part, else as none. A step forward and the time of a
// suspended machine count, which is harmless: no bucket holds more than its burst.
// It is safe for use by several goroutines. The zero value is ready.
type Steady struct {
	mu   sync.Mutex
	last time.Time // the reading before
	at   time.Time // where the timeline stands
}

// Now reads a clock and returns the place of the reading on the timeline, which begins
// at the first one. The clock is read here, so that no reading overtakes another and
// looks like a step.
func (s *Steady) Now(read func() time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := read()
	if s.last.IsZero() {
		s.last, s.at = now, now.Round(0)
		return s.at
	}
	monotonic := now.Sub(s.last)
	wall := now.Round(0).Sub(s.last.Round(0)) // Round strips the monotonic part
	s.last = now
	s.at = s.at.Add(max(monotonic, wall, 0))
	return s.at
}
