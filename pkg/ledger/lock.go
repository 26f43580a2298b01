package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"breachnotify/pkg/hint"
)

const (
	// A process that asks whether a lock is held takes it for an instant. These
	// tries outlast such an instant.
	lockTries = 10
	lockWait  = 10 * time.Millisecond
	maxHolder = 512 // bytes that are read of a lock file
)

// lock is an exclusive flock on the lock file of a ledger. The system drops it when
// the process ends, however that happens.
type lock struct {
	file *os.File
	path string // of the lock file
}

// lockPath returns the lock file of the ledger at path, the same for every symbolic
// link to it.
func lockPath(path string) string { return target(path) + ".lock" }

// logPath returns the write-ahead log of the ledger at path, which SQLite keeps beside
// the file itself and not beside a link to it.
func logPath(path string) string { return target(path) + "-wal" }

// target returns the file that path leads to, or path where there is none.
func target(path string) string {
	if file, err := filepath.EvalSymlinks(path); err == nil {
		return file
	}
	return path
}

// errReplaced says that a file was pulled away from under a process that uses it:
// what it wrote from then on would be lost, or another process could join in.
var errReplaced = errors.New("the ledger or its lock was removed or replaced while it was in use")

// guard returns a check that the ledger at path and the lock are still the files that
// they are now.
func (l *lock) guard(path string) (func() error, error) {
	ledger, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	own, err := l.file.Stat()
	if err != nil {
		return nil, err
	}
	return func() error {
		for path, was := range map[string]os.FileInfo{path: ledger, l.path: own} {
			if is, err := os.Stat(path); err != nil || !os.SameFile(was, is) {
				return hint.Wrap(errReplaced, "put the ledger back from where it went, and never plan anew: it alone knows who was told")
			}
		}
		return nil
	}, nil
}

// acquire takes the lock of the ledger at path, or returns a *HeldError.
func acquire(path string) (*lock, error) {
	name := lockPath(path)
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) { // the file itself would be made
		err = hint.Wrap(err, "the folder of the ledger is not there: make it, or name another ledger with --ledger")
	}
	if err != nil {
		return nil, fmt.Errorf("lock the ledger: %w", explain(err))
	}
	for try := 1; ; try++ {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) || try == lockTries {
			break
		}
		time.Sleep(lockWait)
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = hint.Wrap(holder(file), "wait for that process or stop it; a lock left by a dead process does not block")
	}
	if err == nil {
		err = sign(file)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the ledger: %w", err), file.Close())
	}
	return &lock{file: file, path: name}, nil
}

// sign writes who holds the lock, for the message that the next one gets. The mark of the
// ledger stays; where there is none, room for one is taken from the disk now.
func sign(file *os.File) error {
	if err := file.Chmod(0o600); err != nil {
		return err
	}
	m, err := markIn(file)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%d %s", os.Getpid(), hostname())
	block := fmt.Appendf(nil, "%-*s\n", markAt-1, text[:min(len(text), markAt-1)])
	if m == (mark{}) {
		block = fmt.Appendf(block, "%-*s\n", markSize-1, "")
	}
	_, err = file.WriteAt(block, 0)
	return explain(err)
}

// unmark takes the mark away.
func (l *lock) unmark() error {
	_, err := l.file.WriteAt(fmt.Appendf(nil, "%-*s\n", markSize-1, ""), markAt)
	return explain(err)
}

func holder(file *os.File) *HeldError {
	held := &HeldError{}
	text, err := io.ReadAll(io.NewSectionReader(file, 0, maxHolder))
	if err == nil {
		// What cannot be read stays unknown: the lock itself is what counts.
		_, _ = fmt.Sscanf(string(text), "%d %s", &held.PID, &held.Host)
	}
	return held
}

func (l *lock) release() error { return l.file.Close() }

// held reports whether some process holds the lock of the ledger at path.
func held(path string) (bool, error) {
	file, err := os.Open(lockPath(path))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at the lock: %w", err)
	}
	defer file.Close()
	err = unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}

// hostname is this machine's name, or a word for not knowing it.
func hostname() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "unknown"
	}
	return name
}
