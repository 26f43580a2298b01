package delivery_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	texttemplate "text/template"
	"time"

	"github.com/wneessen/go-mail"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/delivery"
	"breachnotify/pkg/ledger"
	"breachnotify/pkg/notice"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/throttle"
)

// viaNotify is everything that send does after consent: a ledger on disk, the built-in
// notices, and a run without a throttle.
func viaNotify() contender {
	return contender{name: "notify", prepare: func(b *testing.B, to target) func() error {
		run := benchRun(b, to, benchLedger(b, to.messages))
		return func() error {
			summary, err := delivery.Run(context.Background(), nil, run)
			if err == nil && summary.Tally.Accepted != int64(to.messages) {
				err = fmt.Errorf("not all were accepted: %+v", summary)
			}
			return err
		}
	}}
}

// benchRun is a run without a throttle that gives up at the first fault.
func benchRun(tb testing.TB, to target, book *ledger.Ledger) delivery.Options {
	tb.Helper()
	options := relay.Options{
		Host: "127.0.0.1", Port: to.port, TLS: relay.NoTLS, DSN: true,
		Timeouts: relay.Timeouts{Banner: 30 * time.Second},
	}
	if to.roots != nil {
		options.TLS, options.RootCAs = relay.STARTTLS, to.roots
	}
	mailer, err := relay.New(options)
	noError(tb, err)
	return delivery.Options{
		Ledger: book, Sender: dialing{mailer}, Composer: benchNotices(tb),
		Envelope: func(n campaign.Notice) string { return "bounces+" + n.ID + "@example.com" },
		Clock:    throttle.System{}, Random: rand.Float64,
		Connections: to.sessions,
		Retry:       throttle.Backoff{First: time.Second, Max: time.Second, Attempts: 1},
		Redial:      throttle.Backoff{First: time.Second, Max: time.Second},
		Halt:        throttle.Halt{After: 1, Consecutive: 1},
	}
}

// dialing makes a relay a delivery.Sender.
type dialing struct{ relay *relay.Relay }

func (d dialing) Open(ctx context.Context) (delivery.Session, relay.Outcome) {
	session, outcome := d.relay.Open(ctx)
	if session == nil {
		return nil, outcome
	}
	return session, outcome
}

// benchLedger plans n notices, to 50 domains, and begins a run.
func benchLedger(tb testing.TB, n int) *ledger.Ledger {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "bench.ledger")
	draft, err := ledger.Create(tb.Context(), path)
	noError(tb, err)
	defer draft.Close() // after Seal it has nothing left to lose
	for i := range n {
		noError(tb, draft.Add(tb.Context(), campaign.Planned{
			Line: int64(i + 2), ID: fmt.Sprintf("user-%d", i), Name: fmt.Sprintf("Jane Doe %d", i),
			To: benchAddress(tb, i), Class: account.Password, Reason: "password is set", Locale: "en",
		}))
	}
	noError(tb, draft.Seal(tb.Context(), campaign.Frozen{
		Campaign: "bench", At: time.Now(), Key: campaign.Key{1}, Read: int64(n), BatchSize: 1000,
		Parts: map[string]string{}, Wordings: map[string][]byte{},
	}))
	noError(tb, draft.Close())
	book, err := ledger.Open(tb.Context(), path, ledger.Options{})
	noError(tb, err)
	tb.Cleanup(func() { noError(tb, book.Close()) })
	_, err = book.Begin(tb.Context(), time.Now())
	noError(tb, err)
	return book
}

// benchAddress is the address of the ith message, whoever sends it.
func benchAddress(tb testing.TB, i int) account.Address {
	tb.Helper()
	to, err := account.ParseAddress(fmt.Sprintf("user%d@domain%d.example", i, i%50))
	noError(tb, err)
	return to
}

// viaGoMail is what a program does that knows go-mail and nothing else: one client a
// goroutine, one connection a client, one message after the other. It writes nothing
// down.
func viaGoMail() contender {
	return contender{name: "go-mail", ratio: "x-gomail", prepare: func(b *testing.B, to target) func() error {
		wording := benchWording(b)
		clients := make([]*mail.Client, to.sessions)
		for i := range clients {
			clients[i] = goMailClient(b, to)
		}
		return func() error { return sendWithGoMail(clients, wording, to.messages) }
	}}
}

func goMailClient(b *testing.B, to target) *mail.Client {
	b.Helper()
	options := []mail.Option{mail.WithPort(to.port), mail.WithHELO("[127.0.0.1]"), mail.WithTLSPolicy(mail.NoTLS)}
	if to.roots != nil {
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory),
			mail.WithTLSConfig(&tls.Config{ServerName: "127.0.0.1", RootCAs: to.roots, MinVersion: tls.VersionTLS12}))
	}
	client, err := mail.NewClient("127.0.0.1", options...)
	noError(b, err)
	return client
}

// sendWithGoMail deals n messages evenly to the clients.
func sendWithGoMail(clients []*mail.Client, w wording, n int) error {
	errs := make([]error, len(clients))
	var sending sync.WaitGroup
	for c, client := range clients {
		sending.Go(func() {
			if errs[c] = client.DialWithContext(context.Background()); errs[c] != nil {
				return
			}
			for i := c; i < n && errs[c] == nil; i += len(clients) {
				var m *mail.Msg
				if m, errs[c] = w.message(i); errs[c] == nil {
					errs[c] = client.Send(m)
				}
			}
			errs[c] = errors.Join(errs[c], client.Close())
		})
	}
	sending.Wait()
	return errors.Join(errs...)
}

// wording is a notice as a user of go-mail has it: two templates.
type wording struct {
	subject string
	text    *texttemplate.Template
	html    *htmltemplate.Template
}

// benchWording makes templates of a composed notice, so that the messages are alike.
func benchWording(b *testing.B) wording {
	b.Helper()
	const name = "NAME"
	m := benchMessage(b, name)
	text, err := texttemplate.New("text").Parse(strings.ReplaceAll(m.Text, name, "{{.}}"))
	noError(b, err)
	html, err := htmltemplate.New("html").Parse(strings.ReplaceAll(m.HTML, name, "{{.}}"))
	noError(b, err)
	return wording{m.Subject, text, html}
}

func (w wording) message(i int) (*mail.Msg, error) {
	m := mail.NewMsg()
	name := fmt.Sprintf("Jane Doe %d", i)
	err := errors.Join(
		m.FromFormat("Example Security", "security@example.com"),
		m.EnvelopeFrom("bounces@example.com"),
		m.To(fmt.Sprintf("user%d@domain%d.example", i, i%50)),
		m.SetBodyTextTemplate(w.text, name),
		m.AddAlternativeHTMLTemplate(w.html, name),
	)
	m.Subject(w.subject)
	m.SetDate()
	m.SetMessageID()
	return m, err
}

// viaSMTPSource is Postfix's own load generator: messages of the size of a notice that
// were made before, sessions that stay open (-d). It reports false where Postfix is not
// installed.
func viaSMTPSource(b *testing.B) (contender, bool) {
	b.Helper()
	program, err := exec.LookPath("smtp-source")
	if err != nil {
		b.Log("without smtp-source, which comes with Postfix:", err)
		return contender{}, false
	}
	size := len(benchMessage(b, "Jane Doe").Bytes)
	return contender{name: "smtp-source", ratio: "x-smtp-source", prepare: func(_ *testing.B, to target) func() error {
		return func() error {
			out, err := exec.Command(program, "-d", "-s", strconv.Itoa(to.sessions), "-m", strconv.Itoa(to.messages),
				"-l", strconv.Itoa(size), "-f", "bounces@example.com", "-t", "user@example.org",
				fmt.Sprintf("127.0.0.1:%d", to.port)).CombinedOutput()
			if err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		}
	}}, true
}

// benchMessage is the notice to somebody of the given name.
func benchMessage(b *testing.B, name string) notice.Message {
	b.Helper()
	m, err := benchNotices(b).Compose(notice.Recipient{
		ID: "aaaaaaaaaeq2kzo5c7d3fghi", To: benchAddress(b, 1), Class: account.Password, Locale: "en",
		Accounts: []account.Account{{ID: "user-1", Name: name}}, Date: time.Now(),
	})
	noError(b, err)
	return m
}
