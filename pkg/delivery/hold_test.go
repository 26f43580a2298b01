package delivery

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/relay"
)

// dailyPause is a relay that asks everybody to come back tomorrow.
var dailyPause = relay.Outcome{Stage: relay.StageDot, Effect: relay.BackOff, Wait: 24 * time.Hour,
	Reply: relay.Reply{Code: 454, Enhanced: "4.7.0", Text: "Daily message quota exceeded"}}

func TestRunWaitsForWhatTheRunBeforeWasAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s, o := complaint(t)
		s.answer(dailyPause, func(string) bool { return len(s.accepted) == 10 })
		stop := make(chan struct{})
		began := time.Now()
		time.AfterFunc(time.Hour, func() { close(stop) })
		sum, err := Run(context.Background(), stop, o)
		if err != nil {
			t.Fatal(err)
		}
		wantEnd(t, sum, Interrupted)
		until := began.Add(24 * time.Hour)
		if h := sum.Hold; h.Limit != campaign.LimitRelay || h.Until.Before(until) || h.Until.Sub(until) > 2*time.Second {
			t.Fatalf("it leaves %+v, want until %v", h, until)
		}

		s.body = nil
		o.Hold = sum.Hold
		m.notes = nil
		wantEnd(t, mustRun(t, o), Done)
		m.want(t, map[campaign.State]int{campaign.Accepted: 40})
		for i, id := range s.order[10:] {
			if s.at[id].Before(until) {
				t.Fatalf("number %d went after %v", i, s.at[id].Sub(began))
			}
		}
		if first := m.notes[0]; first.Phase != campaign.PhasePaused || first.Limit != campaign.LimitRelay || first.Until.Before(until) {
			t.Errorf("the run says %+v", first)
		}
	})
}

func TestHoldOutlivesARunThatSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s, o := complaint(t)
		o.NoWait = true
		o.Hold = campaign.Hold{Limit: campaign.LimitRelay, Until: time.Now().Add(time.Hour)}
		began := time.Now()
		sum := mustRun(t, o)
		wantEnd(t, sum, Waiting)
		if !sum.Hold.Until.Equal(o.Hold.Until) || sum.Hold.Limit != campaign.LimitRelay {
			t.Errorf("it leaves %+v", sum.Hold)
		}
		if took := time.Since(began); took > time.Second || s.opens > 0 {
			t.Errorf("it took %v and %d sessions", took, s.opens)
		}
	})
}

func TestRunThatIsNotToWaitEndsWhereTheRelayAsksForLong(t *testing.T) {
	for wait, end := range map[time.Duration]End{24 * time.Hour: Waiting, 5 * time.Second: Done} {
		synctest.Test(t, func(t *testing.T) {
			m, s, o := complaint(t)
			o.NoWait = true
			pause := dailyPause
			pause.Stage, pause.Wait, pause.Reply.Enhanced = relay.StageMail, wait, "4.3.0"
			asked := false
			s.answer(pause, func(string) bool {
				first := len(s.accepted) == 10 && !asked
				asked = asked || first
				return first
			})
			began := time.Now()
			sum := mustRun(t, o)
			wantEnd(t, sum, end)
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it waited %v", took)
			}
			if end == Waiting {
				m.want(t, map[campaign.State]int{campaign.Accepted: 10, campaign.Pending: 30})
				if left := time.Until(sum.Hold.Until); left < wait-time.Minute {
					t.Errorf("it leaves %+v", sum.Hold)
				}
			}
		})
	}
}

func TestPauseThatIsCutShortIsWaitedForByTheNextRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 10, mailboxes(20, "a.example")...), newServer()
		o := options(m, s)
		o.Pause = 10 * time.Minute
		stop := make(chan struct{})
		began := time.Now()
		time.AfterFunc(4*time.Minute, func() { close(stop) })
		sum, err := Run(context.Background(), stop, o)
		if err != nil {
			t.Fatal(err)
		}
		m.want(t, map[campaign.State]int{campaign.Accepted: 10, campaign.Pending: 10})
		if h := sum.Hold; h.Limit != campaign.LimitPause || h.Until.Sub(began).Round(time.Second) != 10*time.Minute {
			t.Fatalf("it leaves %+v", h)
		}
		<-time.After(time.Minute)
		o.Hold = sum.Hold
		sum = mustRun(t, o)
		wantEnd(t, sum, Done)
		if sum.Hold != (campaign.Hold{}) {
			t.Errorf("it leaves %+v", sum.Hold)
		}
		for _, id := range s.order[10:] {
			if at := s.at[id].Sub(began).Round(time.Second); at != 10*time.Minute {
				t.Errorf("%s went after %v", id, at)
			}
		}
	})
}

func TestHoldThatIsOverHoldsNothing(t *testing.T) {
	for _, limit := range []string{campaign.LimitRelay, campaign.LimitPause} {
		synctest.Test(t, func(t *testing.T) {
			_, _, o := complaint(t)
			o.Hold = campaign.Hold{Limit: limit, Until: time.Now().Add(-time.Second)}
			began := time.Now()
			wantEnd(t, mustRun(t, o), Done)
			if took := time.Since(began); took > time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}
