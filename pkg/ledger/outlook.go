package ledger

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"
)

// mixSample is of how many notices the destinations are looked at. Destinations stand at
// even distances in the order of sending, so that the next ones are like all others.
const mixSample = 20_000

// The next notices to go out, and the next ones to be tried again. Without the plus SQLite
// would index all notices by their state first.
const (
	mixPending = `SELECT address FROM (SELECT DISTINCT first, last FROM tally CROSS JOIN batches ON number = batch
			WHERE state = 'pending' AND n > 0 ORDER BY first)
		CROSS JOIN notices ON seq BETWEEN first AND last WHERE +notices.state = 'pending' AND +current = 1 LIMIT ?`
	mixDeferred = `SELECT address FROM notices WHERE state = 'deferred' AND current = 1 ORDER BY next_at LIMIT ?`
)

// Mix returns to which destinations what is left is to go: for each domain its share,
// from 0 to 1. It looks at the next twenty thousand notices, so that a destination of
// less than that part may be missing. It returns nothing where nothing is left.
func (r *Reader) Mix(ctx context.Context) (map[string]float64, error) {
	mix := map[string]float64{}
	err := r.view(ctx, func(tx *sqlx.Tx) error {
		var left struct{ Pending, Deferred int64 }
		err := tx.GetContext(ctx, &left, `SELECT coalesce(sum(n) FILTER (WHERE state = 'pending'), 0) AS pending,
			coalesce(sum(n) FILTER (WHERE state = 'deferred'), 0) AS deferred FROM tally`)
		if err != nil {
			return err
		}
		total := float64(left.Pending + left.Deferred)
		for query, n := range map[string]int64{
			mixPending:  left.Pending,
			mixDeferred: left.Deferred,
		} {
			if err := addMix(ctx, tx, mix, query, float64(n)/total); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the destinations: %w", err)
	}
	return mix, nil
}

// addMix adds the destinations of a sample, which stands for the given part of the whole.
func addMix(ctx context.Context, tx *sqlx.Tx, mix map[string]float64, query string, part float64) error {
	var addresses []string
	if err := tx.SelectContext(ctx, &addresses, query, mixSample); err != nil {
		return err
	}
	for _, address := range addresses {
		mix[address[strings.LastIndexByte(address, '@')+1:]] += part / float64(len(addresses))
	}
	return nil
}
