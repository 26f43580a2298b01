package ledger

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// Where the mark stands in a lock file, behind who holds it.
const (
	markAt   = 256
	markSize = 128
)

// mark is the high-water mark of a ledger: how many commits are durable. It stands in the
// lock file, outside of all that SQLite writes, and is written after each commit without
// an fsync of its own. So the death of a process keeps it, a power cut may take it back to
// an earlier one, and it is never ahead of what is durable. The zero mark says nothing.
type mark struct {
	plan    string // the digest of the plan whose ledger it is about
	commits int64
}

// of reports whether the mark is about the ledger of the plan with the digest.
func (m mark) of(plan string) bool { return m.plan != "" && m.plan == plan }

// encode returns the mark in markSize octets, as a line with its check sum.
func (m mark) encode() []byte {
	text := fmt.Sprintf("%d commits %s", m.commits, m.plan)
	return fmt.Appendf(nil, "%-*s\n", markSize-1, fmt.Sprintf("%s %08x", text, crc32.ChecksumIEEE([]byte(text))))
}

// decodeMark returns the mark that encode wrote, the zero mark for anything else.
func decodeMark(text []byte) mark {
	var m mark
	var sum uint32
	if _, err := fmt.Sscanf(string(text), "%d commits %s %x", &m.commits, &m.plan, &sum); err != nil || string(m.encode()) != string(text) {
		return mark{}
	}
	return m
}

// markTries is how often a mark is read that a process may be writing at this moment.
const markTries = 3

// markIn returns the mark of a lock file. What is no mark, or was torn by a power cut, is
// the zero mark.
func markIn(file io.ReaderAt) (mark, error) {
	text := make([]byte, markSize)
	for range markTries {
		n, err := file.ReadAt(text, markAt)
		if err != nil && !errors.Is(err, io.EOF) {
			return mark{}, fmt.Errorf("read the mark of the ledger: %w", err)
		}
		if m := decodeMark(text[:n]); m != (mark{}) {
			return m, nil
		}
	}
	return mark{}, nil
}

// readMark returns the mark of the ledger at path, the zero mark where it has none.
func readMark(path string) (mark, error) {
	file, err := os.Open(lockPath(path))
	if errors.Is(err, os.ErrNotExist) {
		return mark{}, nil
	}
	if err != nil {
		return mark{}, fmt.Errorf("read the mark of the ledger: %w", err)
	}
	defer file.Close()
	return markIn(file)
}

// mark writes the mark.
func (l *lock) mark(m mark) error {
	if _, err := l.file.WriteAt(m.encode(), markAt); err != nil {
		return fmt.Errorf("write the mark of the ledger: %w", explain(err))
	}
	return nil
}
