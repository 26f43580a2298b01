package export

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"breachnotify/pkg/hint"
)

// format is a kind of file that this package reads.
type format int

const (
	csvFile format = iota
	tsvFile
	sqliteFile
)

// sqliteMagic begins every SQLite database (SQLite's file format, section 1.3).
const sqliteMagic = "SQLite format 3\x00"

// formatOf tells the format of a file by its extension, and by its content where the
// extension says nothing.
func formatOf(path string) (format, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, hint.Wrap(fmt.Errorf("open the export: %w", err),
			"check the path; relative paths are relative to the configuration")
	case err != nil:
		return 0, fmt.Errorf("open the export: %w", err)
	case !info.Mode().IsRegular() && info.Mode()&fs.ModeNamedPipe == 0:
		return 0, fmt.Errorf("%s: not a file", path)
	case info.Mode().IsRegular() && info.Size() == 0:
		return 0, errEmpty(path)
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		return csvFile, nil
	case ".tsv":
		return tsvFile, nil
	}
	if !info.Mode().IsRegular() {
		return 0, hint.Wrap(fmt.Errorf("%s: a pipe that is not named .csv or .tsv", path), "write the export to a file")
	}
	return sqliteFile, checkMagic(path)
}

func checkMagic(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open the export: %w", err)
	}
	defer f.Close()
	head := make([]byte, len(sqliteMagic))
	if _, err := io.ReadFull(f, head); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read the export: %w", err)
	}
	if bytes.Equal(head, []byte(sqliteMagic)) {
		return nil
	}
	if err := knownBinary(path, head); err != nil {
		return err
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".sqlite", ".db":
		return hint.Wrap(fmt.Errorf("%s: not a SQLite database", path), "an encrypted database must be decrypted first")
	}
	return hint.Wrap(fmt.Errorf("%s: an unknown kind of file", path),
		"exports are .csv, .tsv, .sqlite and .db files; other SQLite files are known by their content")
}

// openFile opens a file or a named pipe for reading. A pipe opens once it has a writer,
// which may be never: then only ctx ends the wait.
func openFile(ctx context.Context, path string) (*os.File, error) {
	type opened struct {
		file *os.File
		err  error
	}
	done := make(chan opened, 1)
	go func() {
		f, err := os.Open(path)
		if err == nil && ctx.Err() != nil {
			f.Close() // nobody waits for it any more, and nothing was written to it
		}
		done <- opened{f, err}
	}()
	select {
	case o := <-done:
		if o.err == nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return o.file, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// meter is what can be seen of a Selection from other goroutines.
type meter struct{ read, done, total atomic.Int64 }

// meteredReader counts what is read of a file. It ends with the error of its context,
// which each phase of reading sets anew with begin.
type meteredReader struct {
	file *os.File
	done *atomic.Int64
	ctx  context.Context
}

func (r *meteredReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.file.Read(p)
	r.done.Add(int64(n))
	if err != nil && r.ctx.Err() != nil {
		err = r.ctx.Err()
	}
	return n, err
}

// begin lets ctx rule what is read from now on until stop is called.
func (r *meteredReader) begin(ctx context.Context) (stop func() bool) {
	r.ctx = ctx
	return context.AfterFunc(ctx, func() {
		// Wakes a read that waits for a silent pipe. A regular file takes no deadline
		// and needs none.
		_ = r.file.SetReadDeadline(time.Unix(1, 0))
	})
}
