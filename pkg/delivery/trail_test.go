package delivery

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/throttle"
)

// excess returns by how much the busiest window of any length went over its rate.
func excess(s *server, perSecond float64) float64 {
	var at []time.Time
	for _, moment := range s.at {
		at = append(at, moment)
	}
	slices.SortFunc(at, time.Time.Compare)
	worst, over := 0.0, 0.0
	for i := range at {
		if i > 0 {
			over = max(0, over-perSecond*at[i].Sub(at[i-1]).Seconds())
		}
		over++
		worst = max(worst, over)
	}
	return worst
}

// lastSent is what the ledger tells the next run.
func lastSent(m *memory) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}

func TestRunsOfOneNoticeKeepTheHourlyRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(100, "a.example")...), newServer()
		o := options(m, s)
		o.Limit = 1
		o.Pace.Rate = 10.0 / 3600
		began := time.Now()
		for time.Since(began) < 5*time.Hour {
			o.Pace.Since, o.Pace.Fresh = lastSent(m), lastSent(m).IsZero()
			wantEnd(t, mustRun(t, o), Limited)
		}
		if got := len(s.accepted); got < 50 || got > 51 {
			t.Errorf("%d sent in 5 hours at 10/h, want 50 and the first", got)
		}
		if over := excess(s, o.Pace.Rate); over > 1.001 {
			t.Errorf("a window holds %v more than the rate", over)
		}
	})
}

func TestRunsThatBreakOffKeepTheRateAndTheRamp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 500, mailboxes(20_000, "a.example", "b.example", "c.example")...), newServer()
		o := options(m, s)
		o.Pace = throttle.Pace{Rate: 40, Default: 20, Ramp: throttle.Ramp{From: 5, DoubleEvery: time.Minute}}
		sending := time.Duration(0)
		for i := range 60 { // runs of 1 to 10 s, broken off hard, right after each other or hours apart
			o.Pace.Since, o.Pace.Fresh = lastSent(m), lastSent(m).IsZero()
			took := time.Duration(1+i%10) * time.Second
			ctx, cancel := context.WithTimeout(t.Context(), took)
			sum, _ := Run(ctx, nil, o)
			cancel()
			m.restart()
			o.Pace.Ramped = sum.Ramped
			sending += took
			if i%20 == 19 {
				time.Sleep(3 * time.Hour)
			}
		}
		if over := excess(s, 40); over > 4.001 {
			t.Errorf("a window holds %v more than the rate", over)
		}
		// 5/s, 10/s and 20/s for a minute each, then 40/s.
		want := 35*60 + (sending-3*time.Minute).Seconds()*40
		if got := float64(len(s.accepted)); math.Abs(got-want) > want/10 {
			t.Errorf("%v sent in %v of runs, want about %v as of one run", got, sending, want)
		}
	})
}

func TestRampIsSeenAndSoIsItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 10_000, mailboxes(3000, "a.example")...), newServer()
		o := options(m, s)
		o.Pace = throttle.Pace{Rate: 20, Ramp: throttle.Ramp{From: 5, DoubleEvery: time.Minute}}
		limits := map[string]bool{}
		o.Progress = func(e Event) { limits[e.Limit] = true }
		mustRun(t, o)
		if !limits[throttle.LimitRamp] || !limits[throttle.LimitRate] {
			t.Errorf("limits %v", limits)
		}
		if last := m.notes[len(m.notes)-1]; last.Ramped < 3*time.Minute {
			t.Errorf("the ledger was told %v of the ramp", last.Ramped)
		}
	})
}

// etas runs o and returns by how much of the time that was left each ETA was wrong, from
// an age of the run on.
func etas(t *testing.T, o Options, from time.Duration) []float64 {
	t.Helper()
	type guess struct{ at, eta time.Time }
	var guesses []guess
	began := time.Now()
	o.Progress = func(e Event) {
		if now := time.Now(); now.Sub(began) > from {
			guesses = append(guesses, guess{now, e.ETA})
		}
	}
	sum := mustRun(t, o)
	var wrong []float64
	for _, g := range guesses {
		if left := sum.Ended.Sub(g.at); left > 2*time.Minute {
			wrong = append(wrong, (g.eta.Sub(sum.Ended)).Seconds()/left.Seconds())
		}
	}
	if len(wrong) < 100 {
		t.Fatalf("%d guesses", len(wrong))
	}
	return wrong
}

func TestETAIsHonest(t *testing.T) {
	for name, test := range map[string]struct {
		pace  throttle.Pace
		pause time.Duration
		rtt   time.Duration
	}{
		"flat":                      {pace: throttle.Pace{Rate: 20}},
		"with pauses":               {pace: throttle.Pace{Rate: 20}, pause: 30 * time.Second},
		"on the ramp":               {pace: throttle.Pace{Rate: 40, Ramp: throttle.Ramp{From: 2.5, DoubleEvery: time.Minute}}},
		"held back by one domain":   {pace: throttle.Pace{Rate: 40, Domains: map[string]float64{"a.example": 5}}},
		"held back by the relay":    {pace: throttle.Pace{Rate: 1000}, rtt: 400 * time.Millisecond},
		"ramp, pauses and a domain": {pace: throttle.Pace{Rate: 20, Domains: map[string]float64{"a.example": 5}, Ramp: throttle.Ramp{From: 10, DoubleEvery: time.Minute}}, pause: 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, s := newMemory(t, 500, mailboxes(6000, "a.example", "b.example", "c.example")...), newServer()
				s.rtt = test.rtt
				o := options(m, s)
				o.Pace, o.Pause = test.pace, test.pause
				o.Left, o.Batches = 6000, 12
				for _, wrong := range etas(t, o, time.Minute) {
					if math.Abs(wrong) > 0.25 {
						t.Fatalf("the ETA is wrong by %.0f%% of the time that is left", 100*wrong)
					}
				}
			})
		})
	}
}

// An envelope that is put off or refused costs this server no time, as a body does: where it
// is slow, an ETA cannot know how long the tries to come will take.
func TestETARestsOnAllThatWasTried(t *testing.T) {
	refused := relay.Outcome{Stage: relay.StageRcpt, Verdict: relay.Rejected, Reply: relay.Reply{Code: 550, Text: "no"}}
	every := func(nth int, o relay.Outcome) func(id string, tries int) relay.Outcome {
		return func(id string, tries int) relay.Outcome {
			var n int
			if _, _ = fmt.Sscanf(id, "n%d", &n); n%nth == 0 && (o.Verdict == relay.Rejected || tries == 1) {
				return o
			}
			return relay.Outcome{}
		}
	}
	for name, test := range map[string]struct {
		pace     throttle.Pace
		rtt      time.Duration
		envelope func(id string, tries int) relay.Outcome
		off      float64 // of the time that is left
	}{
		"half of them refused":                     {throttle.Pace{Rate: 20}, 0, every(2, refused), 0.02},
		"half of them refused by a slow relay":     {throttle.Pace{Rate: 100}, 400 * time.Millisecond, every(2, refused), 0.1},
		"all of them refused on a ramp":            {throttle.Pace{Rate: 20, Ramp: throttle.Ramp{From: 5, DoubleEvery: time.Minute}}, 0, every(1, refused), 0.05},
		"everybody put off once":                   {throttle.Pace{Rate: 20}, 0, every(1, greylisted), 0.25},
		"every third put off once":                 {throttle.Pace{Rate: 20}, 0, every(3, greylisted), 0.25},
		"every third put off once by a slow relay": {throttle.Pace{Rate: 100}, 400 * time.Millisecond, every(3, greylisted), 0.35},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, s := newMemory(t, 500, mailboxes(6000, "a.example", "b.example", "c.example")...), newServer()
				s.rtt = test.rtt
				tries := map[string]int{}
				s.envelope = func(id string, _ int) relay.Outcome { // the server's lock is held
					tries[id]++
					return test.envelope(id, tries[id])
				}
				o := options(m, s)
				o.Pace, o.Halt = test.pace, throttle.Halt{Rejected: 1, After: 100, Consecutive: 20}
				o.Left, o.Batches = 6000, 12
				worst := 0.0
				for _, wrong := range etas(t, o, 4*time.Second) {
					if math.Abs(wrong) > math.Abs(worst) {
						worst = wrong
					}
				}
				if math.Abs(worst) > test.off {
					t.Errorf("the ETA is wrong by %.0f%% of the time that is left", 100*worst)
				}
			})
		})
	}
}

func TestRehearsalTakesTheRampIntoAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(2000, "a.example", "b.example")...), newServer()
		o := options(m, s)
		o.Pace = throttle.Pace{Rate: 20, Ramp: throttle.Ramp{From: 5, DoubleEvery: time.Minute}}
		rehearsed, err := Rehearse(t.Context(), nil, m, o)
		if err != nil {
			t.Fatal(err)
		}
		s.accepted = map[string]int{}
		sum := mustRun(t, o)
		said, took := rehearsed.Ended.Sub(rehearsed.Began), sum.Ended.Sub(sum.Began)
		if (said-took).Abs() > took/50 || took < 170*time.Second {
			t.Errorf("the rehearsal says %v, the run took %v", said, took)
		}
		if outlook := o.Outlook(2000); (outlook - took).Abs() > took/20 {
			t.Errorf("the outlook is %v, the run took %v", outlook, took)
		}
		m.want(t, map[campaign.State]int{campaign.Accepted: 2000})
	})
}
