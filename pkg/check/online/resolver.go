package online

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"

	"blitiri.com.ar/go/spf"
)

// NewResolver returns a resolver that asks the DNS server at host:port, or those of the
// system where server is empty. What the hosts file says goes before either.
func NewResolver(server string) *net.Resolver {
	resolver := &net.Resolver{PreferGo: true}
	if server != "" {
		resolver.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server)
		}
	}
	return resolver
}

// question is one thing that is asked of DNS, in one lookup or several. It looks names up
// as they are, without the search list of the system, and remembers the first lookup that
// failed: no answer is not the answer that there is nothing.
type question struct {
	resolver *net.Resolver

	mu     sync.Mutex
	failed error
	what   string // whose lookup failed, such as MX of example.com
}

var _ spf.DNSResolver = (*question)(nil)

// LookupTXT returns the TXT records of a name.
func (q *question) LookupTXT(ctx context.Context, name string) ([]string, error) {
	records, err := q.resolver.LookupTXT(ctx, rooted(name))
	return records, q.note("TXT", name, err)
}

// LookupMX returns the MX records of a name.
func (q *question) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	records, err := q.resolver.LookupMX(ctx, rooted(name))
	return records, q.note("MX", name, err)
}

// LookupIPAddr returns the addresses of a host.
func (q *question) LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error) {
	addresses, err := q.resolver.LookupIPAddr(ctx, rooted(host))
	return addresses, q.note("address", host, err)
}

// LookupAddr returns the names of an IP address.
func (q *question) LookupAddr(ctx context.Context, address string) ([]string, error) {
	names, err := q.resolver.LookupAddr(ctx, address)
	return names, q.note("PTR", address, err)
}

func (q *question) note(kind, name string, err error) error {
	if err == nil || absent(err) {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failed == nil {
		q.failed, q.what = err, kind+" of "+strings.TrimSuffix(name, ".")
	}
	return err
}

// failure reports what could not be asked about, if anything.
func (q *question) failure(f *findings, key string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failed != nil {
		f.add(dnsFailed, key, "the %s cannot be looked up: %s", shown(q.what), dnsReason(q.failed))
	}
	return q.failed != nil
}

// absent reports whether DNS says that there is no such name, or no such record of it.
func absent(err error) bool {
	var failure *net.DNSError
	return errors.As(err, &failure) && failure.IsNotFound
}

// dnsReason says why there was no answer.
func dnsReason(err error) string {
	var failure *net.DNSError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &failure) && failure.IsTimeout:
		return "no answer in time"
	case failure != nil && failure.IsTemporary:
		return "a failure of the name servers, or on the way to them"
	case failure != nil:
		return shown(failure.Err)
	}
	return "the DNS server cannot be reached"
}

// rooted makes a name one that is looked up as it is.
func rooted(name string) string { return strings.TrimSuffix(name, ".") + "." }

// ask runs a part that needs DNS within its time.
func (o Options) ask(ctx context.Context, about func(ctx context.Context, q *question)) {
	ctx, cancel := context.WithTimeout(ctx, o.Timeouts.DNS)
	defer cancel()
	about(ctx, &question{resolver: o.Resolver})
}
