package relay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
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

func verbs(server *smtptest.Server) string {
	var all []string
	for _, line := range server.Lines() {
		verb, _, _ := strings.Cut(line, " ")
		all = append(all, verb)
	}
	return strings.Join(all, " ")
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

func expectVerdict(t *testing.T, what string, got Outcome, verdict Verdict) {
	t.Helper()
	expect(t, what, got, verdict, got.Effect)
}
