package throttle

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func ramped(rate, from float64, every time.Duration) Pace {
	return Pace{Rate: rate, Ramp: Ramp{From: from, DoubleEvery: every}}
}

func TestRampDoublesUntilTheRate(t *testing.T) {
	sent := drive(t, NewPacer(ramped(50, 5, 10*time.Minute), start), start, 50*time.Minute, "example.org")
	for i, perSecond := range []int{5, 10, 20, 40, 50} {
		got := 0
		for _, at := range sent {
			if minute := int(at.Sub(start) / time.Minute); minute/10 == i {
				got++
			}
		}
		if want := perSecond * 600; math.Abs(float64(got-want)) > 10 {
			t.Errorf("%d sent in the %d. ten minutes, want %d", got, i+1, want)
		}
	}
}

func TestRampOfASlowRateTakesItsSteps(t *testing.T) {
	// The first notice is an hour away at 1/h, but the rate has doubled by then.
	p := NewPacer(ramped(1, 1.0/3600, 10*time.Minute), start)
	sent := drive(t, p, start, 6*time.Hour, "example.org")
	if first := sent[0].Sub(start); first < 20*time.Minute || first > 30*time.Minute {
		t.Errorf("the first after %v", first)
	}
	if last := sent[len(sent)-1].Sub(sent[len(sent)-2]); last != time.Second {
		t.Errorf("the last two are %v apart, want 1s", last)
	}
}

func TestRampIsOverTheSendingTime(t *testing.T) {
	pace := ramped(50, 5, 10*time.Minute)
	at := start
	for range 4 { // runs of five minutes, with a night between them
		p := NewPacer(pace, at)
		drive(t, p, at, 5*time.Minute, "example.org")
		at = at.Add(5 * time.Minute)
		pace.Ramped, pace.Since = p.Ramped(), p.last
		at = at.Add(9 * time.Hour)
	}
	if pace.Ramped < 20*time.Minute || pace.Ramped > 21*time.Minute {
		t.Errorf("%v of the ramp lie behind after 20 minutes of sending", pace.Ramped)
	}
	p := NewPacer(pace, at)
	if got := len(drive(t, p, at, time.Minute, "example.org")); got < 20*60 || got > 20*60+30 {
		t.Errorf("%d sent in a minute, want 20/s", got)
	}
	if limit := p.Limit(at); limit != LimitRamp {
		t.Errorf("limit %s", limit)
	}
}

func TestRampOfRunsOfOneNotice(t *testing.T) {
	pace := ramped(1, 1.0/60, 10*time.Minute)
	pace.Since = start
	at, sent := start, 0
	for at.Before(start.Add(30 * time.Minute)) {
		p := NewPacer(pace, at)
		if wait := p.Wait(at); wait > 0 {
			at = at.Add(wait)
			continue
		}
		p.Take(at, "example.org")
		sent++
		pace.Ramped, pace.Since = p.Ramped(), at
	}
	if want := 10 + 20 + 40; math.Abs(float64(sent-want)) > 3 {
		t.Errorf("%d sent in 30 minutes of runs of one notice, want about %d as of one run", sent, want)
	}
}

func TestRunsInWhichNothingGoesDoNotRaiseTheRamp(t *testing.T) {
	pace := ramped(1, 1.0/3600, 10*time.Minute)
	pace.Since = start
	for minute := range 15 { // runs that are broken off before the first notice may go
		at := start.Add(time.Duration(minute) * time.Minute)
		p := NewPacer(pace, at)
		if p.Wait(at.Add(time.Minute)) == 0 {
			t.Fatalf("something may go after %d minutes at 1/h and then 2/h", minute+1)
		}
		pace.Ramped = p.Ramped()
	}
	if pace.Ramped != 0 {
		t.Errorf("%v of the ramp lie behind", pace.Ramped)
	}
}

func TestSpanIsWhatThePacerTakes(t *testing.T) {
	for name, pace := range map[string]Pace{
		"flat":          {Rate: 7},
		"ramp":          ramped(50, 5, 10*time.Minute),
		"rest of ramp":  {Rate: 50, Ramp: Ramp{5, 10 * time.Minute}, Ramped: 17 * time.Minute},
		"ramp is over":  {Rate: 50, Ramp: Ramp{5, 10 * time.Minute}, Ramped: 17 * time.Hour},
		"short of ramp": ramped(1000, 1, time.Hour),
	} {
		sent := drive(t, NewPacer(pace, start), start, 40*time.Minute, "example.org")
		took := sent[len(sent)-1].Sub(start)
		if span := pace.Span(int64(len(sent))); (span - took).Abs() > time.Second {
			t.Errorf("%s: span of %d is %v, they took %v", name, len(sent), span, took)
		}
	}
	if span := (Pace{}).Span(1e9); span != 0 {
		t.Errorf("without a rate %v", span)
	}
}

func TestPaceRefusesARampThatLeadsNowhere(t *testing.T) {
	for name, p := range map[string]Pace{
		"from nothing":       ramped(50, 0, time.Minute),
		"that stands":        ramped(50, 5, 0),
		"to no rate":         ramped(0, 5, time.Minute),
		"not a number":       ramped(50, math.NaN(), time.Minute),
		"before it began":    {Rate: 1, Ramped: -1},
		"with negative step": ramped(50, 5, -time.Minute),
	} {
		if p.Validate() == nil {
			t.Errorf("%s: Validate is content", name)
		}
	}
	if err := ramped(50, 5, time.Minute).Validate(); err != nil {
		t.Error(err)
	}
}

// TestNoWindowHoldsMoreThanTheRateAcrossRestarts sends at random for hours, with
// complaints, and with restarts that know no more than the ledger does: when the last
// notice went, and how much of the ramp lay behind. No window of any length may hold
// more than rate×t and a burst, overall and for a domain.
func TestNoWindowHoldsMoreThanTheRateAcrossRestarts(t *testing.T) {
	domains := []string{"a.example", "b.example", "slow.example"}
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 7))
		pace := Pace{
			Rate: []float64{0.05, 1, 20}[random.IntN(3)], Default: 5,
			Domains: map[string]float64{"slow.example": 0.02},
			Since:   start.Add(-time.Duration(random.IntN(7200)) * time.Second),
		}
		if random.IntN(2) == 0 {
			pace.Ramp = Ramp{From: pace.Rate / 10, DoubleEvery: time.Duration(1+random.IntN(20)) * time.Minute}
		}
		all, each := wander(random, pace, domains)
		holds(t, seed, "the run", all, pace.Rate)
		for domain, moments := range each {
			perSecond, named := pace.Domains[domain]
			if !named {
				perSecond = pace.Default
			}
			holds(t, seed, domain, moments, min(perSecond, pace.Rate))
		}
	}
}

func wander(random *rand.Rand, pace Pace, domains []string) (all []time.Time, each map[string][]time.Time) {
	each = map[string][]time.Time{}
	now, p := start, NewPacer(pace, start)
	for range 4000 {
		domain := domains[random.IntN(len(domains))]
		if wait := max(p.Wait(now), p.WaitFor(now, domain)); wait == 0 {
			p.Take(now, domain)
			all, each[domain] = append(all, now), append(each[domain], now)
			pace.Since, pace.Ramped = now, p.Ramped()
		} else {
			now = now.Add(min(wait, time.Duration(random.Int64N(int64(time.Minute)))))
		}
		switch random.IntN(100) {
		case 0:
			p = NewPacer(pace, now)
		case 1:
			now = now.Add(time.Duration(random.IntN(3600)) * time.Second)
		case 2:
			p.Slow(now, domain, time.Duration(random.IntN(100))*time.Second)
		case 3:
			p.SlowAll(now, 0)
		}
	}
	return all, each
}

// holds looks at every window that begins and ends with a notice.
func holds(t *testing.T, seed uint64, what string, moments []time.Time, perSecond float64) {
	t.Helper()
	burst := math.Max(1, math.Floor(perSecond/10))
	worst := 0.0
	// The excess of a window is count − rate×t; its maximum over all windows in one pass.
	excess := 0.0
	for i, at := range moments {
		if i > 0 {
			excess = max(0, excess-perSecond*at.Sub(moments[i-1]).Seconds())
		}
		excess++
		worst = max(worst, excess)
	}
	if worst > burst+0.001 {
		t.Errorf("seed %d: %s: a window holds %.3f more than its rate of %v, want %v at most", seed, what, worst, perSecond, burst)
	}
	if len(moments) == 0 {
		t.Errorf("seed %d: nothing went to %s", seed, what)
	}
}
