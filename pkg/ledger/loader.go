package ledger

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

const (
	insertColumns = "(line, id, name, verdict, address, mailbox, box, turn)"
	insertValues  = "(?, ?, ?, ?, ?, ?, ?, ?)"
	insertWidth   = 8
	insertRows    = 250 // rows of one statement
)

// loader inserts accounts on a goroutine of its own, so that reading an export and
// writing its rows share two processors. It has two buffers of arguments, whatever
// the number of rows.
//
// It goes past database/sql, which would look at and copy every argument.
type loader struct {
	full, free chan []driver.NamedValue
	ended      chan struct{} // closed when the goroutine has ended
	err        error         // why it ended; read after ended
	many, one  driver.StmtQueryContext
}

// startLoader opens the transaction that Draft.finish commits. Until stop the connection
// is the loader's alone.
func startLoader(ctx context.Context, conn *sqlx.Conn) (*loader, error) {
	l := &loader{
		full: make(chan []driver.NamedValue), free: make(chan []driver.NamedValue, 2),
		ended: make(chan struct{}),
	}
	for range cap(l.free) {
		l.free <- make([]driver.NamedValue, 0, insertRows*insertWidth)
	}
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return nil, err
	}
	go func() {
		defer close(l.ended)
		l.err = conn.Raw(func(c any) error { return l.run(c.(driver.ConnPrepareContext)) })
	}()
	return l, nil
}

// run has no context: the driver then needs no goroutine a statement, and no statement
// takes long.
func (l *loader) run(conn driver.ConnPrepareContext) (err error) {
	many, err := conn.PrepareContext(context.Background(), insertStatement(insertRows))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, many.Close()) }()
	one, err := conn.PrepareContext(context.Background(), insertStatement(1))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, one.Close()) }()
	l.many, l.one = many.(driver.StmtQueryContext), one.(driver.StmtQueryContext)
	for rows := range l.full {
		if err := l.insert(rows); err != nil {
			return err
		}
		clear(rows)
		l.free <- rows[:0]
	}
	return nil
}

func (l *loader) insert(rows []driver.NamedValue) error {
	if len(rows) == insertRows*insertWidth {
		return execute(l.many, rows)
	}
	for row := range slices.Chunk(rows, insertWidth) {
		for i := range row {
			row[i].Ordinal = i + 1
		}
		if err := execute(l.one, row); err != nil {
			return err
		}
	}
	return nil
}

// execute asks for rows, of which there are none: for a query the driver hands all
// arguments to SQLite at once, and for anything else one by one.
func execute(statement driver.StmtQueryContext, args []driver.NamedValue) error {
	rows, err := statement.QueryContext(context.Background(), args)
	if err != nil {
		return err
	}
	return rows.Close()
}

// hand passes rows on and returns an empty buffer. It returns the error of earlier
// rows, if they failed.
func (l *loader) hand(ctx context.Context, rows []driver.NamedValue) ([]driver.NamedValue, error) {
	if len(rows) > 0 {
		select {
		case l.full <- rows:
		case <-l.ended:
			return nil, l.err
		case <-ctx.Done():
			return rows, ctx.Err()
		}
	}
	select {
	case buffer := <-l.free:
		return buffer, nil
	case <-l.ended:
		return nil, l.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// stop waits for the rows that were handed over; err then tells whether they are in
// the database. It is called once.
func (l *loader) stop() {
	close(l.full)
	<-l.ended
}

func insertStatement(rows int) string {
	return "INSERT INTO accounts " + insertColumns + " VALUES " +
		strings.TrimSuffix(strings.Repeat(insertValues+",", rows), ",")
}
