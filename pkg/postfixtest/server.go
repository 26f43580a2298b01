// Package postfixtest starts a real Postfix for one test or benchmark.
//
// It guarantees that the Postfix of the system is not touched, that nothing leaves the
// machine, and that nothing runs on after the test, however that ends. It leaves TLS
// certificates and all judgement of what arrived to the tests.
package postfixtest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Options says what a Postfix of a test knows. Its domains are those of its mailboxes
// and next hops: it takes mail for nobody else.
type Options struct {
	// Mailboxes are the addresses that exist, as on the wire, without an extension:
	// bounces@example.com also takes the mail of bounces+TOKEN@example.com. Domains
	// are in A-labels.
	Mailboxes []string
	// Full are further mailboxes, which have no room left.
	Full []string
	// NextHops are domains whose mail Postfix passes on by SMTP, each to a port of
	// 127.0.0.1. Nobody needs to listen there.
	NextHops map[string]int
	// Certificate turns STARTTLS on and makes it mandatory; nil: STARTTLS is not offered.
	Certificate *tls.Certificate
	// Settings go before those of the helper in main.cf (postconf(5)).
	Settings map[string]string
}

// Server is an instance of Postfix that belongs to one test: configuration, queue,
// log and mailboxes are in a folder of its own, and it listens on the loopback
// interface. Its SMTP client speaks from there alone, so that nothing can leave the
// machine.
type Server struct {
	dir       string
	port      int
	mailboxes []string
}

// patience bounds every wait for Postfix: far more than a busy machine needs.
const patience = 30 * time.Second

// untilParentEnds runs Postfix for as long as the standard input is open. So Postfix
// ends also when the test binary is killed, and leaves nothing running behind it. The
// trap is for a parent that is gone already when it is to hear of the start.
const untilParentEnds = `postfix -c "$1" start && trap '' PIPE && echo started && cat >/dev/null
postfix -c "$1" stop`

// Start starts a Postfix and stops it at the end of the test. Where there can be none
// the test is skipped, or fails where CI is set, so that it is never left out unnoticed.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	need(tb)
	s := &Server{dir: folder(tb), port: freePort(tb), mailboxes: o.Mailboxes}
	s.configure(tb, o)
	shell := exec.Command("sh", "-c", untilParentEnds, "sh", s.path("etc"))
	// A Ctrl-C is for the test alone, which then stops Postfix.
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var complaints bytes.Buffer
	shell.Stderr = &complaints
	input, err := shell.StdinPipe()
	noError(tb, err)
	output, err := shell.StdoutPipe()
	noError(tb, err)
	noError(tb, shell.Start())
	bound := func() *time.Timer {
		return time.AfterFunc(patience, func() { _ = syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) })
	}
	tb.Cleanup(func() {
		defer bound().Stop()
		// Wait reports the exit of `postfix stop`, or of a start that failed.
		if err := errors.Join(input.Close(), shell.Wait()); err != nil {
			tb.Errorf("stop Postfix: %v\n%s", err, complaints.String())
		}
		if tb.Failed() {
			tb.Logf("the log of Postfix:\n%s", s.Log(tb))
		}
	})
	defer bound().Stop()
	if _, err := io.ReadFull(output, make([]byte, len("started\n"))); err != nil {
		tb.Fatalf("Postfix does not start: %v", err)
	}
	return s
}

// Port returns the port on 127.0.0.1.
func (s *Server) Port() int { return s.port }

// Log returns what Postfix has logged so far.
func (s *Server) Log(tb testing.TB) string {
	tb.Helper()
	text, err := os.ReadFile(s.path("log"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		tb.Errorf("read the log of Postfix: %v", err)
	}
	return string(text)
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

// need ends a test that cannot have a Postfix.
func need(tb testing.TB) {
	tb.Helper()
	missing := ""
	if _, err := exec.LookPath("postfix"); err != nil {
		missing = "Postfix 3.6 or newer is not installed: apt-get install postfix"
	} else if os.Geteuid() != 0 {
		missing = "Postfix starts for root only: run this test as root"
	}
	switch {
	case missing == "":
	case os.Getenv("CI") != "":
		tb.Fatal(missing)
	default:
		tb.Skip(missing)
	}
}

// folder makes a folder that the users of Postfix can enter, which that of
// testing.T is not, and whose short name leaves room for the names of sockets.
func folder(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "notify-postfix-")
	noError(tb, err)
	noError(tb, os.Chmod(dir, 0o755))
	tb.Cleanup(func() {
		// The daemons of a master that has ended may still be on their way out.
		eventually(tb, "remove the folder of Postfix", func() bool { return os.RemoveAll(dir) == nil })
	})
	return dir
}

func freePort(tb testing.TB) int {
	tb.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	noError(tb, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func noError(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// eventually waits for what happens in another process and cannot be waited for in
// any other way than by looking.
func eventually(tb testing.TB, what string, done func() bool) {
	tb.Helper()
	late := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			tb.Fatalf("%s: not done after %s", what, patience)
		}
	}
}
