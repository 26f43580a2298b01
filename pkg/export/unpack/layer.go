package unpack

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"breachnotify/pkg/hint"
)

// layer is one format that an input is packed in.
type layer struct {
	kind   *kind
	o      Options
	in     *bufio.Reader
	packed *counter // below in
	outer  *counter // of the whole input
	out    int64
	err    error
	stream
}

// stream is what a format unpacks. Read may give nothing without an error.
type stream interface {
	io.Reader
	close()
}

func (l *layer) open() (err error) {
	if l.stream, err = l.kind.open(l.in); err != nil {
		return l.fails(err)
	}
	return nil
}

// Read is part of io.Reader.
func (l *layer) Read(p []byte) (int, error) {
	for l.err == nil {
		n, err := l.stream.Read(p)
		l.out += int64(n)
		switch {
		case l.out > l.max():
			l.err = l.tooMuch()
			return 0, l.err
		case errors.Is(err, io.EOF):
			l.err = io.EOF
		case err != nil:
			l.err = l.fails(err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, l.err
}

// max returns how much may have come out by now.
func (l *layer) max() int64 {
	if l.o.Max > 0 {
		return l.o.Max
	}
	return min(DefaultMax, max(ratioFrom, DefaultRatio*l.outer.n))
}

func (l *layer) tooMuch() error {
	err := fmt.Errorf("%s: byte %d: more than %d bytes come out of the %s file", l.o.Name, l.offset(), l.max(), l.kind.name)
	if l.o.Max == 0 && l.max() < DefaultMax {
		err = fmt.Errorf("%w, over %d times what was read", err, DefaultRatio)
	}
	return hint.Wrap(err, "if the file is what you expect, set how much may come out: export.max_unpacked: %dGB", max(1, 2*l.max()/1_000_000_000))
}

// offset returns how much of the layer's input is used up.
func (l *layer) offset() int64 { return l.packed.n - int64(l.in.Buffered()) }

// errTrailing says that something follows the end of what is packed.
var errTrailing = errors.New("trailing bytes")

// errWindow says that a stream asks for more memory than it gets.
var errWindow = fmt.Errorf("it asks for a window of more than %d bytes", maxWindow)

// fails says where the layer is broken. An error from below is not the layer's.
func (l *layer) fails(err error) error {
	if l.packed.err != nil {
		return l.packed.err
	}
	where := fmt.Sprintf("%s: byte %d", l.o.Name, l.offset())
	if l.packed != l.outer {
		where += " of what is unpacked"
	}
	switch {
	case errors.Is(err, errWindow):
		return hint.Wrap(fmt.Errorf("%s: the %s file: %w", where, l.kind.name, errWindow),
			"unpack it first: "+l.kind.command+" > unpacked", l.o.Name)
	case errors.Is(err, errTrailing):
		return hint.Wrap(fmt.Errorf("%s: the %s file ends, and something follows: expected the end or another %s file", where, l.kind.name, l.kind.name),
			"copy the file again; what follows may be another file that was appended")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return hint.Wrap(fmt.Errorf("%s: the %s file is cut off", where, l.kind.name), "copy it again, or write it again")
	}
	return hint.Wrap(fmt.Errorf("%s: the %s file is damaged there or shortly before: %w", where, l.kind.name, err),
		"copy it again, in binary mode, or write it again")
}
