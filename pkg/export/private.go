package export

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	sqlite3 "github.com/mattn/go-sqlite3"
)

// privateDSN has an empty file name, which makes SQLite open a temporary database: one
// file, created when memory runs out of cache, readable by its owner only and unlinked
// as soon as it is open. Nobody else sees it and it never outlives the process, so that
// journals and syncs would protect nothing.
const privateDSN = "file:?_journal_mode=OFF&_synchronous=OFF&_cache_size=-16384"

// private is the private database. All of it lives on one connection, since another one
// would be another database.
type private struct {
	db   *sql.DB
	conn *sql.Conn
	made int // tables that were made for files

	denied bool // whether watch has refused anything
}

func openPrivate(ctx context.Context) (*private, error) {
	db, err := sql.Open("sqlite3", privateDSN)
	if err != nil {
		return nil, fmt.Errorf("open the private database: %w", err)
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the private database: %w", err), db.Close())
	}
	p := &private{db: db, conn: conn}
	// The schema of an attached file is foreign: its views may call nothing that acts.
	if err := p.exec(ctx, "PRAGMA trusted_schema = OFF"); err != nil {
		return nil, errors.Join(fmt.Errorf("open the private database: %w", err), p.close())
	}
	return p, nil
}

func (p *private) close() error { return errors.Join(p.conn.Close(), p.db.Close()) }

func (p *private) exec(ctx context.Context, statement string, args ...any) error {
	_, err := p.conn.ExecContext(ctx, statement, args...)
	return err
}

// number returns the one integer that a query gives; NULL is 0.
func (p *private) number(ctx context.Context, query string, args ...any) (int64, error) {
	var n sql.NullInt64
	err := p.conn.QueryRowContext(ctx, query, args...).Scan(&n)
	return n.Int64, err
}

// words returns the first column of a query.
func (p *private) words(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := p.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var word string
		if err := rows.Scan(&word); err != nil {
			return nil, err
		}
		all = append(all, word)
	}
	return all, rows.Err()
}

// watch has every schema, table and column that is compiled from now on told to read,
// and refuses what does more than read. It returns what ends this.
func (p *private) watch(read func(schema, table, column string)) (stop func() error, err error) {
	p.denied = false
	err = p.authorize(func(operation int, table, column, schema string) int {
		switch {
		case operation == sqlite3.SQLITE_READ:
			read(schema, table, column)
			return sqlite3.SQLITE_OK
		case operation == sqlite3.SQLITE_FUNCTION && column == "load_extension": // it would fail with the first row only
		case operation == sqlite3.SQLITE_SELECT, operation == sqlite3.SQLITE_FUNCTION, operation == authRecursive:
			return sqlite3.SQLITE_OK
		}
		p.denied = true
		return sqlite3.SQLITE_DENY
	})
	return func() error { return p.authorize(nil) }, err
}

// authRecursive is SQLITE_RECURSIVE of sqlite3.h, which the driver does not export.
const authRecursive = 33

func (p *private) authorize(authorizer func(int, string, string, string) int) error {
	return p.conn.Raw(func(conn any) error {
		conn.(*sqlite3.SQLiteConn).RegisterAuthorizer(authorizer)
		return nil
	})
}

// createText makes the empty table for a file whose columns are all text.
func (p *private) createText(ctx context.Context, table string, columns []string) error {
	definitions := make([]string, len(columns))
	for i, name := range columns {
		definitions[i] = quoteName(name) + " TEXT"
	}
	return p.exec(ctx, "CREATE TABLE main."+quoteName(table)+" ("+strings.Join(definitions, ", ")+")")
}

// rowidOf returns a name of the rowid that no column has; empty: they have all three.
func rowidOf(columns []string) string {
	for _, name := range []string{"rowid", "_rowid_", "oid"} {
		if indexOf(columns, name) < 0 {
			return name
		}
	}
	return ""
}

// quoteName quotes a name for SQL.
func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
