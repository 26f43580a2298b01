package smtptest

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// TLS is how a server encrypts.
type TLS int

// The ways.
const (
	Clear        TLS = iota // not at all
	WithSTARTTLS            // on request
	FromTheStart            // before the banner
)

// Options describe a server. The zero Options are a server in clear that offers
// what Extensions returns and takes everything.
type Options struct {
	TLS         TLS
	Authority   *Authority       // nil: one is made where TLS needs it
	Certificate *tls.Certificate // nil: the authority issues one for localhost, 127.0.0.1 and ::1
	Username    string           // empty: no AUTH
	Password    string
	Mechanisms  []string // offered with AUTH; nil: SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN
	Extensions  []string // nil: what Extensions returns; empty: none
	Script      Script   // nil: nothing out of the ordinary
	// Fragment writes every so many octets by themselves; 0: each flush at once.
	Fragment int
	Pace     time.Duration    // waited between two fragments
	Now      func() time.Time // nil: time.Now
}

// Extensions returns the extensions that a server offers if Options name none.
// STARTTLS and AUTH are offered besides, where the options ask for them.
func Extensions() []string {
	return []string{"PIPELINING", "SIZE 10485760", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN"}
}

// Message is what came between MAIL and the final dot.
type Message struct {
	Conn     int
	From, To string
	MailLine string // the MAIL and RCPT commands as they came, for their parameters
	RcptLine string
	Data     []byte // CRLF line ends, dots unstuffed
	Reply    string // what was answered; empty: nothing
	At       time.Time
}

// taken reports whether the client was told that the message is taken.
func (m Message) taken() bool { return m.Reply != "" && m.Reply[0] == '2' }

// Server is a running server.
type Server struct {
	options  Options
	listener net.Listener
	closing  chan struct{}
	running  sync.WaitGroup

	mu       sync.Mutex
	received []Message
	conns    map[net.Conn]struct{}
	opened   int
	flushes  int
	lines    []string
}

// Start runs a server on a free port of 127.0.0.1.
func Start(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Extensions == nil {
		o.Extensions = Extensions()
	}
	if o.Mechanisms == nil {
		o.Mechanisms = []string{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"}
	}
	if o.Script == nil {
		o.Script = Chain()
	}
	if err := o.certify(); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &Server{options: o, listener: listener, closing: make(chan struct{}), conns: make(map[net.Conn]struct{})}
	s.running.Go(s.accept)
	return s, nil
}

// certify fills in what TLS needs.
func (o *Options) certify() (err error) {
	if o.TLS == Clear {
		return nil
	}
	if o.Authority == nil {
		if o.Authority, err = NewAuthority(o.Now()); err != nil {
			return err
		}
	}
	if o.Certificate == nil {
		issued, err := o.Authority.Issue("localhost", "127.0.0.1", "::1")
		if err != nil {
			return err
		}
		o.Certificate = &issued
	}
	return nil
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return // Close closes the listener; there is no other way out
		}
		number, ok := s.register(c)
		if !ok {
			_ = c.Close() // the server is closing anyway
			return
		}
		s.running.Go(func() {
			defer s.forget(c)
			serve(s, c, number)
		})
	}
}

func (s *Server) register(c net.Conn) (number int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closing:
		return 0, false
	default:
	}
	s.conns[c] = struct{}{}
	s.opened++
	return s.opened, true
}

func (s *Server) forget(c net.Conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	_ = c.Close() // it may be closed already
}

// Close ends every connection and returns when nothing runs any more. It may be
// called more than once.
func (s *Server) Close() error {
	s.mu.Lock()
	select {
	case <-s.closing:
	default:
		close(s.closing)
	}
	for c := range s.conns {
		_ = c.Close() // ends what reads or writes there
	}
	s.mu.Unlock()
	err := s.listener.Close()
	s.running.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the server: %w", err)
	}
	return nil
}

// Addr returns the address as host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Port returns the port on 127.0.0.1.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Authority returns what signed the server's certificate; nil in clear.
func (s *Server) Authority() *Authority { return s.options.Authority }

// Messages returns the messages that were answered with 2xx, in their order.
func (s *Server) Messages() []Message {
	return slices.DeleteFunc(s.Received(), func(m Message) bool { return !m.taken() })
}

// Received returns all messages whose final dot came, whatever was answered.
func (s *Server) Received() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.received)
}

// Conns returns how many connections there were.
func (s *Server) Conns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

// RoundTrips returns how many times the server had answered everything that it had
// got and waited for more.
func (s *Server) RoundTrips() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flushes
}

// Lines returns the commands that came, over all connections; of AUTH no more than
// its mechanism.
func (s *Server) Lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lines)
}

func (s *Server) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

func (s *Server) keep(m Message) {
	m.At = s.options.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received = append(s.received, m)
}

func (s *Server) flushed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushes++
}

// pause waits for d; it fails when the server closes before.
func (s *Server) pause(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-s.closing:
		return errEnd
	}
}

func (s *Server) fragment() int { return cmp.Or(s.options.Fragment, 1<<20) }

var _ io.Closer = (*Server)(nil)
