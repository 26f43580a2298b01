package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// selectNotice begins every query for whole notices.
const selectNotice = `SELECT seq, lead, class, locale, address, generation, state, attempts, tries, dated,
		b.number AS batch, b.made
	FROM notices n CROSS JOIN batches b
		ON b.first = (SELECT max(first) FROM batches WHERE first <= n.seq) `

// lastNotice is the number of the last notice about the account a, which is its current
// one; null for an account that is excluded.
const lastNotice = `coalesce((SELECT max(notice) FROM members WHERE account = a.n),
	(SELECT seq FROM notices WHERE lead = coalesce(a.lead, a.n) AND generation = 1))`

// noticeRow is a row of selectNotice.
type noticeRow struct {
	Seq, Lead, Made               int64
	Class, Locale, Address, State string
	Batch, Generation             int
	Attempts, Tries               int
	Dated                         sql.NullInt64
}

// Pending returns up to limit pending notices with a Seq above after, in that order.
// They are of one batch: the first one that has any. Nothing is returned when there
// are none left. It returns ErrCorrupt where a batch is not the one of the plan.
func (r *Reader) Pending(ctx context.Context, after int64, limit int) (page []campaign.Notice, err error) {
	err = r.view(ctx, func(tx *sqlx.Tx) error {
		for s := (span{}); ; {
			// The tally tells which batches have any, so that what is sent is not read
			// again. A batch may have none above after, if they are all in hand already.
			err := tx.GetContext(ctx, &s, `SELECT number, first, last FROM tally JOIN batches ON number = batch
				WHERE state = 'pending' AND n > 0 AND batch > ?
					AND batch >= coalesce((SELECT max(number) FROM batches WHERE first <= ?), 1)
				ORDER BY batch LIMIT 1`, s.Number, after+1)
			if errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := r.verify(ctx, tx, s.Number); err != nil {
				return err
			}
			var rows []noticeRow
			err = tx.SelectContext(ctx, &rows, selectNotice+`WHERE seq BETWEEN ? AND ? AND state = 'pending' AND current = 1
				ORDER BY seq LIMIT ?`, max(s.First, after+1), s.Last, limit)
			if err != nil {
				return err
			}
			if len(rows) > 0 {
				page, err = r.notices(ctx, tx, rows)
				return err
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("read pending notices: %w", err)
	}
	return page, nil
}

// Due returns up to limit deferred notices whose time has come at now, the one that
// waits longest first, and when the next one is due after now (zero: none waits).
func (r *Reader) Due(ctx context.Context, now time.Time, limit int) (due []campaign.Notice, next time.Time, err error) {
	err = r.view(ctx, func(tx *sqlx.Tx) error {
		var rows []noticeRow
		err := tx.SelectContext(ctx, &rows, selectNotice+`WHERE state = 'deferred' AND current = 1 AND next_at <= ?
			ORDER BY next_at, seq LIMIT ?`, micros(now), limit)
		if err != nil {
			return err
		}
		if next, err = nextAttempt(ctx, tx, now); err != nil {
			return err
		}
		due, err = r.notices(ctx, tx, rows)
		return err
	})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read deferred notices: %w", err)
	}
	return due, next, nil
}

// nextAttempt returns when the first notice is due after the moment after.
func nextAttempt(ctx context.Context, tx *sqlx.Tx, after time.Time) (time.Time, error) {
	var at sql.NullInt64
	err := tx.GetContext(ctx, &at, "SELECT min(next_at) FROM notices WHERE state = 'deferred' AND current = 1 AND next_at > ?", micros(after))
	return optionalMoment(at), err
}

// notices makes notices of rows, after their batches were verified.
func (r *Reader) notices(ctx context.Context, tx *sqlx.Tx, rows []noticeRow) ([]campaign.Notice, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	accounts, err := accountsOf(ctx, tx, rows)
	if err != nil {
		return nil, err
	}
	notices := make([]campaign.Notice, len(rows))
	for i, row := range rows {
		if err := r.verify(ctx, tx, int64(row.Batch)); err != nil {
			return nil, err
		}
		to, err := account.ParseAddress(row.Address)
		if err != nil {
			return nil, damaged("notice %d has no address", row.Seq)
		}
		notices[i] = campaign.Notice{
			Seq: row.Seq, ID: r.plan.key().NoticeID(row.Seq), Class: account.Class(row.Class), Locale: row.Locale,
			To: to, Accounts: accounts[row.Seq], Batch: row.Batch, Generation: row.Generation,
			State: campaign.State(row.State), Attempts: row.Attempts, Tries: row.Tries,
			Planned: moment(row.Made), Dated: optionalMoment(row.Dated),
		}
	}
	return notices, nil
}

// The accounts of notices, in the order of the export: of some of the plan by their
// leads, and of later generations by their numbers.
const (
	planAccounts = `WITH leads AS (SELECT value AS lead FROM json_each(?))
		SELECT n AS key, n, id, name FROM leads CROSS JOIN accounts a ON a.n = leads.lead
		UNION ALL SELECT a.lead, n, id, name FROM leads CROSS JOIN accounts a ON a.lead = leads.lead
		ORDER BY n`
	laterAccounts = `WITH asked AS (SELECT value AS seq FROM json_each(?))
		SELECT notice AS key, n, id, name FROM asked CROSS JOIN members ON notice = seq
		CROSS JOIN accounts ON n = account ORDER BY n`
)

// accountsOf returns the accounts that notices list, by the number of the notice: also
// those that a resend has taken over since.
func accountsOf(ctx context.Context, tx *sqlx.Tx, rows []noticeRow) (map[int64][]account.Account, error) {
	plan, later := map[int64]int64{}, map[int64]int64{} // key to number
	for _, row := range rows {
		if row.Generation == 1 {
			plan[row.Lead] = row.Seq
		} else {
			later[row.Seq] = row.Seq
		}
	}
	accounts := make(map[int64][]account.Account, len(rows))
	for query, keys := range map[string]map[int64]int64{planAccounts: plan, laterAccounts: later} {
		if len(keys) == 0 {
			continue
		}
		list, err := json.Marshal(slices.Collect(maps.Keys(keys)))
		if err != nil {
			return nil, err
		}
		var found []struct {
			Key, N   int64
			ID, Name string
		}
		if err := tx.SelectContext(ctx, &found, query, string(list)); err != nil {
			return nil, err
		}
		for _, a := range found {
			accounts[keys[a.Key]] = append(accounts[keys[a.Key]], account.Account{ID: a.ID, Name: a.Name})
		}
	}
	return accounts, nil
}

// NoticeOf returns the current notice about the account with an id. It returns
// ErrNoAccount, and ErrExcluded with the reason.
func (r *Reader) NoticeOf(ctx context.Context, id string) (campaign.Notice, error) {
	var found campaign.Notice
	err := r.view(ctx, func(tx *sqlx.Tx) error {
		var a struct {
			Seq      sql.NullInt64
			Excluded sql.NullString
		}
		err := tx.GetContext(ctx, &a, `SELECT `+lastNotice+` AS seq, excluded
			FROM accounts a JOIN verdicts ON number = verdict WHERE id = ? ORDER BY n LIMIT 1`, id)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return ErrNoAccount
		case err == nil && a.Excluded.Valid:
			return fmt.Errorf("%w: %s", ErrExcluded, a.Excluded.String)
		case err != nil:
			return err
		}
		found, err = r.one(ctx, tx, "WHERE seq = ?", a.Seq)
		return err
	})
	if err != nil {
		return campaign.Notice{}, fmt.Errorf("find the notice of account %q: %w", account.MaskText(id), err)
	}
	return found, nil
}

// one returns the notice that a condition selects.
func (r *Reader) one(ctx context.Context, tx *sqlx.Tx, condition string, args ...any) (campaign.Notice, error) {
	var row noticeRow
	err := tx.GetContext(ctx, &row, selectNotice+condition, args...)
	if errors.Is(err, sql.ErrNoRows) {
		err = damaged("a notice is missing")
	}
	if err != nil {
		return campaign.Notice{}, err
	}
	notices, err := r.notices(ctx, tx, []noticeRow{row})
	if err != nil {
		return campaign.Notice{}, err
	}
	return notices[0], nil
}

// Samples returns the first notice of each class and language in the order of
// sending, password before SSO.
func (r *Reader) Samples(ctx context.Context) ([]campaign.Notice, error) {
	var samples []campaign.Notice
	err := r.view(ctx, func(tx *sqlx.Tx) error {
		var first []int64
		err := tx.SelectContext(ctx, &first, `SELECT seq FROM (SELECT class, locale,
				(SELECT seq FROM notices o WHERE o.class = v.class AND o.locale = v.locale ORDER BY seq LIMIT 1) AS seq
				FROM (SELECT DISTINCT class, locale FROM verdicts WHERE excluded IS NULL) v)
			WHERE seq IS NOT NULL ORDER BY class, locale`)
		if err != nil {
			return err
		}
		for _, seq := range first {
			n, err := r.one(ctx, tx, "WHERE seq = ?", seq)
			if err != nil {
				return err
			}
			samples = append(samples, n)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read samples: %w", err)
	}
	return samples, nil
}
