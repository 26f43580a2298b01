package dump

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"breachnotify/pkg/hint"
)

const (
	windowSize = 128 << 10
	utf8Mark   = "\xEF\xBB\xBF"
)

// Place is where something stands in a file.
type Place struct {
	Line   int64 // from 1
	Offset int64 // of the byte, from 0
}

// Window is the part of a file that a lexer looks at. It passes over a byte order mark at
// the start and takes a NUL for the end of what can be read, since text has none.
type Window struct {
	src      io.Reader
	name     string
	buf      []byte
	pos, end int   // what is not read yet
	counted  int   // line is that of buf[counted]
	line     int64 // from 1
	base     int64 // the offset of buf[0] in the file
	before   byte  // the one before buf[0]
	failure  error // why nothing comes behind end; io.EOF included
}

// NewWindow returns the window of a file that errors call name. It reads nothing yet.
func NewWindow(src io.Reader, name string) *Window {
	return &Window{src: src, name: name, line: 1}
}

// start reads the beginning of the file.
func (w *Window) start() {
	w.buf = make([]byte, windowSize)
	switch head := w.Ahead(len(utf8Mark)); {
	case bytes.HasPrefix(head, []byte(utf8Mark)):
		w.Skip(len(utf8Mark))
	case bytes.HasPrefix(head, []byte("\xFF\xFE")), bytes.HasPrefix(head, []byte("\xFE\xFF")):
		w.end = 0
		w.failure = hint.Wrap(fmt.Errorf("%s: the file is UTF-16", w.name), "convert it: iconv -f UTF-16 -t UTF-8 %s > utf8.txt", w.name)
	}
}

// Rest returns bytes that are not read yet, as many as are at hand and at least one. It
// is empty at the end, of which Err tells why. It is valid until the next call.
func (w *Window) Rest() []byte {
	for w.pos == w.end && w.failure == nil {
		w.fill()
	}
	return w.buf[w.pos:w.end]
}

// Ahead returns at least n of the bytes that are not read yet, or all if there are fewer.
// n is small. It is valid until the next call.
func (w *Window) Ahead(n int) []byte {
	for w.end-w.pos < n && w.failure == nil {
		w.fill()
	}
	return w.buf[w.pos:w.end]
}

// Skip passes over n bytes of those that Rest or Ahead returned.
func (w *Window) Skip(n int) { w.pos += n }

// Here returns the place of the next byte.
func (w *Window) Here() Place {
	w.line += int64(bytes.Count(w.buf[w.counted:w.pos], []byte{'\n'}))
	w.counted = w.pos
	return Place{Line: w.line, Offset: w.base + int64(w.pos)}
}

// BeginsLine reports whether the last byte that was read is a line end.
func (w *Window) BeginsLine() bool {
	if w.pos == 0 {
		return w.before == '\n'
	}
	return w.buf[w.pos-1] == '\n'
}

// Err returns why nothing more can be read; nil at the end of the file and before it.
func (w *Window) Err() error {
	if w.pos < w.end || errors.Is(w.failure, io.EOF) {
		return nil
	}
	return w.failure
}

// Errorf returns an error that names the file and the place.
func (w *Window) Errorf(at Place, format string, args ...any) error {
	return fmt.Errorf("%s: line %d, byte %d: %w", w.name, at.Line, at.Offset, fmt.Errorf(format, args...))
}

// Cut returns the error for a file that ends within what began at a place.
func (w *Window) Cut(at Place, what, expected string) error {
	if err := w.Err(); err != nil {
		return err
	}
	end := w.Here()
	err := w.Errorf(at, "%s that begins here is not finished at the end of the file, line %d, byte %d: expected %s",
		what, end.Line, end.Offset, expected)
	return hint.Wrap(err, "the file seems to be cut off: compare its size with the original, or write the dump again")
}

// NotUTF8 returns the error for text of a row or a name in another encoding.
func (w *Window) NotUTF8(at Place, what string) error {
	return hint.Wrap(w.Errorf(at, "%s is not UTF-8", what),
		"convert the file, if it is Latin-1 or Windows-1252: iconv -f WINDOWS-1252 -t UTF-8 %s > utf8.txt", w.name)
}

func (w *Window) fill() {
	if w.failure != nil {
		return
	}
	if w.buf == nil {
		w.start()
		return
	}
	w.Here() // counts the lines of what goes
	w.base += int64(w.pos)
	if w.pos > 0 {
		w.before = w.buf[w.pos-1]
	}
	w.end = copy(w.buf, w.buf[w.pos:w.end])
	w.pos, w.counted = 0, 0
	for range 100 { // as bufio does: a reader that gives nothing forever is broken
		n, err := w.src.Read(w.buf[w.end:])
		if err != nil {
			w.failure = err
		}
		if n > 0 || err != nil {
			w.take(n)
			return
		}
	}
	w.failure = io.ErrNoProgress
	w.take(0)
}

// take adds n bytes that were read, as far as they are text.
func (w *Window) take(n int) {
	nul := bytes.IndexByte(w.buf[w.end:w.end+n], 0)
	switch {
	case nul >= 0:
		w.end += nul
		w.failure = hint.Wrap(w.Errorf(w.place(w.end), "a NUL byte: the file is binary, damaged or UTF-16"),
			"if it is UTF-16, convert it: iconv -f UTF-16 -t UTF-8 %s > utf8.txt", w.name)
		return
	case w.failure != nil && !errors.Is(w.failure, io.EOF):
		w.failure = w.Errorf(w.place(w.end+n), "%w", w.failure)
	}
	w.end += n
}

// place returns the place of buf[i], where i is not before counted.
func (w *Window) place(i int) Place {
	return Place{Line: w.line + int64(bytes.Count(w.buf[w.counted:i], []byte{'\n'})), Offset: w.base + int64(i)}
}
