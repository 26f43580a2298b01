package throttle

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// Pace is how fast notices may go. Rates are notices a second; 0 is no limit.
type Pace struct {
	Rate    float64            // of the whole run
	Default float64            // of each destination domain that Domains does not name
	Domains map[string]float64 // by domain in lower-case A-labels
	Ramp    Ramp               // the way up to Rate; the zero Ramp: none
	// Since is the moment from which allowance gathers: when the run before sent
	// last. Zero, or in the future: the moment of NewPacer, so that the first notice
	// waits for its turn.
	Since time.Time
	// Fresh says that nothing was ever sent, so that nothing is to be waited for: Since
	// is not used.
	Fresh bool
	// Ramped is how much of the ramp lies behind at Since; see Pacer.Ramped.
	Ramped time.Duration
	// Mix is the share of each destination domain in what is to be sent, from 0 to 1, for
	// Span alone. Nil: no destination holds the run back.
	Mix map[string]float64
}

// Ramp lets a rate begin at From and double again and again until it is that of the
// Pace: relays and providers distrust a sender that goes from nothing to everything.
type Ramp struct {
	From        float64       // notices a second
	DoubleEvery time.Duration // of sending time
}

// Validate returns an error for a rate that is no rate, and for a ramp that leads
// nowhere.
func (p Pace) Validate() error {
	if !isRate(p.Rate) {
		return errors.New("the rate is not a number from 0 up")
	}
	if !isRate(p.Default) {
		return errors.New("the default rate per domain is not a number from 0 up")
	}
	for _, domain := range slices.Sorted(maps.Keys(p.Domains)) {
		if !isRate(p.Domains[domain]) {
			return fmt.Errorf("the rate of %s is not a number from 0 up", domain)
		}
	}
	return p.validateRamp()
}

func (p Pace) validateRamp() error {
	switch {
	case p.Ramped < 0:
		return errors.New("the time that lies behind on the ramp is negative")
	case p.Ramp == Ramp{}:
		return nil
	case !isRate(p.Ramp.From) || p.Ramp.From == 0 || p.Ramp.DoubleEvery <= 0:
		return errors.New("the ramp does not begin above 0 or does not double")
	case p.Rate == 0:
		return errors.New("the ramp leads to no rate")
	}
	return nil
}

func isRate(perSecond float64) bool { return perSecond >= 0 && !math.IsInf(perSecond, 1) }

// Span returns how long n notices take at least under the rate, what is left of the
// ramp, and the rates of the destinations in Mix, among which they are spread evenly.
func (p Pace) Span(n int64) time.Duration {
	if p.Rate = p.ceiling(); p.Rate == 0 {
		return 0
	}
	left, ramped := float64(n), p.Ramped
	for {
		step, steps := p.untilStep(ramped)
		room := p.rateAt(ramped) * step.Seconds()
		if !steps || left <= room {
			break
		}
		left -= room
		ramped += step
	}
	return ramped - p.Ramped + duration(left/p.rateAt(ramped))
}

// ceiling is the rate at which the first of the destinations in Mix is at its own.
func (p Pace) ceiling() float64 {
	lowest := p.Rate
	for domain, share := range p.Mix {
		own, named := p.Domains[domain]
		if !named {
			own = p.Default
		}
		if own > 0 && share > 0 && (lowest == 0 || own/share < lowest) {
			lowest = own / share
		}
	}
	return lowest
}

// rateAt returns the rate of the whole run when so much of the ramp lies behind.
func (p Pace) rateAt(ramped time.Duration) float64 {
	if p.Ramp == (Ramp{}) {
		return p.Rate
	}
	return min(p.Rate, p.Ramp.From*math.Exp2(float64(ramped/p.Ramp.DoubleEvery)))
}

// untilStep returns after how much more of the ramp the rate doubles. It reports false
// where the rate is at its height.
func (p Pace) untilStep(ramped time.Duration) (time.Duration, bool) {
	if p.rateAt(ramped) >= p.Rate {
		return 0, false
	}
	return p.Ramp.DoubleEvery - ramped%p.Ramp.DoubleEvery, true
}

// duration is a number of seconds, rounded up and bounded.
func duration(seconds float64) time.Duration {
	return time.Duration(min(math.Ceil(seconds*float64(time.Second)), math.MaxInt64/2))
}
