package throttle

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// rate1m counts what goes to domain in the minute from now, of a bucket that is used up.
func rate1m(t *testing.T, p *Pacer, now time.Time, domain string) float64 {
	t.Helper()
	return float64(len(drive(t, p, now, time.Minute, domain))) / 60
}

func complain(p *Pacer, now time.Time, domain string, times int, wait time.Duration) {
	for range times {
		p.Slow(now, domain, wait)
	}
}

func TestThirdComplaintHalvesTheDomainAndNoOther(t *testing.T) {
	p := NewPacer(Pace{Rate: 100, Default: 20}, start)
	complain(p, start, "a.example", 2, time.Hour)
	if got := rate1m(t, p, start, "a.example"); got < 19.5 {
		t.Errorf("%v/s after two complaints, want all of 20", got)
	}
	at := start.Add(time.Minute)
	p.Slow(at, "a.example", 0)
	if got := rate1m(t, p, at, "a.example"); got < 9.9 || got > 12 {
		t.Errorf("%v/s after the third, want half and a tenth more", got)
	}
	if limit := p.LimitFor(at, "a.example"); limit != "destination a.example" {
		t.Errorf("limit %q", limit)
	}
	if got := rate1m(t, p, at.Add(time.Minute), "b.example"); got < 19.5 {
		t.Errorf("%v/s to another domain, want 20", got)
	}
	if limit := p.LimitFor(at, "b.example"); limit != "throttle.per_domain b.example" {
		t.Errorf("limit %q", limit)
	}
}

func TestSlowedDomainRecoversByATenthAMinute(t *testing.T) {
	p := NewPacer(Pace{Default: 20}, start)
	complain(p, start, "a.example", 3, 0)
	for minutes, want := range map[int]float64{0: 0.5, 1: 0.6, 4: 0.9, 5: 1, 60: 1} {
		at := start.Add(time.Duration(minutes) * time.Minute)
		if got := p.strains["a.example"].share(at); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v of the rate after %d minutes, want %v", got, minutes, want)
		}
	}
}

func TestComplaintsSlowDownToASixteenthAtMost(t *testing.T) {
	p := NewPacer(Pace{Default: 20}, start)
	complain(p, start, "a.example", 2, 0)
	at := start
	for i, want := range []float64{0.5, 0.25, 0.125, 0.0625, 0.0625, 0.0625} {
		p.Slow(at, "a.example", 0)
		if got := p.strains["a.example"].share(at); math.Abs(got-want) > 0.03 {
			t.Errorf("%v of the rate after %d halvings, want %v", got, i+1, want)
		}
		at = at.Add(echo)
	}
}

func TestComplaintsAboutWhatWasOnItsWayAreOneIncident(t *testing.T) {
	p := NewPacer(Pace{Default: 20}, start)
	for i := range 30 { // as of thirty connections
		p.Slow(start.Add(time.Duration(i)*100*time.Millisecond), "a.example", 0)
	}
	if got := p.strains["a.example"].share(start.Add(3 * time.Second)); got < 0.5 {
		t.Errorf("%v of the rate is left, want half", got)
	}
}

func TestPauseThatADomainAsksFor(t *testing.T) {
	p := NewPacer(Pace{}, start)
	complain(p, start, "a.example", 2, time.Hour)
	if wait := p.WaitFor(start, "a.example"); wait != 0 {
		t.Errorf("waits %v after two complaints, which may be about two mailboxes", wait)
	}
	p.Slow(start, "a.example", 10*time.Minute)
	p.Slow(start, "a.example", time.Minute) // a shorter one does not shorten it
	if wait := p.WaitFor(start, "a.example"); wait != 10*time.Minute {
		t.Errorf("waits %v, want 10m", wait)
	}
	if wait := p.WaitFor(start, "b.example"); wait != 0 {
		t.Errorf("another domain waits %v", wait)
	}
	if wait := p.WaitFor(start.Add(11*time.Minute), "a.example"); wait != 0 {
		t.Errorf("waits %v after the pause; there is no rate to slow", wait)
	}
	if got := p.strains["a.example"].share(start.Add(11 * time.Minute)); math.Abs(got-0.6) > 1e-9 {
		t.Errorf("%v of the rate a minute after the pause: the pause is no time without complaint", got)
	}
}

func TestDomainWithoutARateIsSlowedBelowThatOfTheRun(t *testing.T) {
	p := NewPacer(Pace{Rate: 40}, start)
	complain(p, start, "a.example", 3, 0)
	at := start.Add(time.Second)
	if got := rate1m(t, p, at, "a.example"); got < 20 || got > 25 {
		t.Errorf("%v/s, want half of the run's 40", got)
	}
}

func TestAcceptancesMakeComplaintsGood(t *testing.T) {
	for accepted, slowed := range map[int]bool{1: true, 3: true, 4: false, 50: false} { // to each complaint
		t.Run(fmt.Sprint(accepted), func(t *testing.T) {
			p := NewPacer(Pace{Default: 20}, start)
			for range 100 {
				p.Slow(start, "a.example", 0)
				for range accepted {
					p.Ease("a.example")
				}
			}
			if got := p.strains["a.example"].share(start) < 1; got != slowed {
				t.Errorf("slowed: %v, want %v", got, slowed)
			}
		})
	}
}

func TestComplaintsFarApartAreForgotten(t *testing.T) {
	p := NewPacer(Pace{Default: 20}, start)
	at := start
	for range 10 {
		p.Slow(at, "a.example", time.Hour)
		at = at.Add(grudge + time.Second)
	}
	if wait := p.WaitFor(at, "a.example"); wait != 0 {
		t.Errorf("waits %v for complaints that are 10 minutes apart", wait)
	}
}

func TestRelayIsBelievedAtTheFirstComplaint(t *testing.T) {
	p := NewPacer(Pace{Rate: 40}, start)
	p.SlowAll(start, 0)
	if limit := p.Limit(start); limit != LimitRelay {
		t.Errorf("limit %q", limit)
	}
	if got := rate1m(t, p, start, "a.example"); got < 20 || got > 23 {
		t.Errorf("%v/s after a complaint of the relay, want half and a tenth more", got)
	}
	later := start.Add(6 * time.Minute)
	if got := rate1m(t, p, later, "b.example"); got < 39 {
		t.Errorf("%v/s after six minutes of silence, want 40", got)
	}
	if limit := p.Limit(later); limit != LimitRate {
		t.Errorf("limit %q", limit)
	}
}

func TestPacerForgetsComplaintsThatAreOver(t *testing.T) {
	p := NewPacer(Pace{Default: 1}, start)
	now := start
	for i := range 5 * sweepAt {
		complain(p, now, fmt.Sprintf("d%d.example", i), 3, 0)
		now = now.Add(time.Second)
	}
	if len(p.strains) > 2*sweepAt {
		t.Errorf("%d are kept", len(p.strains))
	}
	if got := p.strains[fmt.Sprintf("d%d.example", 5*sweepAt-1)].share(now); got == 1 {
		t.Error("the last one is not slowed")
	}
}
