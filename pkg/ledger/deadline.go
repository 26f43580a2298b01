package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/campaign"
)

// setDeadline writes the deadline that the plan binds, where there is one.
func (d *Draft) setDeadline(ctx context.Context, f campaign.Frozen) error {
	if f.Deadline == (campaign.Deadline{}) {
		return nil
	}
	_, err := d.conn.ExecContext(ctx, "INSERT INTO deadline (one, due, discovered, term, zone) VALUES (1, ?, ?, ?, ?)",
		micros(f.Deadline.At), micros(f.Deadline.Discovered), f.Deadline.Term, f.Deadline.Zone)
	return err
}

// Deadline returns the deadline of the plan; the zero Deadline: there is none.
func (r *Reader) Deadline(ctx context.Context) (campaign.Deadline, error) {
	var row struct {
		Due, Discovered int64
		Term, Zone      string
	}
	err := r.db.GetContext(ctx, &row, "SELECT due, discovered, term, zone FROM deadline")
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return campaign.Deadline{}, nil
	case err != nil:
		return campaign.Deadline{}, fmt.Errorf("read the deadline: %w", explain(err))
	}
	return campaign.Deadline{At: moment(row.Due), Discovered: moment(row.Discovered), Term: row.Term, Zone: row.Zone}, nil
}

// foresee holds the end of the campaign against the deadline: where a process sends,
// what that says of the end, and where nothing is left, when the last notice was tried.
func foresee(ctx context.Context, tx *sqlx.Tx, s *campaign.Status) error {
	var due sql.NullInt64
	err := tx.GetContext(ctx, &due, "SELECT max(due) FROM deadline")
	if err != nil || !due.Valid {
		return err
	}
	s.Deadline = &campaign.Due{At: moment(due.Int64)}
	if s.Notices.Left() > 0 {
		if s.ETA != nil {
			s.Deadline.Expect(*s.ETA)
		}
		return nil
	}
	var sent sql.NullInt64
	if err := tx.GetContext(ctx, &sent, "SELECT max(sent) FROM runs"); err != nil || !sent.Valid {
		return err
	}
	s.Deadline.Tried(moment(sent.Int64), s.Notices.Failed())
	return nil
}

// countBatch finds the last batch that was begun.
func countBatch(ctx context.Context, tx *sqlx.Tx, s *campaign.Status) error {
	var b campaign.BatchNow
	err := tx.QueryRowxContext(ctx, `SELECT batch, sum(n), sum(n) FILTER (WHERE state IN ('pending', 'sending')) FROM tally
		WHERE batch = (SELECT batch FROM tally WHERE state <> 'pending' AND n > 0 ORDER BY batch DESC LIMIT 1)
		GROUP BY batch`).Scan(&b.Number, &b.Notices, &b.Left)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		s.Batch = &b
	}
	return err
}
