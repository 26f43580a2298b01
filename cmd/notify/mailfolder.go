package main

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"breachnotify/pkg/hint"
	"breachnotify/pkg/notice"
)

// mailFolder writes messages as DIR/<class>/<locale>/<id>.eml, for their owner
// alone, and DIR/index.csv with a line for each. A nil *mailFolder drops them.
type mailFolder struct {
	dir   string
	index *os.File
	lines *csv.Writer
}

// newMailFolder begins in an empty or new folder; without a name it is nil.
func newMailFolder(dir string) (*mailFolder, error) {
	if dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of --out: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("look into the folder of --out: %w", err)
	}
	if len(entries) > 0 {
		return nil, hint.Wrap(fmt.Errorf("the folder %s is not empty", dir), "name an empty or new folder, so that old and new messages do not mix")
	}
	index, err := os.OpenFile(filepath.Join(dir, "index.csv"), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make the index of --out: %w", err)
	}
	f := &mailFolder{dir: dir, index: index, lines: csv.NewWriter(index)}
	return f, f.line("id", "class", "locale", "to", "subject", "octets", "sha256", "path")
}

func (f *mailFolder) line(fields ...string) error {
	if err := f.lines.Write(fields); err != nil {
		return fmt.Errorf("write the index: %w", err)
	}
	return nil
}

func (f *mailFolder) write(m notice.Message) error {
	if f == nil {
		return nil
	}
	path := filepath.Join(string(m.Class), m.Locale, m.ID+".eml")
	if err := writeNew(filepath.Join(f.dir, path), m.Bytes); err != nil {
		return err
	}
	sum := sha256.Sum256(m.Bytes)
	return f.line(m.ID, string(m.Class), m.Locale, m.To.Masked(), m.Subject,
		strconv.Itoa(len(m.Bytes)), hex.EncodeToString(sum[:]), path)
}

func (f *mailFolder) close() error {
	if f == nil {
		return nil
	}
	f.lines.Flush()
	if err := errors.Join(f.lines.Error(), f.index.Close()); err != nil {
		return fmt.Errorf("write the index: %w", err)
	}
	return nil
}
