package ledger

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/jmoiron/sqlx"
)

// loader inserts accounts on a goroutine of its own, so that reading an export and
// writing its rows share two processors. It has two buffers of arguments, whatever
// the number of rows.
type loader struct {
	full, free chan []any
	ended      chan struct{} // closed when the goroutine has ended
	err        error         // why it ended; read after ended
	many, one  *sql.Stmt
}

// startLoader opens the transaction that Draft.finish commits.
func startLoader(ctx context.Context, conn *sqlx.Conn) (*loader, error) {
	l := &loader{full: make(chan []any), free: make(chan []any, 2), ended: make(chan struct{})}
	for range cap(l.free) {
		l.free <- make([]any, 0, insertRows*insertWidth)
	}
	var err error
	if _, err = conn.ExecContext(ctx, "BEGIN"); err != nil {
		return nil, err
	}
	if l.many, err = conn.PrepareContext(ctx, insertStatement(insertRows)); err != nil {
		return nil, err
	}
	if l.one, err = conn.PrepareContext(ctx, insertStatement(1)); err != nil {
		return nil, errors.Join(err, l.many.Close())
	}
	go l.run()
	return l, nil
}

func (l *loader) run() {
	defer close(l.ended)
	for rows := range l.full {
		if l.err = l.insert(rows); l.err != nil {
			return
		}
		clear(rows)
		l.free <- rows[:0]
	}
}

// insert runs without a context: the driver then needs no goroutine a statement,
// and no statement takes long.
func (l *loader) insert(rows []any) error {
	if len(rows) == insertRows*insertWidth {
		_, err := l.many.Exec(rows...)
		return err
	}
	for row := range slices.Chunk(rows, insertWidth) {
		if _, err := l.one.Exec(row...); err != nil {
			return err
		}
	}
	return nil
}

// hand passes rows on and returns an empty buffer. It returns the error of earlier
// rows, if they failed.
func (l *loader) hand(ctx context.Context, rows []any) ([]any, error) {
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
func (l *loader) stop() error {
	close(l.full)
	<-l.ended
	// A connection does not close its statements, and stays open until they are.
	return errors.Join(l.many.Close(), l.one.Close())
}
