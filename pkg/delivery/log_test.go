package delivery

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/relay"
)

// A relay that puts everybody off for ever must not turn a whole campaign into people
// who were not told, without a word.
func TestNoticesThatArePutOffForTheLastTimeCountAsRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 10, mailboxes(100, "a.example")...), newServer()
		s.envelope = func(string, int) relay.Outcome {
			return relay.Outcome{Stage: relay.StageRcpt, Verdict: relay.Deferred, Reply: relay.Reply{Code: 450, Enhanced: "4.2.1", Text: "later"}}
		}
		o := options(m, s)
		o.Retry.Attempts = 1
		halted(t, mustRun(t, o), "notices were rejected", "at the end of batch 1", "450 4.2.1 later")
		m.want(t, map[campaign.State]int{campaign.Rejected: 10, campaign.Pending: 90})
	})
}

// What a halt gives as its last sign must be a bad one: between the rejections others
// are accepted.
func TestTheReasonOfAHaltIsNotAnAcceptedNotice(t *testing.T) {
	m, s := newMemory(t, 1000, mailboxes(1000, "a.example")...), newServer()
	s.envelope = func(id string, _ int) relay.Outcome {
		if strings.HasSuffix(id, "0") {
			return unknownMailbox
		}
		return relay.Outcome{}
	}
	o := options(m, s)
	o.Connections = 1
	sum := mustRun(t, o)
	halted(t, sum, "the last: at rcpt: 550 5.1.1")
	if strings.Contains(sum.Halted, "250") {
		t.Errorf("the reason is a success: %s", sum.Halted)
	}
}

func TestTheLogTellsWhyTheRelayFailsAndWhatCameOfEachNotice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		m, s := newMemory(t, 10, "jane.doe@a.example", "joe.bloggs@b.example"), newServer()
		s.opening = func(n int) *relay.Outcome {
			if n > 1 {
				return nil
			}
			return &relay.Outcome{Stage: relay.StageBanner, Effect: relay.BackOff, Reply: relay.Reply{Code: 554, Text: "go away, bob@c.example"}}
		}
		s.envelope = func(id string, _ int) relay.Outcome {
			if id == "n1" {
				return relay.Outcome{Stage: relay.StageRcpt, Verdict: relay.Rejected, Reply: relay.Reply{Code: 550, Text: "no user jane.doe"}}
			}
			return relay.Outcome{}
		}
		o := options(m, s)
		o.Connections = 1
		o.Halt.Rejected = 1
		o.Log = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		began := time.Now()
		mustRun(t, o)
		if time.Since(began) > time.Minute {
			t.Errorf("took %v", time.Since(began))
		}
		for _, want := range []string{"level=WARN msg=\"the relay fails at banner: 554 go away, b***@c.example\"", "notice n1", "is=rejected", "no user j***", "notice n2", "is=accepted"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the log does not say %q:\n%s", want, out.String())
			}
		}
		for _, secret := range []string{"jane.doe", "joe.bloggs", "bob@"} {
			if strings.Contains(out.String(), secret) {
				t.Errorf("the log shows %q:\n%s", secret, out.String())
			}
		}
	})
}
