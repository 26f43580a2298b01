package delivery

import (
	"errors"
	"testing"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/throttle"
)

func TestSettle(t *testing.T) {
	at := time.Date(2026, 9, 8, 9, 0, 0, 0, time.UTC)
	now := at.Add(time.Hour) // the run's timeline may differ from the wall
	retry := throttle.Backoff{First: 5 * time.Minute, Max: 4 * time.Hour, Attempts: 3}
	for _, test := range []struct {
		name     string
		from     campaign.State
		attempts int
		verdict  relay.Verdict
		wait     time.Duration // 1: none, and the effect is BackOff

		to      campaign.State // empty: no move
		counted bool
		next    time.Duration
	}{
		{"accepted after the dot", campaign.Sending, 0, relay.Accepted, 0, campaign.Accepted, true, 0},
		{"rejected after the dot", campaign.Sending, 0, relay.Rejected, 0, campaign.Rejected, true, 0},
		{"rejected at the envelope", campaign.Pending, 0, relay.Rejected, 0, campaign.Rejected, true, 0},
		{"rejected at the envelope of a retry", campaign.Deferred, 1, relay.Rejected, 0, campaign.Rejected, true, 0},
		{"deferred after the dot", campaign.Sending, 0, relay.Deferred, 0, campaign.Deferred, true, 5 * time.Minute},
		{"deferred at the envelope", campaign.Pending, 0, relay.Deferred, 0, campaign.Deferred, true, 5 * time.Minute},
		{"deferred again waits longer", campaign.Deferred, 1, relay.Deferred, 0, campaign.Deferred, true, 10 * time.Minute},
		{"the server's longer wait counts", campaign.Sending, 0, relay.Deferred, time.Hour, campaign.Deferred, true, time.Hour},
		{"the server's shorter wait does not", campaign.Sending, 0, relay.Deferred, time.Second, campaign.Deferred, true, 5 * time.Minute},
		{"the server's wait is bounded", campaign.Sending, 0, relay.Deferred, 1e6 * time.Hour, campaign.Deferred, true, 24 * time.Hour},
		{"deferred for the last time is rejected", campaign.Sending, 2, relay.Deferred, 0, campaign.Rejected, true, 0},
		{"in doubt", campaign.Sending, 0, relay.InDoubt, 0, campaign.InDoubt, true, 0},
		{"untouched after the intent is due at once and not counted", campaign.Sending, 2, relay.Untouched, 0, campaign.Deferred, false, 1},
		{"untouched by a relay that is throttled comes after the others", campaign.Sending, 2, relay.Untouched, 1, campaign.Deferred, false, 5 * time.Minute},
		{"untouched by a relay that says until when is due then", campaign.Sending, 2, relay.Untouched, time.Hour, campaign.Deferred, false, time.Hour},
		{"untouched before the intent stays pending", campaign.Pending, 0, relay.Untouched, 0, "", false, 0},
		{"untouched before the intent stays deferred", campaign.Deferred, 1, relay.Untouched, 0, "", false, 0},
		{"an outcome that cannot be is in doubt once on its way", campaign.Sending, 0, relay.Open, 0, campaign.InDoubt, true, 0},
		{"an envelope cannot be accepted", campaign.Pending, 0, relay.Accepted, 0, "", false, 0},
		{"an envelope cannot be in doubt", campaign.Pending, 0, relay.InDoubt, 0, "", false, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := settlement{
				notice:  campaign.Notice{Seq: 7, State: test.from, Attempts: test.attempts},
				outcome: relay.Outcome{Stage: relay.StageDot, Verdict: test.verdict, Wait: test.wait, Reply: relay.Reply{Code: 451, Enhanced: "4.3.0", Text: "later"}},
				peer:    "relay:25", at: at, now: now, retry: retry, random: 0.5,
			}
			if test.wait == 1 {
				s.outcome.Wait, s.outcome.Effect = 0, relay.BackOff
			}
			m, ok := s.move()
			if !ok || test.to == "" {
				if ok != (test.to != "") {
					t.Fatalf("decided: %v, to %s", ok, m.To)
				}
				return
			}
			if err := campaign.Legal(m.From, m.To); err != nil {
				t.Error(err)
			}
			if m.Seq != 7 || m.From != test.from || m.To != test.to || m.Counted != test.counted || !m.At.Equal(at) {
				t.Errorf("move %+v", m)
			}
			want := campaign.Attempt{At: at, Stage: "dot", Code: 451, Enhanced: "4.3.0", Reply: "later", Relay: "relay:25"}
			if *m.Attempt != want {
				t.Errorf("attempt %+v, want %+v", *m.Attempt, want)
			}
			var next time.Time
			switch test.next {
			case 0:
			case 1:
				next = now
			default:
				next = now.Add(test.next)
			}
			if !m.Next.Equal(next) {
				t.Errorf("next %v, want %v", m.Next, next)
			}
		})
	}
}

func TestHealth(t *testing.T) {
	broken := errors.New("reset")
	for _, test := range []struct {
		name   string
		o      relay.Outcome
		proven bool
		want   health
	}{
		{"accepted", relay.Outcome{Stage: relay.StageDot, Verdict: relay.Accepted}, false, well},
		{"accepted, then the session ends", relay.Outcome{Stage: relay.StageDot, Verdict: relay.Accepted, Effect: relay.Reconnect}, true, well},
		{"unknown mailbox", relay.Outcome{Stage: relay.StageRcpt, Verdict: relay.Rejected}, false, well},
		{"open", relay.Outcome{Stage: relay.StageData, Verdict: relay.Open}, false, neutral},
		{"greylisted", relay.Outcome{Stage: relay.StageRcpt, Verdict: relay.Deferred}, false, neutral},
		{"message put off", relay.Outcome{Stage: relay.StageDot, Verdict: relay.Deferred}, false, neutral},
		{"DATA refused", relay.Outcome{Stage: relay.StageData, Verdict: relay.Deferred}, true, ill},
		{"drop in the body", relay.Outcome{Stage: relay.StageBody, Verdict: relay.Deferred, Effect: relay.Reconnect, Err: broken}, true, ill},
		{"reply lost", relay.Outcome{Stage: relay.StageDot, Verdict: relay.InDoubt, Effect: relay.Reconnect, Err: broken}, true, ill},
		{"421 between messages", relay.Outcome{Stage: relay.StageMail, Effect: relay.Reconnect}, true, neutral},
		{"421 before any message", relay.Outcome{Stage: relay.StageMail, Effect: relay.Reconnect}, false, ill},
		{"connection refused", relay.Outcome{Stage: relay.StageConnect, Effect: relay.BackOff, Err: broken}, false, ill},
		{"quota", relay.Outcome{Stage: relay.StageMail, Effect: relay.BackOff}, true, ill},
		{"nothing at all", relay.Outcome{}, true, ill},
	} {
		if got := healthOf(test.o, test.proven); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
