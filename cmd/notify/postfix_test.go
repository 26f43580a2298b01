package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"regexp"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/postfixtest"
	"breachnotify/pkg/smtptest"
)

// TestPostfixDelivers sends a campaign through a real Postfix and holds what arrives
// against what was planned: what a server of our own takes for mail and what others
// take for it is not the same thing.
func TestPostfixDelivers(t *testing.T) {
	t.Parallel()
	accounts := postfixAccounts()
	ca, certificate := newPostfixCA(t)
	server := postfixtest.Start(t, postfixtest.Options{Mailboxes: postfixMailboxes(accounts), Certificate: &certificate})
	key, record := newDKIMKey(t)
	c := newPostfixCampaign(t, server, accounts, ca.PEM(),
		"dkim: {domain: acme.example, selector: s1, key_file: dkim.pem}")
	c.write(t, "dkim.pem", key)

	plan := c.plan(t, accounts)
	checkAllButOneAccepted(t, c.status(t, exitFailures, "send", "--yes"), len(plan.notices))
	lines := c.accounts(t)
	checkReplies(t, accounts, lines)
	letters := readLetters(t, server.Deliveries(t), lines)
	checkEachArrivedOnce(t, plan.notices, letters)
	for _, l := range letters {
		t.Run(l.Mailbox, func(t *testing.T) {
			of := plan.notices[l.notice]
			if len(of) == 0 {
				t.Fatal("nobody was to get this message")
			}
			l.checkTrace(t, of)
			l.checkHeader(t, of, lines)
			l.checkDate(t, plan)
			l.checkParts(t, plan)
			l.checkDKIM(t, record)
			l.checkBytes(t, plan.rehearsed[l.id])
		})
	}
	t.Run("a second run sends nothing", func(t *testing.T) {
		checkAllButOneAccepted(t, c.status(t, exitFailures, "send", "--yes"), len(plan.notices))
		checkEachArrivedOnce(t, plan.notices, readLetters(t, server.Deliveries(t), lines))
	})
	if strings.Contains(server.Log(t), "improper command pipelining") {
		t.Error("a command was written before Postfix could take it")
	}
}

func checkAllButOneAccepted(t *testing.T, s campaign.Status, total int) {
	t.Helper()
	want := campaign.NoticeCounts{Total: int64(total), Accepted: int64(total - 1), Rejected: 1}
	if s.Notices != want {
		t.Fatalf("after the run the notices are %+v, want %+v", s.Notices, want)
	}
}

// The replies of Postfix that a notice ends with.
var (
	postfixTaken   = regexp.MustCompile(`^250 2\.0\.0 Ok: queued as [0-9A-Za-z]+$`)
	postfixRefused = regexp.MustCompile(`^550 5\.1\.1 <` + regexp.QuoteMeta(postfixMissing) + `>: Recipient address rejected: User unknown`)
)

// checkReplies holds that the ledger keeps the state and the reply of each account's
// notice.
func checkReplies(t *testing.T, accounts []postfixAccount, lines map[string]postfixAccountLine) {
	t.Helper()
	for _, a := range accounts {
		state, reply := campaign.Accepted, postfixTaken
		if a.email == postfixMissing {
			state, reply = campaign.Rejected, postfixRefused
		}
		line := lines[a.id]
		if line.State != state || !reply.MatchString(line.LastReply) || line.Attempts != 1 || line.Generation != 1 {
			t.Errorf("%s: %+v, want %s with %s", a.id, line, state, reply)
		}
	}
}

// checkEachArrivedOnce holds that every mailbox got what it was to get and no more.
func checkEachArrivedOnce(t *testing.T, expected map[postfixNotice][]postfixAccount, letters []*postfixLetter) {
	t.Helper()
	got := map[postfixNotice]int{}
	for _, l := range letters {
		got[l.notice]++
	}
	for notice := range expected {
		want := 1
		if notice.mailbox == postfixMissing {
			want = 0
		}
		if got[notice] != want {
			t.Errorf("%s: %d %s notices arrived, want %d", notice.mailbox, got[notice], notice.class, want)
		}
	}
	if want := len(expected) - 1; len(letters) != want {
		t.Errorf("%d messages arrived, want %d", len(letters), want)
	}
}

// TestPostfixThatCannotBeTrustedGetsNothing holds that neither a certificate of
// nobody's nor the lack of STARTTLS brings a notice onto the wire: Postfix itself
// says which commands it got.
func TestPostfixThatCannotBeTrustedGetsNothing(t *testing.T) {
	t.Parallel()
	ca, certificate := newPostfixCA(t)
	stranger, _ := newPostfixCA(t)
	for _, test := range []struct {
		name        string
		certificate *tls.Certificate
		ca          *smtptest.Authority
		says        string // what the session came to, in the words of Postfix
	}{
		{"the certificate is of another authority", &certificate, stranger, " ehlo=1 starttls="},
		{"STARTTLS is not offered", nil, ca, " ehlo=1 "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			accounts := postfixAccounts()
			server := postfixtest.Start(t, postfixtest.Options{Mailboxes: postfixMailboxes(accounts), Certificate: test.certificate})
			c := newPostfixCampaign(t, server, accounts, test.ca.PEM())
			planned := c.status(t, exitDone, "plan")
			_, stderr := c.notify(t, exitFailed, "send", "--yes")
			if !strings.Contains(stderr, "hint: ") || !strings.Contains(stderr, "smtp.ca_file") {
				t.Errorf("no hint at smtp.ca_file:\n%s", stderr)
			}
			if after := c.status(t, exitDone, "status"); after.Notices != planned.Notices {
				t.Errorf("the notices are %+v, want %+v as planned", after.Notices, planned.Notices)
			}
			if got := server.Deliveries(t); len(got) != 0 {
				t.Errorf("%d messages arrived", len(got))
			}
			for _, session := range server.Sessions(t, 1) {
				if !strings.Contains(session, test.says) || strings.Contains(session, "mail=") || strings.Contains(session, "auth=") {
					t.Errorf("Postfix says %q, want %q and neither MAIL nor AUTH", session, test.says)
				}
			}
		})
	}
}

// newPostfixCA makes an authority and a certificate for the address of every Postfix
// of these tests.
func newPostfixCA(t *testing.T) (*smtptest.Authority, tls.Certificate) {
	t.Helper()
	ca, err := smtptest.NewAuthority(time.Now())
	noError(t, err)
	certificate, err := ca.Issue("127.0.0.1")
	noError(t, err)
	return ca, certificate
}

// newDKIMKey makes a key as a PEM file, and the record that its public half is
// published with (RFC 6376 section 3.6.1).
func newDKIMKey(t *testing.T) (file []byte, record string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	noError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	noError(t, err)
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	noError(t, err)
	file = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	return file, "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(public)
}
