package throttle

import (
	"maps"
	"math"
	"time"

	"golang.org/x/time/rate"
)

// sweepAt is the number of domains from which those are dropped of which nothing has
// to be known.
const sweepAt = 4096

// shortGap is how long a gap between two notices may be and still count as sending.
const shortGap = 10 * time.Second

// Pacer says when the next notice may go. Its buckets hold a tenth of a second's
// worth, and at least one notice: in any time t no more than rate×t plus that leave.
// Buckets are empty at Pace.Since and full where that is long ago, so that a program that is started again and again
// sends no faster than one that runs.
//
// Replies slow a destination or the whole run down: see Slow and SlowAll. What they
// did is forgotten with the Pacer; the first replies of the next run bring it back.
//
// It keeps a bucket for each domain that was sent to within the time in which a
// bucket fills; a full bucket is the same as one never made and is dropped.
type Pacer struct {
	pace    Pace
	overall *rate.Limiter // nil: no limit
	domains map[string]*rate.Limiter
	strains map[string]*strain // by domain
	relay   strain
	ramped  time.Duration // at last
	last    time.Time     // when the last notice left
	sweep   int           // number of domains at which to look for what can be dropped
}

// NewPacer returns a Pacer for a valid pace that begins at now.
func NewPacer(p Pace, now time.Time) *Pacer {
	if p.Since.IsZero() || p.Since.After(now) {
		p.Since = now
	}
	last := p.Since
	if p.Fresh {
		p.Since, last = time.Unix(0, 0), now
	}
	pacer := &Pacer{
		pace:    p,
		domains: map[string]*rate.Limiter{},
		strains: map[string]*strain{},
		ramped:  p.Ramped,
		last:    last,
		sweep:   sweepAt,
	}
	if p.Rate > 0 {
		pacer.overall = bucket(p.rateAt(p.Ramped), p.Since)
	}
	return pacer
}

// Wait returns how long the run's own rate holds the next notice back, whoever it
// is for; 0: not at all. When it is over it is to be asked again.
func (p *Pacer) Wait(now time.Time) time.Duration {
	if p.overall == nil {
		return 0
	}
	retune(p.overall, now, p.pace.rateAt(p.rampedAt(now))*p.relay.share(now))
	wait := untilOne(p.overall, now)
	if step, steps := p.pace.untilStep(p.rampedAt(now)); steps && now.Sub(p.last)+step <= p.longestGap() {
		wait = min(wait, step) // from there on it goes faster
	}
	return wait
}

// Limit says what Wait is due to: LimitRate, LimitRamp or LimitRelay.
func (p *Pacer) Limit(now time.Time) string {
	switch {
	case p.relay.share(now) < 1:
		return LimitRelay
	case p.pace.rateAt(p.rampedAt(now)) < p.pace.Rate:
		return LimitRamp
	}
	return LimitRate
}

// WaitFor returns how long domain alone holds the next notice to it back: by its rate,
// and by the pause that its replies asked for.
func (p *Pacer) WaitFor(now time.Time, domain string) time.Duration {
	return max(p.Pause(now, domain), untilOne(p.of(now, domain), now))
}

// LimitFor says what WaitFor is due to: LimitDomain or LimitDestination, with domain.
func (p *Pacer) LimitFor(now time.Time, domain string) string {
	if s := p.strains[domain]; s != nil && (s.share(now) < 1 || s.pause(now) > 0) {
		return LimitDestination + " " + domain
	}
	return LimitDomain + " " + domain
}

// Pause returns how long the replies of domain have asked to send it nothing.
func (p *Pacer) Pause(now time.Time, domain string) time.Duration {
	if s := p.strains[domain]; s != nil {
		return s.pause(now)
	}
	return 0
}

// Take spends the allowance of one notice to domain. It is called when both waits
// are 0.
func (p *Pacer) Take(now time.Time, domain string) {
	for _, limiter := range []*rate.Limiter{p.overall, p.of(now, domain)} {
		if limiter != nil {
			limiter.ReserveN(now, 1)
		}
	}
	p.ramped, p.last = p.rampedAt(now), now
}

// Refund gives back what Take spent on a notice to domain that did not go out after all.
// No bucket holds more for it than its burst.
func (p *Pacer) Refund(now time.Time, domain string) {
	for _, limiter := range []*rate.Limiter{p.overall, p.of(now, domain)} {
		if limiter != nil {
			limiter.ReserveN(now, -1) // the limiter bounds what it holds when time goes on
		}
	}
}

// Forfeit leaves no more than one notice in the bucket of the run, so that what was saved
// up in a pause does not go out at once. That one stays, lest a slow rate wait anew after
// each of many pauses.
func (p *Pacer) Forfeit(now time.Time) {
	if p.overall == nil {
		return
	}
	if more := int(p.overall.TokensAt(now) - almostOne); more > 0 {
		p.overall.ReserveN(now, more)
	}
}

// Ramped returns how much of the ramp lay behind when the last notice left: the time in
// which notices went out. A gap between two of them counts as ten seconds at most, or as
// twice what the rate makes of it where that is longer. So neither a pause, a relay that
// is down, nor the time between two runs raises the rate, and each run goes on where the
// one before it stood.
func (p *Pacer) Ramped() time.Duration { return p.ramped }

// rampedAt is Ramped if a notice left now.
func (p *Pacer) rampedAt(now time.Time) time.Duration {
	return p.ramped + max(0, min(now.Sub(p.last), p.longestGap()))
}

func (p *Pacer) longestGap() time.Duration {
	if p.pace.Rate == 0 {
		return shortGap
	}
	return max(shortGap, 2*duration(1/p.pace.rateAt(p.ramped)))
}

// Slow takes in a reply by which domain puts a notice off and asks for wait (0: for no
// particular time). The third in a row halves the rate to domain, down to a sixteenth
// of what it was configured to be, and sends it nothing before wait is over. Without
// complaint it recovers by a tenth of that rate a minute. A domain without a rate of
// its own goes by that of the run.
func (p *Pacer) Slow(now time.Time, domain string, wait time.Duration) {
	s := p.strains[domain]
	if s == nil {
		p.drop(now)
		s = &strain{}
		p.strains[domain] = s
	}
	s.complain(now, wait, patienceDomain)
}

// Ease takes in that a notice to domain was accepted: four acceptances make a
// complaint good that did not slow the domain yet.
func (p *Pacer) Ease(domain string) {
	if s := p.strains[domain]; s != nil {
		s.ease()
	}
}

// SlowAll takes in that the relay itself says that it is too much: like Slow for the
// rate of the whole run, and at the first word. To wait is left to the Gate; the rate
// recovers from the end of the wait on.
func (p *Pacer) SlowAll(now time.Time, wait time.Duration) {
	p.relay.complain(now, wait, patienceRelay)
}

// of returns the bucket of domain at its rate of now; nil: there is no limit.
func (p *Pacer) of(now time.Time, domain string) *rate.Limiter {
	perSecond := p.rateOf(now, domain)
	if perSecond == 0 {
		return nil
	}
	limiter, ok := p.domains[domain]
	if !ok {
		p.drop(now)
		limiter = bucket(perSecond, p.pace.Since)
		p.domains[domain] = limiter
	}
	retune(limiter, now, perSecond)
	return limiter
}

func (p *Pacer) rateOf(now time.Time, domain string) float64 {
	perSecond, named := p.pace.Domains[domain]
	if !named {
		perSecond = p.pace.Default
	}
	s := p.strains[domain]
	if s == nil || s.share(now) == 1 {
		return perSecond
	}
	if perSecond == 0 {
		perSecond = p.pace.Rate
	}
	return perSecond * s.share(now)
}

func (p *Pacer) drop(now time.Time) {
	if len(p.domains)+len(p.strains) < p.sweep {
		return
	}
	maps.DeleteFunc(p.domains, func(_ string, l *rate.Limiter) bool {
		return l.TokensAt(now) >= float64(l.Burst())
	})
	maps.DeleteFunc(p.strains, func(_ string, s *strain) bool { return s.over(now) })
	p.sweep = max(sweepAt, 2*(len(p.domains)+len(p.strains)))
}

// bucket returns a bucket that is empty at the given moment.
func bucket(perSecond float64, empty time.Time) *rate.Limiter {
	limiter := rate.NewLimiter(rate.Limit(perSecond), burst(perSecond))
	limiter.ReserveN(empty, limiter.Burst())
	return limiter
}

func burst(perSecond float64) int { return max(1, int(perSecond/10)) }

// retune gives a bucket another rate. What has gathered by then stays, as far as the
// bucket can hold it.
func retune(l *rate.Limiter, now time.Time, perSecond float64) {
	if float64(l.Limit()) != perSecond {
		l.SetLimitAt(now, rate.Limit(perSecond))
		l.SetBurstAt(now, burst(perSecond))
	}
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
	return duration(math.Max(0, 1-tokens) / float64(l.Limit()))
}
