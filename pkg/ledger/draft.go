package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/hint"
)

var _ campaign.Draft = (*Draft)(nil)

// Draft is a ledger in the making, in a file of its own beside the ledger's place.
// Its methods are for one goroutine.
type Draft struct {
	path, temp string
	lock       *lock
	db         *sqlx.DB
	conn       *sqlx.Conn
	indexes    map[string]string  // those that are cheaper to build at the end: name to statement
	n          int64              // accounts so far
	accounts   []campaign.Planned // those that are not handed to the loader yet
	unmatched  []campaign.Unmatched
	loader     *loader // nil: there are no more records to come
	register   *register
}

// Create begins a plan for the ledger at path and takes its lock. An existing ledger
// stays as it is until Seal replaces it. The caller calls Close in any case. Besides the
// draft itself Seal needs room to sort, about as much again as a third of it, in the folder
// that SQLITE_TMPDIR or else TMPDIR names; these files are for their owner alone and have
// no name, so that nothing is left of them.
//
// It returns ErrHeld, ErrStarted where the existing ledger has sent anything, and
// ErrCorrupt or ErrNewer where what is at path cannot be known to be unsent.
func Create(ctx context.Context, path string) (_ *Draft, err error) {
	held, err := acquire(path)
	if err != nil {
		return nil, err
	}
	d := &Draft{path: path, temp: path + ".tmp", lock: held, register: newRegister()}
	defer func() {
		if err != nil {
			err = errors.Join(explain(err), d.Close())
		}
	}()
	if err := refuseStarted(ctx, path); err != nil {
		return nil, err
	}
	if err := d.open(ctx); err != nil {
		return nil, fmt.Errorf("create the ledger: %w", err)
	}
	return d, nil
}

// refuseStarted returns an error unless there is no ledger at path or one that has
// sent nothing. The caller holds the lock, so that this stays true.
func refuseStarted(ctx context.Context, path string) error {
	r, err := OpenReadOnly(ctx, path)
	if errors.Is(err, ErrOlder) {
		if err := upgrade(ctx, path); err != nil {
			return fmt.Errorf("look at the existing ledger: %w", err)
		}
		r, err = OpenReadOnly(ctx, path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the existing ledger: %w", err)
	}
	defer r.Close()
	var touched bool
	err = r.db.GetContext(ctx, &touched, `SELECT EXISTS (SELECT 1 FROM tally WHERE state <> 'pending' AND n > 0)
		OR EXISTS (SELECT 1 FROM resends)`)
	if err == nil && touched {
		err = hint.Wrap(ErrStarted, "notify send goes on with it; another campaign needs another name, or another --ledger")
	}
	return err
}

// open makes the temporary file. What an earlier process left of one is removed:
// the lock tells that nobody uses it.
func (d *Draft) open(ctx context.Context) error {
	if err := removeFiles(d.temp); err != nil {
		return err
	}
	file, err := os.OpenFile(d.temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if d.db, err = connect(d.temp, draftPragmas, 1); err != nil {
		return err
	}
	if d.conn, err = d.db.Connx(ctx); err != nil {
		return err
	}
	steps, err := migrations(embedded)
	if err != nil {
		return err
	}
	// A second processor sorts while the first one reads on. Large pages are fewer.
	if _, err := d.conn.ExecContext(ctx, "PRAGMA threads = 1; PRAGMA page_size = 8192"); err != nil {
		return err
	}
	if err := migrate(ctx, d.conn, steps); err != nil {
		return err
	}
	if err := d.dropIndexes(ctx); err != nil {
		return err
	}
	d.loader, err = startLoader(ctx, d.conn, d.register)
	return err
}

// dropIndexes takes away the indexes of the large tables, to be built again when
// the rows are in: sorting once is several times faster than a million insertions.
func (d *Draft) dropIndexes(ctx context.Context) error {
	var found []struct{ Name, SQL string }
	err := d.conn.SelectContext(ctx, &found, `SELECT name, sql FROM sqlite_schema
		WHERE type = 'index' AND tbl_name IN ('accounts', 'notices') AND sql IS NOT NULL
		AND name NOT IN ('notices_deferred', 'notices_replaced')`) // a new plan has nothing for these
	if err != nil {
		return err
	}
	d.indexes = make(map[string]string, len(found))
	for _, index := range found {
		d.indexes[index.Name] = index.SQL
		if _, err := d.conn.ExecContext(ctx, "DROP INDEX "+index.Name); err != nil {
			return err
		}
	}
	return nil
}

// buildIndex builds one of the dropped indexes.
func (d *Draft) buildIndex(ctx context.Context, name string) error {
	_, err := d.conn.ExecContext(ctx, d.indexes[name])
	delete(d.indexes, name)
	return err
}

// Add takes one record. Rows are written in the background: the error of an earlier
// record may come with a later one, or with Seal.
func (d *Draft) Add(ctx context.Context, p campaign.Planned) error {
	switch {
	case d.loader == nil:
		return fmt.Errorf("line %d: %w", p.Line, errSettled)
	case p.ID == "":
		return fmt.Errorf("line %d: an account without an id cannot be planned", p.Line)
	case p.Excluded == "" && (p.To.IsZero() || !p.Class.Valid() || p.Locale == ""):
		return fmt.Errorf("line %d: an account with neither a notice nor an exclusion cannot be planned", p.Line)
	}
	d.n++
	d.accounts = append(d.accounts, p)
	if len(d.accounts) < insertRows {
		return nil
	}
	return d.flush(ctx)
}

// errSettled is a mistake of the caller.
var errSettled = errors.New("no account can be planned any more: accounts come before keys that match none")

func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (d *Draft) flush(ctx context.Context) (err error) {
	d.accounts, err = d.loader.hand(ctx, d.accounts)
	return explain(err)
}

// Close ends the draft: before Seal it removes what was written, after it it only
// gives back the lock. A second call does nothing.
func (d *Draft) Close() error {
	if d.lock == nil {
		return nil
	}
	err := errors.Join(d.disconnect(), removeFiles(d.temp), d.lock.release())
	d.lock = nil
	return err
}

// disconnect ends the loader and closes the database. A second call does nothing.
func (d *Draft) disconnect() error {
	var errs []error
	if d.loader != nil {
		d.loader.stop()
		d.loader = nil
	}
	if d.conn != nil {
		errs = append(errs, d.conn.Close())
	}
	if d.db != nil {
		errs = append(errs, d.db.Close())
	}
	d.conn, d.db = nil, nil
	return errors.Join(errs...)
}

// removeFiles removes the database at path with the files that SQLite keeps beside
// it. Missing ones are no error.
func removeFiles(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
