package relay

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"breachnotify/pkg/notice"
)

const (
	// replyBudget bounds what is read for one reply, with room for the framing of
	// TLS.
	replyBudget = 4 * maxReply
	// glance is how long octets that have arrived may take to become readable.
	glance = 50 * time.Millisecond
)

// ErrOver is the Err of an outcome that says nothing about its notice: the session was
// over before its turn came.
var ErrOver = errors.New("the session is over")

// Errors of a Flight that cannot take off. They are faults of the caller.
var (
	errSequence = errors.New("the body and the open envelope are not of one notice")
	errLineEnds = errors.New("the message holds a carriage return that ends no line")
)

// Session is one SMTP session. It is used by one goroutine.
type Session struct {
	conn     *conn
	client   *smtp.Client
	host     string // of the configuration, with its port
	timeouts Timeouts
	offers   offers
	first    bool      // no envelope was sent yet
	open     *Envelope // DATA got 354 and the body is due
	stale    bool      // a transaction was left half way: RSET is due
	over     bool      // no further command will be answered
	buffer   []byte    // of the last flight, to be used again

	capabilities Capabilities
}

// Flight ends the open transaction by sending body and its final dot (body nil:
// none is open), and opens the one of next (next nil: none), in one write where
// the relay pipelines. It returns what became of each; of a nil one, the zero
// Outcome. After next's outcome is Open the next Flight must carry its body, or the
// session be closed.
//
// The effect of either outcome above Continue says that the session is over; only
// Close may follow. opened is never Open then. An Untouched done is a message that
// was certainly not accepted, for reasons that are not its own.
//
// A flight that has begun is not to be interrupted lightly: when ctx ends, the
// connection is torn down at once, and a body whose dot may have left is InDoubt.
func (s *Session) Flight(ctx context.Context, body *notice.Message, next *Envelope) (done, opened Outcome) {
	if err := s.check(body, next); err != nil {
		return s.grounded(body, next, err)
	}
	stop := context.AfterFunc(ctx, s.conn.abort)
	defer stop()
	if next != nil {
		if reply, ok := next.unsendable(s.offers); ok {
			opened = refusedHere(reply)
			next = nil
		}
	}
	if body != nil || next != nil {
		f := s.flight(body, next)
		s.open = nil
		landed := s.fly(f)
		done = s.judgeBody(f, landed)
		if next != nil {
			opened = s.judgeEnvelope(f, landed)
		}
		if landed.err != nil {
			s.drop() // a reply that comes now would be taken for one to QUIT
		}
	}
	return s.settle(next, done, opened)
}

// refusedHere is the outcome of an envelope that is not sent, since the relay could not
// take it. Its size may be that of all.
func refusedHere(reply Reply) Outcome {
	if tooLarge(reply) {
		return Outcome{Stage: StageMail, Suspect: Halt, Reply: reply}
	}
	return Outcome{Stage: StageMail, Verdict: Rejected, Reply: reply}
}

// check holds what the caller passes against where the session stands.
func (s *Session) check(body *notice.Message, next *Envelope) error {
	switch {
	case s.over:
		return ErrOver
	case (body == nil) != (s.open == nil), body != nil && body.ID != s.open.ID:
		return errSequence
	case body != nil && bareReturn(body.Bytes):
		return errLineEnds
	case next != nil:
		return next.validate()
	}
	return nil
}

// bareReturn reports whether b holds a CR without LF: some servers take it for the
// end of a line, and a dot after it for the end of the message.
func bareReturn(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '\r')
		if i < 0 {
			return false
		}
		if i+1 == len(b) || b[i+1] != '\n' {
			return true
		}
		b = b[i+2:]
	}
}

// grounded is the outcome of a flight that did not take off: a session that is over
// is replaced, a fault of the caller stops the run.
func (s *Session) grounded(body *notice.Message, next *Envelope, err error) (done, opened Outcome) {
	effect := Halt
	if errors.Is(err, ErrOver) {
		effect = Reconnect
	}
	s.drop()
	if body != nil {
		done = Outcome{Stage: StageBody, Verdict: Untouched, Effect: effect, Err: err}
	}
	if next != nil {
		opened = Outcome{Stage: StageMail, Verdict: Untouched, Effect: effect, Err: err}
	}
	return done, opened
}

// settle keeps what the flight has left behind, and holds to the promise that
// nothing stays open on a session that is over.
func (s *Session) settle(next *Envelope, done, opened Outcome) (Outcome, Outcome) {
	if opened.Verdict == Open {
		s.open = next
		if done.Effect > Continue {
			opened = Outcome{Stage: StageData, Verdict: Untouched, Effect: done.Effect, Reply: done.Reply, Err: ErrOver}
		}
	}
	switch worst := max(done.Effect, opened.Effect); {
	case s.open != nil && worst > Continue, worst == Reconnect:
		s.drop()
	case worst > Continue:
		s.over = true // and left in peace, so that Close can say QUIT
	}
	return done, opened
}

// drop ends the session without another octet. A message whose dot was not sent is
// not accepted: a server discards what has no end (RFC 5321 section 4.1.1.4).
func (s *Session) drop() {
	s.over = true
	s.open = nil
	s.conn.abort()
}

// Close ends the session: with QUIT where no envelope is open and the relay can
// still answer, and within Timeouts.Quit. It may be called more than once. Its
// error is of no consequence for any notice.
func (s *Session) Close() error {
	if s.open != nil {
		s.drop()
		return nil
	}
	s.over = true
	s.conn.block = s.timeouts.Quit
	if err := s.conn.expect(s.timeouts.Quit, replyBudget); err == nil {
		_ = s.client.Quit() // a relay that does not say goodbye has still taken what it took
	}
	if err := s.conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the session: %w", err)
	}
	return nil
}

// Peer returns the IP address and port that the session is with.
func (s *Session) Peer() string { return s.conn.RemoteAddr().String() }

// Link is over what a session goes.
type Link struct {
	Host       string // of the configuration, with its port; the name that the certificate was verified for
	Peer       string // IP address and port
	Encryption string // version of TLS and cipher suite; empty: in clear
}

// Link returns over what the session goes.
func (s *Session) Link() Link { return Link{Host: s.host, Peer: s.Peer(), Encryption: s.Encryption()} }

// Encryption returns the version of TLS and the cipher suite of the session, such
// as "TLS 1.3 TLS_AES_128_GCM_SHA256"; empty for one in clear.
func (s *Session) Encryption() string {
	state, encrypted := s.TLS()
	if !encrypted {
		return ""
	}
	return tls.VersionName(state.Version) + " " + tls.CipherSuiteName(state.CipherSuite)
}
