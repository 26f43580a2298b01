package relay

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/notice"
	"breachnotify/pkg/smtptest"
)

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
	if got, want := s.Link(), (Link{s.host, s.Peer(), s.Encryption()}); got != want || !strings.HasSuffix(got.Host, fmt.Sprint(":", proxy.Port())) {
		t.Errorf("Link = %+v, want %+v at the port that was dialled", got, want)
	}
	if got := s.Encryption(); !strings.HasPrefix(got, tls.VersionName(tls.VersionTLS13)) {
		t.Errorf("Encryption = %q", got)
	}
}
