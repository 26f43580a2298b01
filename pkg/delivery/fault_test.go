package delivery

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/throttle"
)

func TestFailedRecordStopsBeforeTheNextDot(t *testing.T) {
	for name, happened := range map[string]bool{"not happened": false, "happened": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, s := newMemory(t, 100, mailboxes(100, "a.example")...), newServer()
				m.fault = func([]campaign.Move) (bool, error) {
					if m.records < 40 {
						return true, nil
					}
					return happened, errDisk
				}
				s.body = func(id string, _ int) (bool, relay.Outcome) {
					if m.notice(t, id).State != campaign.Sending {
						t.Errorf("the body of %s leaves without its intent", id)
					}
					return true, relay.Outcome{}
				}
				s.rtt = time.Millisecond
				o := options(m, s)
				sum, err := Run(context.Background(), nil, o)
				if !errors.Is(err, errDisk) || !strings.HasPrefix(err.Error(), "record in the ledger") {
					t.Errorf("error %v", err)
				}
				wantEnd(t, sum, Failed)
				if recorded := m.count(campaign.Accepted); len(s.accepted) > recorded+o.Connections {
					t.Errorf("%d were sent, %d are recorded: bodies leave after the failure", len(s.accepted), recorded)
				}
				if got := m.restart(); got > o.Connections {
					t.Errorf("%d notices are in doubt over %d sessions", got, o.Connections)
				}
				if s.sessions != 0 || s.dropped == 0 {
					t.Errorf("%d sessions are open, %d were left without a dot", s.sessions, s.dropped)
				}
				wantEnd(t, mustRun(t, o), Done)
				s.once(t)
			})
		})
	}
}

// TestIntentThatFailsIsNotSent looks at each single write: whether it happened or not,
// the notice whose intent was in it stays unsent.
func TestIntentThatFailsIsNotSent(t *testing.T) {
	for _, happened := range []bool{false, true} {
		for at := 1; at <= 6; at++ {
			t.Run(fmt.Sprintf("write %d, happened %v", at, happened), func(t *testing.T) {
				m, s := newMemory(t, 5, mailboxes(5, "a.example")...), newServer()
				var lost string
				m.fault = func(moves []campaign.Move) (bool, error) {
					if m.records != at {
						return true, nil
					}
					for _, move := range moves {
						if move.To == campaign.Sending {
							lost = m.notices[move.Seq-1].ID
						}
					}
					return happened, errDisk
				}
				o := options(m, s)
				o.Connections = 1
				if _, err := Run(context.Background(), nil, o); !errors.Is(err, errDisk) {
					t.Fatalf("error %v", err)
				}
				if s.accepted[lost] != 0 {
					t.Errorf("notice %s was sent although its intent failed", lost)
				}
				if want := at - 1; len(s.accepted) != want {
					t.Errorf("%d were sent, want %d", len(s.accepted), want)
				}
				if doubt := m.restart(); doubt > 1 {
					t.Errorf("%d in doubt", doubt)
				}
				wantEnd(t, mustRun(t, o), Done)
				s.once(t)
			})
		}
	}
}

func TestFailedReadEndsTheRunWithItsCause(t *testing.T) {
	m, s := newMemory(t, 5, mailboxes(5, "a.example")...), newServer()
	m.dueError = errDisk
	sum, err := Run(context.Background(), nil, options(m, s))
	if !errors.Is(err, errDisk) {
		t.Errorf("error %v", err)
	}
	wantEnd(t, sum, Failed)
	m.want(t, map[campaign.State]int{campaign.Pending: 5})
}

func TestNoticeThatCannotBeComposedStopsTheRunAndTouchesNobodyElse(t *testing.T) {
	m, s := newMemory(t, 100, mailboxes(100, "a.example")...), newServer()
	o := options(m, s)
	o.Composer = composer{bad: "n30"}
	sum, err := Run(context.Background(), nil, o)
	if err == nil || !strings.Contains(err.Error(), "compose notice n30") {
		t.Errorf("error %v", err)
	}
	wantEnd(t, sum, Failed)
	if got := m.notice(t, "n30").State; got != campaign.Pending {
		t.Errorf("the notice is %s", got)
	}
	if n := m.count(campaign.Accepted); n != len(s.accepted) || n+m.count(campaign.Pending) != 100 {
		t.Errorf("%d recorded as accepted, %d were, %d are pending", n, len(s.accepted), m.count(campaign.Pending))
	}
	o.Composer = composer{}
	wantEnd(t, mustRun(t, o), Done)
	s.once(t)
}

// TestRecordedIntentIsTakenBackWhenTheRunBreaksBeforeItsBody holds one worker between
// its intent and its body while the run comes to a hard end.
func TestRecordedIntentIsTakenBackWhenTheRunBreaksBeforeItsBody(t *testing.T) {
	for name, ledgerFails := range map[string]bool{"another write fails": true, "cancelled": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, s := newMemory(t, 10, mailboxes(10, "a.example")...), newServer()
				o := options(m, s)
				o.Connections = 1
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				if ledgerFails {
					o.Connections = 2
					m.fault = func([]campaign.Move) (bool, error) {
						if m.records == 2 {
							return false, errDisk
						}
						return true, nil
					}
				} else {
					time.AfterFunc(time.Millisecond, cancel)
				}
				o.Progress = func(e Event) {
					if e.Tally.Tried == 1 && e.Tally.Deferred == 0 {
						<-time.After(time.Second)
					}
				}
				sum, err := Run(ctx, nil, o)
				if want := map[bool]error{true: errDisk, false: context.Canceled}[ledgerFails]; !errors.Is(err, want) {
					t.Errorf("the run ends %s with %v", sum.End, err)
				}
				m.want(t, map[campaign.State]int{campaign.Deferred: 1, campaign.Pending: 9})
				if len(s.bodies) != 0 || s.dropped != o.Connections {
					t.Errorf("%d bodies left, %d envelopes were left open", len(s.bodies), s.dropped)
				}
			})
		})
	}
}

func TestLedgerThatFailsAfterTheStopIsTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 5, mailboxes(5, "a.example")...), newServer()
		s.rtt = time.Minute
		stop := make(chan struct{})
		time.AfterFunc(90*time.Second, func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.dead = true
			close(stop)
		})
		sum, err := Run(context.Background(), stop, options(m, s))
		if !errors.Is(err, errDisk) {
			t.Errorf("error %v", err)
		}
		wantEnd(t, sum, Failed)
	})
}

func TestNoteThatFailsEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1, mailboxes(5, "a.example")...), newServer()
		o := options(m, s)
		o.Pause = time.Minute
		time.AfterFunc(30*time.Second, func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.dead = true
		})
		began := time.Now()
		sum, err := Run(context.Background(), nil, o)
		if !errors.Is(err, errDisk) || !strings.HasPrefix(err.Error(), "note the activity") {
			t.Errorf("error %v", err)
		}
		wantEnd(t, sum, Failed)
		if took := time.Since(began); took != time.Minute || len(s.accepted) != 1 {
			t.Errorf("ended after %v with %d sent", took, len(s.accepted))
		}
	})
}

// TestNoticeThatTheRelayCannotBearComesLast has one recipient for whom the relay claims
// to be throttled, whoever else gets mail.
func TestNoticeThatTheRelayCannotBearComesLast(t *testing.T) {
	for _, stage := range []relay.Stage{relay.StageRcpt, relay.StageDot} {
		t.Run(string(stage), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, s := newMemory(t, 500, mailboxes(500, "a.example")...), newServer()
				throttled := relay.Outcome{Stage: stage, Verdict: relay.Untouched, Effect: relay.BackOff, Reply: relay.Reply{Code: 454, Enhanced: "4.7.0"}}
				if stage == relay.StageRcpt {
					s.envelope = func(id string, _ int) relay.Outcome {
						if id == "n1" {
							return throttled
						}
						return relay.Outcome{}
					}
				} else {
					s.body = func(id string, _ int) (bool, relay.Outcome) {
						if id == "n1" {
							return false, throttled
						}
						return true, relay.Outcome{}
					}
				}
				began := time.Now()
				wantEnd(t, mustRun(t, options(m, s)), Done)
				m.want(t, map[campaign.State]int{campaign.Accepted: 499, campaign.Rejected: 1})
				if n := m.notice(t, "n1"); n.Attempts != 3 || n.Tries != 4 { // the first was before anybody knew
					t.Errorf("%d of %d attempts of the other count", n.Attempts, n.Tries)
				}
				for id, at := range s.at {
					if at.Sub(began) > 2*time.Second {
						t.Fatalf("notice %s waited %v for another", id, at.Sub(began))
					}
				}
			})
		})
	}
}

// fate is a random relay: it does whatever a relay can do.
func fate(random *rand.Rand, s *server) {
	broken := errors.New("reset")
	s.opening = func(int) *relay.Outcome {
		if random.IntN(10) == 0 {
			return &relay.Outcome{Stage: relay.StageConnect, Effect: relay.BackOff, Err: broken}
		}
		return nil
	}
	s.envelope = func(string, int) relay.Outcome {
		switch random.IntN(40) {
		case 0:
			return relay.Outcome{Stage: relay.StageMail, Effect: relay.Reconnect, Err: broken}
		case 1:
			return relay.Outcome{Stage: relay.StageMail, Effect: relay.BackOff, Wait: time.Minute, Reply: relay.Reply{Code: 450}}
		case 2, 3, 4:
			return greylisted
		case 5:
			return unknownMailbox
		case 6:
			return relay.Outcome{Stage: relay.StageData, Verdict: relay.Deferred, Reply: relay.Reply{Code: 451}}
		}
		return relay.Outcome{}
	}
	s.body = func(string, int) (bool, relay.Outcome) {
		switch random.IntN(40) {
		case 0:
			return random.IntN(2) == 0, relay.Outcome{Stage: relay.StageDot, Verdict: relay.InDoubt, Effect: relay.Reconnect, Err: broken}
		case 1:
			return false, relay.Outcome{Stage: relay.StageBody, Verdict: relay.Deferred, Effect: relay.Reconnect, Err: broken}
		case 2:
			return false, relay.Outcome{Stage: relay.StageBody, Verdict: relay.Untouched, Effect: relay.Reconnect, Err: broken}
		case 3:
			return false, relay.Outcome{Stage: relay.StageDot, Verdict: relay.Deferred, Reply: relay.Reply{Code: 451}}
		case 4:
			return false, relay.Outcome{Stage: relay.StageDot, Verdict: relay.Rejected, Reply: relay.Reply{Code: 554}}
		case 5:
			return true, relay.Outcome{Stage: relay.StageDot, Verdict: relay.Accepted, Effect: relay.Reconnect, Reply: relay.Reply{Code: 250}}
		}
		return true, relay.Outcome{}
	}
}

// TestModel ends runs against a random relay in every way that there is, begins again,
// and holds the ledger against what the relay took, until nothing is left.
func TestModel(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { model(t, rand.New(rand.NewPCG(seed, 7))) })
		})
	}
}

func model(t *testing.T, random *rand.Rand) {
	m := newMemory(t, 1+random.IntN(200), mailboxes(300, "a.example", "b.example", "c.example")...)
	s := newServer()
	s.rtt = time.Duration(random.IntN(3)) * 10 * time.Millisecond
	fate(random, s)
	o := options(m, s)
	o.Connections = 1 + random.IntN(6)
	o.Pause = time.Duration(random.IntN(2)) * time.Minute
	o.Pace = throttle.Pace{Rate: float64(random.IntN(2) * 100), Domains: map[string]float64{"b.example": 5}}
	o.Halt.Rejected, o.Halt.Consecutive = 1, 50
	for runs := 0; ; runs++ {
		if runs > 500 {
			t.Fatal("the campaign does not come to an end")
		}
		sum := endSomehow(t, random, m, s, o)
		doubt := m.restart()
		if doubt > o.Connections {
			t.Fatalf("%d notices on their way over %d sessions", doubt, o.Connections)
		}
		audit(t, m, s)
		if sum.End == Done {
			break
		}
	}
	if left := m.count(campaign.Pending) + m.count(campaign.Deferred); left != 0 {
		t.Errorf("%d notices are left", left)
	}
}

// endSomehow runs until the end, a stop, a cancel, a limit or a crash.
func endSomehow(t *testing.T, random *rand.Rand, m *memory, s *server, o Options) Summary {
	s.dead = false
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := make(chan struct{})
	after := time.Duration(random.IntN(3000)) * time.Millisecond
	crashed := false
	switch random.IntN(6) {
	case 0:
		timer := time.AfterFunc(after, func() { close(stop) })
		defer timer.Stop()
	case 1:
		timer := time.AfterFunc(after, cancel)
		defer timer.Stop()
	case 2:
		o.Limit = int64(1 + random.IntN(100))
	case 3:
		o.NoWait = true
	case 4, 5: // the process dies at a write, which has happened or not
		left, happened := random.IntN(60), random.IntN(2) == 0
		m.fault = func([]campaign.Move) (bool, error) {
			if left--; left >= 0 {
				return true, nil
			}
			m.dead, crashed = true, true
			go func() { // at once, but not under the ledger's lock
				s.mu.Lock()
				defer s.mu.Unlock()
				s.dead = true
			}()
			return happened, errDisk
		}
	}
	sum, err := Run(ctx, stop, o)
	synctest.Wait()
	if err != nil && !crashed && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if s.sessions != 0 {
		t.Errorf("%d sessions are open after the run", s.sessions)
	}
	return sum
}

// audit holds each notice against what the relay took. Those that it took and then lost
// the reply of are in doubt; nothing else is uncertain.
func audit(t *testing.T, m *memory, s *server) {
	t.Helper()
	for _, n := range m.notices {
		taken := s.accepted[n.ID]
		switch {
		case taken > 1:
			t.Errorf("notice %s was taken %d times", n.ID, taken)
		case n.State == campaign.Accepted && taken != 1:
			t.Errorf("notice %s is accepted, and was never taken", n.ID)
		case taken == 1 && n.State != campaign.Accepted && n.State != campaign.InDoubt:
			t.Errorf("notice %s was taken, and is %s", n.ID, n.State)
		case n.Attempts > 3:
			t.Errorf("notice %s has %d attempts of 3", n.ID, n.Attempts)
		}
	}
}
