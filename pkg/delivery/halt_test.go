package delivery

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/throttle"
)

var unknownMailbox = relay.Outcome{Stage: relay.StageRcpt, Verdict: relay.Rejected, Reply: relay.Reply{Code: 550, Enhanced: "5.1.1", Text: "<someone@example.net> unknown"}}

// halted holds a run that must have stopped itself against what its reason says.
func halted(t *testing.T, sum Summary, says ...string) {
	t.Helper()
	wantEnd(t, sum, Halted)
	for _, each := range says {
		if !strings.Contains(sum.Halted, each) {
			t.Errorf("the reason %q does not say %q", sum.Halted, each)
		}
	}
	if !strings.Contains(sum.Hint, "notify send") {
		t.Errorf("the hint %q does not say how to go on", sum.Hint)
	}
}

func TestRefusedSenderHaltsAfterOneAndRejectsNobody(t *testing.T) {
	m, s := newMemory(t, 100, mailboxes(100, "a.example")...), newServer()
	s.envelope = func(string, int) relay.Outcome {
		return relay.Outcome{Stage: relay.StageMail, Effect: relay.Halt, Reply: relay.Reply{Code: 550, Enhanced: "5.1.8", Text: "no <bounces@example.com> here"}}
	}
	o := options(m, s)
	o.Connections = 1
	sum := mustRun(t, o)
	halted(t, sum, "at mail", "550 5.1.8", "b***@example.com")
	if strings.Contains(sum.Halted, "bounces@") {
		t.Errorf("the reason shows an address: %q", sum.Halted)
	}
	m.want(t, map[campaign.State]int{campaign.Pending: 100})
	if s.opens != 1 {
		t.Errorf("%d sessions", s.opens)
	}
}

// The reason goes into the record and the report: it names nobody, in whatever form the
// relay repeats the recipient.
func TestTheReasonOfAHaltNamesNoRecipient(t *testing.T) {
	for name, o := range map[string]relay.Outcome{
		"rejected": {Stage: relay.StageRcpt, Verdict: relay.Rejected, Reply: relay.Reply{Code: 550, Enhanced: "5.1.1"}},
		"refused":  {Stage: relay.StageRcpt, Effect: relay.Halt, Reply: relay.Reply{Code: 550, Enhanced: "5.1.1"}},
		"failed":   {Stage: relay.StageData, Verdict: relay.Deferred, Reply: relay.Reply{Code: 554, Enhanced: "5.1.1"}},
		"no reply": {Stage: relay.StageRcpt, Effect: relay.Halt},
	} {
		for _, text := range []string{"user secretuser unknown", "secretuser at home.example, Anna Kim", "secretuser(at)home.example", "rfc822;secretuser+40home.example"} {
			t.Run(name+" "+text, func(t *testing.T) {
				m, s := newMemory(t, 10, "secretuser@home.example"), newServer()
				m.notices[0].Accounts = []account.Account{{ID: "1", Name: "Bo"}, {ID: "2", Name: "Anna Kim"}}
				said := o
				if said.Reply.Text = text; said.Reply.Code == 0 {
					said.Err = errors.New(text)
				}
				s.envelope = func(string, int) relay.Outcome { return said }
				var log bytes.Buffer
				opt := options(m, s)
				opt.Connections, opt.Halt = 1, throttle.Halt{Rejected: 0.01, After: 1, Consecutive: 1}
				opt.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
				sum := mustRun(t, opt)
				halted(t, sum, "***")
				for _, secret := range []string{"secretuser", "home.example", "Anna", "Kim"} {
					if strings.Contains(sum.Halted+log.String(), secret) {
						t.Errorf("%q is in the reason %q or in the log:\n%s", secret, sum.Halted, log.String())
					}
				}
			})
		}
	}
}

// A reply that ends a session is that of both notices of a flight, and is about either.
func TestAReplyMayNameEitherNoticeOfAFlight(t *testing.T) {
	m := newMemory(t, 10, "firstuser@a.example", "seconduser@b.example")
	w := worker{run: &run{}, open: &job{item: item{notice: m.notices[0]}}}
	o := relay.Outcome{Stage: relay.StageMail, Reply: relay.Reply{Code: 421, Text: "firstuser or seconduser at b.example"}}
	if got := describe(o, w.about(&job{item: item{notice: m.notices[1]}})...); got != "at mail: 421 f*** or s*** at ***" {
		t.Errorf("it is %q", got)
	}
	digits := newMemory(t, 10, "421@b.example")
	if got := describe(o, digits.notices[0]); !strings.HasPrefix(got, "at mail: 421 ") {
		t.Errorf("the code is hidden: %q", got)
	}
}

func TestHaltAtTheDoorSendsNothing(t *testing.T) {
	m, s := newMemory(t, 100, mailboxes(100, "a.example")...), newServer()
	s.opening = func(int) *relay.Outcome {
		return &relay.Outcome{Stage: relay.StageSTARTTLS, Effect: relay.Halt, Err: errors.New("certificate is not valid")}
	}
	halted(t, mustRun(t, options(m, s)), "at starttls", "certificate is not valid")
	m.want(t, map[campaign.State]int{campaign.Pending: 100})
}

func TestHaltFinishesWhatOthersHaveInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(1000, "a.example")...), newServer()
		s.rtt = 20 * time.Millisecond
		s.body = func(id string, _ int) (bool, relay.Outcome) {
			if len(s.accepted) == 50 {
				return false, relay.Outcome{Stage: relay.StageDot, Verdict: relay.Untouched, Effect: relay.Halt, Wait: time.Hour,
					Reply: relay.Reply{Code: 550, Enhanced: "5.4.5", Text: "daily limit"}}
			}
			return true, relay.Outcome{}
		}
		sum := mustRun(t, options(m, s))
		halted(t, sum, "5.4.5", "daily limit")
		until := sum.Hold.Until
		if sum.Hold.Limit != "relay" || time.Until(until) < 59*time.Minute || !strings.Contains(sum.Hint, until.UTC().Format(time.RFC3339)) {
			t.Errorf("it leaves %+v, and the hint %q", sum.Hold, sum.Hint)
		}
		if got := m.count(campaign.Accepted); got != len(s.accepted) {
			t.Errorf("%d recorded as accepted, %d were", got, len(s.accepted))
		}
		if bad := m.count(campaign.Sending) + m.count(campaign.InDoubt) + m.count(campaign.Rejected); bad != 0 {
			t.Errorf("%d notices are neither sent nor to be sent", bad)
		}
		s.once(t)
	})
}

func TestTooManyRejectedHalt(t *testing.T) {
	m, s := newMemory(t, 1000, mailboxes(1000, "a.example")...), newServer()
	s.envelope = func(string, int) relay.Outcome { return unknownMailbox }
	o := options(m, s)
	o.Connections = 1
	sum := mustRun(t, o)
	halted(t, sum, "100 of the last 100 notices were rejected", "halt.rejected is 5%", "s***@example.net")
	m.want(t, map[campaign.State]int{campaign.Rejected: 100, campaign.Pending: 900})
}

func TestCanaryThatGoesBadlyHaltsBelowAfter(t *testing.T) {
	m, s := newMemory(t, 10, mailboxes(100, "a.example")...), newServer()
	s.envelope = func(id string, _ int) relay.Outcome {
		if slices.Contains([]string{"n1", "n2", "n4", "n5", "n9"}, id) {
			return unknownMailbox
		}
		return relay.Outcome{}
	}
	halted(t, mustRun(t, options(m, s)), "5 of the last 10 notices were rejected")
	m.want(t, map[campaign.State]int{campaign.Accepted: 5, campaign.Rejected: 5, campaign.Pending: 90})
}

func TestSomeRejectedDoNotHaltBelowAfter(t *testing.T) {
	m, s := newMemory(t, 10, mailboxes(40, "a.example")...), newServer()
	s.envelope = func(id string, _ int) relay.Outcome {
		if strings.HasSuffix(id, "3") {
			return unknownMailbox
		}
		return relay.Outcome{}
	}
	wantEnd(t, mustRun(t, options(m, s)), Done)
	m.want(t, map[campaign.State]int{campaign.Accepted: 36, campaign.Rejected: 4})
}

// There is nothing to stop behind the last notice: the campaign is finished, with failures.
func TestTheLastBatchDoesNotHalt(t *testing.T) {
	m, s := newMemory(t, 100, mailboxes(5, "a.example")...), newServer()
	s.envelope = func(string, int) relay.Outcome { return unknownMailbox }
	wantEnd(t, mustRun(t, options(m, s)), Done)
	m.want(t, map[campaign.State]int{campaign.Rejected: 5})
}

func TestRefusedDataHaltsAfterSeveralInARow(t *testing.T) {
	m, s := newMemory(t, 100, mailboxes(100, "a.example")...), newServer()
	s.envelope = func(string, int) relay.Outcome {
		return relay.Outcome{Stage: relay.StageData, Verdict: relay.Deferred, Reply: relay.Reply{Code: 554, Text: "no"}}
	}
	o := options(m, s)
	o.Connections = 1
	halted(t, mustRun(t, o), "20 errors of the relay in a row", "at data: 554")
	m.want(t, map[campaign.State]int{campaign.Deferred: 20, campaign.Pending: 80})
}

func TestRelayThatDropsEveryNewSessionHaltsInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 100, mailboxes(100, "a.example")...), newServer()
		s.envelope = func(string, int) relay.Outcome {
			return relay.Outcome{Stage: relay.StageMail, Effect: relay.Reconnect, Reply: relay.Reply{Code: 421, Text: "busy"}}
		}
		began := time.Now()
		halted(t, mustRun(t, options(m, s)), "20 errors of the relay in a row", "421 busy")
		m.want(t, map[campaign.State]int{campaign.Pending: 100})
		if took := time.Since(began); took < 10*time.Minute {
			t.Errorf("gave up after %v: it did not back off", took)
		}
		if s.opens > 100 {
			t.Errorf("%d sessions", s.opens)
		}
	})
}

func TestRepliesLostInARowHalt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 100, mailboxes(100, "a.example")...), newServer()
		s.body = func(string, int) (bool, relay.Outcome) {
			return true, relay.Outcome{Stage: relay.StageDot, Verdict: relay.InDoubt, Effect: relay.Reconnect, Err: errors.New("reset")}
		}
		o := options(m, s)
		o.Connections = 1
		sum := mustRun(t, o)
		halted(t, sum, "20 errors of the relay in a row", "at dot: reset")
		if !strings.Contains(sum.Hint, "accounts --state in_doubt") {
			t.Errorf("the hint %q does not lead to those in doubt", sum.Hint)
		}
		m.want(t, map[campaign.State]int{campaign.InDoubt: 20, campaign.Pending: 80})
		s.once(t)
	})
}

func TestHaltKeepsTheEnvelopeThatIsOpenFromItsBody(t *testing.T) {
	m, s := newMemory(t, 1000, mailboxes(1000, "a.example")...), newServer()
	s.body = func(string, int) (bool, relay.Outcome) {
		return false, relay.Outcome{Stage: relay.StageDot, Verdict: relay.Rejected, Reply: relay.Reply{Code: 554}}
	}
	o := options(m, s)
	o.Connections = 1
	halted(t, mustRun(t, o), "100 of the last 100 notices were rejected")
	m.want(t, map[campaign.State]int{campaign.Rejected: 100, campaign.Pending: 900})
	if len(s.bodies) != 100 || s.dropped != 1 {
		t.Errorf("%d bodies were sent, %d envelopes were left without one", len(s.bodies), s.dropped)
	}
}
