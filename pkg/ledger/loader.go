package ledger

import (
	"context"
	"database/sql/driver"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/campaign"
)

const buffers = 8

// loader inserts accounts on a goroutine of its own, so that reading an export and
// writing its rows share two processors. It has a few buffers of insertRows accounts, so
// that neither waits for the other at every turn.
type loader struct {
	full, free chan []campaign.Planned
	ended      chan struct{} // closed when the goroutine has ended
	err        error         // why it ended; read after ended
}

// startLoader opens the transaction that Draft.finish commits. Until stop the connection
// and the register are the loader's alone.
func startLoader(ctx context.Context, conn *sqlx.Conn, r *register) (*loader, error) {
	l := &loader{
		full: make(chan []campaign.Planned, buffers), free: make(chan []campaign.Planned, buffers),
		ended: make(chan struct{}),
	}
	for range cap(l.free) {
		l.free <- make([]campaign.Planned, 0, insertRows)
	}
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return nil, err
	}
	go func() {
		defer close(l.ended)
		l.err = conn.Raw(func(c any) error { return l.run(c.(driver.QueryerContext), r) })
	}()
	return l, nil
}

func (l *loader) run(conn driver.QueryerContext, r *register) error {
	for accounts := range l.full {
		if err := r.insert(conn, accounts); err != nil {
			return err
		}
		clear(accounts)
		select {
		case l.free <- accounts[:0]:
		default: // whoever handed it over did not wait for another one, and none is missing
		}
	}
	return nil
}

// hand passes accounts on and returns an empty buffer. It returns the error of earlier
// ones, if they failed.
func (l *loader) hand(ctx context.Context, accounts []campaign.Planned) ([]campaign.Planned, error) {
	if len(accounts) > 0 {
		select {
		case l.full <- accounts:
		case <-l.ended:
			return nil, l.err
		case <-ctx.Done():
			return accounts, ctx.Err()
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

// stop waits for the accounts that were handed over; err then tells whether they are in
// the database. It is called once.
func (l *loader) stop() {
	close(l.full)
	<-l.ended
}
