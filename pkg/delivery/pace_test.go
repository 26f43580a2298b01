package delivery

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/throttle"
)

func TestRateHoldsForTheRunWhateverTheConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(500, "a.example", "b.example")...), newServer()
		s.rtt = 5 * time.Millisecond
		o := options(m, s)
		o.Connections = 10
		o.Pace.Rate = 50
		began := time.Now()
		mustRun(t, o)
		if took := time.Since(began); took < 10*time.Second || took > 10500*time.Millisecond {
			t.Errorf("500 notices at 50/s took %v", took)
		}
		last := m.notes[len(m.notes)-1]
		if last.Limit != throttle.LimitRate || last.Rate < 45 || last.Rate > 51 {
			t.Errorf("the ledger was told %+v", last)
		}
	})
}

func TestNoticesThatDidNotGoCostNothingOfTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(500, "a.example")...), newServer()
		s.envelope = func(_ string, onSession int) relay.Outcome {
			if onSession == 3 { // the relay closes after three messages and did not say so
				return relay.Outcome{Stage: relay.StageMail, Effect: relay.Reconnect}
			}
			return relay.Outcome{}
		}
		o := options(m, s)
		o.Pace.Rate = 50
		began := time.Now()
		mustRun(t, o)
		if took := time.Since(began); took < 10*time.Second || took > 10500*time.Millisecond {
			t.Errorf("500 notices at 50/s took %v", took)
		}
		m.want(t, map[campaign.State]int{campaign.Accepted: 500})
	})
}

func TestSlowRelayIsNotTakenForTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(200, "a.example")...), newServer()
		s.rtt = 10 * time.Second
		o := options(m, s)
		o.Connections = 10
		o.Pace.Rate = 50 // of which the relay takes one
		began := time.Now()
		o.Progress = func(e Event) {
			if e.Limit != "" && time.Since(began) > 2*time.Second {
				t.Errorf("after %v the run is held back by %s", time.Since(began), e.Limit)
			}
		}
		mustRun(t, o)
	})
}

func TestNoEnvelopeStandsOpenWhileThePaceSaysWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 5, mailboxes(10, "a.example")...), newServer()
		o := options(m, s)
		o.Pace.Rate = 1
		o.Pause = time.Minute
		mustRun(t, o)
		if s.held != 0 {
			t.Errorf("an envelope stood open for %v", s.held)
		}
	})
}

func TestSlowDomainDoesNotHoldUpTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		addresses := append(mailboxes(100, "slow.example"), mailboxes(900, "a.example", "b.example")...)
		m, s := newMemory(t, 1000, addresses...), newServer()
		o := options(m, s)
		o.Pace = throttle.Pace{Domains: map[string]float64{"slow.example": 1}}
		var limits []string
		o.Progress = func(e Event) { limits = append(limits, e.Limit) }
		began := time.Now()
		mustRun(t, o)
		for _, n := range m.notices[100:] {
			if at := s.at[n.ID].Sub(began); at != 0 {
				t.Fatalf("notice %s waited %v behind a slow domain", n.ID, at)
			}
		}
		if took := time.Since(began); took < 99*time.Second || took > 101*time.Second {
			t.Errorf("100 notices at 1/s took %v", took)
		}
		if !slices.Contains(limits, "throttle.per_domain slow.example") {
			t.Error("nobody is told which domain binds")
		}
		if slow := s.order[len(s.order)-100:]; !slices.IsSortedFunc(slow, func(a, b string) int { return s.at[a].Compare(s.at[b]) }) || slow[0] != "n1" {
			t.Errorf("the slow ones went as %v", slow[:3])
		}
	})
}

func TestPageFullOfASlowDomainIsReadPast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		addresses := append(mailboxes(5*pageSize, "slow.example"), mailboxes(10, "a.example")...)
		m, s := newMemory(t, len(addresses), addresses...), newServer()
		o := options(m, s)
		o.Limit = 100
		o.Pace = throttle.Pace{Domains: map[string]float64{"slow.example": 1}}
		began := time.Now()
		mustRun(t, o)
		for _, n := range m.notices[5*pageSize:] {
			if at := s.at[n.ID].Sub(began); s.accepted[n.ID] != 1 || at > time.Second {
				t.Errorf("notice %s was sent %d times, after %v", n.ID, s.accepted[n.ID], at)
			}
		}
	})
}

func TestReadAheadIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1e6, mailboxes(12*pageSize, "slow.example")...), newServer()
		o := options(m, s)
		o.Limit = 20
		o.Pace = throttle.Pace{Domains: map[string]float64{"slow.example": 1}}
		mustRun(t, o)
		if most := window/pageSize + 1; m.pages > most {
			t.Errorf("%d pages were read, want %d at most", m.pages, most)
		}
	})
}

func TestRerunningIsNoBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(1000, "a.example")...), newServer()
		o := options(m, s)
		o.Pace.Rate = 50
		began := time.Now()
		for range 50 {
			stop := make(chan struct{})
			time.AfterFunc(100*time.Millisecond, func() { close(stop) })
			if _, err := Run(context.Background(), stop, o); err != nil {
				t.Fatal(err)
			}
		}
		if most := int(time.Since(began).Seconds() * 50); len(s.accepted) > most {
			t.Errorf("%d sent in %v at 50/s", len(s.accepted), time.Since(began))
		}
	})
}

// stepping is a clock whose readings are set by a step, as by someone who sets the
// clock of the machine; they carry no monotonic part.
type stepping struct {
	throttle.System
	at   time.Time
	step time.Duration
}

func (c stepping) Now() time.Time {
	now := time.Now().Round(0)
	if now.After(c.at) {
		now = now.Add(c.step)
	}
	return now
}

func TestClockThatIsSetMakesNoBurstAndNoStall(t *testing.T) {
	for name, step := range map[string]time.Duration{"back": -time.Hour, "forward": time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, s := newMemory(t, 250, mailboxes(500, "a.example")...), newServer()
				o := options(m, s)
				o.Pace.Rate = 50
				o.Pause = 30 * time.Second
				began := time.Now()
				o.Clock = stepping{at: began.Add(2 * time.Second), step: step}
				mustRun(t, o)
				took := time.Since(began)
				if took < 39*time.Second || took > 41*time.Second {
					t.Errorf("500 notices at 50/s and a pause of 30 s took %v", took)
				}
			})
		})
	}
}

func TestSessionsAreClosedRatherThanLeftIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 10, mailboxes(3, "a.example")...), newServer()
		o := options(m, s)
		o.Pace.Rate = 1.0 / 60
		watch := time.AfterFunc(90*time.Second, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.sessions != 0 {
				t.Errorf("%d sessions lie idle between notices a minute apart", s.sessions)
			}
		})
		defer watch.Stop()
		mustRun(t, o)
	})
}

func TestRehearsalTakesAsLongAsTheRunAndChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		prepare := func() (*memory, *server, Options) {
			m, s := newMemory(t, 200, mailboxes(1000, "a.example", "b.example", "slow.example")...), newServer()
			for _, seq := range []int64{3, 4} {
				m.notices[seq-1].State = campaign.Deferred
				m.next[seq] = time.Now().Add(time.Duration(seq) * time.Minute)
			}
			o := options(m, s)
			o.Pace = throttle.Pace{Rate: 50, Domains: map[string]float64{"slow.example": 10}}
			o.Pause = 30 * time.Second
			return m, s, o
		}
		m, s, o := prepare()
		began := time.Now()
		rehearsed, err := Rehearse(context.Background(), nil, m, o)
		if err != nil {
			t.Fatal(err)
		}
		wantEnd(t, rehearsed, Done)
		if time.Since(began) != 0 || m.records != 0 || len(m.notes) != 0 {
			t.Errorf("took %v, wrote %d records and %d notes", time.Since(began), m.records, len(m.notes))
		}
		m.want(t, map[campaign.State]int{campaign.Pending: 998, campaign.Deferred: 2})
		if s.most != 1 || len(s.accepted) != 1000 {
			t.Errorf("%d sessions, %d notices", s.most, len(s.accepted))
		}
		s.once(t)

		_, _, o = prepare()
		sum := mustRun(t, o)
		said, took := rehearsed.Ended.Sub(rehearsed.Began), sum.Ended.Sub(sum.Began)
		if (said - took).Abs() > took/50 {
			t.Errorf("the rehearsal says %v, the run took %v", said, took)
		}
	})
}

func TestRehearsalReadsEachDeferredNoticeOnce(t *testing.T) {
	m, s := newMemory(t, 10, mailboxes(2*pageSize+10, "a.example")...), newServer()
	for i := range m.notices {
		m.notices[i].State = campaign.Deferred
	}
	sum, err := Rehearse(context.Background(), nil, m, options(m, s))
	if err != nil {
		t.Fatal(err)
	}
	wantEnd(t, sum, Done)
	if len(s.accepted) != 2*pageSize+10 {
		t.Errorf("%d notices", len(s.accepted))
	}
	s.once(t)
}

func TestMachineThatWasSuspendedGoesOnSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1, mailboxes(2, "a.example")...), newServer()
		o := options(m, s)
		o.Pause = 30 * time.Minute
		began := time.Now()
		o.Clock = stepping{at: began.Add(time.Second), step: time.Hour} // timers stood still meanwhile
		mustRun(t, o)
		if took := time.Since(began); took > 2*nap {
			t.Errorf("waits %v more for a pause that is over", took)
		}
	})
}
