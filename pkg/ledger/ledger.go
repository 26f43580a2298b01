package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/jmoiron/sqlx"
)

// The points of a commit at which Options.Fault is called.
const (
	BeforeCommit = "before commit" // an error here: the moves did not happen
	AfterCommit  = "after commit"  // an error here: they did, and the caller does not learn it
)

// Options are what tests change. The zero value is for use.
type Options struct {
	// Fault, if set, is called at each point of each commit. Its error is taken as a
	// failure of the disk.
	Fault func(point string) error
}

// Ledger reads and writes a ledger, alone. Its methods may be called from several
// goroutines.
type Ledger struct {
	*Reader
	lock   *lock
	writer *writer
	run    atomic.Int64 // the number of this process's run; 0: none
	closed atomic.Bool
}

// Open opens the ledger at path, takes its lock, and brings its schema up to date.
//
// It returns fs.ErrNotExist, ErrHeld, ErrCorrupt and ErrNewer.
func Open(ctx context.Context, path string, o Options) (*Ledger, error) {
	l, err := open(ctx, path, o)
	if err != nil {
		return nil, fmt.Errorf("open the ledger: %w", explain(err))
	}
	return l, nil
}

func open(ctx context.Context, path string, o Options) (_ *Ledger, err error) {
	if err := checkFile(ctx, path); err != nil {
		return nil, err
	}
	l := &Ledger{}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	if l.lock, err = acquire(path); err != nil {
		return nil, err
	}
	// The file may have been replaced before the lock was ours.
	if err := checkFile(ctx, path); err != nil {
		return nil, err
	}
	if err := narrow(path); err != nil {
		return nil, err
	}
	if err := upgrade(ctx, path); err != nil {
		return nil, err
	}
	if l.Reader, err = newReader(ctx, path); err != nil {
		return nil, err
	}
	l.sending = func() (bool, error) { return l.run.Load() != 0, nil }
	guard, err := l.lock.guard(path)
	if err != nil {
		return nil, err
	}
	l.writer, err = startWriter(ctx, writerOptions{path: path, fault: o.Fault, guard: guard, mark: l.lock.mark})
	return l, err
}

// narrow takes the files of the ledger at path from everybody but their owner, whatever a
// copy or another program has made of them. SQLite gives files that it makes later the
// mode of the ledger.
func narrow(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Chmod(target(path)+suffix, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// upgrade plays a log that a dead process left into the file, so that what was cut
// off can be seen, and applies the migrations that are missing. The log itself stays: a
// file that is open is never without one.
func upgrade(ctx context.Context, path string) error {
	db, err := connect(path, writePragmas, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Connx(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := keepLog(conn, true); err != nil {
		return err
	}
	whole, err := checkpoint(ctx, conn, "FULL")
	if err != nil {
		return err
	}
	if err := checkSize(ctx, conn, path, whole); err != nil {
		return err
	}
	steps, err := migrations(embedded)
	if err != nil {
		return err
	}
	return migrate(ctx, conn, steps)
}

// Close waits for writes under way, closes the ledger and gives back its lock. A run
// without End counts as broken off. A second call does nothing.
func (l *Ledger) Close() error {
	if l.closed.Swap(true) {
		return nil
	}
	var errs []error
	if l.Reader != nil {
		errs = append(errs, l.Reader.Close())
	}
	if l.writer != nil {
		errs = append(errs, l.writer.close())
	}
	if l.lock != nil {
		errs = append(errs, l.lock.release())
	}
	return errors.Join(errs...)
}

// change runs one statement of a write and returns how many rows it changed.
func change(ctx context.Context, conn *sqlx.Conn, statement string, args ...any) (int64, error) {
	result, err := conn.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
