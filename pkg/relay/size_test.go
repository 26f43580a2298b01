package relay

import (
	"fmt"
	"strings"
	"testing"

	"breachnotify/pkg/smtptest"
)

// extensions returns what a server offers that names the given limit of a message.
func extensions(size string) []string {
	return []string{"PIPELINING", strings.TrimSpace("SIZE " + size), "ENHANCEDSTATUSCODES"}
}

func TestMessageTooLargeForTheRelayIsRefusedAtMAIL(t *testing.T) {
	for name, o := range map[string]smtptest.Options{
		"pipelined":   {Extensions: extensions("")},
		"in lockstep": {Extensions: []string{"SIZE"}},
	} {
		t.Run(name, func(t *testing.T) {
			o.Script = smtptest.Once(smtptest.Mail, 2, smtptest.Action{Reply: "552 5.3.4 message size exceeds fixed limit"})
			server := start(t, o)
			s := open(t, options(server))
			first := begin(t, s)
			_, tooLarge := letter(t, 2)
			done, opened := s.Flight(t.Context(), first, tooLarge)
			expect(t, "the one before", done, Accepted, Continue)
			expect(t, "the one too large", opened, Untouched, Continue)
			if opened.Stage != StageMail || opened.Suspect != Halt {
				t.Errorf("refused at %s, suspect %d", opened.Stage, opened.Suspect)
			}
			body, third := letter(t, 3)
			_, opened = s.Flight(t.Context(), nil, third)
			expect(t, "the one after", opened, Open, Continue)
			done, _ = s.Flight(t.Context(), body, nil)
			expect(t, "the one after", done, Accepted, Continue)
			delivered(t, server, 1, 3)
		})
	}
}

func TestMessageAboveTheLimitIsNotSent(t *testing.T) {
	body, envelope := letter(t, 1)
	for name, test := range map[string]struct {
		limit   string
		verdict Verdict
	}{
		"one octet above":     {fmt.Sprint(envelope.Size - 1), Untouched},
		"as large as allowed": {fmt.Sprint(envelope.Size), Open},
		"no fixed limit":      {"0", Open},
		"no limit named":      {"", Open},
		"no number":           {"lots", Open},
	} {
		t.Run(name, func(t *testing.T) {
			server := start(t, smtptest.Options{Extensions: extensions(test.limit)})
			s := open(t, options(server))
			_, opened := s.Flight(t.Context(), nil, envelope)
			expect(t, "opened", opened, test.verdict, Continue)
			if test.verdict == Open {
				done, _ := s.Flight(t.Context(), body, nil)
				expect(t, "done", done, Accepted, Continue)
				return
			}
			if got := verbs(server); got != "EHLO" {
				t.Errorf("the server got %s", got)
			}
			if want := fmt.Sprintf("notify: the relay takes messages of %d octets at most, this one has %d", envelope.Size-1, envelope.Size); opened.Reply.String() != want || opened.Suspect != Halt {
				t.Errorf("the reason is %q, want %q", opened.Reply, want)
			}
		})
	}
}
