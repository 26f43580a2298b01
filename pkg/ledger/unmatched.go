package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"breachnotify/pkg/campaign"
)

// unmatchedRows is how many keys are written by one statement, or read by one query.
const unmatchedRows = 1000

// AddUnmatched takes a key of a further table of the export that matches no account, to
// be kept with the plan. It comes after the last Add; one that comes twice counts once.
func (d *Draft) AddUnmatched(ctx context.Context, u campaign.Unmatched) error {
	if u.Table == "" {
		return errors.New("keep a key that matches no account: it has no table")
	}
	if d.loader != nil {
		if err := d.settle(ctx); err != nil {
			return fmt.Errorf("write the accounts: %w", explain(err))
		}
	}
	d.unmatched = append(d.unmatched, u)
	if len(d.unmatched) < unmatchedRows {
		return nil
	}
	if err := d.flushUnmatched(ctx); err != nil {
		return fmt.Errorf("keep keys that match no account: %w", explain(err))
	}
	return nil
}

func (d *Draft) flushUnmatched(ctx context.Context) error {
	if len(d.unmatched) == 0 {
		return nil
	}
	pairs := make([][2]string, len(d.unmatched))
	for i, u := range d.unmatched {
		pairs[i] = [2]string{u.Table, u.Value}
	}
	d.unmatched = d.unmatched[:0]
	list, err := json.Marshal(pairs)
	if err != nil {
		return err
	}
	_, err = d.conn.ExecContext(ctx, `INSERT INTO unmatched (source, value)
		SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE true ON CONFLICT DO NOTHING`, string(list))
	return err
}

// Unmatched yields the keys of further tables that match no account, by table and value.
// It ends with the first error.
func (r *Reader) Unmatched(ctx context.Context) iter.Seq2[campaign.Unmatched, error] {
	return func(yield func(campaign.Unmatched, error) bool) {
		for after := (campaign.Unmatched{}); ; {
			var page []struct{ Source, Value string }
			err := r.db.SelectContext(ctx, &page, `SELECT source, value FROM unmatched
				WHERE (source, value) > (?, ?) ORDER BY source, value LIMIT ?`, after.Table, after.Value, unmatchedRows)
			if err != nil {
				yield(campaign.Unmatched{}, fmt.Errorf("read the keys that match no account: %w", explain(err)))
				return
			}
			for _, row := range page {
				after = campaign.Unmatched{Table: row.Source, Value: row.Value}
				if !yield(after, nil) {
					return
				}
			}
			if len(page) < unmatchedRows {
				return
			}
		}
	}
}
