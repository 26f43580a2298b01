// Package throttle holds the arithmetic of going slowly: rates overall and per
// destination, the ramp up to a rate, slowing down where replies ask for it, backing
// off, halting, and the clocks that all of it is measured by.
//
// It guarantees that nothing in it sleeps, starts a goroutine or reads a clock of
// its own: every function takes the time, so that the same code paces a run and
// computes how long a run would take. It leaves waiting, what a reply means, and what
// to do about a tripped Breaker, to delivery. Unless a type says otherwise its methods
// are not safe for use by several goroutines.
package throttle

// What can hold a run back, as far as possible in the words of notify.yaml.
const (
	LimitRate        = "throttle.rate"
	LimitRamp        = "throttle.ramp"               // the rate is still on its way up
	LimitDomain      = "throttle.per_domain"         // followed by a space and the domain
	LimitConnections = "smtp.connections_per_domain" // followed by a space and the domain
	LimitDestination = "destination"                 // followed by a space and the domain, whose replies ask for patience
	LimitPause       = "throttle.pause"
	LimitRetry       = "retry" // only notices are left whose time has not come
	LimitRelay       = "relay" // the relay is unreachable, or its replies ask for patience
)
