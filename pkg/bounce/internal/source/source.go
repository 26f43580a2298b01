// Package source opens what findings are read from: a file, a pipe or the standard
// input, packed with gzip (RFC 1952) or not.
//
// It guarantees that every error of reading names the source and the byte, that a
// cancelled context ends a read of a file at the next block, and that memory does not
// grow with the source. It leaves the meaning of the bytes to its callers.
//
// BUG(source): A read that waits for a pipe is not ended by its context.
package source

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"breachnotify/pkg/hint"
)

// Stdin is the name of the standard input.
const Stdin = "-"

// Window is how far Peek sees, in bytes.
const Window = 64 << 10

// Source is an open input. Its reader gives the unpacked bytes.
type Source struct {
	*bufio.Reader
	Name   string // as the caller named it
	Size   int64  // bytes; -1 where nobody knows: a pipe, or a packed file
	count  *counter
	closer io.Closer
}

// Open opens the file or pipe at path, or stdin where path is Stdin. It fails for a
// folder and a device.
func Open(ctx context.Context, path string, stdin io.Reader) (*Source, error) {
	if path == Stdin {
		if stdin == nil {
			return nil, errors.New("there is no standard input here")
		}
		return New(ctx, path, stdin)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() && info.Mode()&fs.ModeNamedPipe == 0 {
		err = fmt.Errorf("%s: not a file but %s", path, kindOf(info.Mode()))
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return New(ctx, path, file)
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

// New reads r under a name, unpacking it where it begins like gzip. It takes r over:
// Close closes r if that can be closed, and so does New where it fails.
func New(ctx context.Context, name string, r io.Reader) (*Source, error) {
	s := &Source{Name: name, Size: sizeOf(r)}
	s.closer, _ = r.(io.Closer)
	plain := &counter{ctx: ctx, name: name, r: r}
	s.count, s.Reader = plain, bufio.NewReaderSize(plain, Window)
	magic, err := s.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, s.Close())
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return s, nil
	}
	unpacked, err := gzip.NewReader(s.Reader)
	if err != nil {
		err = hint.Wrap(fmt.Errorf("%s: begin to unpack: %w", name, noEOF(err)), "see what gzip -t says of the file")
		return nil, errors.Join(err, s.Close())
	}
	s.Size = -1
	s.count = &counter{ctx: ctx, name: name, r: unpacked, of: " of the unpacked content"}
	s.Reader = bufio.NewReaderSize(s.count, Window)
	return s, nil
}

func sizeOf(r io.Reader) int64 {
	if file, ok := r.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			return info.Size()
		}
	}
	return -1
}

// Head returns the first bytes that were not read yet, up to Window of them.
func (s *Source) Head() ([]byte, error) {
	head, err := s.Peek(Window)
	if err != nil && !errors.Is(err, io.EOF) {
		return head, err
	}
	return head, nil
}

// Offset returns how many of the unpacked bytes were read from s.
func (s *Source) Offset() int64 { return s.count.n - int64(s.Buffered()) }

// Close closes what s reads.
func (s *Source) Close() error {
	if s.closer == nil {
		return nil
	}
	return s.closer.Close()
}

// counter counts bytes, and puts the place into errors.
type counter struct {
	ctx  context.Context
	name string
	of   string // what the offset counts in, if not the source itself
	r    io.Reader
	n    int64
}

func (c *counter) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err == nil || err == io.EOF { // io.Reader returns io.EOF as it is
		return n, err
	}
	err = fmt.Errorf("%s: read at byte %d%s: %w", c.name, c.n, c.of, noEOF(err))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = hint.Wrap(err, "the file is cut off; copy it again")
	}
	return n, err
}

// noEOF keeps an end in the middle from being taken for the end.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
