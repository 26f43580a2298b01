package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/campaign"
)

// readers is how many queries run at once. Each has a cache of its own.
const readers = 4

// Reader reads a ledger, also while another process sends. Its methods may be called
// from several goroutines; each sees one moment of the ledger. It reads the file that
// was there when it was opened: a plan made anew is seen by a new Reader.
type Reader struct {
	path string
	db   *sqlx.DB
	plan plan
	// sending reports whether a process sends from this ledger now.
	sending func() (bool, error)

	mu       sync.Mutex
	verified map[int64]bool // batches whose recipients were held against their digest
}

// OpenReadOnly opens the ledger at path without taking its lock.
//
// It returns fs.ErrNotExist, ErrCorrupt, ErrNewer and ErrOlder.
func OpenReadOnly(ctx context.Context, path string) (*Reader, error) {
	if err := checkFile(ctx, path); err != nil {
		return nil, fmt.Errorf("open the ledger: %w", explain(err))
	}
	r, err := newReader(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open the ledger: %w", explain(err))
	}
	return r, nil
}

func newReader(ctx context.Context, path string) (*Reader, error) {
	db, err := connect(path, readPragmas, readers)
	if err != nil {
		return nil, err
	}
	r := &Reader{path: path, db: db, verified: map[int64]bool{}}
	r.sending = func() (bool, error) { return held(r.path) }
	if err := r.load(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return r, nil
}

// load checks the ledger and reads its plan.
func (r *Reader) load(ctx context.Context) error {
	steps, err := migrations(embedded)
	if err != nil {
		return err
	}
	var version int
	if err := r.db.GetContext(ctx, &version, "PRAGMA user_version"); err != nil {
		return err
	}
	if err := checkVersion(version, steps); err != nil {
		return err
	}
	if r.plan, err = loadPlan(ctx, r.db); err != nil {
		return err
	}
	if err := checkSums(ctx, r.db); err != nil {
		return err
	}
	return checkDigest(ctx, r.db, r.plan)
}

// Close closes the ledger.
func (r *Reader) Close() error { return explain(r.db.Close()) }

// Frozen returns what the plan binds, and the plan's digest ("sha256:…").
func (r *Reader) Frozen(ctx context.Context) (campaign.Frozen, string, error) {
	f := r.plan.frozen()
	err := eachPair(ctx, r.db, "SELECT name, sha256 FROM parts", func(name string, sum []byte) {
		f.Parts[name] = string(sum)
	})
	if err == nil {
		err = eachPair(ctx, r.db, "SELECT name, bytes FROM wordings", func(name string, text []byte) {
			f.Wordings[name] = text
		})
	}
	if err != nil {
		return campaign.Frozen{}, "", fmt.Errorf("read the plan: %w", explain(err))
	}
	return f, r.plan.Digest, nil
}

// eachPair calls yield with every row of a query for a name and a value.
func eachPair(ctx context.Context, db *sqlx.DB, query string, yield func(name string, value []byte)) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var value []byte
		if err := rows.Scan(&name, &value); err != nil {
			return err
		}
		yield(name, value)
	}
	return rows.Err()
}

// verify holds the recipients of a batch against the plan, once.
func (r *Reader) verify(ctx context.Context, q queryer, batch int64) error {
	r.mu.Lock()
	done := r.verified[batch]
	r.mu.Unlock()
	if done {
		return nil
	}
	var s span
	err := q.GetContext(ctx, &s, "SELECT number, first, last, sha256 FROM batches WHERE number = ?", batch)
	if err == nil {
		err = s.verify(ctx, q)
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.verified[batch] = true
	return nil
}

// view runs read in a transaction, so that all of its queries see one moment.
func (r *Reader) view(ctx context.Context, read func(*sqlx.Tx) error) error {
	tx, err := r.db.BeginTxx(ctx, nil)
	if err != nil {
		return explain(err)
	}
	defer tx.Rollback()
	return explain(read(tx))
}
