package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net"
	"strings"
	"sync"
	"testing"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/postfixtest"
)

// TestPostfixLimitsCostNobodyANotice sends through a Postfix that takes less at a time
// than notify is set to give it: everybody gets a notice, once, and no attempt of a
// notice is spent on what is no fault of its own.
func TestPostfixLimitsCostNobodyANotice(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		notices  int
		settings map[string]string
		logged   string // what Postfix says once the limit was met
	}{
		{"fewer connections than sessions", 60, map[string]string{
			"smtpd_client_connection_count_limit": "2",
		}, "Connection concurrency limit exceeded: 3 from"},
		{"fewer messages in a while", 30, map[string]string{
			"smtpd_client_message_rate_limit": "20", "anvil_rate_time_unit": "2s",
		}, "Message delivery request rate limit exceeded: 21 from"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// Postfix excepts those whom it trusts, and loopback is of no such network.
			settings := map[string]string{"smtpd_client_event_limit_exceptions": ""}
			maps.Copy(settings, test.settings)
			l := newPostfixLimits(t, limitAccounts(test.notices), settings)
			l.replace(t, "connections: 3", "connections: 6")

			l.status(t, exitDone, "send", "--yes")
			l.checkAllAccepted(t)
			if !strings.Contains(l.server.Log(t), test.logged) {
				t.Errorf("the limit was not met: Postfix never logged %q", test.logged)
			}
		})
	}
}

// TestPostfixRefusesWhatIsTooLarge holds that a notice above message_size_limit is
// rejected with the reason before a byte of it is on the wire, since Postfix announces
// the limit, and that the others go on. The limit on header fields cuts nothing off:
// Postfix would do so without a word.
func TestPostfixRefusesWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	const crowd = 200 // accounts of one mailbox, which its notice lists
	accounts := limitAccounts(20)
	for i := range crowd {
		accounts = append(accounts, postfixAccount{id: fmt.Sprintf("crowd-%03d", i), email: "crowd@north.example",
			name: "Crowd", class: account.Password, locale: "en"})
	}
	l := newPostfixLimits(t, accounts, map[string]string{"message_size_limit": "16384", "header_size_limit": "1024"},
		"dkim: {domain: acme.example, selector: s1, key_file: dkim.pem}")
	key, record := newDKIMKey(t)
	l.write(t, "dkim.pem", key)
	plan := l.plan(t, accounts)

	after := l.status(t, exitFailures, "send", "--yes")
	if want := (campaign.NoticeCounts{Total: 21, Accepted: 20, Rejected: 1}); after.Notices != want {
		t.Errorf("after the run the notices are %+v, want %+v", after.Notices, want)
	}
	lines := l.accounts(t)
	if line := lines["crowd-000"]; line.State != campaign.Rejected || line.Attempts != 1 || !strings.Contains(line.LastReply, "notify: the relay takes messages of 16384 octets at most, this one has ") {
		t.Errorf("the notice that is too large: %+v, want it rejected at once with both sizes", line)
	}
	letters := readLetters(t, l.server.Deliveries(t), lines)
	if len(letters) != 20 {
		t.Errorf("%d messages arrived, want 20", len(letters))
	}
	for _, letter := range letters {
		letter.checkBytes(t, plan.rehearsed[letter.id])
		letter.checkDKIM(t, record)
	}
}

// TestPostfixWithoutPipeliningGetsOneCommandAtATime watches the connection in clear:
// Postfix itself does not tell whether a client waits for its replies.
func TestPostfixWithoutPipeliningGetsOneCommandAtATime(t *testing.T) {
	t.Parallel()
	for name, discarded := range map[string]string{"offered": "silent-discard", "not offered": "silent-discard, pipelining"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newPostfixLimits(t, limitAccounts(20), map[string]string{
				"smtpd_tls_security_level": "none", "smtpd_discard_ehlo_keywords": discarded,
			})
			tap := startTap(t, l.server.Port())
			l.replace(t, fmt.Sprintf("port: %d", l.server.Port()), fmt.Sprintf("port: %d", tap.port))
			l.replace(t, "tls: starttls\n  ca_file: ca.pem", "tls: none")

			l.status(t, exitDone, "send", "--yes")
			l.checkAllAccepted(t)
			envelopes, together := tap.envelopes()
			if envelopes != 20 {
				t.Errorf("%d envelopes went to Postfix, want 20", envelopes)
			}
			if want := map[string]int{"offered": 20}[name]; together != want {
				t.Errorf("%d envelopes went out in one write, want %d", together, want)
			}
		})
	}
}

// TestPostfixWithoutSMTPUTF8AndDSN holds that an extension that is not offered is not
// used: Postfix refuses the DSN parameters then, and an address that needs SMTPUTF8
// has no way there.
func TestPostfixWithoutSMTPUTF8AndDSN(t *testing.T) {
	t.Parallel()
	accounts := append(limitAccounts(20), postfixAccount{id: "utf8", email: "jürgen@south.example", name: "Jürgen",
		class: account.SSO, locale: "de"})
	l := newPostfixLimits(t, accounts, map[string]string{"smtpd_discard_ehlo_keywords": "dsn, smtputf8"})

	after := l.status(t, exitFailures, "send", "--yes")
	if want := (campaign.NoticeCounts{Total: 21, Accepted: 20, Rejected: 1}); after.Notices != want {
		t.Errorf("after the run the notices are %+v, want %+v", after.Notices, want)
	}
	if line := l.accounts(t)["utf8"]; line.State != campaign.Rejected || !strings.Contains(line.LastReply, "5.6.7") {
		t.Errorf("the address that needs SMTPUTF8: %+v, want it rejected with 5.6.7", line)
	}
	if got := len(l.server.Deliveries(t)); got != 20 {
		t.Errorf("%d messages arrived, want 20", got)
	}
}

// TestPostfixBouncesToTheNotice holds that a bounce for what Postfix took and could not
// deliver leads back to its notice in both ways: by VERP and by ENVID.
func TestPostfixBouncesToTheNotice(t *testing.T) {
	t.Parallel()
	accounts := append(limitAccounts(5), postfixAccount{id: "gone", email: postfixMissing, name: "Gone",
		class: account.Password, locale: "en"})
	// Postfix then takes mail for anybody, and finds out later who is not there.
	l := newPostfixLimits(t, accounts, map[string]string{"smtpd_reject_unlisted_recipient": "no"})

	l.status(t, exitDone, "send", "--yes")
	id := l.accounts(t)["gone"].Notice
	bounces := 0
	for _, d := range l.server.Deliveries(t) {
		if d.Mailbox != postfixBounces {
			continue
		}
		bounces++
		for _, want := range []string{
			"\r\nDelivered-To: bounces+" + id + "@acme.example\r\n",
			"\r\nOriginal-Envelope-Id: " + id + "\r\n",
			"\r\nOriginal-Recipient: rfc822;" + postfixMissing + "\r\n",
			"\r\nStatus: 5.1.1\r\n",
			"\r\nContent-Type: text/rfc822-headers\r\n",
		} {
			if !bytes.Contains(d.Raw, []byte(want)) {
				t.Errorf("the bounce lacks %q:\n%s", want, d.Raw)
			}
		}
	}
	if bounces != 1 {
		t.Errorf("%d bounces arrived, want 1", bounces)
	}
}

// limitAccounts makes accounts with one notice each, at two domains.
func limitAccounts(n int) []postfixAccount {
	var all []postfixAccount
	for i := range n {
		all = append(all, postfixAccount{
			id: fmt.Sprintf("acct-%02d", i), email: fmt.Sprintf("user%02d@%s", i, []string{"north.example", "south.example"}[i%2]),
			name: "Zoë Müller", class: account.Classes()[i%2], locale: "en",
		})
	}
	return all
}

// postfixLimits is a campaign whose relay is a Postfix with settings of its own.
type postfixLimits struct {
	postfixCampaign
	server  *postfixtest.Server
	planned []postfixAccount
}

func newPostfixLimits(t *testing.T, accounts []postfixAccount, settings map[string]string, smtp ...string) postfixLimits {
	t.Helper()
	ca, certificate := newPostfixCA(t)
	server := postfixtest.Start(t, postfixtest.Options{
		Mailboxes: postfixMailboxes(accounts), Certificate: &certificate, Settings: settings,
	})
	return postfixLimits{newPostfixCampaign(t, server, accounts, ca.PEM(), smtp...), server, accounts}
}

// checkAllAccepted holds that every notice was accepted at its first attempt and
// arrived once, by what the ledger says and by what is in the mailboxes.
func (l postfixLimits) checkAllAccepted(t *testing.T) {
	t.Helper()
	total := int64(len(l.planned))
	if got, want := l.status(t, exitDone, "status").Notices, (campaign.NoticeCounts{Total: total, Accepted: total}); got != want {
		t.Errorf("after the run the notices are %+v, want %+v", got, want)
	}
	lines := l.accounts(t)
	arrived := map[string]int{}
	for _, letter := range readLetters(t, l.server.Deliveries(t), lines) {
		arrived[letter.id]++
	}
	for _, a := range l.planned {
		line := lines[a.id]
		if line.State != campaign.Accepted || line.Attempts != 1 || !postfixTaken.MatchString(line.LastReply) {
			t.Errorf("%s: %+v, want it accepted at the first attempt", a.id, line)
		}
		if n := arrived[line.Notice]; n != 1 {
			t.Errorf("%s: the notice arrived %d times, want once", a.id, n)
		}
	}
	if len(arrived) != len(l.planned) {
		t.Errorf("%d notices arrived, want %d", len(arrived), len(l.planned))
	}
}

// tap stands between notify and Postfix and keeps what notify wrote, piece by piece as
// it came.
type tap struct {
	port int

	mu     sync.Mutex
	pieces [][]byte
}

// Write keeps a piece. It is one read from a connection: commands that wait for their
// replies are never in one.
func (p *tap) Write(piece []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pieces = append(p.pieces, bytes.Clone(piece))
	return len(piece), nil
}

// envelopes counts the MAIL commands, and those that came together with their RCPT.
func (p *tap) envelopes() (all, together int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, piece := range p.pieces {
		_, after, found := bytes.Cut(piece, []byte("MAIL FROM:<"))
		if !found {
			continue
		}
		all++
		if bytes.Contains(after, []byte("RCPT TO:<")) {
			together++
		}
	}
	return all, together
}

// startTap taps the connections to a port until the test ends.
func startTap(t *testing.T, port int) *tap {
	t.Helper()
	p := &tap{}
	p.port = takeConnections(t, func(client net.Conn) { p.pass(t, client, port) })
	return p
}

// pass joins a client with the server until either has closed its connection.
func (p *tap) pass(t *testing.T, client net.Conn, port int) {
	defer client.Close()
	server, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Errorf("connect to Postfix: %v", err)
		return
	}
	defer server.Close()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = io.Copy(client, server) // it ends with the session, in whatever way that does
		_ = client.Close()
	}()
	_, _ = io.Copy(io.MultiWriter(p, server), client)
	_ = server.Close()
	<-answered
}
