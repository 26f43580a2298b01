package relay

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// conn is the TCP connection under a session. It puts a deadline on every write,
// holds what is read until the next expect to one deadline and a budget of octets,
// and can tell whether the relay has spoken unasked.
type conn struct {
	net.Conn
	raw    syscall.RawConn
	block  time.Duration // for one Write
	budget int           // octets that may still be read
	failed error         // of a Read since the last expect
}

func newConn(tcp *net.TCPConn, block time.Duration) (*conn, error) {
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("watch the connection: %w", err)
	}
	return &conn{Conn: tcp, raw: raw, block: block}, nil
}

// expect allows what comes next so much time and so many octets in all, so that a
// relay that trickles is not waited for longer than one that is silent.
func (c *conn) expect(within time.Duration, octets int) error {
	c.budget, c.failed = octets, nil
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		return fmt.Errorf("set a deadline: %w", err)
	}
	return nil
}

// Read reads what the budget leaves; beyond it, it fails with errProtocol. A failure
// is kept: bufio.Reader.ReadLine passes a line that was cut short by one off as a
// whole line.
func (c *conn) Read(p []byte) (n int, _ error) {
	if c.budget <= 0 {
		c.failed = fmt.Errorf("%w: more octets than a reply can have", errProtocol)
		return 0, c.failed
	}
	n, c.failed = c.Conn.Read(p[:min(len(p), c.budget)])
	c.budget -= n
	return n, c.failed
}

// Write writes p under a deadline of its own.
func (c *conn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.block)); err != nil {
		return 0, fmt.Errorf("set a deadline: %w", err)
	}
	return c.Conn.Write(p)
}

// abort ends the connection at once, also under a read or a write of another
// goroutine. Nothing that was not written yet is written.
func (c *conn) abort() { _ = c.Conn.Close() } // of no consequence: the connection is given up

// arrived reports, without waiting, whether the relay has sent octets that were
// not read yet. A connection that the relay has closed is io.EOF.
func (c *conn) arrived() (bool, error) {
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		return false, fmt.Errorf("clear a deadline: %w", err)
	}
	var n int
	var peekErr error
	err := c.raw.Read(func(fd uintptr) bool {
		var octet [1]byte
		n, _, peekErr = unix.Recvfrom(int(fd), octet[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		return true
	})
	switch {
	case err != nil:
		return false, fmt.Errorf("look at the connection: %w", err)
	case errors.Is(peekErr, unix.EAGAIN), errors.Is(peekErr, unix.EINTR):
		return false, nil
	case peekErr != nil:
		return false, fmt.Errorf("look at the connection: %w", peekErr)
	case n == 0:
		return false, io.EOF
	}
	return true, nil
}
