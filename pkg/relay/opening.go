package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"breachnotify/pkg/hint"
)

// openingBudget bounds what a relay can send in one stage of opening, certificates
// included.
const openingBudget = 256 << 10

// Reasons why a session is not opened that no reply tells.
var (
	errUnsafe    = errors.New("the connection is not safe")
	errMechanism = errors.New("the relay and notify know no common way to authenticate")
	errExchange  = errors.New("the AUTH exchange failed")
)

// withheld stands for the words of a reply to AUTH: some relays repeat what they were
// sent, which is the password in another spelling.
const withheld = "(words withheld)"

// Relay opens sessions with one relay. It is safe for concurrent use.
type Relay struct {
	options Options

	mu   sync.Mutex
	dead map[netip.Addr]bool // addresses that could not be connected to when last tried
}

// New returns the relay that o describes, or what o.Validate says.
func New(o Options) (*Relay, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	return &Relay{options: o.withDefaults(), dead: map[netip.Addr]bool{}}, nil
}

// Open dials the relay and takes the session to where MAIL can be said. Without a
// session the outcome says why: its verdict is Untouched, its stage is one from
// StageConnect to StageAuth, and its effect BackOff, or Halt where no other try can
// fare better. With a session the outcome is the zero one.
//
// When ctx ends, so does the opening; it has no hold on the session afterwards.
func (r *Relay) Open(ctx context.Context) (*Session, Outcome) {
	password, err := r.password(ctx)
	if err != nil {
		return nil, Outcome{Stage: StageAuth, Effect: Halt, Err: err}
	}
	c, err := r.dial(ctx)
	if err != nil {
		return nil, judgeOpening(StageConnect, Reply{}, err)
	}
	o := opening{Options: r.options, conn: c, password: password}
	stop := context.AfterFunc(ctx, c.abort)
	stage, err := o.run()
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		c.abort()
		reply, cause := split(ctx, err)
		if stage == StageAuth && reply.Code != 0 {
			reply.Text = withheld
		}
		return nil, judgeOpening(stage, reply, cause)
	}
	return o.session(), Outcome{}
}

func (r *Relay) password(ctx context.Context) (string, error) {
	if r.options.Username == "" {
		return "", nil
	}
	password, err := r.options.Password(ctx)
	if err != nil {
		return "", fmt.Errorf("fetch the relay's password: %w", err)
	}
	return password, nil
}

// opening takes one connection from its first octet to an open session. go-mail's
// client speaks; the steps are taken one by one, so that the stage of a failure is
// known without reading its message.
type opening struct {
	Options
	conn     *conn
	client   *smtp.Client
	password string
}

type step struct {
	stage  Stage
	within time.Duration
	take   func() error
}

func (o *opening) run() (Stage, error) {
	for _, s := range o.steps() {
		if err := o.conn.expect(s.within, openingBudget); err != nil {
			return s.stage, err
		}
		err := s.take()
		if err == nil {
			err = o.conn.failed
		}
		if err != nil {
			return s.stage, err
		}
	}
	return "", nil
}

func (o *opening) steps() []step {
	var (
		t       = o.Timeouts
		ehlo    = step{StageEHLO, t.EHLO, func() error { return o.client.Hello(o.LocalName) }}
		auth    = step{StageAuth, t.Auth, o.authenticate}
		encrypt = step{StageSTARTTLS, t.STARTTLS, o.startTLS}
	)
	greeted := func(over net.Conn) step {
		return step{StageBanner, t.Banner, func() error { return o.greet(over) }}
	}
	switch o.TLS {
	case Implicit:
		over := tls.Client(o.conn, o.tlsConfig())
		handshake := func() error { return advise(over.Handshake()) }
		return []step{{StageSTARTTLS, t.STARTTLS, handshake}, greeted(over), ehlo, auth}
	case STARTTLS:
		return []step{greeted(o.conn), ehlo, encrypt, auth}
	}
	return []step{greeted(o.conn), ehlo, auth}
}

func (o *opening) greet(over net.Conn) (err error) {
	o.client, err = smtp.NewClient(over, o.Host)
	return err
}

// startTLS encrypts the session. What came in clear together with the reply to
// STARTTLS is not the relay's: somebody injected it, to be read as if it had come
// encrypted (CVE-2011-0411).
func (o *opening) startTLS() error {
	if offered, _ := o.client.Extension("STARTTLS"); !offered {
		return hint.Wrap(fmt.Errorf("%w: the relay does not offer STARTTLS", errUnsafe),
			"set smtp.tls to %s if port %d speaks TLS from the start; nothing was sent in clear", Implicit, o.Port)
	}
	clear := o.client.Text
	err := o.client.StartTLS(o.tlsConfig())
	if clear.R.Buffered() > 0 {
		return fmt.Errorf("%w: octets in clear follow the reply to STARTTLS", errUnsafe)
	}
	return advise(err)
}

// advise adds what to do about a certificate that is not to be trusted.
func advise(err error) error {
	if unverified := (*tls.CertificateVerificationError)(nil); errors.As(err, &unverified) {
		return hint.Wrap(err, "smtp.host must be the name in the relay's certificate; name the authority that signed it in smtp.ca_file")
	}
	return err
}

func (o *opening) authenticate() error {
	if o.Username == "" {
		return nil
	}
	mechanism, err := o.mechanism()
	if err != nil {
		return err
	}
	return o.client.Auth(mechanism)
}

// mechanism chooses the best of what the relay offers. What shows the relay the
// password comes last; what shows it to everybody (CRAM-MD5, in effect) not at all.
func (o *opening) mechanism() (smtp.Auth, error) {
	_, line := o.client.Extension("AUTH")
	offered := make(map[string]bool)
	for _, name := range strings.Fields(strings.ToUpper(line)) {
		offered[name] = true
	}
	state, encrypted := o.client.TLSConnectionState()
	switch {
	case offered["SCRAM-SHA-256-PLUS"] && encrypted && state.Version >= tls.VersionTLS13: // RFC 9266 binds TLS 1.3
		return smtp.ScramSHA256PlusAuth(o.Username, o.password, &state), nil
	case offered["SCRAM-SHA-256"]:
		return smtp.ScramSHA256Auth(o.Username, o.password), nil
	case offered["PLAIN"]:
		return smtp.PlainAuth("", o.Username, o.password, o.Host, o.TLS == NoTLS), nil
	case offered["LOGIN"]:
		return smtp.LoginAuth(o.Username, o.password, o.Host, o.TLS == NoTLS), nil
	}
	return nil, hint.Wrap(errMechanism,
		"the relay must offer SCRAM-SHA-256, PLAIN or LOGIN; leave smtp.username out if it wants no password")
}

func (o *opening) session() *Session {
	relay := capabilities(o.client)
	return &Session{
		conn:         o.conn,
		client:       o.client,
		host:         net.JoinHostPort(o.Host, strconv.Itoa(o.Port)),
		timeouts:     o.Timeouts,
		first:        true,
		capabilities: relay,
		offers: offers{
			pipelining: relay.Pipelining && !o.PipeliningOff,
			size:       relay.Size,
			smtputf8:   relay.SMTPUTF8,
			dsn:        relay.DSN && o.DSN,
			largest:    relay.Largest,
		},
	}
}

// capabilities reads what the relay offered in the last EHLO reply.
func capabilities(client *smtp.Client) Capabilities {
	has := func(keyword string) bool {
		offered, _ := client.Extension(keyword)
		return offered
	}
	_, limit := client.Extension("SIZE")
	largest, err := strconv.Atoi(limit)
	if err != nil || largest < 0 {
		largest = 0 // it names no limit, or none that can be understood
	}
	return Capabilities{Pipelining: has("PIPELINING"), Size: has("SIZE"), Largest: largest, DSN: has("DSN"), SMTPUTF8: has("SMTPUTF8")}
}

// split takes an error of go-mail apart: into the reply that it stands for, or into
// the failure of the connection. Neither keeps text that go-mail or the relay put
// into an error.
func split(ctx context.Context, err error) (Reply, error) {
	if ctx.Err() != nil {
		return Reply{}, context.Cause(ctx)
	}
	var refusal *textproto.Error
	if errors.As(err, &refusal) {
		return newReply(refusal.Code, strings.Split(refusal.Msg, "\n")), nil
	}
	var malformed textproto.ProtocolError
	if errors.As(err, &malformed) {
		return Reply{}, fmt.Errorf("%w: a malformed reply", errProtocol)
	}
	if transport(err) || broken(err) || errors.Is(err, errProtocol) || errors.Is(err, errUnsafe) || errors.Is(err, errMechanism) {
		return Reply{}, err
	}
	return Reply{}, errExchange
}

// transport reports whether err is of TLS or TCP, whose texts name no more than
// hosts.
func transport(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		network     *net.OpError // an alert of TLS is one, too
	)
	return errors.As(err, &certificate) || errors.As(err, &record) || errors.As(err, &network)
}

// broken reports whether err is a connection that ended, as opposed to one on which
// something wrong was said.
func broken(err error) bool {
	var errno syscall.Errno
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &errno)
}
