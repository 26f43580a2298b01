package throttle

import (
	"errors"
	"time"
)

// Backoff is how the waits between tries grow: First, then twice that and so on up
// to Max, each made up to a fifth longer or shorter, so that what failed together
// does not come back together.
type Backoff struct {
	First    time.Duration
	Max      time.Duration
	Attempts int // after so many the thing has failed for good; 0: never
}

// Validate returns an error for waits that do not grow from something.
func (b Backoff) Validate() error {
	switch {
	case b.First <= 0:
		return errors.New("the first wait is not above 0")
	case b.Max < b.First:
		return errors.New("the longest wait is shorter than the first")
	case b.Attempts < 0:
		return errors.New("the number of attempts is negative")
	}
	return nil
}

// Wait returns the wait after the given number of failed tries, from 1. random is
// from [0, 1) and decides on the fifth more or less.
func (b Backoff) Wait(failed int, random float64) time.Duration {
	wait := b.First
	for range failed - 1 {
		if wait >= b.Max/2 {
			wait = b.Max
			break
		}
		wait *= 2
	}
	return time.Duration(float64(wait) * (0.8 + 0.4*random))
}

// Exhausted reports whether the given number of failed tries was the last.
func (b Backoff) Exhausted(failed int) bool { return b.Attempts > 0 && failed >= b.Attempts }

// Gate is a Backoff that several users share. One incident, which all of them
// notice, closes it once: who fails tells the incident count that he saw when he
// began. A Gate of the zero value, with its Backoff set, is open.
type Gate struct {
	Backoff  Backoff
	failures int // in a row
	incident int
	until    time.Time
}

// Wait returns how long the gate stays closed; 0: it is open.
func (g *Gate) Wait(now time.Time) time.Duration { return max(0, g.until.Sub(now)) }

// Incident returns the number of times that the gate was closed.
func (g *Gate) Incident() int { return g.incident }

// Fail closes the gate for the next wait of its Backoff or for least, whichever is
// longer, and reports true. Where another has closed it since seen was read, it
// lengthens the wait to least at most and reports false.
func (g *Gate) Fail(now time.Time, seen int, least time.Duration, random float64) bool {
	fresh := seen == g.incident
	if fresh {
		g.incident++
		g.failures++
		least = max(least, g.Backoff.Wait(g.failures, random))
	}
	g.Hold(now.Add(least))
	return fresh
}

// Hold keeps the gate closed until the given moment at least. It is no incident.
func (g *Gate) Hold(until time.Time) {
	if until.After(g.until) {
		g.until = until
	}
}

// Succeed makes the next wait the first again. It does not open a closed gate.
func (g *Gate) Succeed() { g.failures = 0 }
