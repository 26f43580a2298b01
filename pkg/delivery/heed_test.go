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
	"breachnotify/pkg/throttle"
)

func later450(wait time.Duration) relay.Outcome {
	return relay.Outcome{
		Stage: relay.StageRcpt, Verdict: relay.Deferred, Wait: wait,
		Reply: relay.Reply{Code: 450, Enhanced: "4.7.1", Text: "too much from you"},
	}
}

// complaining makes s answer each envelope to domain as o until the given moment. It
// returns where the number of these answers is counted.
func complaining(m *memory, s *server, t *testing.T, domain string, o relay.Outcome, until time.Time) *int {
	count := new(int)
	s.envelope = func(id string, _ int) relay.Outcome {
		if m.notice(t, id).To.Domain() != domain || !time.Now().Before(until) {
			return relay.Outcome{}
		}
		*count++
		return o
	}
	return count
}

func TestWhichRepliesAreComplaints(t *testing.T) {
	for _, test := range []struct {
		name string
		o    relay.Outcome
		want bool
	}{
		{"450 4.7.1 to RCPT", later450(0), true},
		{"451 to RCPT", relay.Outcome{Stage: relay.StageRcpt, Verdict: relay.Deferred, Reply: relay.Reply{Code: 451, Enhanced: "4.3.0"}}, true},
		{"452 to the dot", relay.Outcome{Stage: relay.StageDot, Verdict: relay.Deferred, Reply: relay.Reply{Code: 452}}, true},
		{"421 to RCPT at once", relay.Outcome{Stage: relay.StageRcpt, Verdict: relay.Deferred, Effect: relay.Reconnect, Reply: relay.Reply{Code: 421}}, true},
		{"4.7 under another code", relay.Outcome{Stage: relay.StageDot, Verdict: relay.Deferred, Reply: relay.Reply{Code: 459, Enhanced: "4.7.0"}}, true},
		{"421 to RCPT after other notices", relay.Outcome{Stage: relay.StageRcpt, Effect: relay.Reconnect, Reply: relay.Reply{Code: 421}}, false},
		{"a full mailbox", relay.Outcome{Stage: relay.StageRcpt, Verdict: relay.Deferred, Reply: relay.Reply{Code: 452, Enhanced: "4.2.2"}}, false},
		{"an address that is not verified", relay.Outcome{Stage: relay.StageRcpt, Verdict: relay.Deferred, Reply: relay.Reply{Code: 450, Enhanced: "4.1.1"}}, false},
		{"DATA put off", relay.Outcome{Stage: relay.StageData, Verdict: relay.Deferred, Reply: relay.Reply{Code: 451}}, false},
		{"the relay's quota", relay.Outcome{Stage: relay.StageDot, Effect: relay.BackOff, Reply: relay.Reply{Code: 454, Enhanced: "4.7.0"}}, false},
		{"a drop", relay.Outcome{Stage: relay.StageRcpt, Verdict: relay.Deferred, Effect: relay.Reconnect}, false},
		{"an unknown mailbox", relay.Outcome{Stage: relay.StageRcpt, Verdict: relay.Rejected, Reply: relay.Reply{Code: 550, Enhanced: "5.1.1"}}, false},
		{"accepted", okDot, false},
	} {
		if got := complains(test.o); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	for name, test := range map[string]struct {
		o    relay.Outcome
		want bool
	}{
		"421 in the greeting":     {relay.Outcome{Stage: relay.StageBanner, Effect: relay.BackOff, Reply: relay.Reply{Code: 421}}, true},
		"451 to MAIL":             {relay.Outcome{Stage: relay.StageMail, Effect: relay.BackOff, Reply: relay.Reply{Code: 451}}, true},
		"throttled at the dot":    {relay.Outcome{Stage: relay.StageDot, Effect: relay.BackOff, Reply: relay.Reply{Code: 454}}, true},
		"unreachable":             {relay.Outcome{Stage: relay.StageConnect, Effect: relay.BackOff}, false},
		"554 in the greeting":     {relay.Outcome{Stage: relay.StageBanner, Effect: relay.BackOff, Reply: relay.Reply{Code: 554}}, false},
		"a destination":           {later450(0), false},
		"421 between two notices": {relay.Outcome{Stage: relay.StageMail, Effect: relay.Reconnect, Reply: relay.Reply{Code: 421}}, false},
	} {
		if got := relayComplains(test.o); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestDestinationThatComplainsIsPausedAndTheOthersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(400, "slow.example", "a.example", "b.example", "c.example")...), newServer()
		o := options(m, s)
		o.Pace = throttle.Pace{Rate: 100, Default: 50}
		began := time.Now()
		complaints := complaining(m, s, t, "slow.example", later450(20*time.Minute), began.Add(10*time.Minute))
		var events []Event
		o.Progress = func(e Event) { events = append(events, e) }
		wantEnd(t, mustRun(t, o), Done)
		m.want(t, map[campaign.State]int{campaign.Accepted: 400})
		s.once(t)
		if *complaints < 3 || *complaints > 3+o.Connections {
			t.Errorf("asked %d times, want no more than what was under way with the third", *complaints)
		}
		for _, n := range m.notices {
			at := s.at[n.ID].Sub(began)
			if slow := n.To.Domain() == "slow.example"; slow && at < 20*time.Minute || !slow && at > 5*time.Second {
				t.Errorf("notice %s to %s went after %v", n.ID, n.To.Domain(), at)
			}
		}
		until := began.Add(20 * time.Minute)
		if !slices.ContainsFunc(events, func(e Event) bool {
			return e.Limit == "destination slow.example" && e.Until.Sub(until).Abs() < 5*time.Second
		}) {
			t.Error("nobody is told which destination binds, and until when")
		}
		if !slices.ContainsFunc(m.notes, func(a campaign.Activity) bool { return a.Limit == "destination slow.example" && !a.Until.IsZero() }) {
			t.Error("the ledger is not told")
		}
	})
}

func TestNoticesThatAreDeferredWaitAsLongAsTheirDestination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(40, "slow.example")...), newServer()
		o := options(m, s)
		o.Connections, o.NoWait = 1, true
		o.Retry.First = time.Minute
		began := time.Now()
		complaining(m, s, t, "slow.example", later450(3*time.Hour), began.Add(time.Hour))
		wantEnd(t, mustRun(t, o), Waiting)
		m.want(t, map[campaign.State]int{campaign.Deferred: 3, campaign.Pending: 37})
		if at := m.next[3].Sub(began); at < 3*time.Hour {
			t.Errorf("due after %v, want no earlier than the destination", at)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("told not to wait, it waited %v for a destination", took)
		}
	})
}

func TestNoticeThatIsPutOffWithoutATimeWaitsForItsDestination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(2, "slow.example", "a.example")...), newServer()
		r := newRun(t.Context(), options(m, s))
		defer r.cancelDial()
		for range 3 {
			r.heed(m.notices[0], later450(3*time.Hour))
		}
		for state, o := range map[campaign.State]relay.Outcome{
			campaign.Pending: later450(0),
			campaign.Sending: {Stage: relay.StageBody, Effect: relay.Reconnect}, // untouched
		} {
			for i, want := range []time.Duration{3 * time.Hour, 10 * time.Minute} {
				n := m.notices[i]
				n.State = state
				move, _ := r.settle(n, o, "relay:25")
				if wait := time.Until(move.Next); i == 0 && wait != want || i == 1 && wait > want {
					t.Errorf("%s: a notice to %s waits %v", state, n.To.Domain(), wait)
				}
			}
		}
	})
}

func TestOneGreylistedMailboxDoesNotSlowItsDestination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(300, "big.example")...), newServer()
		o := options(m, s)
		o.Pace = throttle.Pace{Default: 10}
		s.envelope = func(id string, _ int) relay.Outcome {
			if id == "n7" && m.notice(t, id).Attempts == 0 {
				return later450(5 * time.Minute)
			}
			return relay.Outcome{}
		}
		began := time.Now()
		mustRun(t, o)
		m.want(t, map[campaign.State]int{campaign.Accepted: 300})
		for _, n := range m.notices {
			if at := s.at[n.ID].Sub(began); n.ID != "n7" && at > 31*time.Second {
				t.Fatalf("notice %s went after %v", n.ID, at)
			}
		}
		if at := s.at["n7"].Sub(began); at < 5*time.Minute || at > 6*time.Minute {
			t.Errorf("the greylisted one went after %v", at)
		}
	})
}

func TestPausedDestinationDoesNotHoldUpTheNextBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 50, mailboxes(1000, "slow.example", "a.example", "b.example", "c.example")...), newServer()
		o := options(m, s)
		o.Pause = 30 * time.Second
		began := time.Now()
		complaining(m, s, t, "slow.example", later450(6*time.Hour), began.Add(time.Hour))
		mustRun(t, o)
		m.want(t, map[campaign.State]int{campaign.Accepted: 1000})
		s.once(t)
		var last time.Time
		for _, n := range m.notices {
			at := s.at[n.ID]
			if n.To.Domain() != "slow.example" {
				last = later(last, at)
			} else if at.Sub(began) < 6*time.Hour {
				t.Fatalf("notice %s went after %v", n.ID, at.Sub(began))
			}
		}
		if took := last.Sub(began); took < 19*30*time.Second || took > 20*30*time.Second {
			t.Errorf("the others took %v, want the 19 pauses between 20 batches", took)
		}
	})
}

func TestNothingGoesDuringThePauseBetweenBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 20, mailboxes(60, "slow.example", "a.example")...), newServer()
		o := options(m, s)
		o.Pause = 10 * time.Minute
		o.Retry.First = time.Minute
		began := time.Now()
		complaining(m, s, t, "slow.example", later450(2*time.Minute), began.Add(time.Minute))
		mustRun(t, o)
		m.want(t, map[campaign.State]int{campaign.Accepted: 60})
		for _, n := range m.notices {
			if at := s.at[n.ID].Sub(began); at > time.Second && at < 10*time.Minute || at > 10*time.Minute+time.Second && at < 20*time.Minute {
				t.Errorf("notice %s of batch %d went after %v", n.ID, n.Batch, at)
			}
		}
	})
}

func TestRelayThatComplainsSlowsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 5000, mailboxes(3000, "a.example", "b.example")...), newServer()
		o := options(m, s)
		o.Pace.Rate = 20
		began := time.Now()
		busy := true
		s.envelope = func(string, int) relay.Outcome {
			if time.Since(began) < 10*time.Second || !busy {
				return relay.Outcome{}
			}
			busy = false
			return relay.Outcome{Stage: relay.StageMail, Effect: relay.BackOff, Reply: relay.Reply{Code: 451, Enhanced: "4.3.0"}}
		}
		limits := map[string]bool{}
		o.Progress = func(e Event) { limits[e.Limit] = true }
		mustRun(t, o)
		minute := make([]int, 4)
		for _, at := range s.at {
			if m := int((at.Sub(began) - 15*time.Second) / time.Minute); at.Sub(began) > 15*time.Second && m < len(minute) {
				minute[m]++
			}
		}
		for i, want := range []int{60 * 11, 60 * 13, 60 * 15} { // half, and a tenth more each minute
			if minute[i] < want-90 || minute[i] > want+30 {
				t.Errorf("%v went in the minutes after, want about %d in number %d", minute, want, i+1)
			}
		}
		if !limits[throttle.LimitRelay] || !limits[throttle.LimitRate] {
			t.Errorf("limits %v", limits)
		}
	})
}

func TestSessionThatIsOneTooManyDoesNotSlowTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 5000, mailboxes(6000, "a.example", "b.example")...), newServer()
		o := options(m, s)
		o.Pace.Rate = 20
		s.opening = func(int) *relay.Outcome {
			if s.sessions < 2 {
				return nil
			}
			return &relay.Outcome{Stage: relay.StageBanner, Effect: relay.BackOff, Reply: relay.Reply{Code: 421, Enhanced: "4.7.0", Text: "too many connections"}}
		}
		began := time.Now()
		mustRun(t, o)
		// What a worker took that then got no session has used up its allowance.
		if took := time.Since(began); took > 330*time.Second {
			t.Errorf("6000 notices at 20/s over two sessions took %v", took)
		}
	})
}

func TestRelayThatComplainsInItsGreetingSlowsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 5000, mailboxes(1200, "a.example", "b.example")...), newServer()
		o := options(m, s)
		o.Pace.Rate = 20
		s.opening = func(n int) *relay.Outcome {
			if n > 1 {
				return nil
			}
			return &relay.Outcome{Stage: relay.StageBanner, Effect: relay.BackOff, Wait: 2 * time.Minute, Reply: relay.Reply{Code: 421, Enhanced: "4.7.0"}}
		}
		o.Connections = 1
		began := time.Now()
		mustRun(t, o)
		first, last := s.at[s.order[0]].Sub(began), s.at[s.order[1199]].Sub(began)
		if first < 2*time.Minute || first > 2*time.Minute+time.Second {
			t.Errorf("the first one went after %v, want the 2 minutes that the relay asked for", first)
		}
		if took := last - first; took < 95*time.Second || took > 110*time.Second { // half, and a tenth more each minute
			t.Errorf("1200 notices took %v after a complaint, without they take a minute", took)
		}
	})
}

// transactions counts what is under way to each domain.
type transactions struct{ now, most map[string]int }

func watchTransactions(m *memory, s *server, t *testing.T) *transactions {
	w := &transactions{map[string]int{}, map[string]int{}}
	s.envelope = func(id string, _ int) relay.Outcome {
		domain := m.notice(t, id).To.Domain()
		w.now[domain]++
		w.most[domain] = max(w.most[domain], w.now[domain])
		return relay.Outcome{}
	}
	s.body = func(id string, _ int) (bool, relay.Outcome) {
		w.now[m.notice(t, id).To.Domain()]--
		return true, relay.Outcome{}
	}
	return w
}

func TestConnectionsPerDomainAreKept(t *testing.T) {
	for _, most := range []int{1, 2, 5} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, s := newMemory(t, 1000, mailboxes(600, "a.example", "b.example", "c.example")...), newServer()
				s.rtt = 10 * time.Millisecond
				w := watchTransactions(m, s, t)
				o := options(m, s)
				o.Connections, o.PerDomain = 12, most
				limits := map[string]bool{}
				o.Progress = func(e Event) { limits[e.Limit] = true }
				began := time.Now()
				mustRun(t, o)
				m.want(t, map[campaign.State]int{campaign.Accepted: 600})
				s.once(t)
				for domain, got := range w.most {
					if got > most || most < 4 && got < most { // twelve sessions are four a domain
						t.Errorf("%d at the same time to %s, want %d", got, domain, most)
					}
				}
				// A session that goes on with the same domain costs a round trip a notice.
				if took, want := time.Since(began), 600*s.rtt/time.Duration(min(3*most, 12)); took > 2*want {
					t.Errorf("took %v, want about %v", took, want)
				}
				if most == 1 && !slices.ContainsFunc(keys(limits), func(l string) bool { return strings.HasPrefix(l, "smtp.connections_per_domain ") }) {
					t.Errorf("limits %v", limits)
				}
			})
		})
	}
}

func keys(set map[string]bool) []string {
	var list []string
	for key := range set {
		list = append(list, key)
	}
	return list
}

func TestConnectionsPerDomainOfOneDomainKeepTheSessionBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(100, "a.example")...), newServer()
		s.rtt = 10 * time.Millisecond
		w := watchTransactions(m, s, t)
		o := options(m, s)
		o.Connections, o.PerDomain = 8, 1
		began := time.Now()
		mustRun(t, o)
		if w.most["a.example"] != 1 {
			t.Errorf("%d at the same time", w.most["a.example"])
		}
		if took := time.Since(began); took > 101*s.rtt {
			t.Errorf("100 notices took %v, want a round trip each", took)
		}
	})
}

func TestConnectionsPerDomainSurviveRefusalsAndDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 100, mailboxes(300, "a.example", "b.example")...), newServer()
		calls := 0
		s.envelope = func(string, int) relay.Outcome {
			switch calls++; {
			case calls%7 == 0:
				return relay.Outcome{Stage: relay.StageMail, Effect: relay.Reconnect}
			case calls%11 == 0:
				return relay.Outcome{Stage: relay.StageRcpt, Verdict: relay.Deferred, Reply: relay.Reply{Code: 452, Enhanced: "4.2.2"}}
			}
			return relay.Outcome{}
		}
		o := options(m, s)
		o.Retry.Attempts = 10
		o.Connections, o.PerDomain = 5, 1
		wantEnd(t, mustRun(t, o), Done)
		m.want(t, map[campaign.State]int{campaign.Accepted: 300})
		s.once(t)
	})
}
