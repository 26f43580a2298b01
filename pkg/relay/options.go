package relay

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"breachnotify/pkg/hint"
)

// TLSMode is how a session is encrypted. No mode skips the verification of the
// relay's certificate.
type TLSMode string

// The modes. The empty TLSMode is STARTTLS.
const (
	STARTTLS TLSMode = "starttls" // RFC 3207, required
	Implicit TLSMode = "implicit" // RFC 8314 section 3.3
	NoTLS    TLSMode = "none"     // a relay on the loopback interface only
)

// Options say how to reach a relay.
type Options struct {
	Host     string // a name or an IP address; certificates are verified against it
	Port     int
	TLS      TLSMode
	RootCAs  *x509.CertPool // nil: the system's; see LoadRoots
	Username string         // empty: no AUTH
	// Password is asked whenever a session is opened, and what it returns is kept
	// nowhere. It must be set where Username is.
	Password  func(context.Context) (string, error)
	LocalName string // said in EHLO; empty: the host's own name, or [127.0.0.1]
	Timeouts  Timeouts
	// Resolve returns the addresses of Host in the order in which they are to be
	// tried. It is called whenever a session is opened; nil: the system is asked.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// DSN asks for delivery status notifications (RFC 3461) that return headers
	// only, where the relay offers that.
	DSN bool
	// PipeliningOff waits for every reply even where the relay offers PIPELINING.
	PipeliningOff bool
}

// Validate returns an error for options that no session can be opened with, or
// that would send mail in clear over a network.
func (o Options) Validate() error {
	switch {
	case o.Host == "" || strings.ContainsFunc(o.Host, unprintable):
		return errors.New("the relay has no usable host name")
	case o.Port < 1 || o.Port > 65535:
		return fmt.Errorf("port %d of the relay does not exist", o.Port)
	case o.TLS != "" && o.TLS != STARTTLS && o.TLS != Implicit && o.TLS != NoTLS:
		return fmt.Errorf("TLS mode %q: want %s, %s or %s", o.TLS, STARTTLS, Implicit, NoTLS)
	case o.TLS == NoTLS && !isLoopback(o.Host):
		return hint.Wrap(errors.New("mail would leave this host in clear"),
			"TLS mode %s is for a relay on localhost; use %s or %s", NoTLS, STARTTLS, Implicit)
	case o.Username != "" && o.Password == nil:
		return errors.New("the relay's user name comes without a password")
	case strings.ContainsFunc(o.LocalName, unprintable):
		return errors.New("the local name holds a space or a control character")
	}
	return o.Timeouts.Validate()
}

// withDefaults fills in what was left out.
func (o Options) withDefaults() Options {
	o.TLS = cmp.Or(o.TLS, STARTTLS)
	o.LocalName = cmp.Or(o.LocalName, localName())
	o.Timeouts = o.Timeouts.withDefaults()
	if o.Resolve == nil {
		o.Resolve = resolve
	}
	return o
}

func (o Options) tlsConfig() *tls.Config {
	return &tls.Config{
		ServerName: o.Host,
		RootCAs:    o.RootCAs,
		MinVersion: tls.VersionTLS12,
		// Small first records would tear a flight apart that fits into one write.
		DynamicRecordSizingDisabled: true,
	}
}

// isLoopback reports whether host can only mean this machine. That localhost
// really does is seen after the connection stands.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// localName is this host's name where it is one that a relay can believe (RFC 5321
// section 4.1.4 wants a full name or an address literal).
func localName() string {
	name, err := os.Hostname()
	if err != nil || !strings.Contains(name, ".") || strings.ContainsFunc(name, unprintable) {
		return "[127.0.0.1]"
	}
	return name
}

func unprintable(r rune) bool { return r <= ' ' || r >= 0x7f }

// Timeouts bound the stages of a session: how long to wait for a reply after its
// command was written. A zero one is the default.
type Timeouts struct {
	Connect  time.Duration // 30 s: the lookup and the TCP handshake, over all of a name's addresses
	Banner   time.Duration // 5 min
	EHLO     time.Duration // 5 min
	STARTTLS time.Duration // 2 min: the command, the handshake and the EHLO after it
	Auth     time.Duration // 2 min: the whole exchange
	Mail     time.Duration // 5 min
	Rcpt     time.Duration // 5 min
	Data     time.Duration // 2 min
	Block    time.Duration // 3 min: one write
	Dot      time.Duration // 10 min: RFC 5321 explains why so long: less makes duplicates
	Quit     time.Duration // 5 s
}

// Validate returns an error for a negative time-out.
func (t Timeouts) Validate() error {
	for _, field := range t.fields() {
		if *field.value < 0 {
			return fmt.Errorf("the %s time-out is negative", field.name)
		}
	}
	return nil
}

func (t Timeouts) withDefaults() Timeouts {
	for _, field := range t.fields() {
		*field.value = cmp.Or(*field.value, field.standard)
	}
	return t
}

type timeout struct {
	name     string
	value    *time.Duration
	standard time.Duration
}

// fields lists every time-out with its default: those of RFC 5321 section 4.5.3.2
// where it names one.
func (t *Timeouts) fields() []timeout {
	return []timeout{
		{"connect", &t.Connect, 30 * time.Second},
		{"banner", &t.Banner, 5 * time.Minute},
		{"EHLO", &t.EHLO, 5 * time.Minute},
		{"STARTTLS", &t.STARTTLS, 2 * time.Minute},
		{"AUTH", &t.Auth, 2 * time.Minute},
		{"MAIL", &t.Mail, 5 * time.Minute},
		{"RCPT", &t.Rcpt, 5 * time.Minute},
		{"DATA", &t.Data, 2 * time.Minute},
		{"block", &t.Block, 3 * time.Minute},
		{"dot", &t.Dot, 10 * time.Minute},
		{"QUIT", &t.Quit, 5 * time.Second},
	}
}

// LoadRoots returns the system's certificate authorities together with those of
// caFile, a PEM file. It fails where the file cannot be read or holds none.
func LoadRoots(caFile string) (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("read the system's certificate authorities: %w", err)
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificate authority: %w", err)
	}
	if !roots.AppendCertsFromPEM(pem) {
		return nil, hint.Wrap(fmt.Errorf("%s holds no certificate", caFile),
			"a CA file is PEM text that begins with -----BEGIN CERTIFICATE-----")
	}
	return roots, nil
}
