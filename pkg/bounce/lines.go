package bounce

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxLine is how many octets of one line are kept. RFC 5322 allows 998, and an event
// in JSON may be one line of several thousand; a line of megabytes is an attachment
// or an attack, and its end says nothing.
const maxLine = 64 << 10

// lineReader reads lines that end with LF, CRLF, CRCRLF (made by gateways that
// convert twice) or a bare CR. It holds one line.
type lineReader struct {
	in   *bufio.Reader
	line []byte
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(r, 64<<10)}
}

// next returns the next line without its end, cut at maxLine, or io.EOF after the
// last one. Another error is that of the reader underneath.
func (l *lineReader) next() (string, error) {
	l.line = l.line[:0]
	for {
		if _, err := l.in.Peek(1); err != nil {
			if errors.Is(err, io.EOF) && len(l.line) > 0 {
				return string(l.line), nil
			}
			return "", err
		}
		buffered, _ := l.in.Peek(l.in.Buffered()) // what is buffered can be had without an error
		end := bytes.IndexAny(buffered, "\r\n")
		piece := buffered
		if end >= 0 {
			piece = buffered[:end]
		}
		l.line = append(l.line, piece[:min(len(piece), maxLine-len(l.line))]...)
		if end < 0 {
			l.skip(len(buffered))
			continue
		}
		carriageReturn := buffered[end] == '\r'
		l.skip(end + 1)
		if carriageReturn {
			return string(l.line), l.skipLineFeed()
		}
		return string(l.line), nil
	}
}

// skip passes over octets that are buffered, which cannot fail.
func (l *lineReader) skip(n int) { _, _ = l.in.Discard(n) }

// skipLineFeed consumes what follows a CR and belongs to the same end of line.
func (l *lineReader) skipLineFeed() error {
	ahead, err := l.in.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	n := 0
	switch {
	case len(ahead) > 0 && ahead[0] == '\n':
		n = 1
	case len(ahead) == 2 && ahead[0] == '\r' && ahead[1] == '\n':
		n = 2
	}
	_, err = l.in.Discard(n)
	return err
}
