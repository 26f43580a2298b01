// Package throttle holds the arithmetic of going slowly: rates overall and per
// destination, backing off, halting, and the clocks that all of it is measured
// by.
//
// It guarantees that nothing in it sleeps, starts a goroutine or reads a clock of
// its own: every function takes the time, so that the same code paces a run and
// computes how long a run would take. It leaves waiting, and what to do about a
// tripped Breaker, to delivery. Unless a type says otherwise its methods are not
// safe for use by several goroutines.
package throttle

// What can hold a run back, in the words of notify.yaml.
const (
	LimitRate   = "throttle.rate"
	LimitDomain = "throttle.per_domain" // followed by a space and the domain
	LimitPause  = "throttle.pause"
	LimitRetry  = "retry" // only notices are left whose time has not come
	LimitRelay  = "relay" // the relay is unreachable or asked to wait
)
