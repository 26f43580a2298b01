// Package mariadbtest gives tests databases of a real MariaDB.
//
// It guarantees that a MariaDB of the system is not touched, that the server listens on
// this machine alone, and that nothing runs on or is left after the tests, however they
// end. It is started once for all tests of a process. It leaves what is in the databases
// to the tests.
package mariadbtest

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
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"breachnotify/pkg/smtptest"
)

// The user who may do everything, whom TCP lets in by the password alone.
const (
	User     = "owner"
	Password = "p@ss:w/rd?#%" // each character has a meaning in a URL
)

// patience bounds every wait: far more than a busy machine needs.
const patience = 60 * time.Second

// server is the MariaDB of this process.
type server struct {
	dir       string // which everybody may enter; it also has the socket
	port      int
	databases atomic.Int64
	// lifeline keeps the server alive. It is never closed: that is left to the end of the
	// process.
	lifeline io.WriteCloser
}

// theServer is started by the first test that wants a database.
var theServer = sync.OnceValues(start)

// errMissing says that there can be no MariaDB here.
var errMissing = errors.New("MariaDB is not installed: apt-get install mariadb-server")

// untilParentEnds runs MariaDB for as long as the standard input is open, which it is
// until the test binary ends or is killed, and then removes its folder.
const untilParentEnds = `trap '' INT PIPE
mariadbd --defaults-file="$1/my.cnf" --init-file="$1/users.sql" >"$1/log" 2>&1 </dev/null &
until mariadb-admin --no-defaults --socket="$1/socket" ping >/dev/null 2>&1; do
  kill -0 $! 2>/dev/null || exit 1
  sleep 0.05
done
echo started && cat >/dev/null
kill -KILL $!
wait
rm -rf "$1"`

// settings are those of a server whose data need not survive (my.cnf).
const settings = `[mariadbd]
datadir = %[1]s/data
socket = %[1]s/socket
pid-file = %[1]s/pid
bind-address = 127.0.0.1
port = %[2]d
user = %[3]s
character-set-server = utf8mb4
skip-name-resolve
skip-log-bin
innodb-flush-log-at-trx-commit = 0
innodb-doublewrite = 0
innodb-buffer-pool-size = 16M
innodb-log-file-size = 8M
performance-schema = off
ssl-cert = %[1]s/server.crt
ssl-key = %[1]s/server.key
`

// users makes User when the server starts.
var users = fmt.Sprintf("CREATE USER %[1]s@'%%' IDENTIFIED BY '%[2]s';\nGRANT ALL ON *.* TO %[1]s@'%%' WITH GRANT OPTION;\n", User, Password)

func start() (*server, error) {
	for _, program := range []string{"mariadbd", "mariadb-install-db", "mariadb", "mariadb-admin", "mariadb-dump"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, errMissing
		}
	}
	s := &server{}
	var err error
	if s.port, err = freePort(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "notify-mariadb-"); err != nil {
		return nil, err
	}
	if err := errors.Join(os.Chmod(s.dir, 0o755), s.run()); err != nil {
		log, _ := os.ReadFile(s.path("log"))
		return nil, fmt.Errorf("start MariaDB: %w\n%s", errors.Join(err, os.RemoveAll(s.dir)), log)
	}
	return s, nil
}

func (s *server) run() error {
	owner, err := s.configure()
	if err != nil {
		return err
	}
	install := exec.Command("mariadb-install-db", "--defaults-file="+s.path("my.cnf"), "--user="+owner,
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")
	if out, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("mariadb-install-db: %w\n%s", err, out)
	}
	shell := exec.Command("sh", "-c", untilParentEnds, "sh", s.dir)
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a Ctrl-C is for the test alone
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
	bound := time.AfterFunc(patience, func() { _ = syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) })
	defer bound.Stop()
	if _, err := io.ReadFull(output, make([]byte, len("started\n"))); err != nil {
		return errors.Join(err, s.lifeline.Close(), shell.Wait())
	}
	return nil
}

// configure writes the settings, and a certificate for 127.0.0.1 of an authority that
// nobody else knows. It returns the user who runs the server.
func (s *server) configure() (owner string, err error) {
	current, err := user.Current()
	if err != nil {
		return "", err
	}
	owner, uid := current.Username, os.Getuid()
	if uid == 0 {
		account, err := user.Lookup("mysql")
		if err != nil {
			return "", err
		}
		if uid, err = strconv.Atoi(account.Uid); err != nil {
			return "", err
		}
		owner = account.Username
	}
	authority, err := smtptest.NewAuthority(time.Now())
	if err != nil {
		return "", err
	}
	certificate, err := authority.Issue("127.0.0.1")
	if err != nil {
		return "", err
	}
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		return "", err
	}
	return owner, errors.Join(
		os.Chown(s.dir, uid, -1),
		os.WriteFile(s.path("my.cnf"), fmt.Appendf(nil, settings, s.dir, s.port, owner), 0o644),
		os.WriteFile(s.path("users.sql"), []byte(users), 0o644),
		os.WriteFile(s.path("ca.pem"), authority.PEM(), 0o644),
		os.WriteFile(s.path("server.crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}), 0o644),
		os.WriteFile(s.path("server.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600),
		os.Chown(s.path("server.key"), uid, -1))
}

func (s *server) path(name string) string { return filepath.Join(s.dir, name) }

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
