package relay

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/notice"
	"breachnotify/pkg/smtptest"
)

// start runs a server for the test.
func start(t *testing.T, o smtptest.Options) *smtptest.Server {
	t.Helper()
	server, err := smtptest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// options reach server in clear, with time-outs that a test can wait for.
func options(server *smtptest.Server) Options {
	o := Options{Host: "127.0.0.1", Port: server.Port(), TLS: NoTLS, Timeouts: Timeouts{Quit: time.Second}}
	if authority := server.Authority(); authority != nil {
		o.RootCAs = authority.Pool()
	}
	return o
}

func tryOpen(t *testing.T, o Options) (*Session, Outcome) {
	t.Helper()
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s, out := r.Open(t.Context())
	if s != nil {
		t.Cleanup(func() { s.Close() }) // a test that cares has closed it before
	}
	return s, out
}

func open(t *testing.T, o Options) *Session {
	t.Helper()
	s, out := tryOpen(t, o)
	if s == nil {
		t.Fatalf("no session: %+v", out)
	}
	return s
}

// letter is the message and the envelope of the nth notice of a test.
func letter(t *testing.T, n int) (*notice.Message, *Envelope) {
	t.Helper()
	to, err := account.ParseAddress(fmt.Sprintf("user%d@example.org", n))
	if err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprintf("notice%d", n)
	body := []byte("Subject: " + id + "\r\n\r\n.a line with a dot\r\n..two\r\n.\r\nthe end\r\n")
	return &notice.Message{ID: id, To: to, Bytes: body}, &Envelope{ID: id, From: "bounces+" + id + "@example.com", To: to, Size: len(body)}
}

// expect compares the two facts of an outcome that decide.
func expect(t *testing.T, what string, got Outcome, verdict Verdict, effect Effect) {
	t.Helper()
	if got.Verdict != verdict || got.Effect != effect {
		t.Errorf("%s: verdict %d, effect %d at %s (%s, %v); want %d, %d", what, got.Verdict, got.Effect, got.Stage, got.Reply, got.Err, verdict, effect)
	}
	if got.Err != nil && strings.Contains(got.Err.Error(), "@") {
		t.Errorf("%s: the error %q holds an address", what, got.Err)
	}
}

// begin opens the envelope of the first notice and returns its message.
func begin(t *testing.T, s *Session) *notice.Message {
	t.Helper()
	body, envelope := letter(t, 1)
	if _, opened := s.Flight(t.Context(), nil, envelope); opened.Verdict != Open {
		t.Fatalf("the envelope is not open: %+v", opened)
	}
	return body
}

// encrypted lists every way to reach a relay.
var encrypted = map[string]struct {
	server smtptest.TLS
	client TLSMode
}{
	"in clear": {smtptest.Clear, NoTLS},
	"STARTTLS": {smtptest.WithSTARTTLS, STARTTLS},
	"implicit": {smtptest.FromTheStart, Implicit},
}

func TestPipelinedNoticeCostsOneRoundTrip(t *testing.T) {
	for name, mode := range encrypted {
		t.Run(name, func(t *testing.T) {
			server := start(t, smtptest.Options{TLS: mode.server})
			o := options(server)
			o.TLS = mode.client
			s := open(t, o)
			before := server.RoundTrips()
			const notices = 5
			var body *notice.Message
			for n := range notices {
				next, envelope := letter(t, n)
				done, opened := s.Flight(t.Context(), body, envelope)
				if body != nil {
					expect(t, "done", done, Accepted, Continue)
				}
				expect(t, "opened", opened, Open, Continue)
				body = next
			}
			done, opened := s.Flight(t.Context(), body, nil)
			expect(t, "the last", done, Accepted, Continue)
			if opened != (Outcome{}) {
				t.Errorf("nothing was to be opened, but %+v", opened)
			}
			if got := server.RoundTrips() - before; got != notices+1 {
				t.Errorf("%d round trips for %d notices, want one each and one for the first envelope", got, notices)
			}
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			delivered(t, server, 0, 1, 2, 3, 4)
			if got := (s.Encryption() != ""); got != (mode.client != NoTLS) {
				t.Errorf("Encryption = %q", s.Encryption())
			}
		})
	}
}

// delivered holds that the server took exactly the given notices, in order and
// unaltered.
func delivered(t *testing.T, server *smtptest.Server, numbers ...int) {
	t.Helper()
	messages := server.Messages()
	if len(messages) != len(numbers) {
		t.Fatalf("the server took %d messages, want %d", len(messages), len(numbers))
	}
	for i, n := range numbers {
		body, envelope := letter(t, n)
		if m := messages[i]; !bytes.Equal(m.Data, body.Bytes) || m.From != envelope.From || m.To != envelope.To.Wire() {
			t.Errorf("message %d is from %s, to %s: %q", i, m.From, m.To, m.Data)
		}
	}
}

func TestLockstepSendsNothingBesides(t *testing.T) {
	tests := map[string]struct {
		extensions []string
		off        bool
	}{
		"not offered": {extensions: []string{"SIZE"}},
		"turned off":  {extensions: smtptest.Extensions(), off: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := start(t, smtptest.Options{Extensions: test.extensions})
			o := options(server)
			o.PipeliningOff = test.off
			s := open(t, o)
			first := begin(t, s)
			second, envelope := letter(t, 2)
			done, opened := s.Flight(t.Context(), first, envelope)
			expect(t, "done", done, Accepted, Continue)
			expect(t, "opened", opened, Open, Continue)
			done, _ = s.Flight(t.Context(), second, nil)
			expect(t, "done", done, Accepted, Continue)
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			delivered(t, server, 1, 2)
			if got, want := verbs(server), "EHLO MAIL RCPT DATA MAIL RCPT DATA QUIT"; got != want {
				t.Errorf("the server got %s, want %s", got, want)
			}
		})
	}
}

func verbs(server *smtptest.Server) string {
	var all []string
	for _, line := range server.Lines() {
		verb, _, _ := strings.Cut(line, " ")
		all = append(all, verb)
	}
	return strings.Join(all, " ")
}

func TestEnvelopeRefusedLeavesTheSessionGood(t *testing.T) {
	tests := map[string]struct {
		options smtptest.Options
		verdict Verdict
		verbs   string
	}{
		"RCPT refused": {smtptest.Options{Script: smtptest.Refuse("550 5.1.1 unknown", "user1@example.org")}, Rejected,
			"EHLO MAIL RCPT DATA RSET MAIL RCPT DATA QUIT"},
		"RCPT refused, in lockstep": {smtptest.Options{Extensions: []string{}, Script: smtptest.Refuse("550 5.1.1 unknown", "user1@example.org")}, Rejected,
			"EHLO MAIL RCPT RSET MAIL RCPT DATA QUIT"},
		"RCPT put off": {smtptest.Options{Script: smtptest.Greylist(1, "450 4.7.1 greylisted", "user1@example.org")}, Deferred,
			"EHLO MAIL RCPT DATA RSET MAIL RCPT DATA QUIT"},
		"RCPT refused, DATA let through": {smtptest.Options{Script: smtptest.Chain(
			smtptest.Refuse("550 5.1.1 unknown", "user1@example.org"), smtptest.Once(smtptest.Data, 1, smtptest.Action{Reply: "354 all the same"}))}, Rejected,
			"EHLO MAIL RCPT DATA RSET MAIL RCPT DATA QUIT"},
		"DATA refused": {smtptest.Options{Script: smtptest.Once(smtptest.Data, 1, smtptest.Action{Reply: "451 4.3.0 not now"})}, Deferred,
			"EHLO MAIL RCPT DATA RSET MAIL RCPT DATA QUIT"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := start(t, test.options)
			s := open(t, options(server))
			_, first := letter(t, 1)
			body, second := letter(t, 2)
			_, opened := s.Flight(t.Context(), nil, first)
			expect(t, "the first", opened, test.verdict, Continue)
			_, opened = s.Flight(t.Context(), nil, second)
			expect(t, "the second", opened, Open, Continue)
			done, _ := s.Flight(t.Context(), body, nil)
			expect(t, "the second", done, Accepted, Continue)
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			delivered(t, server, 2)
			if got := verbs(server); got != test.verbs {
				t.Errorf("the server got %s, want %s", got, test.verbs)
			}
			if server.Conns() != 1 {
				t.Errorf("%d connections, want 1", server.Conns())
			}
		})
	}
}

// TestRefusalsThatEndTheSessionCloseItProperly holds that DATA, let through after a
// refusal that stops the run, is ended before QUIT, so that QUIT is no message.
func TestRefusalsThatEndTheSessionCloseItProperly(t *testing.T) {
	server := start(t, smtptest.Options{Script: smtptest.Chain(
		smtptest.On(smtptest.Rcpt, smtptest.Action{Reply: "550 5.4.5 daily limit"}), smtptest.On(smtptest.Data, smtptest.Action{Reply: "354 go"}))})
	s := open(t, options(server))
	_, envelope := letter(t, 1)
	_, opened := s.Flight(t.Context(), nil, envelope)
	expect(t, "opened", opened, Untouched, Halt)
	if opened.Wait != 24*time.Hour {
		t.Errorf("Wait = %s, want a day", opened.Wait)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if got := verbs(server); got != "EHLO MAIL RCPT DATA QUIT" {
		t.Errorf("the server got %s", got)
	}
	_, opened = s.Flight(t.Context(), nil, envelope)
	expect(t, "after the end", opened, Untouched, Reconnect)
}

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

// heardOf waits until what the relay said unasked has arrived.
func heardOf(t *testing.T, s *Session) {
	t.Helper()
	if s.client.Text.R.Buffered() > 0 {
		return
	}
	if err := s.conn.expect(5*time.Second, replyBudget); err != nil {
		t.Fatal(err)
	}
	if _, err := s.client.Text.R.Peek(1); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
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
			InDoubt, Untouched, BackOff, false},
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

func expectVerdict(t *testing.T, what string, got Outcome, verdict Verdict) {
	t.Helper()
	expect(t, what, got, verdict, got.Effect)
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

func TestClosingAnOpenEnvelopeMailsNobody(t *testing.T) {
	server := start(t, smtptest.Options{})
	s := open(t, options(server))
	begin(t, s)
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if got := server.Received(); len(got) != 0 {
		t.Errorf("the server received %d messages, want none", len(got))
	}
	if got := verbs(server); got != "EHLO MAIL RCPT DATA" {
		t.Errorf("the server got %s: no QUIT may follow DATA", got)
	}
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

func TestParametersAreSaidOnlyWhereOffered(t *testing.T) {
	utf8, err := account.ParseAddress("jürgen+x@example.org")
	if err != nil {
		t.Fatal(err)
	}
	_, plain := letter(t, 1)
	plus := *plain
	if plus.To, err = account.ParseAddress("a+b=c@example.org"); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		extensions []string
		envelope   Envelope
		mail, rcpt string
	}{
		"everything": {smtptest.Extensions(), plus,
			"MAIL FROM:<bounces+notice1@example.com> SIZE=64 RET=HDRS ENVID=notice1",
			"RCPT TO:<a+b=c@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb+3Dc@example.org"},
		"nothing": {[]string{"PIPELINING"}, plus,
			"MAIL FROM:<bounces+notice1@example.com>", "RCPT TO:<a+b=c@example.org>"},
		"SMTPUTF8 for those who need it": {[]string{"SMTPUTF8", "DSN"}, Envelope{ID: "x", To: utf8},
			"MAIL FROM:<> SMTPUTF8 RET=HDRS ENVID=x", "RCPT TO:<jürgen+x@example.org> NOTIFY=FAILURE,DELAY"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := start(t, smtptest.Options{Extensions: test.extensions})
			o := options(server)
			o.DSN = true
			if test.envelope.Size > 0 {
				test.envelope.Size = 64
			}
			_, opened := open(t, o).Flight(t.Context(), nil, &test.envelope)
			expect(t, "opened", opened, Open, Continue)
			lines := server.Lines()
			if lines[1] != test.mail || lines[2] != test.rcpt {
				t.Errorf("said\n%s\n%s\nwant\n%s\n%s", lines[1], lines[2], test.mail, test.rcpt)
			}
		})
	}
}

func TestAddressThatNeedsSMTPUTF8IsRejectedWithoutACommand(t *testing.T) {
	server := start(t, smtptest.Options{Extensions: []string{"PIPELINING"}})
	s := open(t, options(server))
	to, err := account.ParseAddress("jürgen@example.org")
	if err != nil {
		t.Fatal(err)
	}
	done, opened := s.Flight(t.Context(), begin(t, s), &Envelope{ID: "x", To: to})
	expect(t, "the one before", done, Accepted, Continue)
	expect(t, "it", opened, Rejected, Continue)
	if opened.Stage != StageMail || opened.Reply.Enhanced != "5.6.7" {
		t.Errorf("rejected at %s with %s", opened.Stage, opened.Reply)
	}
	if got := verbs(server); got != "EHLO MAIL RCPT DATA" {
		t.Errorf("the server got %s", got)
	}
}

func TestSessionsThroughANetworkThatDelaysAndSplits(t *testing.T) {
	server := start(t, smtptest.Options{TLS: smtptest.WithSTARTTLS})
	proxy, err := smtptest.StartProxy(smtptest.ProxyOptions{
		Target: server.Addr(), Delay: time.Millisecond, Segment: func(n int) int { return (n + 1) / 2 }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	o := options(server)
	o.Port, o.TLS = proxy.Port(), STARTTLS
	s := open(t, o)
	body := begin(t, s)
	for n := 2; n <= 20; n++ {
		next, envelope := letter(t, n)
		done, opened := s.Flight(t.Context(), body, envelope)
		expect(t, "done", done, Accepted, Continue)
		expect(t, "opened", opened, Open, Continue)
		body = next
	}
	if got := len(server.Messages()); got != 19 {
		t.Errorf("%d messages, want 19", got)
	}
	if s.Peer() != net.JoinHostPort("127.0.0.1", fmt.Sprint(proxy.Port())) {
		t.Errorf("Peer = %s", s.Peer())
	}
	if got := s.Encryption(); !strings.HasPrefix(got, tls.VersionName(tls.VersionTLS13)) {
		t.Errorf("Encryption = %q", got)
	}
}
