package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/campaign"
)

// Precedent returns the last attempt at a notice, when others were accepted, and whether the notice is alone in
// waiting for an answer: others were accepted, and each one that is left has met an
// attempt that did not count. It looks at the deferred notices, not at the others.
func (r *Reader) Precedent(ctx context.Context, seq int64) (p campaign.Precedent, err error) {
	err = r.view(ctx, func(tx *sqlx.Tx) error {
		if p.Last, err = latestAttempt(ctx, tx, seq); err != nil {
			return err
		}
		var accepted sql.NullInt64
		if err := tx.GetContext(ctx, &accepted, "SELECT max(accepted) FROM runs WHERE accepted > 0"); err != nil {
			return err
		}
		p.Accepted = optionalMoment(accepted)
		return tx.GetContext(ctx, &p.Alone, `SELECT
			EXISTS (SELECT 1 FROM tally WHERE state IN ('accepted', 'bounced') AND n > 0)
			AND (SELECT coalesce(sum(n), 0) FROM tally WHERE state IN ('pending', 'sending'))
				<= (SELECT count(*) FROM notices WHERE seq = ? AND state IN ('pending', 'sending'))
			AND NOT EXISTS (SELECT 1 FROM notices WHERE state = 'deferred' AND next_at IS NOT NULL
				AND tries = attempts AND seq <> ?)`, seq, seq)
	})
	if err != nil {
		return campaign.Precedent{}, fmt.Errorf("read what a notice met before: %w", err)
	}
	return p, nil
}

// latestAttempt returns the zero Attempt where there was none.
func latestAttempt(ctx context.Context, tx *sqlx.Tx, seq int64) (campaign.Attempt, error) {
	var a struct {
		At                     int64
		Stage, Enhanced, Reply string
		Code                   int
		Relay                  string
	}
	err := tx.GetContext(ctx, &a, "SELECT at, stage, code, enhanced, reply, relay FROM attempts WHERE notice = ? ORDER BY n DESC LIMIT 1", seq)
	if errors.Is(err, sql.ErrNoRows) {
		return campaign.Attempt{}, nil
	}
	return campaign.Attempt{At: moment(a.At), Stage: a.Stage, Code: a.Code, Enhanced: a.Enhanced, Reply: a.Reply, Relay: a.Relay}, err
}
