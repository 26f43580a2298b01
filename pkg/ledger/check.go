package ledger

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"syscall"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/hint"
)

// errTwoNames says that two processes could take the same file for two ledgers.
var errTwoNames = errors.New("the ledger has more than one name (a hard link)")

// checkFile tells what is no ledger, what was cut off, and what lacks its last commits.
// It returns fs.ErrNotExist where there is nothing.
//
// It never opens the file by itself: to close it again would drop the locks that
// SQLite holds on it for other connections of this process (fcntl(2)).
func checkFile(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	logged := hasLog(path)
	before, err := readMark(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return damaged("it is no regular file")
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Nlink > 1 {
		return hint.Wrap(errTwoNames, "a lock goes by the name: copy the ledger instead of linking it")
	}
	db, err := connect(path, readPragmas, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := checkSize(ctx, db, path, !hasLog(path)); err != nil {
		return err
	}
	return checkCommits(ctx, db, path, before, logged)
}

// checkSize holds the file's application id and, where it is whole, its size against what
// its header says. While there is a write-ahead log, the file may rightly be shorter.
func checkSize(ctx context.Context, db queryer, path string, whole bool) error {
	var id, pages, size int64
	for query, into := range map[string]*int64{
		"PRAGMA application_id": &id, "PRAGMA page_count": &pages, "PRAGMA page_size": &size,
	} {
		if err := db.GetContext(ctx, into, query); err != nil {
			return err
		}
	}
	if id != applicationID {
		return damaged("it is no ledger")
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if whole && info.Size() != pages*size {
		return damaged("it has %d bytes instead of %d", info.Size(), pages*size)
	}
	return nil
}

func hasLog(path string) bool {
	info, err := os.Stat(logPath(path))
	return err == nil && info.Size() > 0
}

// plan is the row of the table.
type plan struct {
	Campaign  string
	Made      int64
	Key       []byte
	Read      int64
	BatchSize int `db:"batch_size"`
	Canary    int
	Unmatched int64
	Digest    string
}

func loadPlan(ctx context.Context, db *sqlx.DB) (plan, error) {
	var p plan
	err := db.GetContext(ctx, &p, "SELECT campaign, made, key, read, batch_size, canary, unmatched, digest FROM plan")
	if errors.Is(err, sql.ErrNoRows) {
		err = damaged("it holds no plan")
	}
	return p, err
}

// key is the campaign's key. The schema holds its length.
func (p plan) key() campaign.Key { return campaign.Key(p.Key) }

// frozen is what the row holds of it; the maps are empty.
func (p plan) frozen() campaign.Frozen {
	return campaign.Frozen{
		Campaign: p.Campaign, At: moment(p.Made), Key: p.key(), Read: p.Read,
		BatchSize: p.BatchSize, Canary: p.Canary,
		Parts: map[string]string{}, Wordings: map[string][]byte{},
	}
}

// checkSums holds the counts against the ends of the large tables. Its time does not
// grow with the number of notices.
func checkSums(ctx context.Context, db *sqlx.DB) error {
	var sum struct{ Tallied, Last, Replaced, Batched, Spanned, Counted, Accounts int64 }
	err := db.GetContext(ctx, &sum, `SELECT
		(SELECT coalesce(sum(n), 0) FROM tally) AS tallied,
		(SELECT coalesce(max(seq), 0) FROM notices) AS last,
		(SELECT count(*) FROM notices WHERE current = 0) AS replaced,
		(SELECT coalesce(max(last), 0) FROM batches) AS batched,
		(SELECT coalesce(sum(last - first + 1), 0) FROM batches) AS spanned,
		(SELECT coalesce(sum(n), 0) FROM census) AS counted,
		(SELECT coalesce(max(n), 0) FROM accounts) AS accounts`)
	switch {
	case err != nil:
		return err
	case sum.Last == 0 || sum.Batched != sum.Last || sum.Spanned != sum.Last:
		return damaged("it has %d notices, and batches for %d", sum.Last, sum.Spanned)
	case sum.Tallied != sum.Last-sum.Replaced:
		return damaged("it has %d current notices and counts %d", sum.Last-sum.Replaced, sum.Tallied)
	case sum.Counted != sum.Accounts:
		return damaged("it has %d accounts and counts %d", sum.Accounts, sum.Counted)
	}
	return nil
}

// checkDigest holds the plan's parts and batches against its digest.
func checkDigest(ctx context.Context, db *sqlx.DB, p plan) error {
	f := p.frozen()
	err := eachPair(ctx, db, "SELECT name, sha256 FROM parts", func(name string, sum []byte) {
		f.Parts[name] = string(sum)
	})
	if err != nil {
		return err
	}
	digest := newPlanDigest(f)
	rows, err := db.QueryxContext(ctx, "SELECT number, first, last, sha256 FROM batches WHERE resend IS NULL ORDER BY number")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var s span
		if err := rows.StructScan(&s); err != nil {
			return err
		}
		digest.add(s)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if digest.String() != p.Digest {
		return damaged("its batches are not those of the plan")
	}
	return nil
}
