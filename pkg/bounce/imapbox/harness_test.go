package imapbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"breachnotify/pkg/smtptest"
)

const (
	user   = "jane@acme.example"
	secret = "correct horse"
	host   = "imap.acme.example"
)

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// server is an IMAP server of one test.
type server struct {
	authority *smtptest.Authority
	user      *imapmemserver.User
	listener  net.Listener
	remote    net.Addr // what its clients take for its address
	mu        sync.Mutex
	log       bytes.Buffer // both directions
}

// setup says what a server offers.
type setup struct {
	implicit bool // TLS from the first byte
	startTLS bool
	caps     imap.CapSet
	local    bool // its clients see that it is on this machine
}

var ordinary = setup{implicit: true, caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapMove: {}, imap.CapUIDPlus: {}}}

func (s *server) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(p)
}

func (s *server) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

func start(t *testing.T, o setup, messages ...string) *server {
	t.Helper()
	authority, err := smtptest.NewAuthority(time.Now())
	noError(t, err)
	certificate, err := authority.Issue(host)
	noError(t, err)
	s := &server{authority: authority, user: imapmemserver.NewUser(user, secret)}
	for _, folder := range []string{"INBOX", "Bounces/2026", "Done"} {
		noError(t, s.user.Create(folder, nil))
	}
	for _, message := range messages {
		s.deliver(t, message)
	}
	memory := imapmemserver.New()
	memory.AddUser(s.user)
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	options := &imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return memory.NewSession(), nil, nil
		},
		Caps:        o.caps,
		DebugWriter: s, InsecureAuth: !o.startTLS,
		Logger: log.New(io.Discard, "", 0),
	}
	if o.startTLS {
		options.TLSConfig = config
	}
	s.listener, err = net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	if s.remote = s.listener.Addr(); !o.local {
		s.remote = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 993}
	}
	listener := s.listener
	if o.implicit {
		listener = tls.NewListener(s.listener, config)
	}
	running := imapserver.New(options)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = running.Serve(listener) // it ends with Close
	}()
	t.Cleanup(func() {
		_ = running.Close()
		<-ended
	})
	return s
}

func (s *server) deliver(t *testing.T, message string) {
	t.Helper()
	_, err := s.user.Append("INBOX", literal{strings.NewReader(message)}, &imap.AppendOptions{})
	noError(t, err)
}

type literal struct{ *strings.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// elsewhere is a connection whose other end pretends to be on another address.
type elsewhere struct {
	net.Conn
	remote net.Addr
}

func (e elsewhere) RemoteAddr() net.Addr { return e.remote }

// options reach the server.
func (s *server) options() Options {
	return Options{
		RootCAs:  s.authority.Pool(),
		Password: func(context.Context) (string, error) { return secret, nil },
		Timeout:  10 * time.Second,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, s.listener.Addr().String())
			return elsewhere{conn, s.remote}, err
		},
	}
}

func parsed(t *testing.T, raw string) URL {
	t.Helper()
	u, err := ParseURL(raw)
	noError(t, err)
	return u
}

const address = "imaps://jane%40acme.example@" + host + "/INBOX"

// read opens the folder and reads all of it.
func read(t *testing.T, b *Box) (bodies []string, numbers []int64, errs []error) {
	t.Helper()
	for m, err := range b.Messages(context.Background()) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		body, err := io.ReadAll(m.Body)
		if err != nil {
			errs = append(errs, err)
		}
		bodies, numbers = append(bodies, string(body)), append(numbers, m.Number)
	}
	return bodies, numbers, errs
}

func opened(t *testing.T, raw string, o Options) *Box {
	t.Helper()
	b, err := Open(context.Background(), parsed(t, raw), o)
	noError(t, err)
	t.Cleanup(func() { noError(t, b.Close()) })
	return b
}

// count returns how many messages a folder has, and how many of them are unseen.
func (s *server) count(t *testing.T, folder string) (all, unseen uint32) {
	t.Helper()
	status, err := s.user.Status(folder, &imap.StatusOptions{NumMessages: true, NumUnseen: true})
	noError(t, err)
	if status.NumMessages == nil || status.NumUnseen == nil {
		t.Fatal(errors.New("the server does not say"))
	}
	return *status.NumMessages, *status.NumUnseen
}
