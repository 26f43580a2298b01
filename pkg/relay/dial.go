package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// addressPatience is how long an address may keep others of the same name waiting:
// time for three SYNs (RFC 6298 section 2.1).
const addressPatience = 5 * time.Second

// resolve asks the system for the addresses of a name, in the order in which they
// are to be tried (RFC 6724). An IP address is its own.
func resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// dial connects over TCP to the first of the relay's addresses that takes it, within
// Timeouts.Connect in all. Where none does, the error is that of the first.
func (r *Relay) dial(ctx context.Context) (*conn, error) {
	deadline := time.Now().Add(r.options.Timeouts.Connect)
	within, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	addresses, err := r.options.Resolve(within, r.options.Host)
	if err != nil {
		return nil, fmt.Errorf("look up the relay: %w", err)
	}
	failure := errors.New("the name has no address")
	for i, address := range r.livingFirst(addresses) {
		c, err := r.dialOne(within, address, share(time.Until(deadline), len(addresses)-i))
		if err == nil {
			r.noteDead(address, false)
			return newConn(c, r.options.Timeouts.Block)
		}
		if ctx.Err() != nil { // the caller gave up, which says nothing about the address
			return nil, ctx.Err()
		}
		r.noteDead(address, true)
		if i == 0 {
			failure = err
		}
	}
	return nil, fmt.Errorf("connect: %w", failure)
}

// share is the part of the time that is left for one of the addresses that are left.
func share(left time.Duration, addresses int) time.Duration {
	if addresses == 1 {
		return left
	}
	return min(left/time.Duration(addresses), addressPatience)
}

func (r *Relay) dialOne(ctx context.Context, address netip.Addr, within time.Duration) (*net.TCPConn, error) {
	address = address.Unmap()
	if r.options.TLS == NoTLS && !address.IsLoopback() {
		return nil, fmt.Errorf("%w: %s is not on the loopback interface", errUnsafe, address)
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	to := netip.AddrPortFrom(address, uint16(r.options.Port))
	c, err := new(net.Dialer).DialTCP(ctx, "tcp", netip.AddrPort{}, to)
	var failed *net.OpError
	if errors.As(err, &failed) { // without the address that this end never had
		err = fmt.Errorf("dial %s: %w", to, failed.Err)
	}
	return c, err
}

// livingFirst puts those addresses last that failed when they were last tried, so
// that a dead one costs time once and not with every session.
func (r *Relay) livingFirst(addresses []netip.Addr) []netip.Addr {
	r.mu.Lock()
	defer r.mu.Unlock()
	var living, dead []netip.Addr
	for _, address := range addresses {
		if r.dead[address] {
			dead = append(dead, address)
		} else {
			living = append(living, address)
		}
	}
	return slices.Concat(living, dead)
}

func (r *Relay) noteDead(address netip.Addr, dead bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if dead {
		r.dead[address] = true
	} else {
		delete(r.dead, address)
	}
}
