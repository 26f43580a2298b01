package mariadbtest

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Database is an empty database that belongs to one test. Its character set is utf8mb4.
type Database struct {
	// URL leads to it as User over TCP, with the password. It has no parameters.
	URL string
	// CAFile is the certificate of the authority of the server's, which is for 127.0.0.1.
	CAFile string
	Socket string // path of the Unix socket
	Name   string

	server *server
}

// New makes a database. The first one of a process starts the server.
func New(tb testing.TB) *Database {
	tb.Helper()
	s := running(tb)
	d := &Database{server: s, Name: fmt.Sprintf("test_%d", s.databases.Add(1)), Socket: s.path("socket"), CAFile: s.path("ca.pem")}
	d.URL = (&url.URL{
		Scheme: "mysql",
		User:   url.UserPassword(User, Password),
		Host:   fmt.Sprintf("127.0.0.1:%d", s.port),
		Path:   d.Name,
	}).String()
	d.program(tb, "CREATE DATABASE "+d.Name, "mariadb")
	return d
}

// Port returns the port on 127.0.0.1.
func (d *Database) Port() int { return d.server.port }

// Run runs SQL with the client of the server, which reads it as UTF-8 and does not turn
// bytes into others. It ends the test at the first error.
func (d *Database) Run(tb testing.TB, sql string) {
	tb.Helper()
	d.program(tb, sql, "mariadb", "--default-character-set=utf8mb4", "--binary-mode", d.Name)
}

// Value returns what a query gives: the first column of its only row, or nothing.
func (d *Database) Value(tb testing.TB, query string) string {
	tb.Helper()
	return strings.TrimSuffix(d.program(tb, query, "mariadb", "--skip-column-names", "--batch", "--raw", d.Name), "\n")
}

// Dump returns what mariadb-dump writes of the database.
func (d *Database) Dump(tb testing.TB, args ...string) string {
	tb.Helper()
	return d.program(tb, "", "mariadb-dump", append(args, d.Name)...)
}

func (d *Database) program(tb testing.TB, input, name string, args ...string) string {
	tb.Helper()
	out, err := d.server.program(name, input, append([]string{"--user=" + User}, args...)...)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// program runs a client of the server. Its password is not among the arguments.
func (s *server) program(name, input string, args ...string) (string, error) {
	command := exec.Command(name, append([]string{"--no-defaults", "--socket=" + s.path("socket")}, args...)...)
	command.Env = append(os.Environ(), "MYSQL_PWD="+Password)
	var complaints strings.Builder
	command.Stdin, command.Stderr = strings.NewReader(input), &complaints
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", name, err, complaints.String())
	}
	return string(out), nil
}
