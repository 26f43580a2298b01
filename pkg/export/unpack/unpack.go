// Package unpack reads what gzip, zstd, bzip2 and xz have packed, known by its content
// and one inside the other at most twice.
//
// It guarantees that what is cut off, damaged or followed by something else is an error
// with the byte of the packed input at which that shows, never a shorter result; that no
// more comes out than Options allow, however little goes in; and that memory is bounded
// by the largest window that it accepts, 128 MiB a layer. An error of the source comes
// out as it is.
//
// It leaves it to others what the bytes inside mean, and to the source to end when
// nobody wants them any more.
//
// BUG(unpack): Only the first block of an xz file is looked at before its dictionary is
// allocated. A later block may ask for one that is larger than 128 MiB.
package unpack

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"breachnotify/pkg/hint"
)

const (
	// DefaultMax is how many bytes may come out of one input where Options say nothing.
	DefaultMax = 100_000_000_000
	// DefaultRatio is how many times what was read of the input may come out of it then.
	// Exports pack 5 to 30 times; gzip can reach 1,032, and zstd tens of thousands.
	DefaultRatio = 250
	// ratioFrom is how many bytes come out before the ratio counts.
	ratioFrom = 1_000_000_000
)

const (
	maxLayers  = 2
	maxWindow  = 128 << 20
	bufferSize = 64 << 10
)

// Options are what reading an input needs.
type Options struct {
	Name string // of the input, for errors
	// Max is how many bytes may come out, of each layer. 0: DefaultMax, and from one
	// gigabyte on no more than DefaultRatio times what was read.
	Max int64
}

// Reader reads what is inside of an input.
type Reader struct {
	*bufio.Reader
	layers []*layer // the outermost first
}

// New reads the beginning of src and unpacks what it is packed in, if anything. What a
// layer needs to begin with is read at once: the error may be about that.
func New(src io.Reader, o Options) (*Reader, error) {
	outer := &counter{src: src}
	in := outer
	r := &Reader{Reader: bufio.NewReaderSize(in, bufferSize)}
	for {
		kind, err := kindOf(r.Reader)
		if err != nil || kind == nil {
			return r, errors.Join(err, r.closeOn(err))
		}
		if len(r.layers) == maxLayers {
			err := fmt.Errorf("%s: %s inside of %s: more than %d layers", o.Name, kind.name, strings.Join(r.Layers(), " inside of "), maxLayers)
			return nil, errors.Join(hint.Wrap(err, "unpack it first: %s > unpacked", strings.Replace(kind.command, "%s", o.Name, 1)), r.Close())
		}
		l := &layer{kind: kind, o: o, in: r.Reader, packed: in, outer: outer}
		if err := l.open(); err != nil {
			return nil, errors.Join(err, r.Close())
		}
		r.layers = append(r.layers, l)
		in = &counter{src: l}
		r.Reader = bufio.NewReaderSize(in, bufferSize)
	}
}

func (r *Reader) closeOn(err error) error {
	if err == nil {
		return nil
	}
	return r.Close()
}

// Layers names what the input is packed in, the outermost first.
func (r *Reader) Layers() []string {
	var names []string
	for _, l := range r.layers {
		names = append(names, l.kind.name)
	}
	return names
}

// Packed reports whether the input is packed at all.
func (r *Reader) Packed() bool { return len(r.layers) > 0 }

// Close lets go of the memory of the layers. It leaves the source open.
func (r *Reader) Close() error {
	for _, l := range r.layers {
		l.close()
	}
	return nil
}

// InnerName returns the name of a file without the extensions of what it is packed in.
func InnerName(name string) string {
	for range maxLayers {
		switch ext := strings.ToLower(filepath.Ext(name)); ext {
		case ".gz", ".zst", ".bz2", ".xz":
			name = name[:len(name)-len(ext)]
		}
	}
	return name
}

// counter counts what is read of a source and keeps what it fails with.
type counter struct {
	src io.Reader
	n   int64
	err error // but io.EOF
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}
