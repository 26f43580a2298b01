package campaign

import "time"

// Limits of an Activity that outlive it: the next run keeps them, should this one end.
const (
	LimitPause = "throttle.pause" // between two batches
	LimitRelay = "relay"          // the relay asks for patience, or is unreachable
)

// Activity is what a sending process says of itself while it runs, for those who
// watch from elsewhere.
type Activity struct {
	Phase  Phase         // PhaseSending or PhasePaused
	Limit  string        // what holds the run back now, such as "throttle.rate"; empty: the relay's own speed
	Until  time.Time     // when what Limit names is over; zero: it goes on, or is over in a moment
	Rate   float64       // accepted notices a second, over the last minute
	ETA    time.Time     // when nothing is left to send, at the pace of this run; zero: nobody can say
	Ramped time.Duration // how much of throttle.ramp lies behind
}

// Hold is what a run leaves behind that keeps the next one from sending for a while.
type Hold struct {
	Limit string    // LimitRelay or LimitPause; empty: nothing does
	Until time.Time // when it is over
}

// Active reports whether h keeps a run from sending at now.
func (h Hold) Active(now time.Time) bool { return h.Limit != "" && h.Until.After(now) }

// RunEnd is how a run of send ended.
type RunEnd struct {
	At          time.Time
	Halted      string        // why the run stopped itself; empty: it did not
	Interrupted bool          // somebody stopped it before its end
	Ramped      time.Duration // how much of throttle.ramp lies behind
	Hold        Hold
}

// Session is over what a run sends.
type Session struct {
	At         time.Time // when the first one of a run was opened
	Host       string    // the relay as configured, with its port
	Peer       string    // IP address and port
	Encryption string    // version of TLS and cipher suite; empty: in clear
}

// Trail is what the runs before leave to the pace of the next one.
type Trail struct {
	Last   time.Time     // when something was sent last; zero: nothing was
	Ramped time.Duration // how much of throttle.ramp lies behind
	Hold   Hold          // may be over
}

// Problem is an attempt that did not end with an acceptance.
type Problem struct {
	At       time.Time
	NoticeID string
	Outcome  State  // Deferred, Rejected or InDoubt
	Reply    string // code, enhanced status code and text, or where the relay fell silent; recipient and name are masked
}
