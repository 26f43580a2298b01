package smtptest

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// ProxyOptions describe a Proxy.
type ProxyOptions struct {
	Target string        // host:port
	Delay  time.Duration // from one end to the other: half a round trip
	// Segment returns how many of the n octets at hand go on next, 1 to n, so that a
	// test splits what was sent together; nil: all of them.
	Segment func(n int) int
}

// Proxy stands between a client and a server as a network does: it delays and
// splits what it passes on, and loses nothing.
type Proxy struct {
	options  ProxyOptions
	listener net.Listener
	closing  chan struct{}
	running  sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

// StartProxy runs a proxy on a free port of 127.0.0.1. Segment, where it is set, is
// called by several goroutines.
func StartProxy(o ProxyOptions) (*Proxy, error) {
	if o.Segment == nil {
		o.Segment = func(n int) int { return n }
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	p := &Proxy{options: o, listener: listener, closing: make(chan struct{})}
	p.running.Go(p.accept)
	return p, nil
}

// Port returns the port on 127.0.0.1.
func (p *Proxy) Port() int { return p.listener.Addr().(*net.TCPAddr).Port }

// Close cuts every connection and returns when nothing runs any more.
func (p *Proxy) Close() error {
	p.mu.Lock()
	select {
	case <-p.closing:
	default:
		close(p.closing)
	}
	for _, c := range p.conns {
		_ = c.Close() // it may be closed already
	}
	p.mu.Unlock()
	err := p.listener.Close()
	p.running.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the proxy: %w", err)
	}
	return nil
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // Close closes the listener; there is no other way out
		}
		server, err := net.Dial("tcp", p.options.Target)
		if err != nil {
			_ = client.Close() // as if the server had refused it
			continue
		}
		if !p.register(client, server) {
			return
		}
		p.pass(client, server)
		p.pass(server, client)
	}
}

func (p *Proxy) register(pair ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closing:
		for _, c := range pair {
			_ = c.Close() // nobody uses it
		}
		return false
	default:
	}
	p.conns = append(p.conns, pair...)
	return true
}

// parcel is what was read together, and when it is to go on.
type parcel struct {
	octets []byte
	due    time.Time
}

// pass carries octets from one end to the other: one goroutine reads, so that the
// delay does not hold up what comes behind, and one writes.
func (p *Proxy) pass(from, to net.Conn) {
	parcels := make(chan parcel, 1024)
	p.running.Go(func() {
		defer close(parcels)
		for {
			b := make([]byte, 32<<10)
			n, err := from.Read(b)
			if n > 0 {
				parcels <- parcel{b[:n], time.Now().Add(p.options.Delay)}
			}
			if err != nil {
				return
			}
		}
	})
	p.running.Go(func() {
		defer func() { _ = to.Close() }() // the end has come from the other side, or from here
		failed := false
		for each := range parcels { // to the end, so that the reader never blocks for good
			failed = failed || !p.forward(each, to)
		}
	})
}

// forward writes a parcel when it is due, and reports whether it could.
func (p *Proxy) forward(each parcel, to net.Conn) bool {
	timer := time.NewTimer(time.Until(each.due))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.closing:
		return false
	}
	for len(each.octets) > 0 {
		n := min(max(p.options.Segment(len(each.octets)), 1), len(each.octets))
		if _, err := to.Write(each.octets[:n]); err != nil {
			return false
		}
		each.octets = each.octets[n:]
	}
	return true
}
