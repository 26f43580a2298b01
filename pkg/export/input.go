package export

import (
	"cmp"
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

	"breachnotify/pkg/export/unpack"
	"breachnotify/pkg/hint"
)

// standardInput is the path that stands for it.
const standardInput = "-"

// Meter tells other goroutines how far the reading of files is. The zero Meter is ready.
type Meter struct{ read, done, total atomic.Int64 }

// Progress returns how many bytes of all files are read, packed as they are, and how many
// there are; for a SQLite file the former is an estimate. Pipes and live databases add
// nothing to the latter, so that done can exceed total.
func (m *Meter) Progress() (done, total int64) { return m.done.Load(), m.total.Load() }

// input is a file, a named pipe or standard input, unpacked.
type input struct {
	*unpack.Reader
	name   string // as the configuration has it
	path   string // of a file that SQLite can open; empty: it is packed, or no file
	format format
	size   int64 // of a file, as the meter counts it
	src    *meteredReader
}

// openInput opens what a path names, unpacks it and finds out what it is.
func (s Spec) openInput(ctx context.Context, path string) (*input, error) {
	src, size, err := s.openSource(ctx, path)
	if err != nil {
		return nil, err
	}
	in := &input{name: path, src: &meteredReader{src: src, meter: s.Meter}, size: size}
	s.Meter.total.Add(size)
	if err := in.recognise(ctx, s.MaxUnpacked); err != nil {
		return nil, errors.Join(err, in.close())
	}
	if size > 0 && !in.Packed() {
		in.path = path
	}
	return in, nil
}

// openSource returns the size of what is a file, and 0 for what is none.
func (s Spec) openSource(ctx context.Context, path string) (_ source, size int64, err error) {
	if path == standardInput {
		return newPump(cmp.Or[io.Reader](s.Stdin, strings.NewReader(""))), 0, nil
	}
	info, err := statInput(path)
	if err != nil {
		return nil, 0, err
	}
	file, err := openFile(ctx, path)
	if err != nil {
		return nil, 0, fmt.Errorf("open the export: %w", err)
	}
	if info.Mode().IsRegular() {
		size = info.Size()
	}
	return fileSource{file}, size, nil
}

// statInput refuses what is neither a file nor a named pipe.
func statInput(path string) (fs.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, hint.Wrap(fmt.Errorf("open the export: %w", err),
			"check the path; relative paths are relative to the configuration")
	case err != nil:
		return nil, fmt.Errorf("open the export: %w", err)
	case info.IsDir() && isFile(filepath.Join(path, "toc.dat")):
		return nil, restoreFirst("a directory", path)
	case info.IsDir():
		return nil, errFolder(path)
	case !info.Mode().IsRegular() && info.Mode()&fs.ModeNamedPipe == 0:
		return nil, fmt.Errorf("%s: not a file", path)
	case info.Mode().IsRegular() && info.Size() == 0:
		return nil, errEmpty(path)
	}
	return info, nil
}

// errFolder is the error for a folder, with the first files that are in it.
func errFolder(path string) error {
	const most = 10
	var files []string
	entries, _ := os.ReadDir(path) // without them the advice is what it is
	for _, entry := range entries {
		if !entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") && len(files) < most {
			files = append(files, entry.Name())
		}
	}
	err := fmt.Errorf("%s: a folder, not a file", path)
	if files == nil {
		return hint.Wrap(err, "name a file")
	}
	return hint.Wrap(err, "name one file of it; others go into export.tables; there are: %s", list(files))
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// recognise reads the beginning of the input.
func (in *input) recognise(ctx context.Context, maxUnpacked int64) (err error) {
	defer in.begin(ctx)()
	if in.Reader, err = unpack.New(in.src, unpack.Options{Name: in.name, Max: maxUnpacked}); err != nil {
		return err
	}
	in.format, err = in.sniff()
	if err != nil && in.Packed() {
		err = hint.Wrap(err, "this is about what comes out of the file: unpack it first")
	}
	return err
}

// attachedSize is the size of a file that SQLite reads itself. What was unpacked for it
// counts where it was.
func (in *input) attachedSize() int64 {
	if in.path == "" {
		return 0
	}
	return in.size
}

// forget takes back what the meter counted, of a file that is read in another way.
func (in *input) forget() {
	in.src.meter.done.Add(-in.src.n)
	in.src.meter.total.Add(-in.size)
}

func (in *input) close() error {
	var err error
	if in.Reader != nil {
		err = in.Reader.Close()
	}
	return errors.Join(err, in.src.src.Close())
}

// begin lets ctx rule what is read from now on until stop is called.
func (in *input) begin(ctx context.Context) (stop func() bool) {
	in.src.ctx = ctx
	return context.AfterFunc(ctx, in.src.src.end)
}

// source is what bytes come from. After end a Read that waits for more returns.
type source interface {
	io.ReadCloser
	end()
}

// meteredReader counts what is read of a source. It ends with the error of its context,
// which each phase of reading sets anew.
type meteredReader struct {
	src   source
	meter *Meter
	n     int64
	ctx   context.Context
}

func (r *meteredReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.src.Read(p)
	r.n += int64(n)
	r.meter.done.Add(int64(n))
	if err != nil && r.ctx.Err() != nil {
		err = r.ctx.Err()
	}
	return n, err
}

// fileSource is a file or a named pipe.
type fileSource struct{ *os.File }

// end wakes a read that waits for a silent pipe. A regular file takes no deadline and
// needs none.
func (f fileSource) end() { _ = f.SetReadDeadline(time.Unix(1, 0)) }

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
