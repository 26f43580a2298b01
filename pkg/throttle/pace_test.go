package throttle

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

var start = time.Date(2026, 9, 8, 9, 0, 0, 0, time.UTC)

// drive sends to the domains in turn for as long as the pacer allows until the time is
// over, jumping over waits, and returns the moments.
func drive(t *testing.T, p *Pacer, from time.Time, over time.Duration, domains ...string) []time.Time {
	t.Helper()
	var sent []time.Time
	for now, i := from, 0; now.Before(from.Add(over)); {
		domain := domains[i%len(domains)]
		if wait := max(p.Wait(now), p.WaitFor(now, domain)); wait > 0 {
			now = now.Add(wait)
			continue
		}
		p.Take(now, domain)
		sent = append(sent, now)
		i++
		if len(sent) > 1_000_000 {
			t.Fatal("the pacer lets everything through")
		}
	}
	return sent
}

// busiest returns the largest number of moments in any window of the given length.
func busiest(moments []time.Time, window time.Duration) int {
	most, first := 0, 0
	for i, at := range moments {
		for at.Sub(moments[first]) >= window {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

func TestPacerKeepsTheRateInEverySecond(t *testing.T) {
	for _, perSecond := range []float64{0.5, 1, 7, 50, 1000} {
		t.Run(fmt.Sprint(perSecond), func(t *testing.T) {
			sent := drive(t, NewPacer(Pace{Rate: perSecond}, start), start, 20*time.Second, "example.org")
			if want := 20 * perSecond; math.Abs(float64(len(sent))-want) > 1+want/100 {
				t.Errorf("%d sent in 20 s, want about %v", len(sent), want)
			}
			burst := math.Max(1, perSecond/10)
			if got := busiest(sent, time.Second); float64(got) > math.Ceil(perSecond)+burst {
				t.Errorf("%d in the busiest second, want at most %v and a burst of %v", got, perSecond, burst)
			}
		})
	}
}

func TestPacerKeepsTheRateOfADomainWithoutTouchingOthers(t *testing.T) {
	p := NewPacer(Pace{Rate: 100, Default: 20, Domains: map[string]float64{"slow.example": 1}}, start)
	sent := drive(t, p, start, 10*time.Second, "slow.example")
	if len(sent) < 9 || len(sent) > 10 {
		t.Errorf("%d sent to the slow domain in 10 s, want 9 or 10", len(sent))
	}
	end := start.Add(10 * time.Second)
	if wait := p.WaitFor(end, "other.example"); wait != 0 {
		t.Errorf("another domain waits %v", wait)
	}
	if wait := NewPacer(Pace{Domains: map[string]float64{"free.example": 0}, Default: 1}, start).WaitFor(start, "free.example"); wait != 0 {
		t.Errorf("a domain without a limit of its own waits %v", wait)
	}
}

func TestPacerBeginsEmptySoThatRerunningIsNoBurst(t *testing.T) {
	total := 0
	for run := range 100 { // 100 runs of 0.1 s each: as much as 10 s
		at := start.Add(time.Duration(run) * 100 * time.Millisecond)
		total += len(drive(t, NewPacer(Pace{Rate: 50}, at), at, 100*time.Millisecond, "example.org"))
	}
	if total > 500 {
		t.Errorf("%d sent in 10 s of reruns at 50/s", total)
	}
}

func TestPacerGathersSinceTheRunBefore(t *testing.T) {
	hourly := Pace{Rate: 1.0 / 3600, Since: start.Add(-50 * time.Minute)}
	if wait := NewPacer(hourly, start).Wait(start); wait < 9*time.Minute || wait > 11*time.Minute {
		t.Errorf("waits %v, want the 10 minutes that are left", wait)
	}
	hourly.Since = start.Add(time.Hour) // a clock that was set back
	if wait := NewPacer(hourly, start).Wait(start); wait > time.Hour {
		t.Errorf("waits %v, want an hour at most", wait)
	}
}

func TestFirstNoticeOfACampaignWaitsForNothing(t *testing.T) {
	p := NewPacer(Pace{Rate: 1.0 / 3600, Default: 1.0 / 3600, Fresh: true, Ramp: Ramp{From: 1.0 / 7200, DoubleEvery: time.Hour}}, start)
	if wait := max(p.Wait(start), p.WaitFor(start, "example.org")); wait != 0 {
		t.Errorf("waits %v", wait)
	}
	if got := p.Ramped(); got != 0 {
		t.Errorf("%v of the ramp lie behind", got)
	}
	p.Take(start, "example.org")
	if wait := p.Wait(start); wait == 0 {
		t.Error("the second one waits for nothing either")
	}
}

func TestPacerForgetsFullBucketsOnly(t *testing.T) {
	p := NewPacer(Pace{Default: 1}, start)
	now := start.Add(time.Minute)
	for i := range 20_000 {
		p.Take(now, fmt.Sprintf("d%d.example", i))
		now = now.Add(time.Millisecond)
	}
	if len(p.domains) > 2*sweepAt {
		t.Errorf("%d buckets are kept", len(p.domains))
	}
	if wait := p.WaitFor(now, "d19999.example"); wait < 900*time.Millisecond {
		t.Errorf("a domain just sent to waits %v, want about 1 s", wait)
	}
	if wait := p.WaitFor(now, "d0.example"); wait != 0 {
		t.Errorf("a domain sent to long ago waits %v", wait)
	}
}

func TestPaceRefusesWhatIsNoRate(t *testing.T) {
	for name, p := range map[string]Pace{
		"negative":           {Rate: -1},
		"not a number":       {Rate: math.NaN()},
		"infinite default":   {Default: math.Inf(1)},
		"negative of domain": {Domains: map[string]float64{"example.org": -1}},
	} {
		if p.Validate() == nil {
			t.Errorf("%s: Validate is content", name)
		}
	}
	if err := (Pace{Rate: 0.1, Domains: map[string]float64{"example.org": 3}}).Validate(); err != nil {
		t.Error(err)
	}
}

// at is the place of one reading.
func at(s *Steady, reading time.Time) time.Time {
	return s.Now(func() time.Time { return reading })
}

func TestSteadyNeverGoesBackAndGoesOnAfterAStep(t *testing.T) {
	var s Steady
	random := rand.New(rand.NewPCG(1, 2))
	wall, want := start, at(&s, start)
	for range 1000 {
		elapsed := time.Duration(random.IntN(1000)) * time.Millisecond
		wall = wall.Add(elapsed)
		if random.IntN(10) == 0 { // set back, and that is all that is seen of it
			wall = wall.Add(-time.Hour)
			elapsed = 0
		}
		want = want.Add(elapsed)
		if got := at(&s, wall); !got.Equal(want) {
			t.Fatalf("at %v, want %v", got, want)
		}
	}
}

func TestSteadyIsNotMisledByReadersThatOvertakeEachOther(t *testing.T) {
	var s Steady
	clock := NewVirtual(start)
	s.Now(clock.Now)
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for range 2000 {
				<-clock.After(time.Hour)
				s.Now(clock.Now)
			}
		})
	}
	readers.Wait()
	if got, want := s.Now(clock.Now), clock.Now(); !got.Equal(want) {
		t.Errorf("the timeline stands at %v, the clock at %v", got, want)
	}
}

func TestSteadyClockThatStepsMakesNoBurstAndNoStall(t *testing.T) {
	for name, step := range map[string]time.Duration{"back": -time.Hour, "forward": time.Hour} {
		t.Run(name, func(t *testing.T) {
			var s Steady
			p := NewPacer(Pace{Rate: 50}, at(&s, start))
			sent := 0
			for i := range 10_000 { // 10 s in steps of 1 ms
				wall := start.Add(time.Duration(i) * time.Millisecond)
				if i >= 5000 {
					wall = wall.Add(step)
				}
				if now := at(&s, wall); p.Wait(now) == 0 {
					p.Take(now, "example.org")
					sent++
				}
			}
			if sent < 490 || sent > 505 {
				t.Errorf("%d sent in 10 s at 50/s", sent)
			}
		})
	}
}

func TestVirtualClockJumpsOverWaits(t *testing.T) {
	v := NewVirtual(start)
	fired := <-v.After(time.Hour)
	if want := start.Add(time.Hour); !fired.Equal(want) || !v.Now().Equal(want) {
		t.Errorf("fired at %v and stands at %v, want %v", fired, v.Now(), want)
	}
	<-v.After(-time.Hour)
	if !v.Now().Equal(fired) {
		t.Error("a negative wait turns the clock back")
	}
}

func TestMeterMeasuresTheLastMinute(t *testing.T) {
	var m Meter
	now := start
	for range 200 { // 10 a second for 20 s
		m.Add(now)
		now = now.Add(100 * time.Millisecond)
	}
	if got := m.Rate(now); math.Abs(got-10) > 0.6 {
		t.Errorf("%v a second after 20 s at 10, want 10", got)
	}
	if got := m.Rate(now.Add(20 * time.Second)); math.Abs(got-5) > 0.2 {
		t.Errorf("%v a second after 20 s more of nothing, want 5", got)
	}
	if got := m.Rate(now.Add(time.Hour)); got != 0 {
		t.Errorf("%v a second an hour later, want 0", got)
	}
}

func TestRefundIsAsIfNothingWasTaken(t *testing.T) {
	p := NewPacer(Pace{Rate: 50, Domains: map[string]float64{"a.example": 10}}, start)
	drive(t, p, start, time.Second, "a.example")
	now := start.Add(time.Second)
	for p.Wait(now) > 0 || p.WaitFor(now, "a.example") > 0 {
		now = now.Add(time.Millisecond)
	}
	wait, domain := p.Wait(now), p.WaitFor(now, "a.example")
	for range 100 {
		p.Take(now, "a.example")
		p.Refund(now, "a.example")
	}
	if p.Wait(now) != wait || p.WaitFor(now, "a.example") != domain {
		t.Errorf("the next notice waits %v and %v, want %v and %v", p.Wait(now), p.WaitFor(now, "a.example"), wait, domain)
	}
}

func TestRefundsGatherNoMoreThanABurst(t *testing.T) {
	p := NewPacer(Pace{Rate: 50}, start)
	for range 1000 {
		p.Refund(start, "a.example")
	}
	if got := busiest(drive(t, p, start, 10*time.Second, "a.example"), time.Second); got > 50+5+1 {
		t.Errorf("%d in the busiest second at 50/s", got)
	}
	NewPacer(Pace{}, start).Refund(start, "a.example") // without a limit there is nothing to give back
}

func TestPacerForfeitsWhatAPauseSavedUp(t *testing.T) {
	for _, perSecond := range []float64{0.1, 50, 1000} {
		p := NewPacer(Pace{Rate: perSecond}, start)
		drive(t, p, start, 20*time.Second, "example.org")
		after := start.Add(time.Hour)
		p.Forfeit(after)
		sent := drive(t, p, after, 20*time.Second, "example.org")
		if sent[0] != after {
			t.Errorf("at %v/s the first waits %v", perSecond, sent[0].Sub(after))
		}
		if gap, want := sent[1].Sub(sent[0]).Seconds(), 1/perSecond; gap < 0.999*want {
			t.Errorf("at %v/s the second leaves after %v s, want %v", perSecond, gap, want)
		}
	}
	unlimited := NewPacer(Pace{}, start)
	unlimited.Forfeit(start)
	if wait := unlimited.Wait(start); wait != 0 {
		t.Errorf("without a rate the next waits %v", wait)
	}
}
