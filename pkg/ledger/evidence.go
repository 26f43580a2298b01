package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// Evidence returns everything that the ledger tells of the campaign as a whole, as of
// one moment, also while another process sends. It goes once through all notices, of
// which it holds no more than a page in memory: ten million take some seconds.
func (r *Reader) Evidence(ctx context.Context, now time.Time) (campaign.Evidence, error) {
	e, err := r.evidence(ctx, now)
	if err != nil {
		return campaign.Evidence{}, fmt.Errorf("read the evidence: %w", err)
	}
	return e, nil
}

func (r *Reader) evidence(ctx context.Context, now time.Time) (e campaign.Evidence, err error) {
	if e.Frozen, _, err = r.Frozen(ctx); err != nil { // it never changes
		return e, err
	}
	e.Frozen.Key = campaign.Key{}
	if e.Frozen.Deadline, err = r.Deadline(ctx); err != nil {
		return e, err
	}
	err = r.view(ctx, func(tx *sqlx.Tx) (err error) {
		if e.Status, err = r.status(ctx, tx, now); err != nil {
			return err
		}
		if err = survey(ctx, tx, &e); err != nil {
			return err
		}
		if e.Resends, err = resendsOf(ctx, tx); err != nil {
			return err
		}
		if e.Overrides, err = overridesOf(ctx, tx); err != nil {
			return err
		}
		return errors.Join(
			bouncesBy(ctx, tx, &e),
			rejectionsBy(ctx, tx, &e),
			r.runs(ctx, tx, &e),
			sessionsOf(ctx, tx, &e),
			pausesOf(ctx, tx, &e),
		)
	})
	return e, err
}

// survey goes through the notices.
func survey(ctx context.Context, tx *sqlx.Tx, e *campaign.Evidence) error {
	s := newCensusTaker()
	if err := s.take(ctx, tx); err != nil {
		return err
	}
	e.Kinds, e.Attempts, e.Accepted = s.kinds(), s.attempts(), s.timeline()
	e.First, e.Last = optionalMoment(s.first), optionalMoment(s.last)
	if s.domains.pruned {
		again := newCensusTaker()
		again.domains = s.domains.candidates()
		if err := again.take(ctx, tx); err != nil {
			return err
		}
		s = again
	}
	e.Domains, e.Others = s.domains.largest()
	return nil
}

// bouncesBy counts the bounced notices by the bounce that decides, which is chosen as
// bouncesOf does.
func bouncesBy(ctx context.Context, tx *sqlx.Tx, e *campaign.Evidence) error {
	return tx.SelectContext(ctx, &e.Bounces, `WITH decisive AS (
			SELECT e.notice, f.reason, f.permanence, row_number() OVER (PARTITION BY e.notice ORDER BY
				CASE f.permanence WHEN 'permanent' THEN 0 WHEN 'transient' THEN 1 ELSE 2 END, f.at, f.digest) AS rank
			FROM effects e CROSS JOIN findings f ON f.number = e.finding WHERE f.kind = 'bounce' AND f.final = 1)
		SELECT reason, permanence, count(*) AS notices FROM decisive CROSS JOIN notices o ON o.seq = decisive.notice
		WHERE rank = 1 AND o.current = 1 AND o.state = 'bounced' GROUP BY reason, permanence
		ORDER BY notices DESC, reason, permanence`)
}

// rejectionsBy counts the rejected notices by the last reply. The tally tells in which
// batches to look.
func rejectionsBy(ctx context.Context, tx *sqlx.Tx, e *campaign.Evidence) error {
	return tx.SelectContext(ctx, &e.Rejections, `SELECT t.code, t.enhanced, count(*) AS notices
		FROM (SELECT DISTINCT batch FROM tally WHERE state = 'rejected' AND n > 0) CROSS JOIN batches ON number = batch
		CROSS JOIN notices o ON o.seq BETWEEN first AND last CROSS JOIN attempts t ON t.notice = o.seq AND t.n = o.tries
		WHERE o.state = 'rejected' AND o.current = 1 GROUP BY t.code, t.enhanced ORDER BY notices DESC, t.code, t.enhanced`)
}

func (r *Reader) runs(ctx context.Context, tx *sqlx.Tx, e *campaign.Evidence) error {
	var rows []struct {
		Number, Started int64
		Ended, Sent     sql.NullInt64
		Host            string
		Halted          sql.NullString
		Interrupted     bool
	}
	if err := tx.SelectContext(ctx, &rows, "SELECT number, started, ended, sent, host, halted, interrupted FROM runs ORDER BY number"); err != nil {
		return err
	}
	for i, row := range rows {
		e.Runs = append(e.Runs, campaign.RunRecord{
			Number: row.Number, Started: moment(row.Started), Ended: optionalMoment(row.Ended), Host: row.Host,
			Halted: account.MaskText(row.Halted.String), Interrupted: row.Interrupted, Last: optionalMoment(row.Sent),
			Running: i == len(rows)-1 && e.Status.Running(),
		})
	}
	return nil
}

func sessionsOf(ctx context.Context, tx *sqlx.Tx, e *campaign.Evidence) error {
	var rows []struct {
		Host, Peer, Encryption string
		At                     int64
	}
	err := tx.SelectContext(ctx, &rows, `SELECT host, peer, encryption, min(at) AS at FROM sessions
		GROUP BY host, peer, encryption ORDER BY at, host, peer, encryption`)
	for _, row := range rows {
		e.Sessions = append(e.Sessions, campaign.Session{
			At: moment(row.At), Host: row.Host, Peer: row.Peer, Encryption: row.Encryption,
		})
	}
	return err
}
