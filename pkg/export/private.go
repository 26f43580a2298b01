package export

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"

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
	err = p.authorize(func(operation int, table, column, schema string) int {
		switch operation {
		case sqlite3.SQLITE_READ:
			read(schema, table, column)
			return sqlite3.SQLITE_OK
		case sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION, authRecursive:
			return sqlite3.SQLITE_OK
		}
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

// rowSource gives the rows of one file to the private database.
type rowSource interface {
	columns() []string
	// read fills row with the values of the next row: nil, int64, float64, string or
	// []byte. It returns the number under which the row is found again, which ascends,
	// and io.EOF at the end.
	read(row []any) (int64, error)
}

// create makes the empty table for a source. Its columns are TEXT, so that SQLite
// converts nothing; the number of a row becomes its rowid.
func (p *private) create(ctx context.Context, table string, src rowSource) error {
	columns := make([]string, len(src.columns()))
	for i, name := range src.columns() {
		columns[i] = quoteName(name) + " TEXT"
	}
	return p.exec(ctx, "CREATE TABLE main."+quoteName(table)+" ("+strings.Join(columns, ", ")+")")
}

// Rows of one INSERT, and the parameters that it may have: SQLite allows 32,766.
const (
	insertRows       = 64
	insertParameters = 32_000
)

// load fills the table that create made, in one transaction. It adds each row to count.
func (p *private) load(ctx context.Context, table string, src rowSource, count *atomic.Int64) error {
	tx, err := p.conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing
	l := &loader{tx: tx, width: len(src.columns()) + 1}
	l.insert = "INSERT INTO main." + quoteName(table) + " (" + rowidOf(src.columns())
	for _, name := range src.columns() {
		l.insert += ", " + quoteName(name)
	}
	l.insert += ") VALUES "
	if err := l.all(ctx, src, count); err != nil {
		return err
	}
	return tx.Commit()
}

// loader gathers rows and writes them many at a time.
type loader struct {
	tx     *sql.Tx
	insert string
	width  int // of a row, with its number
	values []any
}

func (l *loader) all(ctx context.Context, src rowSource, count *atomic.Int64) error {
	rows := max(1, min(insertRows, insertParameters/l.width))
	full, err := l.prepare(ctx, rows)
	if err != nil {
		return err
	}
	defer full.Close()
	l.values = make([]any, rows*l.width)
	for used := 0; ; {
		row := l.values[used : used+l.width]
		number, err := src.read(row[1:])
		if errors.Is(err, io.EOF) {
			return l.rest(ctx, used)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		row[0] = number
		count.Add(1)
		if used += l.width; used == len(l.values) {
			// Without ctx, for which the driver would start a goroutine each time.
			if _, err := full.Exec(l.values...); err != nil {
				return err
			}
			used = 0
		}
	}
}

// rest writes what does not fill a whole INSERT.
func (l *loader) rest(ctx context.Context, used int) error {
	if used == 0 {
		return nil
	}
	last, err := l.prepare(ctx, used/l.width)
	if err != nil {
		return err
	}
	defer last.Close()
	_, err = last.Exec(l.values[:used]...)
	return err
}

func (l *loader) prepare(ctx context.Context, rows int) (*sql.Stmt, error) {
	row := "(" + strings.Repeat("?, ", l.width-1) + "?)"
	return l.tx.PrepareContext(ctx, l.insert+strings.Join(slices.Repeat([]string{row}, rows), ", "))
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
