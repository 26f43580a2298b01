package throttle

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"golang.org/x/time/rate"
)

// Pace is how fast notices may go. Rates are notices a second; 0 is no limit.
type Pace struct {
	Rate    float64            // of the whole run
	Default float64            // of each destination domain that Domains does not name
	Domains map[string]float64 // by domain in lower-case A-labels
	// Since is the moment from which allowance gathers: when the run before sent
	// last, or when the campaign was planned. Zero, or in the future: the moment
	// of NewPacer, so that the first notice waits for its turn.
	Since time.Time
}

// Validate returns an error for a rate that is no rate.
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
	return nil
}

func isRate(perSecond float64) bool { return perSecond >= 0 && !math.IsInf(perSecond, 1) }

// sweepAt is the number of domain buckets from which full ones are dropped.
const sweepAt = 4096

// Pacer says when the next notice may go. Its buckets hold a tenth of a second's
// worth, and at least one notice: in any time t no more than rate×t plus that leave.
// Buckets are empty at Pace.Since, so that a program that is started again and again
// sends no faster than one that runs.
//
// It keeps a bucket for each domain that was sent to within the time in which a
// bucket fills; a full bucket is the same as one never made and is dropped.
type Pacer struct {
	pace    Pace
	overall *rate.Limiter // nil: no limit
	domains map[string]*rate.Limiter
	sweep   int // number of buckets at which to look for full ones
}

// NewPacer returns a Pacer for a valid pace that begins at now.
func NewPacer(p Pace, now time.Time) *Pacer {
	if p.Since.IsZero() || p.Since.After(now) {
		p.Since = now
	}
	return &Pacer{pace: p, overall: bucket(p.Rate, p.Since), domains: map[string]*rate.Limiter{}, sweep: sweepAt}
}

// Wait returns how long the run's own rate holds the next notice back, whoever it
// is for; 0: not at all.
func (p *Pacer) Wait(now time.Time) time.Duration { return untilOne(p.overall, now) }

// WaitFor returns how long the rate of domain alone holds the next notice to it back.
func (p *Pacer) WaitFor(now time.Time, domain string) time.Duration {
	return untilOne(p.of(now, domain), now)
}

// Take spends the allowance of one notice to domain. It is called when both waits
// are 0.
func (p *Pacer) Take(now time.Time, domain string) {
	for _, limiter := range []*rate.Limiter{p.overall, p.of(now, domain)} {
		if limiter != nil {
			limiter.ReserveN(now, 1)
		}
	}
}

func (p *Pacer) of(now time.Time, domain string) *rate.Limiter {
	perSecond, named := p.pace.Domains[domain]
	if !named {
		perSecond = p.pace.Default
	}
	if perSecond == 0 {
		return nil
	}
	limiter, ok := p.domains[domain]
	if !ok {
		p.dropFull(now)
		limiter = bucket(perSecond, p.pace.Since)
		p.domains[domain] = limiter
	}
	return limiter
}

func (p *Pacer) dropFull(now time.Time) {
	if len(p.domains) < p.sweep {
		return
	}
	maps.DeleteFunc(p.domains, func(_ string, l *rate.Limiter) bool {
		return l.TokensAt(now) >= float64(l.Burst())
	})
	p.sweep = max(sweepAt, 2*len(p.domains))
}

// bucket returns a bucket that is empty at the given moment; nil for no limit.
func bucket(perSecond float64, empty time.Time) *rate.Limiter {
	if perSecond == 0 {
		return nil
	}
	burst := max(1, int(perSecond/10))
	limiter := rate.NewLimiter(rate.Limit(perSecond), burst)
	limiter.ReserveN(empty, burst)
	return limiter
}

// almostOne forgives the rounding of a wait to whole nanoseconds, which would
// otherwise ask for another wait of next to nothing.
const almostOne = 1 - 1e-6

func untilOne(l *rate.Limiter, now time.Time) time.Duration {
	if l == nil {
		return 0
	}
	tokens := l.TokensAt(now)
	if tokens >= almostOne {
		return 0
	}
	seconds := (1 - tokens) / float64(l.Limit())
	return time.Duration(min(math.Ceil(seconds*float64(time.Second)), math.MaxInt64/2))
}
