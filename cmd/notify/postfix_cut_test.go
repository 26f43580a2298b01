package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// cut is when the connection of a notice breaks.
type cut int

// The cuts. Postfix has the notice after the first, and never gets it after the second;
// notify cannot tell them apart.
const (
	cutReply cut = iota + 1 // Postfix has answered the final dot, and nobody hears it
	cutDot                  // notify has written the final dot, and Postfix reads all but that
)

// cutter stands between notify and Postfix, in clear, and breaks the connections over
// which certain notices go, each once.
type cutter struct {
	port int // where notify finds it
	to   int // of Postfix

	mu   sync.Mutex
	cuts map[string]cut // by address, until it is done
}

// startCutter runs until the test ends.
func startCutter(t *testing.T, to int, cuts map[string]cut) *cutter {
	t.Helper()
	c := &cutter{to: to, cuts: cuts}
	c.port = takeConnections(t, func(client net.Conn) { c.pass(t, client) })
	return c
}

// takeConnections gives each connection to a new port of 127.0.0.1 to serve, until the
// test ends, and returns the port.
func takeConnections(t *testing.T, serve func(net.Conn)) (port int) {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	noError(t, err)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // the listener was closed, at the end of the test
			}
			running.Go(func() { serve(client) })
		}
	})
	t.Cleanup(func() {
		noError(t, listener.Close())
		running.Wait()
	})
	return listener.Addr().(*net.TCPAddr).Port
}

// left returns the addresses whose notices have not come by.
func (c *cutter) left() map[string]cut {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cuts
}

// due returns which cut a message is due, and ticks it off.
func (c *cutter) due(message []byte) cut {
	c.mu.Lock()
	defer c.mu.Unlock()
	for address, kind := range c.cuts {
		if bytes.Contains(message, []byte("\r\nTo: <"+address+">\r\n")) {
			delete(c.cuts, address)
			return kind
		}
	}
	return 0
}

// pass joins a client with Postfix, until either has closed its connection or the cut.
// A message leaves notify only when everything before it was answered, so that the next
// word of Postfix is the answer to its dot.
func (c *cutter) pass(t *testing.T, client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", c.to))
	if err != nil {
		t.Errorf("connect to Postfix: %v", err)
		return
	}
	defer server.Close()
	var deaf atomic.Bool // notify hears nothing any more
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		defer client.Close()
		_, _ = io.Copy(untilDeaf{client, &deaf}, server) // it ends with the session, in whatever way that does
	}()
	_ = c.forward(server, client, &deaf)
	_ = server.Close()
	<-answered
}

// forward writes what notify says to Postfix, a message at once: it is whole when the
// final dot is there, behind which notify has put the next envelope.
func (c *cutter) forward(server io.Writer, client io.Reader, deaf *atomic.Bool) error {
	const dot = "\r\n.\r\n"
	var held []byte
	for piece := make([]byte, 64<<10); ; {
		n, err := client.Read(piece)
		if err != nil {
			return err
		}
		held = append(held, piece[:n]...)
		if bytes.Contains(held, []byte("\r\nTo: <")) && !bytes.Contains(held, []byte(dot)) {
			continue
		}
		switch c.due(held) {
		case cutDot:
			body, _, _ := bytes.Cut(held, []byte(dot))
			_, err := server.Write(body)
			return err
		case cutReply:
			deaf.Store(true)
		}
		if _, err := server.Write(held); err != nil {
			return err
		}
		held = held[:0]
	}
}

// untilDeaf passes on what Postfix says, until nobody is to hear it.
type untilDeaf struct {
	to   io.Writer
	deaf *atomic.Bool
}

func (u untilDeaf) Write(reply []byte) (int, error) {
	if u.deaf.Load() {
		return 0, fmt.Errorf("the connection is cut before %q", strings.TrimSpace(string(reply)))
	}
	return u.to.Write(reply)
}
