package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"

	"breachnotify/pkg/hint"
)

// committed is how far a ledger has come, as it says itself.
type committed struct {
	N    int64          // commits since the plan
	Open bool           // the write-ahead log may hold some that the file does not
	Plan sql.NullString // the plan's digest
}

func readCommits(ctx context.Context, q queryer) (committed, error) {
	var c committed
	err := q.GetContext(ctx, &c, "SELECT n, open, (SELECT digest FROM plan) AS plan FROM commits")
	if errors.Is(err, sql.ErrNoRows) {
		err = damaged("it does not say how many commits it has")
	}
	return c, err
}

// checkCommits refuses a ledger that lacks what was committed last: where its write-ahead
// log is missing, is damaged, or was left behind when the file was copied, SQLite would
// go on from an earlier moment without a word, and people would be mailed twice.
//
// before is the mark as it was before the ledger was opened, so that commits of a process
// that writes meanwhile only put the ledger ahead of it; logged says whether there was a
// log then, since SQLite itself makes an empty one.
//
// A ledger that is open, without a log, is whole only if its mark says so: something else
// has folded the log into the file then. The last commit may be without its mark.
func checkCommits(ctx context.Context, db *sqlx.DB, path string, before mark, logged bool) error {
	var known bool
	err := db.GetContext(ctx, &known, "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'commits')")
	if err != nil || !known { // it is from before these were counted
		return err
	}
	c, err := readCommits(ctx, db)
	if err != nil {
		return err
	}
	for {
		marked := before.of(c.Plan.String)
		switch {
		case marked && c.N < before.commits:
			return lost(path, "it has %d commits, and %d were made", c.N, before.commits)
		case !c.Open || logged || hasLog(path) || marked && c.N <= before.commits+1:
			return nil
		}
		again, err := readCommits(ctx, db)
		switch {
		case err != nil:
			return err
		case again == c: // and not that of a process that has begun or ended just now
			return lost(path, "a process died while it wrote, and its log %s is not there", logPath(path))
		}
		c = again
	}
}

// lost is ErrCorrupt for a ledger whose log is gone or damaged.
func lost(path, format string, args ...any) error {
	err := fmt.Errorf("%w: what was written last is missing: %w", ErrCorrupt, fmt.Errorf(format, args...))
	err = hint.Wrap(err, "do not plan anew, and do not go on from an older copy: it does not know who was told since")
	return hint.Wrap(err, "the file %s beside the ledger holds what was sent last: bring it back as it was; a copy needs both files", logPath(path))
}

// keepLog says whether the write-ahead log stays when conn is the last connection to be
// closed.
func keepLog(conn *sqlx.Conn, keep bool) error {
	return conn.Raw(func(c any) error {
		return c.(*sqlite3.SQLiteConn).SetFileControlInt("main", sqlite3.SQLITE_FCNTL_PERSIST_WAL, int(one(keep)))
	})
}

// checkpoint copies the log into the file and reports whether that was possible for all
// of it: a reader may keep a part in use.
func checkpoint(ctx context.Context, conn *sqlx.Conn, kind string) (whole bool, err error) {
	var busy, frames, done int
	err = conn.QueryRowxContext(ctx, "PRAGMA wal_checkpoint("+kind+")").Scan(&busy, &frames, &done)
	return busy == 0 && frames == done, err
}
