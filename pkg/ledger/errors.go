package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/mattn/go-sqlite3"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/hint"
)

// What the functions of this package return, besides fs.ErrNotExist.
var (
	// ErrHeld says that another process holds the ledger; the error is a *HeldError.
	// From Create and Open.
	ErrHeld = errors.New("the ledger is held by another process")
	// ErrStarted says that a plan cannot be replaced, since something was sent. From
	// Create.
	ErrStarted = errors.New("the campaign has started")
	// ErrNewer says that a later version of this program wrote the ledger. From
	// Create, Open and OpenReadOnly.
	ErrNewer = errors.New("the ledger is from a newer version")
	// ErrOlder says that the ledger must be opened for writing once, which brings it
	// up to date. From OpenReadOnly.
	ErrOlder = errors.New("the ledger is from an older version")
	// ErrCorrupt says that the file is no ledger, or a damaged one. From everything
	// that reads.
	ErrCorrupt = errors.New("the ledger is damaged or is no ledger")
	// ErrStale says that a notice is not in the state that a move starts from; the
	// error is a *MoveError. From Ledger.Record.
	ErrStale = errors.New("the notice is in another state")
	// ErrStopped says that a write failed before, and that the ledger takes no more
	// until it is opened again. It is wrapped around the first cause. From everything
	// that writes.
	ErrStopped = errors.New("the ledger stopped after a failed write")
	// ErrNoAccount says that no account has the id. From Reader.NoticeOf.
	ErrNoAccount = errors.New("no such account")
	// ErrExcluded says that the account gets no notice. From Reader.NoticeOf.
	ErrExcluded = errors.New("the account is excluded")
)

// HeldError says who holds a ledger. It is ErrHeld.
type HeldError struct {
	PID  int    // 0: unknown
	Host string // empty: unknown
}

// Error names the process and its host.
func (e *HeldError) Error() string {
	if e.PID == 0 {
		return ErrHeld.Error()
	}
	return fmt.Sprintf("%v: pid %d on %s", ErrHeld, e.PID, e.Host)
}

// Is makes errors.Is(e, ErrHeld) true.
func (e *HeldError) Is(target error) bool { return target == ErrHeld }

// MoveError is a move that was refused; nothing of its call was recorded. Err is
// ErrStale, or says what is wrong with the move itself.
type MoveError struct {
	Seq      int64
	From, To campaign.State
	Err      error
}

// Error names the notice by its number.
func (e *MoveError) Error() string {
	return fmt.Sprintf("move notice %d from %s to %s: %v", e.Seq, e.From, e.To, e.Err)
}

// Unwrap returns Err.
func (e *MoveError) Unwrap() error { return e.Err }

// explain gives an error of SQLite or the file system this package's sentinel or
// some advice, where there is any.
func explain(err error) error {
	switch code := sqliteCode(err); {
	case err == nil || errors.Is(err, ErrCorrupt):
		return err
	case code == sqlite3.ErrCorrupt || code == sqlite3.ErrNotADB || code == sqlite3.ErrError:
		return corrupt(err) // ErrError: the statements are fixed, so that the schema is not ours
	case code == sqlite3.ErrFull || errors.Is(err, syscall.ENOSPC):
		return hint.Wrap(err, "the disk is full: make room, then run the command again; what was recorded is safe, and notices whose reply could not be recorded are in doubt then")
	case code == sqlite3.ErrReadonly || code == sqlite3.ErrCantOpen || code == sqlite3.ErrPerm,
		errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return hint.Wrap(err, "the ledger and its folder must be writable by you: SQLite keeps files beside it")
	case code == sqlite3.ErrBusy:
		return hint.Wrap(err, "another program has the ledger open: close it and run the command again")
	case code == sqlite3.ErrIoErr || errors.Is(err, syscall.EIO):
		return hint.Wrap(err, "the disk failed: check it, then run the command again")
	}
	return err
}

func sqliteCode(err error) sqlite3.ErrNo {
	var e sqlite3.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// corrupt is ErrCorrupt because of cause.
func corrupt(cause error) error {
	return hint.Wrap(fmt.Errorf("%w: %w", ErrCorrupt, cause),
		"if it is a ledger, restore it from a copy, with the files beside it; do not plan anew, since nobody knows who was told")
}

func damaged(format string, args ...any) error {
	return corrupt(fmt.Errorf(format, args...))
}
