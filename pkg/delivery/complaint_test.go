package delivery

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/relay"
)

// What a relay says to a notice that may be about all.
var (
	denied = relay.Outcome{Stage: relay.StageRcpt, Suspect: relay.Halt,
		Reply: relay.Reply{Code: 554, Enhanced: "5.7.1", Text: "access denied"}}
	throttledRcpt = relay.Outcome{Stage: relay.StageRcpt, Suspect: relay.BackOff,
		Reply: relay.Reply{Code: 451, Enhanced: "4.7.500", Text: "server busy"}}
	dailyLimit = relay.Outcome{Stage: relay.StageDot, Effect: relay.Halt, Wait: 24 * time.Hour,
		Reply: relay.Reply{Code: 550, Enhanced: "5.4.5", Text: "daily limit"}}
	noDMARC = relay.Outcome{Stage: relay.StageDot, Effect: relay.Halt,
		Reply: relay.Reply{Code: 550, Enhanced: "5.7.515", Text: "access denied"}}
	oversized = relay.Outcome{Stage: relay.StageMail, Suspect: relay.Halt,
		Reply: relay.Reply{Enhanced: "5.3.4", Text: "notify: the relay takes messages of 9 octets at most, this one has 10"}}
)

// answer makes s give o to the notices that which picks, at the stage of o.
func (s *server) answer(o relay.Outcome, which func(id string) bool) {
	if o.Stage == relay.StageDot {
		s.body = func(id string, _ int) (bool, relay.Outcome) {
			if which(id) {
				return false, o
			}
			return true, relay.Outcome{}
		}
		return
	}
	s.envelope = func(id string, _ int) relay.Outcome {
		if which(id) {
			return o
		}
		return relay.Outcome{}
	}
}

func ids(list ...string) func(string) bool {
	return func(id string) bool { return slices.Contains(list, id) }
}

func everybody(string) bool { return true }

// complaint is a setting with one connection and 40 notices in one batch.
func complaint(t *testing.T) (*memory, *server, Options) {
	m, s := newMemory(t, 100, mailboxes(40, "a.example", "b.example", "c.example")...), newServer()
	o := options(m, s)
	o.Connections = 1
	o.Halt.Rejected = 1
	return m, s, o
}

func TestRecipientsThatARelayDeniesDoNotStopTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s, o := complaint(t)
		s.answer(denied, ids("n5", "n20", "n40"))
		wantEnd(t, mustRun(t, o), Done)
		m.want(t, map[campaign.State]int{campaign.Accepted: 37, campaign.Rejected: 3})
		for _, id := range []string{"n5", "n20", "n40"} {
			if n := m.notice(t, id); n.Tries != 2 && id != "n40" || n.State == campaign.Rejected && n.Attempts == 0 {
				t.Errorf("%s was tried %d times, of which %d count", id, n.Tries, n.Attempts)
			}
		}
		s.once(t)
	})
}

// Once the relay turns on everybody, it is not asked about many, and nobody pays.
func TestRelayThatTurnsOnEverybodyHaltsAndRejectsNobody(t *testing.T) {
	for name, test := range map[string]struct {
		o     relay.Outcome
		asked int // notices, before it halts
	}{"access denied": {denied, crowd}, "daily limit": {dailyLimit, 1}, "DMARC": {noDMARC, 1}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, s, o := complaint(t)
				s.answer(test.o, func(id string) bool { return len(s.accepted) >= 10 })
				halted(t, mustRun(t, o), test.o.Reply.String())
				m.want(t, map[campaign.State]int{campaign.Accepted: 10, campaign.Deferred: test.asked, campaign.Pending: 30 - test.asked})
				for _, n := range m.notices {
					if n.Attempts > 0 && n.State != campaign.Accepted {
						t.Errorf("an attempt of %s counts", n.ID)
					}
				}
			})
		})
	}
}

func TestRelayThatDeniesTheFirstHaltsAtOnce(t *testing.T) {
	for _, o := range []relay.Outcome{denied, noDMARC, oversized} {
		synctest.Test(t, func(t *testing.T) {
			m, s, opt := complaint(t)
			s.answer(o, everybody)
			for run := range 3 {
				halted(t, mustRun(t, opt), o.Reply.Text)
				m.want(t, map[campaign.State]int{campaign.Deferred: run + 1, campaign.Pending: 39 - run})
			}
			<-time.After(time.Hour) // the put off ones are due, and still go last
			halted(t, mustRun(t, opt), o.Reply.Text)
			m.want(t, map[campaign.State]int{campaign.Deferred: 4, campaign.Pending: 36})
		})
	}
}

// One at the head of the queue is tried last by the next run, which then knows better.
func TestNextRunGoesOnBehindTheNoticeThatHaltedTheLast(t *testing.T) {
	for name, test := range map[string]struct {
		o    relay.Outcome
		want campaign.State
	}{
		"access denied": {denied, campaign.Rejected}, "DMARC": {noDMARC, campaign.Rejected},
		"size": {oversized, campaign.Rejected}, "a quota": {dailyLimit, campaign.Deferred},
	} {
		for _, later := range []time.Duration{0, time.Hour} {
			t.Run(fmt.Sprint(name, " after ", later), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m, s, o := complaint(t)
					s.answer(test.o, ids("n1"))
					halted(t, mustRun(t, o), test.o.Reply.Text)
					m.want(t, map[campaign.State]int{campaign.Deferred: 1, campaign.Pending: 39})
					<-time.After(later)
					o.NoWait = test.want == campaign.Deferred
					sum := mustRun(t, o)
					if later == 0 && o.NoWait { // it was put off, and is not due
						<-time.After(time.Hour)
						sum = mustRun(t, o)
						wantEnd(t, sum, Waiting)
						m.want(t, map[campaign.State]int{campaign.Accepted: 39, campaign.Deferred: 1})
						return
					}
					if sum.End == Halted {
						t.Fatalf("halted: %s", sum.Halted)
					}
					m.want(t, map[campaign.State]int{campaign.Accepted: 39, test.want: 1})
					if n := m.notice(t, "n1"); n.Attempts != 1 || n.Tries != 2 {
						t.Errorf("%d of %d attempts count", n.Attempts, n.Tries)
					}
				})
			})
		}
	}
}

// What an earlier run saw of others counts as well, where this one has nobody else to try.
func TestRecipientsThatAreLeftAreJudgedByWhatAnEarlierRunSaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s, o := complaint(t)
		s.rtt = time.Millisecond // so that others are accepted later than these are denied
		s.answer(denied, ids("n3", "n4", "n5", "n20", "n21", "n22"))
		o.NoWait = true
		wantEnd(t, mustRun(t, o), Waiting)
		m.want(t, map[campaign.State]int{campaign.Accepted: 34, campaign.Deferred: 6})
		<-time.After(time.Hour)
		wantEnd(t, mustRun(t, o), Done)
		m.want(t, map[campaign.State]int{campaign.Accepted: 34, campaign.Rejected: 6})
	})
}

// With nobody left who could get through, a recipient is given up after as many attempts
// as any that is put off.
func TestLastRecipientThatIsDeniedIsGivenUpInTheEnd(t *testing.T) {
	for name, o := range map[string]relay.Outcome{"at RCPT": denied, "a quota at the dot": dailyLimit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, s, opt := complaint(t)
				s.answer(o, ids("n40"))
				sum := mustRun(t, opt)
				if sum.End == Halted {
					sum = mustRun(t, opt)
				}
				wantEnd(t, sum, Done)
				m.want(t, map[campaign.State]int{campaign.Accepted: 39, campaign.Rejected: 1})
				if n := m.notice(t, "n40"); n.Attempts != opt.Retry.Attempts {
					t.Errorf("%d attempts count, want %d", n.Attempts, opt.Retry.Attempts)
				}
			})
		})
	}
}

func TestDestinationThatThrottlesAtRCPTIsSlowedAndNotTheRelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(400, "a.example", "slow.example", "b.example", "c.example")...), newServer()
		o := options(m, s)
		o.Pace.Rate, o.Pace.Default = 100, 50
		o.Connections = 1
		began := time.Now()
		complaining(m, s, t, "slow.example", throttledRcpt, began.Add(30*time.Second))
		relayHeld := false
		o.Progress = func(e Event) { relayHeld = relayHeld || e.Limit == "relay" }
		wantEnd(t, mustRun(t, o), Done)
		m.want(t, map[campaign.State]int{campaign.Accepted: 400})
		for _, n := range m.notices {
			if at := s.at[n.ID].Sub(began); n.To.Domain() != "slow.example" && at > 6*time.Second {
				t.Fatalf("notice %s went after %v", n.ID, at)
			}
		}
		if relayHeld {
			t.Error("the relay was held to throttle")
		}
	})
}

func TestRelayThatThrottlesEverybodyAtRCPTHoldsTheRunAndNobodyPays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s, o := complaint(t)
		began := time.Now()
		busy := throttledRcpt
		busy.Wait = 10 * time.Minute
		asked := 0
		s.answer(busy, func(string) bool {
			if len(s.accepted) < 10 || time.Since(began) > 5*time.Minute {
				return false
			}
			asked++
			return true
		})
		wantEnd(t, mustRun(t, o), Done)
		m.want(t, map[campaign.State]int{campaign.Accepted: 40})
		for _, n := range m.notices {
			if n.Attempts != 1 {
				t.Errorf("%d attempts of %s count", n.Attempts, n.ID)
			}
		}
		if asked != crowd {
			t.Errorf("asked %d times, want %d", asked, crowd)
		}
	})
}

// A session that the first outcome of a flight ended says nothing about the second notice.
func TestComplaintIsNotThatOfTheNoticeBehind(t *testing.T) {
	m := newMemory(t, 10, mailboxes(2, "a.example")...)
	w := worker{run: newRun(t.Context(), options(m, newServer())), open: &job{item: item{notice: m.notices[0]}}}
	defer w.run.cancelDial()
	behind := dailyLimit
	behind.Stage, behind.Err = relay.StageData, fmt.Errorf("flight: %w", relay.ErrOver)
	_, opened := w.weigh(dailyLimit, behind, &job{item: item{notice: m.notices[1]}})
	if opened.Effect != relay.Halt || len(w.run.complaints.met) != 1 {
		t.Errorf("it is %+v, and %d notices met a complaint", opened, len(w.run.complaints.met))
	}
	if _, decided := w.run.settle(m.notices[1], opened, "relay"); decided {
		t.Error("the notice behind pays")
	}
}

func TestLedgerThatKnowsNoPrecedentEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s, o := complaint(t)
		s.answer(noDMARC, ids("n1"))
		mustRun(t, o)
		<-time.After(time.Hour)
		s.answer(noDMARC, func(id string) bool {
			if id == "n1" {
				m.mu.Lock()
				defer m.mu.Unlock()
				m.dead = true
			}
			return id == "n1"
		})
		sum, err := Run(t.Context(), nil, o)
		wantEnd(t, sum, Failed)
		if err == nil || !strings.Contains(err.Error(), "earlier attempt") {
			t.Errorf("error %v", err)
		}
	})
}
