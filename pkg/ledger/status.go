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

// Status returns where the campaign stands at now. It reads counts, not notices: its
// time grows with the number of batches only. ETA and what limits the run are there
// while a process sends, as it noted them; afterwards what the next run is to wait for.
// NextAttempt is there for that as well, and when nothing is left but deferred notices.
func (r *Reader) Status(ctx context.Context, now time.Time) (s campaign.Status, err error) {
	err = r.view(ctx, func(tx *sqlx.Tx) error {
		s, err = r.status(ctx, tx, now)
		return err
	})
	if err != nil {
		return campaign.Status{}, fmt.Errorf("read the status: %w", err)
	}
	return s, nil
}

func (r *Reader) status(ctx context.Context, tx *sqlx.Tx, now time.Time) (campaign.Status, error) {
	s := campaign.Status{
		At:       now,
		Campaign: r.plan.Campaign, Plan: r.plan.Digest,
		Accounts: campaign.AccountCounts{Read: r.plan.Read, Unmatched: r.plan.Unmatched, ExcludedBy: map[campaign.Exclusion]int64{}},
		ByClass:  map[account.Class]campaign.NoticeCounts{},
	}
	err := errors.Join(
		countAccounts(ctx, tx, &s),
		countNotices(ctx, tx, &s),
		countBatches(ctx, tx, &s),
		countBatch(ctx, tx, &s),
		countResends(ctx, tx, &s.Resends),
		countFindings(ctx, tx, &s.Findings),
		r.where(ctx, tx, &s, now),
		foresee(ctx, tx, &s),
	)
	return s, err
}

func countAccounts(ctx context.Context, tx *sqlx.Tx, s *campaign.Status) error {
	for _, reason := range campaign.Exclusions() {
		s.Accounts.ExcludedBy[reason] = 0
	}
	var census []struct {
		Excluded campaign.Exclusion
		N        int64
	}
	if err := tx.SelectContext(ctx, &census, "SELECT excluded, n FROM census"); err != nil {
		return err
	}
	for _, c := range census {
		s.Accounts.Selected += c.N
		if c.Excluded == "" {
			s.Accounts.Noticed = c.N
			continue
		}
		s.Accounts.Excluded += c.N
		s.Accounts.ExcludedBy[c.Excluded] = c.N
	}
	return nil
}

func countNotices(ctx context.Context, tx *sqlx.Tx, s *campaign.Status) error {
	for _, class := range account.Classes() {
		s.ByClass[class] = campaign.NoticeCounts{}
	}
	var tally []struct {
		Class account.Class
		State campaign.State
		N     int64
	}
	if err := tx.SelectContext(ctx, &tally, "SELECT class, state, sum(n) AS n FROM tally GROUP BY class, state"); err != nil {
		return err
	}
	for _, t := range tally {
		s.Notices.Add(t.State, t.N)
		counts := s.ByClass[t.Class]
		counts.Add(t.State, t.N)
		s.ByClass[t.Class] = counts
	}
	return nil
}

func countBatches(ctx context.Context, tx *sqlx.Tx, s *campaign.Status) error {
	var open int64
	err := tx.QueryRowxContext(ctx, `SELECT (SELECT count(*) FROM batches), (SELECT count(DISTINCT batch) FROM tally
		WHERE state IN ('pending', 'sending', 'deferred') AND n > 0)`).Scan(&s.Batches.Total, &open)
	s.Batches.Done = s.Batches.Total - open
	return err
}

func countResends(ctx context.Context, tx *sqlx.Tx, c *campaign.ResendCounts) error {
	return tx.QueryRowxContext(ctx, `SELECT count(*), coalesce(sum(notices), 0), coalesce(sum(corrected), 0),
		(SELECT count(*) FROM withdrawals),
		(SELECT coalesce(sum(n), 0) FROM tally WHERE state IN ('pending', 'sending', 'deferred')
			AND batch IN (SELECT number FROM batches WHERE resend IS NOT NULL)) FROM resends`).
		Scan(&c.Resends, &c.Notices, &c.Corrected, &c.Withdrawn, &c.Left)
}

func countFindings(ctx context.Context, tx *sqlx.Tx, c *campaign.FindingCounts) error {
	c.ByKind = map[campaign.FindingKind]int64{}
	for _, kind := range campaign.FindingKinds() {
		c.ByKind[kind] = 0
	}
	var heard []struct {
		Kind      campaign.FindingKind
		Unmatched bool
		N         int64
	}
	if err := tx.SelectContext(ctx, &heard, "SELECT kind, unmatched, n FROM heard"); err != nil {
		return err
	}
	for _, h := range heard {
		c.Total += h.N
		c.ByKind[h.Kind] += h.N
		if h.Unmatched {
			c.Unmatched += h.N
		}
	}
	return nil
}

// runRow is the last run.
type runRow struct {
	Phase, Binding    string
	Halted            sql.NullString
	Ended, Until, ETA sql.NullInt64
	Started           int64
	Rate              float64
}

func lastRun(ctx context.Context, tx *sqlx.Tx) (run runRow, started bool, err error) {
	err = tx.GetContext(ctx, &run, "SELECT phase, binding, halted, started, ended, until, rate, eta FROM runs ORDER BY number DESC LIMIT 1")
	if errors.Is(err, sql.ErrNoRows) {
		return runRow{}, false, nil
	}
	return run, err == nil, err
}

// where says what the last run does or how it ended. A run without an end whose lock
// is free has died.
func (r *Reader) where(ctx context.Context, tx *sqlx.Tx, s *campaign.Status, now time.Time) error {
	run, started, err := lastRun(ctx, tx)
	if err != nil {
		return err
	}
	running := false
	if started && !run.Ended.Valid {
		if running, err = r.sending(); err != nil {
			return err
		}
	}
	if !running {
		s.Abandoned = s.Notices.Sending
	}
	activity := campaign.Activity{Phase: campaign.Phase(run.Phase), Until: optionalMoment(run.Until), Limit: run.Binding, Rate: run.Rate}
	s.State = campaign.PhaseOf(s.Notices, started, running, activity, run.Halted.String)
	if s.State == campaign.PhaseHalted { // else it keeps nothing from going out
		s.Halted = &run.Halted.String
	}
	if running {
		s.Began, s.RatePerS, s.Limit = moment(run.Started), run.Rate, nonempty(run.Binding)
		s.ETA, s.LimitedUntil = ahead(run.ETA, now), ahead(run.Until, now)
		if err := silence(ctx, tx, s); err != nil {
			return err
		}
	}
	if s.Notices.Pending == 0 && s.Notices.Deferred > 0 {
		next, err := nextAttempt(ctx, tx, time.UnixMicro(0))
		if err != nil {
			return err
		}
		s.NextAttempt = &next
	}
	if hold := holdOf(run.Binding, run.Until); !running && hold.Active(now) && s.Notices.Left() > 0 {
		s.Limit, s.LimitedUntil = &hold.Limit, &hold.Until
		if s.NextAttempt == nil || hold.Until.After(*s.NextAttempt) {
			s.NextAttempt = &hold.Until
		}
	}
	return nil
}

// ahead is a moment as the ledger stores it, nil unless it lies after now.
func ahead(stored sql.NullInt64, now time.Time) *time.Time {
	at := optionalMoment(stored)
	if !at.After(now) {
		return nil
	}
	return &at
}

func nonempty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
