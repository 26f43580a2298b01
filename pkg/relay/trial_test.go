package relay

import (
	"context"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/smtptest"
)

var trialEnvelope = Envelope{ID: "trial", From: "bounces+trial@example.com", Size: 4096}

// TestTryMailNamesNobody holds that the trial leaves the session as it found it, whether
// the relay pipelines or not.
func TestTryMailNamesNobody(t *testing.T) {
	for name, extensions := range map[string][]string{
		"pipelining": {"PIPELINING", "SIZE 10485760", "DSN"},
		"lockstep":   {"SIZE 10485760", "DSN"},
	} {
		t.Run(name, func(t *testing.T) {
			server := start(t, smtptest.Options{Extensions: extensions})
			o := options(server)
			o.DSN = true
			s := open(t, o)
			out := s.TryMail(t.Context(), trialEnvelope)
			expect(t, "the trial", out, Untouched, Continue)
			if out.Stage != StageMail || out.Reply.Code != 250 {
				t.Errorf("the outcome is %+v, want the reply to MAIL", out)
			}
			done, _ := s.Flight(t.Context(), begin(t, s), nil)
			expect(t, "a notice after it", done, Accepted, Continue)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			const want = "EHLO MAIL RSET MAIL RCPT DATA QUIT"
			if got := verbs(server); got != want {
				t.Errorf("the server got %s, want %s", got, want)
			}
			if mail := server.Lines()[1]; mail != "MAIL FROM:<bounces+trial@example.com> SIZE=4096 RET=HDRS ENVID=trial" {
				t.Errorf("the trial says %s", mail)
			}
		})
	}
}

func TestTryMailThatFails(t *testing.T) {
	for name, test := range map[string]struct {
		script smtptest.Script
		effect Effect
		code   int
	}{
		"refused":      {smtptest.On(smtptest.Mail, smtptest.Action{Reply: "550 5.7.1 <x@example.com> not yours"}), Halt, 550},
		"put off":      {smtptest.On(smtptest.Mail, smtptest.Action{Reply: "451 4.3.0 later"}), BackOff, 451},
		"dismissed":    {smtptest.On(smtptest.Mail, smtptest.Action{Reply: "421 4.3.2 bye", Then: smtptest.Drop}), BackOff, 421},
		"dropped":      {smtptest.On(smtptest.Mail, smtptest.Action{Silent: true, Then: smtptest.Drop}), BackOff, 0},
		"RSET dropped": {smtptest.On(smtptest.Reset, smtptest.Action{Silent: true, Then: smtptest.Drop}), BackOff, 0},
		"silence":      {smtptest.On(smtptest.Mail, smtptest.Action{Silent: true, Then: smtptest.Stall}), BackOff, 0},
	} {
		t.Run(name, func(t *testing.T) {
			server := start(t, smtptest.Options{Script: test.script})
			o := options(server)
			o.Timeouts.Mail = 200 * time.Millisecond
			s := open(t, o)
			out := s.TryMail(t.Context(), trialEnvelope)
			expect(t, "the trial", out, Untouched, test.effect)
			if out.Reply.Code != test.code || out.Stage != StageMail {
				t.Errorf("the outcome is %+v, want code %d at mail", out, test.code)
			}
			out = s.TryMail(t.Context(), trialEnvelope)
			expect(t, "another trial", out, Untouched, Reconnect)
			for _, line := range server.Lines() {
				if strings.HasPrefix(line, "RCPT") || strings.HasPrefix(line, "DATA") {
					t.Errorf("the server got %s", line)
				}
			}
		})
	}
}

func TestTryMailEndsWithItsContext(t *testing.T) {
	server := start(t, smtptest.Options{Script: smtptest.On(smtptest.Mail, smtptest.Action{Silent: true, Then: smtptest.Stall})})
	s := open(t, options(server))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if out := s.TryMail(ctx, trialEnvelope); out.Err == nil || out.Effect < Reconnect {
		t.Errorf("the outcome is %+v, want a failure", out)
	}
}

func TestTryMailRefusesWhatNoCommandHolds(t *testing.T) {
	s := open(t, options(start(t, smtptest.Options{})))
	out := s.TryMail(t.Context(), Envelope{From: "a>\r\nRCPT TO:<b@example.com"})
	expect(t, "the trial", out, Untouched, Halt)
}

func TestTryMailIsNotForAnOpenEnvelope(t *testing.T) {
	s := open(t, options(start(t, smtptest.Options{})))
	begin(t, s)
	expect(t, "the trial", s.TryMail(t.Context(), trialEnvelope), Untouched, Halt)
}

func TestCapabilitiesAreWhatTheRelayOffers(t *testing.T) {
	for name, test := range map[string]struct {
		extensions []string
		want       Capabilities
	}{
		"everything": {nil, Capabilities{Pipelining: true, Size: true, Largest: 10485760, DSN: true, SMTPUTF8: true}},
		"nothing":    {[]string{}, Capabilities{}},
		"no limit":   {[]string{"SIZE"}, Capabilities{Size: true}},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(start(t, smtptest.Options{Extensions: test.extensions}))
			o.PipeliningOff = true // and DSN not asked for: neither changes what is offered
			if got := open(t, o).Capabilities(); got != test.want {
				t.Errorf("the relay offers %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestTLSIsThatOfTheSession(t *testing.T) {
	for name, mode := range encrypted {
		t.Run(name, func(t *testing.T) {
			o := options(start(t, smtptest.Options{TLS: mode.server}))
			o.TLS = mode.client
			state, ok := open(t, o).TLS()
			if ok != (mode.client != NoTLS) || ok && len(state.VerifiedChains) == 0 {
				t.Errorf("encrypted: %t, %d verified chains", ok, len(state.VerifiedChains))
			}
		})
	}
}
