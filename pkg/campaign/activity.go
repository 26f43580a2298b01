package campaign

import "time"

// Activity is what a sending process says of itself while it runs, for those who
// watch from elsewhere.
type Activity struct {
	Phase Phase     // PhaseSending or PhasePaused
	Until time.Time // when a pause ends; zero while sending
	Limit string    // what holds the run back now, such as "throttle.rate"; empty: the relay
	Rate  float64   // accepted notices a second, over the last minute
}

// RunEnd is how a run of send ended.
type RunEnd struct {
	At     time.Time
	Halted string // why the run stopped itself; empty: it did not
}
