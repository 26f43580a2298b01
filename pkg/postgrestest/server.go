// Package postgrestest gives tests databases of a real PostgreSQL.
//
// It guarantees that a PostgreSQL of the system is not touched, that the server listens on
// this machine alone, and that nothing runs on or is left after the tests, however they
// end. It is started once for all tests of a process. It leaves what is in the databases
// to the tests.
package postgrestest

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"breachnotify/pkg/smtptest"
)

// The user who owns every database, and whom TCP lets in by the password alone.
const (
	User     = "owner"
	Password = "p@ss:w/rd?#%" // each character has a meaning in a URL
)

// patience bounds every wait: far more than a busy machine needs.
const patience = 60 * time.Second

// server is the PostgreSQL of this process.
type server struct {
	dir       string              // which everybody may enter; it also has the socket
	programs  string              // folder of initdb and the others
	owner     *syscall.Credential // nil: the user of the tests
	port      int
	databases atomic.Int64
	// lifeline keeps the server alive. It is never closed: that is left to the end of the
	// process.
	lifeline io.WriteCloser
}

// theServer is started by the first test that wants a database.
var theServer = sync.OnceValues(start)

// errMissing says that there can be no PostgreSQL here.
var errMissing = errors.New("PostgreSQL is not installed: apt-get install postgresql")

// untilParentEnds runs PostgreSQL for as long as the standard input is open, which it is
// until the test binary ends or is killed, and then removes its folder.
const untilParentEnds = `trap '' INT PIPE
pg_ctl --pgdata="$1/data" --log="$1/log" --options="$2" --wait start >/dev/null && echo started && cat >/dev/null
pg_ctl --pgdata="$1/data" --mode=immediate stop >/dev/null
rm -rf "$1"`

// settings are those of a server whose data need not survive (postgresql.conf).
const settings = `
listen_addresses = '127.0.0.1'
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
max_connections = 40
shared_buffers = 16MB
max_wal_senders = 0
wal_level = minimal
ssl = on
`

func start() (*server, error) {
	s := &server{}
	var err error
	if s.programs, err = programs(); err != nil {
		return nil, err
	}
	if s.owner, err = owner(); err != nil {
		return nil, err
	}
	if s.port, err = freePort(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "notify-postgres-"); err != nil {
		return nil, err
	}
	if err := errors.Join(s.own("."), os.Chmod(s.dir, 0o755), s.run()); err != nil {
		log, _ := os.ReadFile(s.path("log"))
		return nil, fmt.Errorf("start PostgreSQL: %w\n%s", errors.Join(err, os.RemoveAll(s.dir)), log)
	}
	return s, nil
}

func (s *server) run() error {
	if err := s.write("password", Password+"\n"); err != nil {
		return err
	}
	initdb := s.command("initdb", "--pgdata="+s.path("data"), "--username="+User, "--pwfile="+s.path("password"),
		"--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if err := s.configure(); err != nil {
		return err
	}
	shell := s.command("sh", "-c", untilParentEnds, "sh", s.dir, fmt.Sprintf("-p %d -k %s", s.port, s.dir))
	shell.SysProcAttr.Setpgid = true // a Ctrl-C is for the test alone
	output, err := shell.StdoutPipe()
	if err != nil {
		return err
	}
	if s.lifeline, err = shell.StdinPipe(); err != nil {
		return err
	}
	if err := shell.Start(); err != nil {
		return err
	}
	defer time.AfterFunc(patience, func() { _ = shell.Process.Kill() }).Stop()
	if _, err := io.ReadFull(output, make([]byte, len("started\n"))); err != nil {
		return errors.Join(err, s.lifeline.Close(), shell.Wait())
	}
	return nil
}

// configure writes the settings, and a certificate for 127.0.0.1 of an authority that
// nobody else knows.
func (s *server) configure() error {
	authority, err := smtptest.NewAuthority(time.Now())
	if err != nil {
		return err
	}
	certificate, err := authority.Issue("127.0.0.1")
	if err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(s.path("ca.pem"), authority.PEM(), 0o644),
		s.write("data/server.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}))),
		s.write("data/server.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))),
		s.write("data/postgresql.conf", settings))
}

// write writes a file for the user of the server.
func (s *server) write(name, content string) error {
	if err := os.WriteFile(s.path(name), []byte(content), 0o600); err != nil {
		return err
	}
	return s.own(name)
}

// own gives a file to the user of the server.
func (s *server) own(name string) error {
	if s.owner == nil {
		return nil
	}
	return os.Chown(s.path(name), int(s.owner.Uid), int(s.owner.Gid))
}

func (s *server) path(name string) string { return filepath.Join(s.dir, name) }

// command makes a command of PostgreSQL's programs, run by the user of the server.
func (s *server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	if path := filepath.Join(s.programs, name); exists(path) {
		c = exec.Command(path, args...)
	}
	c.Dir = s.dir
	c.Env = append(os.Environ(), "PATH="+s.programs+":"+os.Getenv("PATH"), "PGHOST="+s.dir, "PGPORT="+strconv.Itoa(s.port), "PGUSER="+User)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner}
	return c
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// programs finds the folder of the programs: the newest of Debian's, or that of the path.
func programs() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	newest, version := "", 0
	for _, path := range found {
		if v, err := strconv.Atoi(strings.Split(path, "/")[4]); err == nil && v > version {
			newest, version = filepath.Dir(path), v
		}
	}
	if newest != "" {
		return newest, nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errMissing
	}
	return filepath.Dir(path), nil
}

// owner returns who runs the server: PostgreSQL refuses to run as root.
func owner() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		account, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

// running returns the server, and ends a test that cannot have one: it is skipped, or
// fails where CI is set, so that it is never left out unnoticed.
func running(tb testing.TB) *server {
	tb.Helper()
	s, err := theServer()
	if errors.Is(err, errMissing) && os.Getenv("CI") == "" {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
