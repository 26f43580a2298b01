package webprobe

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"time"
)

const (
	defaultTimeout   = 5 * time.Second
	defaultAgent     = "notify"
	defaultRedirects = 3
	// maxBody is how much of a page is read, in octets: enough to see that it comes.
	maxBody = 1 << 20
	// maxHeader is how much may come before it.
	maxHeader = 64 << 10
)

// Options is how pages are asked. Everything may be left out.
type Options struct {
	// Timeout is how long the whole of an answer may take: name, connection, TLS, head
	// and body, of all redirects together. 0: 5 s.
	Timeout time.Duration
	// RootCAs are the authorities that are trusted. Nil: the system's.
	RootCAs *x509.CertPool
	// Allowed reports whether a redirect to a host may be followed. The host is in
	// A-labels and lower case. Nil: no other than the one that was asked.
	Allowed func(host string) bool
	// Redirects is how many are followed at most. 0: 3.
	Redirects int
	// Agent is the User-Agent. Empty: notify.
	Agent string
	// Dial opens a TCP connection to host:port. Where it cannot look the host up its
	// error is a *net.DNSError. Nil: as net.Dialer does.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Now is the time by which latency is measured and certificates are judged. Nil:
	// the system's.
	Now func() time.Time
}

// Validate returns an error for options with which nothing can be asked.
func (o Options) Validate() error {
	switch {
	case o.Timeout < 0:
		return errors.New("the time for an answer is negative")
	case o.Redirects < 0:
		return errors.New("the number of redirects is negative")
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Redirects == 0 {
		o.Redirects = defaultRedirects
	}
	if o.Agent == "" {
		o.Agent = defaultAgent
	}
	if o.Allowed == nil {
		o.Allowed = func(string) bool { return false }
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}
