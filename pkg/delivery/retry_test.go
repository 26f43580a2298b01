package delivery

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/throttle"
)

var greylisted = relay.Outcome{Stage: relay.StageRcpt, Verdict: relay.Deferred, Reply: relay.Reply{Code: 450, Enhanced: "4.2.0", Text: "come back"}}

func TestDeferredIsTriedAgainWhenItsTimeHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 10, mailboxes(10, "a.example")...), newServer()
		began := time.Now()
		s.envelope = func(id string, _ int) relay.Outcome {
			if id == "n3" && time.Since(began) < 12*time.Minute {
				return greylisted
			}
			return relay.Outcome{}
		}
		sum := mustRun(t, options(m, s))
		wantEnd(t, sum, Done)
		m.want(t, map[campaign.State]int{campaign.Accepted: 10})
		if got := s.at["n3"].Sub(began); got != 15*time.Minute {
			t.Errorf("sent after %v, want 5 and 10 minutes of waits", got)
		}
		if last := m.notes[len(m.notes)-1]; len(m.tries[3]) != 3 || last.Phase != campaign.PhaseSending {
			t.Errorf("%d attempts, the last note %+v", len(m.tries[3]), last)
		}
		if !slices.ContainsFunc(m.notes, func(a campaign.Activity) bool {
			return a.Limit == throttle.LimitRetry && a.Phase == campaign.PhasePaused && a.Until.Equal(began.Add(5*time.Minute))
		}) {
			t.Errorf("the wait is not in the notes %+v", m.notes)
		}
	})
}

func TestRetryIsTheSameToTheByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 10, mailboxes(1, "a.example")...), newServer()
		s.body = func(string, int) (bool, relay.Outcome) {
			if len(s.bodies["n1"]) == 0 {
				return false, relay.Outcome{Stage: relay.StageDot, Verdict: relay.Deferred, Reply: relay.Reply{Code: 451}}
			}
			return true, relay.Outcome{}
		}
		mustRun(t, options(m, s))
		if b := s.bodies["n1"]; len(b) != 2 || b[0] != b[1] {
			t.Errorf("bodies %q", b)
		}
	})
}

func TestDeferredForTheLastTimeIsRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 10, mailboxes(10, "a.example")...), newServer()
		s.envelope = func(id string, _ int) relay.Outcome {
			if id == "n3" {
				return greylisted
			}
			return relay.Outcome{}
		}
		sum := mustRun(t, options(m, s))
		wantEnd(t, sum, Done)
		m.want(t, map[campaign.State]int{campaign.Accepted: 9, campaign.Rejected: 1})
		if tries := m.tries[3]; len(tries) != 3 || tries[2].Code != 450 {
			t.Errorf("attempts %+v", tries)
		}
	})
}

func TestNoWaitEndsWhenOnlyDeferredAreLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 10, mailboxes(10, "a.example")...), newServer()
		s.envelope = func(id string, _ int) relay.Outcome {
			if id == "n3" {
				return greylisted
			}
			return relay.Outcome{}
		}
		o := options(m, s)
		o.NoWait = true
		began := time.Now()
		sum := mustRun(t, o)
		wantEnd(t, sum, Waiting)
		if !sum.Next.Equal(began.Add(5 * time.Minute)) {
			t.Errorf("next attempt %v, want in 5 minutes", sum.Next.Sub(began))
		}
		m.want(t, map[campaign.State]int{campaign.Accepted: 9, campaign.Deferred: 1})
		if again := mustRun(t, o); again.End != Waiting || again.Tally.Tried != 0 || !again.Next.Equal(sum.Next) {
			t.Errorf("a run too early: %+v", again)
		}
	})
}

func TestDueNoticesGoOldestFirstAlongWithTheBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 10, mailboxes(10, "a.example")...), newServer()
		for i, seq := range []int64{9, 5, 7} { // 9 is due for the longest time
			m.notices[seq-1].State = campaign.Deferred
			m.next[seq] = time.Now().Add(time.Duration(i-10) * time.Minute)
		}
		o := options(m, s)
		o.Connections = 1
		mustRun(t, o)
		want := []string{"n9", "n5", "n7", "n1", "n2", "n3", "n4", "n6", "n8", "n10"}
		if !slices.Equal(s.order, want) {
			t.Errorf("order %v, want %v", s.order, want)
		}
	})
}

func TestMoreDueNoticesThanAPageAreEachSentOnce(t *testing.T) {
	m, s := newMemory(t, 10, mailboxes(3*pageSize+1, "a.example", "b.example")...), newServer()
	for i := range m.notices {
		m.notices[i].State = campaign.Deferred
	}
	wantEnd(t, mustRun(t, options(m, s)), Done)
	m.want(t, map[campaign.State]int{campaign.Accepted: 3*pageSize + 1})
	s.once(t)
}

func TestGreylistingEverybodyHaltsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 200, mailboxes(200, "a.example")...), newServer()
		began := time.Now()
		s.envelope = func(string, int) relay.Outcome {
			if time.Since(began) < 4*time.Minute {
				return greylisted
			}
			return relay.Outcome{}
		}
		wantEnd(t, mustRun(t, options(m, s)), Done)
		m.want(t, map[campaign.State]int{campaign.Accepted: 200})
	})
}

func TestServerThatClosesAfterEveryNMessagesFailsNobody(t *testing.T) {
	for _, n := range []int{1, 5, 20, 50, 100} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, s := newMemory(t, 1000, mailboxes(500, "a.example")...), newServer()
				s.envelope = func(_ string, onSession int) relay.Outcome {
					if onSession >= n {
						return relay.Outcome{Stage: relay.StageMail, Effect: relay.Reconnect, Reply: relay.Reply{Code: 421}}
					}
					return relay.Outcome{}
				}
				began := time.Now()
				wantEnd(t, mustRun(t, options(m, s)), Done)
				m.want(t, map[campaign.State]int{campaign.Accepted: 500})
				s.once(t)
				for seq, tries := range m.tries {
					if len(tries) != 1 {
						t.Errorf("notice %d has %d attempts", seq, len(tries))
					}
				}
				if took := time.Since(began); took != 0 {
					t.Errorf("waited %v to reconnect", took)
				}
			})
		})
	}
}

func TestUntouchedAfterItsIntentIsSentOverAnotherSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 10, mailboxes(10, "a.example")...), newServer()
		drops := 0
		s.body = func(id string, _ int) (bool, relay.Outcome) {
			if id == "n3" && drops < 2 {
				drops++
				return false, relay.Outcome{Stage: relay.StageBody, Verdict: relay.Untouched, Effect: relay.Reconnect}
			}
			return true, relay.Outcome{}
		}
		wantEnd(t, mustRun(t, options(m, s)), Done)
		m.want(t, map[campaign.State]int{campaign.Accepted: 10})
		s.once(t)
		if n := m.notices[2]; n.Attempts != 1 || len(m.tries[3]) != 3 {
			t.Errorf("%d attempts count of %d", n.Attempts, len(m.tries[3]))
		}
	})
}

func TestUnreachableRelayIsWaitedForAndTouchesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 100, mailboxes(100, "a.example")...), newServer()
		began := time.Now()
		s.opening = func(int) *relay.Outcome {
			if time.Since(began) < 10*time.Second {
				return &relay.Outcome{Stage: relay.StageConnect, Effect: relay.BackOff, Err: errors.New("connection refused")}
			}
			return nil
		}
		sum := mustRun(t, options(m, s))
		wantEnd(t, sum, Done)
		m.want(t, map[campaign.State]int{campaign.Accepted: 100})
		if took := time.Since(began); took != 15*time.Second { // 1+2+4+8
			t.Errorf("took %v, want waits of 1, 2, 4 and 8 s", took)
		}
		if s.opens > 4*4+4 {
			t.Errorf("%d connections were tried", s.opens)
		}
		if !slices.ContainsFunc(m.notes, func(a campaign.Activity) bool {
			return a.Limit == throttle.LimitRelay && a.Phase == campaign.PhasePaused
		}) {
			t.Errorf("the wait is not in the notes %+v", m.notes)
		}
	})
}

func TestRelayThatLimitsConnectionsKeepsTheOthersGoing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(1000, "a.example")...), newServer()
		s.rtt = 20 * time.Millisecond
		s.opening = func(int) *relay.Outcome {
			if s.sessions >= 2 {
				return &relay.Outcome{Stage: relay.StageBanner, Effect: relay.BackOff, Reply: relay.Reply{Code: 421}}
			}
			return nil
		}
		began := time.Now()
		wantEnd(t, mustRun(t, options(m, s)), Done)
		m.want(t, map[campaign.State]int{campaign.Accepted: 1000})
		if took := time.Since(began); took > 11*time.Second { // 500 round trips on each of two
			t.Errorf("took %v", took)
		}
	})
}

func TestRelayThatAsksToWaitPausesTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 100, mailboxes(100, "a.example")...), newServer()
		began := time.Now()
		s.envelope = func(id string, _ int) relay.Outcome {
			if time.Since(began) < time.Minute && len(s.accepted) >= 50 {
				return relay.Outcome{Stage: relay.StageMail, Effect: relay.BackOff, Wait: 10 * time.Minute, Reply: relay.Reply{Code: 450}}
			}
			return relay.Outcome{}
		}
		wantEnd(t, mustRun(t, options(m, s)), Done)
		m.want(t, map[campaign.State]int{campaign.Accepted: 100})
		if took := time.Since(began); took != 10*time.Minute {
			t.Errorf("took %v, want the 10 minutes asked for", took)
		}
	})
}

func TestRelayThatAsksOneSessionToWaitStopsTheOthersToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 100, mailboxes(100, "a.example")...), newServer()
		s.rtt = 20 * time.Millisecond
		began := time.Now()
		s.envelope = func(id string, _ int) relay.Outcome {
			if id == "n1" && time.Since(began) < time.Minute {
				return relay.Outcome{Stage: relay.StageMail, Effect: relay.BackOff, Wait: 10 * time.Minute, Reply: relay.Reply{Code: 450}}
			}
			return relay.Outcome{}
		}
		o := options(m, s)
		wantEnd(t, mustRun(t, o), Done)
		early := 0
		for _, at := range s.at {
			if at.Sub(began) < 10*time.Minute {
				early++
			}
		}
		if early > 2*o.Connections { // one that is open, and one whose envelope is on its way
			t.Errorf("%d notices were sent in spite of the wait", early)
		}
	})
}
