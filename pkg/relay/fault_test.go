package relay

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/smtptest"
)

// TestWhatBecomesOfABody goes through the ways in which a body can fare.
func TestWhatBecomesOfABody(t *testing.T) {
	dot := func(a smtptest.Action) smtptest.Script { return smtptest.On(smtptest.Dot, a) }
	tests := map[string]struct {
		script  smtptest.Script
		verdict Verdict
		effect  Effect
		said250 int
	}{
		"taken":                           {dot(smtptest.Action{}), Accepted, Continue, 1},
		"put off":                         {dot(smtptest.Action{Reply: "451 4.3.0 later"}), Deferred, Continue, 0},
		"refused":                         {dot(smtptest.Action{Reply: "554 5.6.0 no"}), Rejected, Continue, 0},
		"throttled":                       {dot(smtptest.Action{Reply: "454 4.7.0 throttling"}), Untouched, BackOff, 0},
		"over the quota":                  {dot(smtptest.Action{Reply: "550 5.4.5 daily limit"}), Untouched, Halt, 0},
		"421":                             {dot(smtptest.Action{Reply: "421 4.3.2 closing", Then: smtptest.Drop}), Deferred, Reconnect, 0},
		"taken, then dropped":             {dot(smtptest.Action{Reply: "250 ok", Then: smtptest.Drop}), Accepted, Continue, 1},
		"dot, then EOF":                   {dot(smtptest.Action{Silent: true, Then: smtptest.Drop}), InDoubt, Reconnect, 0},
		"dot, then reset":                 {dot(smtptest.Action{Silent: true, Then: smtptest.Abort}), InDoubt, Reconnect, 0},
		"dot, then time-out":              {dot(smtptest.Action{Silent: true, Then: smtptest.Stall}), InDoubt, Reconnect, 0},
		"dot, then half a reply":          {dot(smtptest.Action{Reply: "250-queued", Then: smtptest.Drop}), InDoubt, Reconnect, 1},
		"dot, then 354":                   {dot(smtptest.Action{Reply: "354 more"}), InDoubt, Reconnect, 0},
		"dot, then nonsense":              {dot(smtptest.Action{Reply: "yes"}), InDoubt, Reconnect, 0},
		"dot, then a megabyte":            {dot(smtptest.Action{Reply: "250 " + strings.Repeat("x", 1<<20)}), InDoubt, Reconnect, 1},
		"dot, then an endless reply":      {dot(smtptest.Action{Reply: strings.Repeat("250-x\r\n", 1<<16) + "250 x"}), InDoubt, Reconnect, 1},
		"dot, then two replies":           {dot(smtptest.Action{Reply: "250 ok\r\n554 5.6.0 no"}), InDoubt, Reconnect, 1},
		"taken, then dismissed":           {dot(smtptest.Action{Reply: "250 ok\r\n421 4.3.0 enough", Then: smtptest.Drop}), Accepted, Reconnect, 1},
		"a multi-line reply to the dot":   {dot(smtptest.Action{Reply: "250-2.0.0 ok\r\n250 2.0.0 queued"}), Accepted, Continue, 1},
		"a reply that is one code":        {dot(smtptest.Action{Reply: "250"}), Accepted, Continue, 1},
		"a reply after a long while":      {dot(smtptest.Action{Delay: 100 * time.Millisecond}), Accepted, Continue, 1},
		"refused with two enhanced codes": {dot(smtptest.Action{Reply: "554-5.6.0 no\r\n554 5.6.0 never"}), Rejected, Continue, 0},
	}
	for name, test := range tests {
		for mode, tlsMode := range encrypted {
			t.Run(name+", "+mode, func(t *testing.T) {
				t.Parallel()
				server := start(t, smtptest.Options{Script: test.script, TLS: tlsMode.server})
				o := options(server)
				o.TLS, o.Timeouts.Dot = tlsMode.client, 2*time.Second
				if strings.HasSuffix(name, "time-out") {
					o.Timeouts.Dot = 50 * time.Millisecond
				}
				s := open(t, o)
				message := begin(t, s)
				done, _ := s.Flight(t.Context(), message, nil)
				expect(t, name, done, test.verdict, test.effect)
				if done.Stage != StageDot {
					t.Errorf("stage %s, want %s", done.Stage, StageDot)
				}
				if got := len(server.Messages()); got != test.said250 {
					t.Errorf("the server said 250 to %d messages, want %d", got, test.said250)
				}
			})
		}
	}
}

func TestBodyIsHeldBackFromARelayThatHasClosed(t *testing.T) {
	for mode, tlsMode := range encrypted {
		t.Run(mode, func(t *testing.T) {
			told := make(chan struct{})
			server := start(t, smtptest.Options{TLS: tlsMode.server, Script: smtptest.On(smtptest.Body,
				smtptest.Action{Until: told, Reply: "421 4.3.0 closing", Then: smtptest.Drop})})
			o := options(server)
			o.TLS = tlsMode.client
			s := open(t, o)
			message := begin(t, s)
			close(told)
			heardOf(t, s)
			done, _ := s.Flight(t.Context(), message, nil)
			expect(t, "done", done, Deferred, Reconnect)
			if done.Stage != StageBody || done.Reply.Code != 421 {
				t.Errorf("%s at stage %s, want 421 at %s", done.Reply, done.Stage, StageBody)
			}
		})
	}
}

func TestPeerThatStopsReadingIsRetrySafe(t *testing.T) {
	server := start(t, smtptest.Options{Script: smtptest.On(smtptest.Body, smtptest.Action{Then: smtptest.Stall})})
	o := options(server)
	o.Timeouts.Block = 100 * time.Millisecond
	s := open(t, o)
	message := begin(t, s)
	message.Bytes = append(message.Bytes, bytes.Repeat([]byte("much text\r\n"), 2<<20)...)
	done, _ := s.Flight(t.Context(), message, nil)
	expect(t, "done", done, Deferred, Reconnect)
	if done.Stage != StageBody {
		t.Errorf("stage %s, want %s", done.Stage, StageBody)
	}
}

// TestNoReplyIsReadForAnotherNotice sends two notices past a relay whose replies do
// not match the commands, and holds what is said of them against what it took.
func TestNoReplyIsReadForAnotherNotice(t *testing.T) {
	tests := map[string]struct {
		script         func() smtptest.Script
		fragment       int
		first, second  Verdict
		secondEffect   Effect
		alsoInLockstep bool
	}{
		"byte by byte": {func() smtptest.Script { return nil }, 1, Accepted, Open, Continue, true},
		"one extra after the dot": {func() smtptest.Script { return smtptest.On(smtptest.Dot, smtptest.Action{Reply: "250 ok\r\n250 ok"}) }, 0,
			InDoubt, Deferred, Reconnect, false},
		"an extra one before a refusal": {func() smtptest.Script {
			return smtptest.On(smtptest.Dot, smtptest.Action{Reply: "250 ok\r\n450 4.2.0 no"})
		}, 0,
			InDoubt, Untouched, Reconnect, false},
		"a refusal too much after MAIL": {func() smtptest.Script {
			return smtptest.Once(smtptest.Mail, 2, smtptest.Action{Reply: "250 ok\r\n550 5.1.1 no such user"})
		}, 0,
			InDoubt, Deferred, Reconnect, false},
		"a refusal that may be of DATA": {func() smtptest.Script {
			refused := smtptest.Once(smtptest.Rcpt, 2, smtptest.Action{Reply: "550 5.1.1 no such user"})
			return smtptest.Chain(refused, smtptest.Once(smtptest.Data, 2, smtptest.Action{Silent: true, Then: smtptest.Drop}))
		}, 0,
			Accepted, Deferred, Reconnect, false},
		"one extra after DATA": {func() smtptest.Script {
			return smtptest.Once(smtptest.Data, 2, smtptest.Action{Reply: "354 go\r\n250 ok"})
		}, 0,
			Accepted, Untouched, Reconnect, true},
		"MAIL answered with 354": {func() smtptest.Script { return smtptest.Once(smtptest.Mail, 2, smtptest.Action{Reply: "354 go"}) }, 0,
			InDoubt, Untouched, Reconnect, true},
		"DATA answered with 250": {func() smtptest.Script { return smtptest.Once(smtptest.Data, 2, smtptest.Action{Reply: "250 ok"}) }, 0,
			InDoubt, Deferred, Reconnect, true},
		"dismissed after the first": {func() smtptest.Script { return smtptest.DismissAfter(1) }, 0, Accepted, Untouched, Reconnect, true},
		"closed after the first":    {func() smtptest.Script { return smtptest.CloseAfter(1) }, 0, Accepted, Untouched, Reconnect, true},
		"dropped after RCPT": {func() smtptest.Script {
			return smtptest.Once(smtptest.Rcpt, 2, smtptest.Action{Silent: true, Then: smtptest.Drop})
		}, 0,
			Accepted, Deferred, Reconnect, true},
		"dropped after DATA": {func() smtptest.Script {
			return smtptest.Once(smtptest.Data, 2, smtptest.Action{Silent: true, Then: smtptest.Abort})
		}, 0,
			Accepted, Deferred, Reconnect, true},
		"the first throttled, the second let through": {func() smtptest.Script {
			return smtptest.Once(smtptest.Dot, 1, smtptest.Action{Reply: "454 4.7.0 throttling"})
		}, 0,
			Untouched, Untouched, BackOff, true},
	}
	for name, test := range tests {
		for _, off := range []bool{false, true} {
			if off && !test.alsoInLockstep {
				continue
			}
			t.Run(fmt.Sprintf("%s, lockstep %t", name, off), func(t *testing.T) {
				server := start(t, smtptest.Options{Script: test.script(), Fragment: test.fragment})
				o := options(server)
				o.PipeliningOff = off
				s := open(t, o)
				_, second := letter(t, 2)
				done, opened := s.Flight(t.Context(), begin(t, s), second)
				expectVerdict(t, "the first", done, test.first)
				expect(t, "the second", opened, test.second, test.secondEffect)
				if test.secondEffect != Continue {
					third, _ := letter(t, 3)
					done, _ = s.Flight(t.Context(), third, nil)
					expect(t, "a flight on a session that is over", done, Untouched, Reconnect)
				}
			})
		}
	}
}

// TestSilentRelayIsLeftWithoutAWord holds that QUIT does not wait for the reply that the
// dot did not get.
func TestSilentRelayIsLeftWithoutAWord(t *testing.T) {
	server := start(t, smtptest.Options{Script: smtptest.On(smtptest.Dot, smtptest.Action{Silent: true, Then: smtptest.Stall})})
	o := options(server)
	o.Timeouts.Dot, o.Timeouts.Quit = 50*time.Millisecond, time.Minute
	s := open(t, o)
	_, second := letter(t, 2)
	done, opened := s.Flight(t.Context(), begin(t, s), second)
	expect(t, "the first", done, InDoubt, Reconnect)
	expect(t, "the second", opened, Untouched, BackOff)
	began := time.Now()
	if err := s.Close(); err != nil || time.Since(began) > 10*time.Second {
		t.Errorf("Close: %v after %v", err, time.Since(began))
	}
}

func TestRelayThatSpeaksBetweenFlights(t *testing.T) {
	server := start(t, smtptest.Options{Script: smtptest.On(smtptest.Dot, smtptest.Action{Reply: "250 ok\r\n421 4.4.2 idle for too long", Then: smtptest.Drop})})
	s := open(t, options(server))
	done, _ := s.Flight(t.Context(), begin(t, s), nil)
	expectVerdict(t, "the first", done, Accepted)

	late := start(t, smtptest.Options{})
	s = open(t, options(late))
	done, _ = s.Flight(t.Context(), begin(t, s), nil)
	expect(t, "the first", done, Accepted, Continue)
	if err := late.Close(); err != nil {
		t.Fatal(err)
	}
	heardOf(t, s)
	_, envelope := letter(t, 2)
	_, opened := s.Flight(t.Context(), nil, envelope)
	expect(t, "the second", opened, Untouched, Reconnect)
}

func TestInterruptedFlightIsInDoubtOnceItsDotHasLeft(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := start(t, smtptest.Options{Script: func(e smtptest.Event) smtptest.Action {
		if e.Stage == smtptest.Dot {
			cancel()
			return smtptest.Action{Silent: true, Then: smtptest.Stall}
		}
		return smtptest.Action{}
	}})
	s := open(t, options(server))
	done, _ := s.Flight(ctx, begin(t, s), nil)
	expect(t, "done", done, InDoubt, Reconnect)
}

func TestFlightAfterTheInterruptTouchesNobody(t *testing.T) {
	server := start(t, smtptest.Options{})
	s := open(t, options(server))
	message := begin(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	done, _ := s.Flight(ctx, message, nil)
	if done.Verdict != Deferred && done.Verdict != InDoubt || done.Effect != Reconnect {
		t.Errorf("%+v: an interrupted body is deferred or in doubt", done)
	}
	if got := server.Messages(); len(got) > 0 && done.Verdict != InDoubt {
		t.Error("the server took a message that is not in doubt")
	}
}

func TestFaultsOfTheCallerHaltTheRun(t *testing.T) {
	tests := map[string]func(t *testing.T, s *Session) Outcome{
		"a body without an envelope": func(t *testing.T, s *Session) Outcome {
			body, _ := letter(t, 1)
			done, _ := s.Flight(t.Context(), body, nil)
			return done
		},
		"an envelope while another is open": func(t *testing.T, s *Session) Outcome {
			begin(t, s)
			_, second := letter(t, 2)
			_, opened := s.Flight(t.Context(), nil, second)
			return opened
		},
		"the body of another notice": func(t *testing.T, s *Session) Outcome {
			begin(t, s)
			body, _ := letter(t, 2)
			done, _ := s.Flight(t.Context(), body, nil)
			return done
		},
		"a body with a bare CR": func(t *testing.T, s *Session) Outcome {
			body := begin(t, s)
			body.Bytes = []byte("a\r.\r\nMAIL FROM:<x@example.com>\r\n")
			done, _ := s.Flight(t.Context(), body, nil)
			return done
		},
		"a sender with a line break": func(t *testing.T, s *Session) Outcome {
			_, envelope := letter(t, 1)
			envelope.From = "a@example.com>\r\nRSET"
			_, opened := s.Flight(t.Context(), nil, envelope)
			return opened
		},
		"no recipient": func(t *testing.T, s *Session) Outcome {
			_, opened := s.Flight(t.Context(), nil, &Envelope{})
			return opened
		},
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			server := start(t, smtptest.Options{})
			expect(t, name, fault(t, open(t, options(server))), Untouched, Halt)
			if err := server.Close(); err != nil {
				t.Fatal(err)
			}
			if len(server.Received()) != 0 {
				t.Error("something was sent")
			}
		})
	}
}

func TestDropAfterAnEmptyBodyCostsTheSession(t *testing.T) {
	server := start(t, smtptest.Options{Script: smtptest.Chain(
		smtptest.Refuse("550 5.1.1 unknown", "user1@example.org"),
		smtptest.On(smtptest.Data, smtptest.Action{Reply: "354 all the same"}),
		smtptest.On(smtptest.Dot, smtptest.Action{Silent: true, Then: smtptest.Drop}))})
	s := open(t, options(server))
	_, envelope := letter(t, 1)
	_, opened := s.Flight(t.Context(), nil, envelope)
	expect(t, "opened", opened, Rejected, Reconnect)
}
