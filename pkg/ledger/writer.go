package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"runtime"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"
)

// maxGroup bounds how many calls one commit takes.
const maxGroup = 256

// writer owns the only connection that writes. Its goroutine commits whatever calls
// have gathered since its last commit in one transaction (group commit): an fsync
// costs much more than the moves that it makes durable. A failed write ends it, since
// it is not known then what the disk holds.
type writer struct {
	db       *sqlx.DB
	conn     *sqlx.Conn
	move     *sql.Stmt
	attempt  *sql.Stmt
	stamp    *sql.Stmt
	raise    *sql.Stmt
	fault    func(point string) error
	guard    func() error // an error: the files are not the ones that were opened
	mark     func(mark) error
	state    committed // of what is durable
	logged   bool      // the file itself says that it is open
	requests chan *request
	closing  chan struct{}
	ended    chan struct{}
	failed   error // of the goroutine; every later request gets it
	behind   error // after the last commit; it is durable, and no other follows

	// The run that moved a notice in the transaction under way, when it did last, and when
	// it moved one to accepted; 0: it did not.
	sentBy, sentAt, acceptedAt int64
}

// request is one call: all of write happens, or nothing.
type request struct {
	write func(*writer) error
	done  chan error
}

// writerOptions say what a writer writes, and what is asked around each commit.
type writerOptions struct {
	path  string
	fault func(point string) error // see Options.Fault; may be nil
	guard func() error             // before each transaction
	mark  func(mark) error         // after each commit
}

func startWriter(ctx context.Context, o writerOptions) (*writer, error) {
	w := &writer{
		fault:    o.fault,
		guard:    o.guard,
		mark:     o.mark,
		requests: make(chan *request),
		closing:  make(chan struct{}),
		ended:    make(chan struct{}),
	}
	if w.fault == nil {
		w.fault = func(string) error { return nil }
	}
	if err := w.connect(ctx, o.path); err != nil {
		return nil, errors.Join(err, w.disconnect())
	}
	go w.run()
	return w, nil
}

func (w *writer) connect(ctx context.Context, path string) (err error) {
	if w.db, err = connect(path, writePragmas, 1); err != nil {
		return err
	}
	if w.conn, err = w.db.Connx(ctx); err != nil {
		return err
	}
	if err = keepLog(w.conn, true); err != nil {
		return err
	}
	if w.state, err = readCommits(ctx, w.conn); err != nil {
		return err
	}
	if w.move, err = w.conn.PrepareContext(ctx, moveStatement); err != nil {
		return err
	}
	if w.attempt, err = w.conn.PrepareContext(ctx, attemptStatement); err != nil {
		return err
	}
	w.stamp, err = w.conn.PrepareContext(ctx, "UPDATE runs SET sent = ?, accepted = max(coalesce(accepted, 0), ?) WHERE number = ?")
	if err != nil {
		return err
	}
	w.raise, err = w.conn.PrepareContext(ctx, "UPDATE commits SET n = ?, open = ?")
	return err
}

func (w *writer) disconnect() error {
	var errs []error
	for _, statement := range []*sql.Stmt{w.move, w.attempt, w.stamp, w.raise} {
		if statement != nil { // a connection does not close its statements
			errs = append(errs, statement.Close())
		}
	}
	if w.conn != nil {
		errs = append(errs, w.conn.Close())
	}
	if w.db != nil {
		errs = append(errs, w.db.Close())
	}
	return explain(errors.Join(errs...))
}

func (w *writer) close() error {
	close(w.closing)
	<-w.ended
	return errors.Join(explain(w.conclude()), w.disconnect())
}

// conclude says that the log is not needed any more, and has SQLite fold it in and remove
// it. After a failed write it stays, for the next process.
func (w *writer) conclude() error {
	if w.failed != nil || w.behind != nil {
		return nil
	}
	if w.state.Open {
		_, err := w.transact(false, func() error { return nil })
		if err = cmp.Or(err, w.behind); err != nil {
			return fmt.Errorf("%w: %w", ErrStopped, err)
		}
	}
	return keepLog(w.conn, false)
}

// do has write committed and waits for it. Once the goroutine has the request, ctx
// ends nothing: the caller learns whether it happened.
func (w *writer) do(ctx context.Context, write func(*writer) error) error {
	r := &request{write: write, done: make(chan error, 1)}
	select {
	case w.requests <- r:
		return explain(<-r.done)
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return fs.ErrClosed
	}
}

func (w *writer) run() {
	defer close(w.ended)
	for {
		select {
		case first := <-w.requests:
			w.commit(w.gather(first))
		case <-w.closing:
			return
		}
	}
}

// gather takes every request that waits now, and those of the callers that the last
// commit has just woken: they get the processor once.
func (w *writer) gather(first *request) []*request {
	group := []*request{first}
	for yielded := false; len(group) < maxGroup; {
		select {
		case r := <-w.requests:
			group = append(group, r)
			yielded = false
		default:
			if yielded {
				return group
			}
			runtime.Gosched()
			yielded = true
		}
	}
	return group
}

// commit writes group in one transaction. A request that is refused gets its error,
// and the others are written without it.
func (w *writer) commit(group []*request) {
	for w.failed == nil && len(group) > 0 {
		refused, err := w.try(group)
		if err == nil {
			break
		}
		if refused < 0 {
			w.failed = fmt.Errorf("%w: %w", ErrStopped, err)
			break
		}
		group[refused].done <- err
		group = append(group[:refused], group[refused+1:]...)
	}
	for _, r := range group {
		r.done <- w.failed
	}
}

// try writes group and returns which request was refused, or -1 where the transaction
// itself failed.
func (w *writer) try(group []*request) (refused int, err error) {
	refused = -1
	undone, err := w.transact(true, func() error {
		for i, r := range group {
			if err := r.write(w); err != nil {
				if isRefusal(err) {
					refused = i
				}
				return err
			}
		}
		return w.stampRun()
	})
	if !undone {
		refused = -1
	}
	return refused, err
}

// transact commits what write does, and counts the commit; open says whether others may
// follow. undone says that nothing of it happened, and that the writer can go on.
func (w *writer) transact(open bool, write func() error) (undone bool, err error) {
	ctx := context.Background() // a write that has begun is not interrupted
	if err := cmp.Or(w.behind, w.guard()); err != nil {
		return false, err
	}
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return false, err
	}
	next := committed{N: w.state.N + 1, Open: open, Plan: w.state.Plan}
	err = write()
	if err == nil {
		_, err = w.raise.Exec(next.N, one(next.Open))
	}
	if err == nil {
		err = w.fault(BeforeCommit)
	}
	if err != nil {
		_, failed := w.conn.ExecContext(ctx, "ROLLBACK")
		return failed == nil, errors.Join(err, failed)
	}
	if _, err := w.conn.ExecContext(ctx, "COMMIT"); err != nil {
		return false, err
	}
	w.state = next
	if err := w.fault(AfterCommit); err != nil {
		return false, err
	}
	w.behind = w.follow(ctx)
	return false, nil
}

// follow has everything that is to tell of a commit tell of it: the mark, and after the
// first and the last one the file itself. That it fails takes nothing from what was
// committed.
func (w *writer) follow(ctx context.Context) error {
	if err := w.mark(mark{plan: w.state.Plan.String, commits: w.state.N}); err != nil {
		return err
	}
	if w.logged && w.state.Open {
		return nil
	}
	var err error
	w.logged, err = checkpoint(ctx, w.conn, "PASSIVE") // again after the next commit, if a reader was in the way
	return err
}

// stampRun keeps when a run has sent last, and was successful last, once a transaction: the
// next run must not burst past what this one has used up, however this one ends.
func (w *writer) stampRun() error {
	if w.sentAt == 0 {
		return nil
	}
	_, err := w.stamp.Exec(w.sentAt, w.acceptedAt, w.sentBy)
	w.sentAt, w.acceptedAt = 0, 0
	return err
}

// isRefusal tells a request that is wrong from a disk that fails.
func isRefusal(err error) bool {
	var move *MoveError
	return errors.As(err, &move) || sqliteCode(err) == sqlite3.ErrConstraint
}
