package postfixtest

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
)

// ClosedPort is a port of 127.0.0.1 that refuses connections until it is opened, as
// that of a mail server which is down. Nobody else can get it meanwhile.
type ClosedPort struct {
	socket *os.File
	port   int
}

// ClosePort takes a free port, until the test ends.
func ClosePort(tb testing.TB) *ClosedPort {
	tb.Helper()
	syscall.ForkLock.RLock() // no child may inherit the socket
	descriptor, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(descriptor)
	}
	syscall.ForkLock.RUnlock()
	noError(tb, err)
	p := &ClosedPort{socket: os.NewFile(uintptr(descriptor), "closed port")}
	tb.Cleanup(func() { noError(tb, p.socket.Close()) })
	noError(tb, syscall.Bind(descriptor, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	address, err := syscall.Getsockname(descriptor)
	noError(tb, err)
	p.port = address.(*syscall.SockaddrInet4).Port
	return p
}

// Port returns the port.
func (p *ClosedPort) Port() int { return p.port }

// OpenTo joins every connection to the port with another port of 127.0.0.1, until the
// test ends.
func (p *ClosedPort) OpenTo(tb testing.TB, port int) {
	tb.Helper()
	noError(tb, syscall.Listen(int(p.socket.Fd()), syscall.SOMAXCONN))
	listener, err := net.FileListener(p.socket)
	noError(tb, err)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // the listener was closed, at the end of the test
			}
			running.Go(func() { join(tb, client, port) })
		}
	})
	tb.Cleanup(func() {
		noError(tb, listener.Close())
		running.Wait()
	})
}

// join passes everything on in both directions until both sides have ended.
func join(tb testing.TB, client net.Conn, port int) {
	defer client.Close()
	server, err := net.DialTCP("tcp4", nil, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		tb.Errorf("connect to what is behind a port: %v", err)
		return
	}
	defer server.Close()
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = io.Copy(client, server) // it ends with the session, in whatever way that does
		_ = client.Close()
	}()
	_, _ = io.Copy(server, client)
	_ = server.CloseWrite()
	<-answered
}
