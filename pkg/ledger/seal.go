package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/hint"
)

// Seal makes the plan: accounts that come twice are found, the others grouped into
// notices, and these dealt into batches with the destination domains interleaved.
// Then the ledger is made durable and takes its place in one step. The same records
// in the same order and the same f give the same order of sending and the same
// digest.
//
// It returns a *campaign.DuplicateError, campaign.ErrNothingSelected and
// campaign.ErrAllExcluded. After any error there is nothing to do but to Close.
func (d *Draft) Seal(ctx context.Context, f campaign.Frozen) error {
	if f.BatchSize < 1 || f.Canary < 0 || f.Campaign == "" {
		return fmt.Errorf("seal the plan: batch size %d, canary %d, campaign %q", f.BatchSize, f.Canary, f.Campaign)
	}
	if err := d.settle(ctx); err != nil {
		return fmt.Errorf("write the accounts: %w", explain(err))
	}
	switch {
	case d.n == 0 && f.Read == 0:
		return hint.Wrap(fmt.Errorf("%w: the export has no rows", campaign.ErrNothingSelected),
			"look into the export, and at export.query if it is set: there are columns and no row below them")
	case d.n == 0:
		return hint.Wrap(campaign.ErrNothingSelected, "look at export.where and export.query")
	}
	steps := []func(context.Context, campaign.Frozen) error{
		d.decide, d.excludeDuplicates, d.group, d.count, d.deal, d.bind, d.setDeadline, d.setOverrides, d.finish,
	}
	for _, step := range steps {
		if err := step(ctx, f); err != nil {
			return fmt.Errorf("finish the plan: %w", explain(err))
		}
	}
	return nil
}

// settle waits until everything that was added is in the database. From then on it takes
// no more records.
func (d *Draft) settle(ctx context.Context) error {
	if d.loader != nil {
		err := d.flush(ctx)
		d.loader.stop()
		err = cmp.Or(err, d.loader.err)
		d.loader = nil
		if err != nil {
			return err
		}
	}
	return d.flushUnmatched(ctx)
}

// decide writes the verdicts.
func (d *Draft) decide(ctx context.Context, _ campaign.Frozen) error {
	d.register.verdicts.add(duplicate, 0)
	return d.register.verdicts.insert(ctx, d.conn)
}

// twice names the ids that stand on several lines, and the first of these; repeats are
// the later lines.
const (
	twice = `CREATE TEMP TABLE twice AS
		SELECT f.id, f.n, f.line, f.name, f.verdict, coalesce(f.mailbox, f.address) AS mailbox
		FROM (SELECT min(n) AS first FROM accounts GROUP BY id HAVING count(*) > 1)
		CROSS JOIN accounts f ON f.n = first`
	repeats = `FROM twice t CROSS JOIN accounts a ON a.id = t.id AND a.n > t.n`
)

func (d *Draft) excludeDuplicates(ctx context.Context, _ campaign.Frozen) error {
	if err := d.buildIndex(ctx, "accounts_id"); err != nil {
		return err
	}
	if _, err := d.conn.ExecContext(ctx, twice); err != nil {
		return err
	}
	var e campaign.DuplicateError
	err := d.conn.QueryRowxContext(ctx, `SELECT a.id, t.line, a.line `+repeats+`
		WHERE (a.name, a.verdict, coalesce(a.mailbox, a.address)) IS NOT (t.name, t.verdict, t.mailbox)
		ORDER BY a.n LIMIT 1`).Scan(&e.ID, &e.First, &e.Second)
	if err == nil {
		return hint.Wrap(&e, "an account id must name one account: look at export.columns, or correct the export")
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var found []struct{ Verdict, Accounts int64 }
	err = d.conn.SelectContext(ctx, &found, `SELECT a.verdict, count(*) AS accounts `+repeats+` GROUP BY a.verdict`)
	if err != nil {
		return err
	}
	for _, f := range found {
		d.register.verdicts.move(f.Verdict, duplicate, f.Accounts)
	}
	number := d.register.verdicts.add(duplicate, 0)
	_, err = d.conn.ExecContext(ctx, `UPDATE accounts SET verdict = ? WHERE n IN (SELECT a.n `+repeats+`)`, number)
	if err != nil {
		return err
	}
	// Examples that have just become duplicates are none any more.
	_, err = d.conn.ExecContext(ctx, `DELETE FROM examples WHERE verdict <> (SELECT verdict FROM accounts WHERE n = account);
		INSERT INTO examples SELECT ?, a.n `+repeats+` ORDER BY a.n LIMIT ?`, number, maxExamples)
	return err
}

// share gives the accounts of one mailbox and class the same lead. Accounts are read and
// written in their order, and all else is sorted, so that it takes no longer where the
// cache holds but a small part of them.
var share = []string{
	`CREATE TEMP TABLE crowd AS
		SELECT n FROM (SELECT box FROM accounts WHERE box IS NOT NULL GROUP BY box HAVING count(*) > 1)
		CROSS JOIN accounts USING (box) ORDER BY n`,
	`CREATE TEMP TABLE followers AS SELECT n, first FROM (
		SELECT a.n, min(a.n) OVER (PARTITION BY box, coalesce(mailbox, address), class) AS first
		FROM crowd c CROSS JOIN accounts a ON a.n = c.n CROSS JOIN verdicts ON number = verdict
		WHERE excluded IS NULL) WHERE first < n ORDER BY n`,
	`UPDATE accounts SET lead = f.first FROM followers f WHERE accounts.n = f.n`,
}

// group makes the leads.
func (d *Draft) group(ctx context.Context, _ campaign.Frozen) error {
	if err := d.buildIndex(ctx, "accounts_box"); err != nil {
		return err
	}
	for _, statement := range share {
		if _, err := d.conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return d.buildIndex(ctx, "accounts_lead")
}

// count writes the census, and the numbers of the verdicts.
func (d *Draft) count(ctx context.Context, _ campaign.Frozen) error {
	if err := d.register.verdicts.count(ctx, d.conn); err != nil {
		return err
	}
	census := d.register.verdicts.census()
	if census[""] == 0 {
		return hint.Wrap(campaign.ErrAllExcluded, "look at export.columns or export.preset, whichever is set, and at the addresses of the export")
	}
	for excluded, n := range census {
		if _, err := d.conn.ExecContext(ctx, "INSERT INTO census VALUES (?, ?)", string(excluded), n); err != nil {
			return err
		}
	}
	return nil
}

// finish builds the remaining indexes and puts the file in its place: after the
// rename the plan is there, before it the old one is.
func (d *Draft) finish(ctx context.Context, _ campaign.Frozen) error {
	for name := range d.indexes {
		if err := d.buildIndex(ctx, name); err != nil {
			return err
		}
	}
	for _, statement := range []string{"COMMIT", "PRAGMA journal_mode = WAL"} {
		if _, err := d.conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if err := d.disconnect(); err != nil {
		return err
	}
	if err := syncFile(d.temp); err != nil {
		return err
	}
	if err := retire(ctx, d.path); err != nil {
		return fmt.Errorf("replace the existing plan: %w", err)
	}
	// The mark is that of the old plan, of which nothing was sent.
	if err := d.lock.unmark(); err != nil {
		return err
	}
	if err := os.Rename(d.temp, d.path); err != nil {
		return err
	}
	return syncFile(filepath.Dir(d.path))
}

// retire folds the write-ahead log of the ledger at path into it and removes it. A
// log that stayed would be played into the file that takes the ledger's name.
func retire(ctx context.Context, path string) error {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return removeFiles(path) // a log without a ledger belongs to nothing
	}
	db, err := connect(path, writePragmas, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	var busy, frames, done int
	row := db.QueryRowxContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	if err := row.Scan(&busy, &frames, &done); err != nil {
		return err
	}
	if busy != 0 {
		return hint.Wrap(errors.New("another program reads it"), "close it and plan again")
	}
	if err := db.Close(); err != nil {
		return err
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// syncFile makes a file, or the entries of a folder, durable.
func syncFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
