package bounce

import (
	"bytes"
	"fmt"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/postfixtest"
	"breachnotify/pkg/smtptest"
)

// postfixReturn is the mailbox behind the return path of these tests.
const postfixReturn = "bounces@acme.example"

// submission is a message that a Postfix gets, with the parameters of RFC 3461, and
// what the mails that come back for it say: a line for each recipient.
type submission struct {
	token  string // of its return path; ENVID, Message-ID and X-Notice-ID are made of it
	notify string
	full   bool // RET=FULL: the report is to have all of the message
	to     []string
	alias  bool // the report is about another address, behind that
	want   []string
}

// TestWhatARealPostfixWrites parses the reports that Postfix writes: about what fails
// at once, in its own hands and at the next hop, and about what succeeds.
func TestWhatARealPostfixWrites(t *testing.T) {
	t.Parallel()
	hop := startHop(t,
		smtptest.Refuse("552 5.2.2 <full@hop.example> has no room left", "full@hop.example"),
		smtptest.Refuse("452 4.2.2 <later@hop.example> has no room left", "later@hop.example"),
		smtptest.Refuse("550 no such user here", "bare@hop.example"),
		smtptest.For("spam@hop.example", smtptest.Dot, smtptest.Action{Reply: "550 5.7.1 this looks like spam to us"}),
	)
	server := postfixtest.Start(t, postfixtest.Options{
		Mailboxes: []string{postfixReturn, "jane@test.example", "ann@test.example"},
		Full:      []string{"full@test.example"},
		NextHops:  map[string]int{"hop.example": hop.Port(), "dead.example": postfixtest.ClosePort(t).Port()},
		Settings: map[string]string{
			"smtpd_reject_unlisted_recipient": "no", // so that it takes the mail and finds out later
			"relocated_maps":                  "inline:{ {moved@test.example = jane@elsewhere.example} }",
			"virtual_alias_maps":              "inline:{ {team@test.example = jane@test.example ann@test.example}, {alias@test.example = gone@test.example} }",
			"maximal_queue_lifetime":          "0", // one attempt
			"bounce_queue_lifetime":           "0",
		},
	})
	submissions := []submission{
		{token: "missing", notify: "FAILURE,DELAY", to: []string{"missing@test.example"}, want: []string{
			"bounce missing@test.example failed 5.1.1 permanent final no_mailbox: unknown user"}},
		{token: "whole", notify: "FAILURE", full: true, to: []string{"missing@test.example"}, want: []string{
			"bounce missing@test.example failed 5.1.1 permanent final no_mailbox: unknown user"}},
		{token: "moved", notify: "FAILURE", to: []string{"moved@test.example"}, want: []string{
			"bounce moved@test.example failed 5.1.6 permanent final moved: User has moved to jane@elsewhere.example"}},
		{token: "box", notify: "FAILURE", to: []string{"full@test.example"}, want: []string{
			"bounce full@test.example failed 5.2.2 permanent final mailbox_full: "}},
		{token: "quota-5", notify: "FAILURE", to: []string{"full@hop.example"}, want: []string{
			"bounce full@hop.example failed 5.2.2 permanent final mailbox_full: 552 5.2.2 <full@hop.example> has no room left"}},
		{token: "quota-4", notify: "FAILURE", to: []string{"later@hop.example"}, want: []string{
			"bounce later@hop.example failed 4.2.2 transient final mailbox_full: 452 4.2.2 <later@hop.example> has no room left"}},
		{token: "bare", notify: "FAILURE", to: []string{"bare@hop.example"}, want: []string{
			"bounce bare@hop.example failed 5.0.0 permanent final no_mailbox: 550 no such user here"}},
		{token: "spam", notify: "FAILURE", to: []string{"spam@hop.example"}, want: []string{
			"bounce spam@hop.example failed 5.7.1 permanent final spam: 550 5.7.1 this looks like spam to us"}},
		{token: "dead", notify: "FAILURE", full: true, to: []string{"joe@dead.example"}, want: []string{
			"bounce joe@dead.example failed 4.4.1 transient final network: Connection refused"}},
		{token: "umlaut", notify: "FAILURE", to: []string{"jürgen@test.example"}, want: []string{
			"bounce jürgen@test.example failed 5.1.1 permanent final no_mailbox: unknown user"}},
		{token: "quoted", notify: "FAILURE", to: []string{`"john q public"@test.example`}, want: []string{
			`bounce "john q public"@test.example failed 5.1.1 permanent final no_mailbox: unknown user`}},
		{token: "alias", notify: "FAILURE", to: []string{"alias@test.example"}, alias: true, want: []string{
			"bounce gone@test.example failed 5.1.1 permanent final no_mailbox: unknown user"}},
		{token: "there", notify: "SUCCESS", to: []string{"jane@test.example"}, want: []string{
			"delivered jane@test.example delivered 2.0.0 unknown final : delivered to maildir"}},
		{token: "relayed", notify: "SUCCESS", to: []string{"jane@hop.example"}, want: []string{
			"delivered jane@hop.example relayed 2.0.0 unknown : 250 2.0.0"}},
		{token: "expanded", notify: "SUCCESS", to: []string{"team@test.example"}, want: []string{
			"delivered team@test.example expanded 2.0.0 unknown : alias expanded"}},
		{token: "several", notify: "SUCCESS,FAILURE",
			to: []string{"jane@test.example", "missing@test.example", "moved@test.example", "joe@dead.example"}, want: []string{
				"bounce joe@dead.example failed 4.4.1 transient final network: Connection refused",
				"bounce missing@test.example failed 5.1.1 permanent final no_mailbox: unknown user",
				"bounce moved@test.example failed 5.1.6 permanent final moved: User has moved",
				"delivered jane@test.example delivered 2.0.0 unknown final : delivered to maildir"}},
		{token: "quiet", notify: "NEVER", to: []string{"missing@test.example"}},
	}
	from := time.Now()
	for _, s := range submissions {
		s.submit(t, server.Port())
	}
	reports := parseReturned(t, server.Deliveries(t), from)
	for _, s := range submissions {
		t.Run(s.token, func(t *testing.T) { s.check(t, reports[s.token]) })
		delete(reports, s.token)
	}
	for token := range reports {
		t.Errorf("a report about %q, which nobody sent", token)
	}
}

// TestWhatARealPostfixWritesAboutADelay holds that a warning is no bounce, and that the
// delivery that comes of it after all is none either.
func TestWhatARealPostfixWritesAboutADelay(t *testing.T) {
	t.Parallel()
	hop := postfixtest.ClosePort(t)
	server := postfixtest.Start(t, postfixtest.Options{
		Mailboxes: []string{postfixReturn},
		NextHops:  map[string]int{"hop.example": hop.Port()},
		Settings: map[string]string{
			"delay_warning_time": "1s", "queue_run_delay": "1s", "minimal_backoff_time": "1s", "maximal_backoff_time": "1s",
		},
	})
	s := submission{token: "late", notify: "SUCCESS,FAILURE,DELAY", to: []string{"jane@hop.example"}, want: []string{
		"delay jane@hop.example delayed 4.4.1 transient network: Connection refused"}}
	from := time.Now()
	s.submit(t, server.Port())
	s.check(t, parseReturned(t, server.Await(t, postfixReturn, 1), from)["late"])

	hop.OpenTo(t, startHop(t).Port())
	s.want = append(s.want, "delivered jane@hop.example relayed 2.0.0 unknown : 250 2.0.0")
	s.check(t, parseReturned(t, server.Deliveries(t), from)["late"])
}

// submit sends the message.
func (s submission) submit(t *testing.T, port int) {
	t.Helper()
	c, err := textproto.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	say := func(code int, format string, args ...any) {
		t.Helper()
		if err := c.PrintfLine(format, args...); err != nil {
			t.Fatal(err)
		}
		if _, text, err := c.ReadResponse(code); err != nil {
			t.Fatalf("Postfix says %q to %.40q: %v", text, format, err)
		}
	}
	if _, _, err := c.ReadResponse(220); err != nil {
		t.Fatal(err)
	}
	say(250, "EHLO client.example")
	ret := "HDRS"
	if s.full {
		ret = "FULL"
	}
	say(250, "MAIL FROM:<bounces+%s@acme.example> RET=%s ENVID=%s SMTPUTF8", s.token, ret, s.token)
	for _, to := range s.to {
		say(250, "RCPT TO:<%s> NOTIFY=%s", to, s.notify)
	}
	say(354, "DATA")
	say(250, "From: Acme Security <security@acme.example>\r\nTo: undisclosed-recipients:;\r\nSubject: A notice\r\n"+
		"Message-ID: <%s@acme.example>\r\nX-Notice-ID: %s\r\nAuto-Submitted: auto-generated\r\n\r\n"+
		"Questions? Write to help@acme.example.\r\n.", s.token, s.token)
	say(221, "QUIT")
}

// check holds the reports about a message against what they are to say.
func (s submission) check(t *testing.T, reports []Report) {
	t.Helper()
	var got []string
	for _, r := range reports {
		if r.MessageID != s.token+"@acme.example" || r.NoticeID != s.token {
			t.Errorf("it is about <%s>, notice %q, want those of %s", r.MessageID, r.NoticeID, s.token)
		}
		if s.alias && !slices.Contains(r.Addresses, s.to[0]) {
			t.Errorf("the addresses are %q, want %s, to which it was sent, among them", r.Addresses, s.to[0])
		}
		for _, to := range r.Recipients {
			final := " "
			if to.Final {
				final = " final "
			}
			got = append(got, fmt.Sprintf("%s %s %s %s %s%s%s: %s", r.Kind, to.Address, to.Action, to.Status, to.Permanence, final, to.Reason, to.Diagnostic))
		}
	}
	slices.Sort(got)
	if !slices.EqualFunc(got, s.want, saysSo) {
		t.Errorf("the reports say\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(s.want, "\n"))
	}
}

// saysSo reports whether a line begins as wanted, and whether what is wanted behind the
// colon stands anywhere behind that.
func saysSo(got, want string) bool {
	fact, said, _ := strings.Cut(want, ": ")
	diagnostic, begins := strings.CutPrefix(got, fact+": ")
	return begins && strings.Contains(diagnostic, said)
}

// parseReturned parses the mails to the return path, by the first of their tokens.
func parseReturned(t *testing.T, deliveries []postfixtest.Delivery, from time.Time) map[string][]Report {
	t.Helper()
	reports := map[string][]Report{}
	for _, d := range deliveries {
		if d.Mailbox != postfixReturn {
			continue
		}
		r, err := Parse(bytes.NewReader(d.Raw), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Tokens) != 1 {
			t.Fatalf("the tokens are %q, want one:\n%s", r.Tokens, d.Raw)
		}
		if r.At.Before(from.Truncate(time.Second)) || r.At.After(time.Now()) {
			t.Errorf("it says to be of %s, want a time since %s", r.At, from)
		}
		reports[r.Tokens[0]] = append(reports[r.Tokens[0]], r)
	}
	return reports
}

// startHop starts a mail server without DSN, so that Postfix has to write the reports.
func startHop(t *testing.T, scripts ...smtptest.Script) *smtptest.Server {
	t.Helper()
	hop, err := smtptest.Start(smtptest.Options{Extensions: []string{"PIPELINING"}, Script: smtptest.Chain(scripts...)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := hop.Close(); err != nil {
			t.Error(err)
		}
	})
	return hop
}
