package ledger

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"net/url"
	"path/filepath"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"
)

// The pragmas of the ways in which a ledger is opened. The driver's names for them are in
// the documentation of go-sqlite3.
var (
	// A draft is thrown away on any failure, so that it needs no journal and no
	// fsync until it is whole. SQLite sorts in pieces of the size of the cache: small
	// ones stay within the processor's own, which sorts twice as fast.
	draftPragmas = url.Values{
		"mode": {"rw"}, "_journal_mode": {"OFF"}, "_synchronous": {"OFF"},
		"_locking_mode": {"EXCLUSIVE"}, "_cache_size": {"-4096"}, "_stmt_cache_size": {"16"},
	}
	writePragmas = url.Values{
		"mode": {"rw"}, "_journal_mode": {"WAL"}, "_synchronous": {"FULL"},
		"_busy_timeout": {"5000"}, "_foreign_keys": {"1"}, "_cache_size": {"-32768"}, "_stmt_cache_size": {"16"},
	}
	// To copy a ledger is to write elsewhere, which a connection for queries alone refuses.
	copyPragmas = url.Values{"mode": {"ro"}, "_busy_timeout": {"5000"}}
	readPragmas = url.Values{
		"mode": {"ro"}, "_query_only": {"1"}, "_busy_timeout": {"5000"}, "_cache_size": {"-8192"}, "_stmt_cache_size": {"16"},
	}
)

// connector opens connections of its own driver value, so that the pragmas which
// the DSN cannot carry are set without registering a driver for the whole program.
type connector struct {
	dsn    string
	driver *sqlite3.SQLiteDriver
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c connector) Driver() driver.Driver                        { return c.driver }

// connect returns a pool of at most conns connections to the file at path.
func connect(path string, pragmas url.Values, conns int) (*sqlx.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: pragmas.Encode()}
	db := sql.OpenDB(connector{dsn: dsn.String(), driver: &sqlite3.SQLiteDriver{ConnectHook: harden}})
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return sqlx.NewDb(db, "sqlite3"), nil
}

// harden keeps a doctored file from running functions through its schema, and has
// every page looked over when it is read.
func harden(conn *sqlite3.SQLiteConn) error {
	_, err := conn.Exec("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON", nil)
	return err
}

// micros is a time as the ledger stores it.
func micros(t time.Time) int64 { return t.UnixMicro() }

// optional is a time as the ledger stores it, null for the zero time.
func optional(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}

func moment(stored int64) time.Time { return time.UnixMicro(stored).UTC() }

func optionalMoment(stored sql.NullInt64) time.Time {
	if !stored.Valid {
		return time.Time{}
	}
	return moment(stored.Int64)
}
