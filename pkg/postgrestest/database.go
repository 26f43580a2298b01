package postgrestest

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// Database is an empty database that belongs to one test. Its locale is C, its encoding
// UTF-8.
type Database struct {
	// URL leads to it as User over TCP, with the password. It has no parameters.
	URL string
	// CAFile is the certificate of the authority of the server's, which is for 127.0.0.1.
	CAFile string
	Socket string // the folder of the Unix socket, which lets everybody in as User

	Name string

	server *server
}

// New makes a database. The first one of a process starts the server.
func New(tb testing.TB) *Database {
	tb.Helper()
	s := running(tb)
	d := &Database{server: s, Name: fmt.Sprintf("test_%d", s.databases.Add(1)), Socket: s.dir, CAFile: s.path("ca.pem")}
	d.URL = (&url.URL{
		Scheme: "postgres",
		User:   url.UserPassword(User, Password),
		Host:   fmt.Sprintf("127.0.0.1:%d", s.port),
		Path:   d.Name,
	}).String()
	d.program(tb, "", "createdb", "--template=template0", d.Name)
	return d
}

// Port returns the port on 127.0.0.1, which is also in the name of the socket.
func (d *Database) Port() int { return d.server.port }

// Run runs SQL with psql. It ends the test at the first error.
func (d *Database) Run(tb testing.TB, sql string) {
	tb.Helper()
	d.program(tb, sql, "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname="+d.Name, "--output=/dev/null")
}

// Value returns what a query gives: the first column of its only row, or nothing.
func (d *Database) Value(tb testing.TB, query string) string {
	tb.Helper()
	return strings.TrimSuffix(d.program(tb, query, "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1",
		"--dbname="+d.Name, "--tuples-only", "--no-align"), "\n")
}

// Dump returns what pg_dump writes of the database.
func (d *Database) Dump(tb testing.TB, args ...string) string {
	tb.Helper()
	return d.program(tb, "", "pg_dump", append(args, d.Name)...)
}

func (d *Database) program(tb testing.TB, input, name string, args ...string) string {
	tb.Helper()
	command := d.server.command(filepath.Base(name), args...)
	var complaints strings.Builder
	command.Stdin, command.Stderr = strings.NewReader(input), &complaints
	out, err := command.Output()
	if err != nil {
		tb.Fatalf("%s: %v\n%s", name, err, complaints.String())
	}
	return string(out)
}
