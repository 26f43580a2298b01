package ledger

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/campaign"
)

// addOverride writes an override, unless the same person has recorded it with the same
// words before.
const addOverride = `INSERT INTO overrides (at, by, command, rule, reason)
	SELECT ?1, ?2, ?3, ?4, ?5
	WHERE NOT EXISTS (SELECT 1 FROM overrides WHERE by = ?2 AND rule = ?4 AND reason = ?5)`

// Override records overrides, all of them or none. One that the same person has recorded
// with the same reason counts once. Nothing ever changes or removes a record.
//
// The error is that of campaign.Override.Validate, or one of the disk.
func (l *Ledger) Override(ctx context.Context, overrides []campaign.Override) error {
	err := validOverrides(overrides)
	if err == nil && len(overrides) > 0 {
		err = l.writer.do(ctx, func(w *writer) error { return recordOverrides(context.Background(), w.conn, overrides) })
	}
	if err != nil {
		return fmt.Errorf("record what is overridden: %w", err)
	}
	return nil
}

func validOverrides(overrides []campaign.Override) error {
	for _, o := range overrides {
		if err := o.Validate(); err != nil {
			return fmt.Errorf("the override of %s: %w", o.Rule, err)
		}
	}
	return nil
}

func recordOverrides(ctx context.Context, conn *sqlx.Conn, overrides []campaign.Override) error {
	for _, o := range overrides {
		if _, err := conn.ExecContext(ctx, addOverride, micros(o.At), o.By, o.Command, o.Rule, o.Reason); err != nil {
			return err
		}
	}
	return nil
}

// setOverrides records what was overridden for the plan to be made.
func (d *Draft) setOverrides(ctx context.Context, f campaign.Frozen) error {
	if err := validOverrides(f.Overrides); err != nil {
		return err
	}
	return recordOverrides(ctx, d.conn, f.Overrides)
}

// Overrides returns the overrides of the campaign in the order in which they were
// recorded.
func (r *Reader) Overrides(ctx context.Context) ([]campaign.Override, error) {
	overrides, err := overridesOf(ctx, r.db)
	if err != nil {
		return nil, fmt.Errorf("read what is overridden: %w", explain(err))
	}
	return overrides, nil
}

func overridesOf(ctx context.Context, q selector) ([]campaign.Override, error) {
	var rows []struct {
		At                        int64
		By, Command, Rule, Reason string
	}
	if err := q.SelectContext(ctx, &rows, "SELECT at, by, command, rule, reason FROM overrides ORDER BY number"); err != nil {
		return nil, err
	}
	overrides := make([]campaign.Override, len(rows))
	for i, row := range rows {
		overrides[i] = campaign.Override{Rule: row.Rule, Reason: row.Reason, By: row.By, Command: row.Command, At: moment(row.At)}
	}
	return overrides, nil
}
