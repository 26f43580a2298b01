package campaign

import (
	"net"
	"net/netip"
	"strconv"
)

// dnsPort is that of RFC 1035 section 4.2.
const dnsPort = "53"

// Check says how a check that uses the network looks around.
type Check struct {
	// Resolver is the DNS server that is asked in place of the system's: one outside of
	// the organisation sees what the world sees. Empty: the system's.
	Resolver string `yaml:"resolver"`
}

// ResolverAddress returns the resolver as host:port, with port 53 where none is given,
// or nothing where the system's is to be asked. ok is false for what names no server.
func (c Check) ResolverAddress() (address string, ok bool) {
	if c.Resolver == "" {
		return "", true
	}
	if ip, err := netip.ParseAddr(c.Resolver); err == nil {
		return net.JoinHostPort(ip.String(), dnsPort), true
	}
	host, port, err := net.SplitHostPort(c.Resolver)
	if err != nil {
		return "", false
	}
	if _, err := netip.ParseAddr(host); err != nil && !hostName.MatchString(host) {
		return "", false
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", false
	}
	return c.Resolver, true
}

func (c *checks) resolver() {
	if _, ok := c.Check.ResolverAddress(); !ok {
		c.fail("check.resolver", "want the IP address of a DNS server, or its host and port, such as 192.0.2.53:53")
	}
}
