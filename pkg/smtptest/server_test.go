package smtptest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func start(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// client is a connection on which a test says what it likes.
type client struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func dial(t *testing.T, port int) client {
	t.Helper()
	c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() }) // the server may have closed it before
	return client{t, c, bufio.NewReader(c)}
}

func (c client) say(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatal(err)
	}
}

// hear reads replies, and holds their codes against want.
func (c client) hear(want ...string) {
	c.t.Helper()
	for _, code := range want {
		line, err := c.r.ReadString('\n')
		for err == nil && len(line) > 3 && line[3] == '-' {
			line, err = c.r.ReadString('\n')
		}
		if err != nil || !strings.HasPrefix(line, code) {
			c.t.Fatalf("heard %q, %v; want %s", line, err, code)
		}
	}
}

func (c client) hearEnd() {
	c.t.Helper()
	if line, err := c.r.ReadString('\n'); err == nil {
		c.t.Fatalf("heard %q, want the end", line)
	}
}

const transaction = "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"

func TestServerTakesAndRecords(t *testing.T) {
	now := time.Date(2026, 9, 8, 1, 2, 3, 0, time.UTC)
	s := start(t, Options{Now: func() time.Time { return now }})
	c := dial(t, s.Port())
	c.hear("220")
	c.say("EHLO x\r\n")
	c.hear("250")
	c.say(transaction)
	c.hear("250", "250", "354")
	c.say("..dot\r\ntext\r\n.\r\n" + transaction)
	c.hear("250", "250", "250", "354")
	c.say(".\r\n")
	c.hear("250")
	c.say("QUIT\r\n")
	c.hear("221")
	c.hearEnd()
	messages := s.Messages()
	if len(messages) != 2 {
		t.Fatalf("%d messages, want 2", len(messages))
	}
	m := messages[0]
	if m.From != "a@example.com" || m.To != "b@example.org" || string(m.Data) != ".dot\r\ntext\r\n" || m.Conn != 1 || !m.At.Equal(now) {
		t.Errorf("%+v", m)
	}
	if got := s.RoundTrips(); got != 6 {
		t.Errorf("%d round trips, want 6", got)
	}
}

func TestServerHoldsClientsToTheProtocol(t *testing.T) {
	tests := map[string]struct {
		options Options
		say     []string
		hear    [][]string
	}{
		"RCPT before MAIL":           {Options{}, []string{"RCPT TO:<b@example.org>\r\n"}, [][]string{{"503"}}},
		"DATA before MAIL":           {Options{}, []string{"DATA\r\n"}, [][]string{{"503"}}},
		"nested MAIL":                {Options{}, []string{"MAIL FROM:<>\r\nMAIL FROM:<>\r\nRSET\r\n", "MAIL FROM:<>\r\n"}, [][]string{{"250", "503", "250"}, {"250"}}},
		"DATA without recipient":     {Options{Script: Refuse("550 no", "b@example.org")}, []string{transaction}, [][]string{{"250", "550", "554"}}},
		"a command that is none":     {Options{}, []string{"HELP ME\r\n"}, [][]string{{"500"}}},
		"ahead without PIPELINING":   {Options{Extensions: []string{}}, []string{transaction}, [][]string{{"503"}}},
		"ahead of the reply to DATA": {Options{}, []string{transaction + "text\r\n.\r\n"}, [][]string{{"250", "250", "503"}}},
		"MAIL before AUTH":           {Options{Username: "u", Password: "p"}, []string{"MAIL FROM:<>\r\n"}, [][]string{{"530"}}},
		"AUTH that is wrong":         {Options{Username: "u", Password: "p"}, []string{"AUTH PLAIN AHUAeA==\r\n"}, [][]string{{"535"}}},
		"AUTH that is given up":      {Options{Username: "u", Password: "p"}, []string{"AUTH LOGIN\r\n", "*\r\n", "*\r\n"}, [][]string{{"334"}, {"334"}, {"535"}}},
		"AUTH that nobody asked for": {Options{}, []string{"AUTH PLAIN AHUAcA==\r\n"}, [][]string{{"504"}}},
		"STARTTLS in clear":          {Options{}, []string{"STARTTLS\r\n"}, [][]string{{"502"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := dial(t, start(t, test.options).Port())
			c.hear("220")
			for i, text := range test.say {
				c.say(text)
				c.hear(test.hear[i]...)
			}
		})
	}
}

func TestScripts(t *testing.T) {
	e := func(stage Stage, to string, taken int) Event { return Event{Stage: stage, To: to, Taken: taken} }
	tests := map[string]struct {
		script Script
		events []Event
		want   []string
	}{
		"On":           {On(Mail, Action{Reply: "x"}), []Event{e(Mail, "", 0), e(Rcpt, "", 0), e(Mail, "", 1)}, []string{"x", "", "x"}},
		"Once":         {Once(Mail, 2, Action{Reply: "x"}), []Event{e(Mail, "", 0), e(Rcpt, "", 0), e(Mail, "", 1), e(Mail, "", 2)}, []string{"", "", "x", ""}},
		"For":          {For("A@b", Dot, Action{Reply: "x"}), []Event{e(Dot, "a@B", 0), e(Dot, "c@b", 0), e(Rcpt, "a@b", 0)}, []string{"x", "", ""}},
		"Refuse":       {Refuse("x", "a@b"), []Event{e(Rcpt, "A@b", 0), e(Rcpt, "c@b", 0), e(Dot, "a@b", 0)}, []string{"x", "", ""}},
		"Greylist":     {Greylist(1, "x"), []Event{e(Rcpt, "a", 0), e(Rcpt, "b", 0), e(Rcpt, "A", 0), e(Dot, "c", 0)}, []string{"x", "x", "", ""}},
		"Greylist one": {Greylist(1, "x", "a"), []Event{e(Rcpt, "b", 0), e(Rcpt, "a", 0), e(Rcpt, "a", 0)}, []string{"", "x", ""}},
		"CloseAfter":   {CloseAfter(2), []Event{e(Dot, "", 0), e(Dot, "", 1)}, []string{"", "250 2.0.0 the last one"}},
		"DismissAfter": {DismissAfter(1), []Event{e(Mail, "", 0), e(Mail, "", 1)}, []string{"", "421 4.7.0 enough for this session"}},
		"Chain":        {Chain(On(Mail, Action{Reply: "x"}), On(Mail, Action{Reply: "y"}), On(Rcpt, Action{Reply: "z"})), []Event{e(Mail, "", 0), e(Rcpt, "", 0), e(Dot, "", 0)}, []string{"x", "z", ""}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for i, event := range test.events {
				if got := test.script(event).Reply; got != test.want[i] {
					t.Errorf("event %d: %q, want %q", i, got, test.want[i])
				}
			}
		})
	}
	if got := Slow(time.Second)(Event{}); got.Delay != time.Second {
		t.Errorf("Slow: %+v", got)
	}
}

func TestCloseEndsWhatStalls(t *testing.T) {
	for name, action := range map[string]Action{
		"a stalled session":  {Then: Stall},
		"a long delay":       {Delay: time.Hour},
		"an endless waiting": {Until: make(chan struct{})},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Options{Script: On(EHLO, action)})
			c := dial(t, s.Port())
			c.hear("220")
			c.say("EHLO x\r\n")
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if _, err := io.Copy(io.Discard, c); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, syscall.ECONNRESET) {
				t.Error(err)
			}
		})
	}
}

func TestProxyLosesNothing(t *testing.T) {
	s := start(t, Options{})
	const delay = 5 * time.Millisecond
	p, err := StartProxy(ProxyOptions{Target: s.Addr(), Delay: delay, Segment: func(n int) int { return n/3 + 1 }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	c := dial(t, p.Port())
	c.hear("220")
	begin := time.Now()
	c.say("NOOP\r\n")
	c.hear("250")
	if took := time.Since(begin); took < 2*delay {
		t.Errorf("a round trip took %s, want at least %s", took, 2*delay)
	}
	c.say(transaction)
	c.hear("250", "250", "354")
	text := strings.Repeat("a line of text\r\n", 10_000)
	c.say(text + ".\r\n")
	c.hear("250")
	if m := s.Messages(); len(m) != 1 || !bytes.Equal(m[0].Data, []byte(text)) {
		t.Error("the message is not what was sent")
	}
	c.say("QUIT\r\n")
	c.hear("221")
	c.hearEnd()
}
