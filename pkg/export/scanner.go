package export

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"breachnotify/pkg/hint"
)

// scanner reads records by RFC 4180 with any one-byte separator. It is strict where the
// RFC is: a quote inside an unquoted field, anything after a closing quote and a lone
// carriage return are errors. Lines without a single byte are skipped, line ends are
// CRLF or LF, a byte order mark at the start is no data, and a field in quotes comes as
// it stands, line ends included.
//
// It keeps one record in memory and never reads on once that is larger than max, which
// encoding/csv cannot promise.
type scanner struct {
	src       io.Reader
	name      string // of the file, for errors
	separator byte
	max       int // bytes of one record
	// unescaped is the advice for a file whose writer does not escape quotes; empty for
	// others. No record of such a file goes on behind its line: what does is several.
	unescaped string

	buf        []byte
	start, end int   // the bytes of buf that belong to no record yet
	readErr    error // what src said last; io.EOF included
	stops      [256]bool

	line   int64 // where the last record begins, from 1
	below  int64 // the line of the byte at start
	spans  []span
	fields [][]byte // of the last record; valid until the next scan
}

// span is a field within the record: from and to without quotes.
type span struct {
	from, to int
	doubled  bool // whether it holds doubled quotes
}

const scanBuffer = 128 << 10

var errTooLong = errors.New("record too long")

func newScanner(src io.Reader, name string, separator byte, maxRecord int) *scanner {
	s := &scanner{src: src, name: name, separator: separator, max: maxRecord, below: 1}
	s.buf = make([]byte, min(scanBuffer, maxRecord+1))
	for _, c := range []byte{separator, '\n', '\r', '"'} {
		s.stops[c] = true
	}
	return s
}

// separateBy changes the separator.
func (s *scanner) separateBy(separator byte) {
	s.stops[s.separator], s.stops[separator] = false, true
	s.separator = separator
}

// scan reads the next record into fields and line. It returns io.EOF at the end.
func (s *scanner) scan() error {
	for {
		s.line = s.below
		size, err := s.record()
		if errors.Is(err, errTooLong) || err == nil && size > s.max {
			err = hint.Wrap(s.errAt(0, "the record is larger than %d bytes", s.max),
				"look there for a quote that is not closed and for line ends that are missing; export.max_record raises the limit")
		}
		if err != nil {
			return err
		}
		raw := s.buf[s.start : s.start+size]
		blank := len(s.spans) == 1 && s.spans[0] == span{}
		if err := s.checkText(raw); err != nil {
			return err
		}
		s.below += int64(bytes.Count(raw, []byte{'\n'})) // before cut, which moves bytes about
		s.cut(raw)
		s.start += size
		if !blank {
			return nil
		}
	}
}

// record finds the fields of the next record and returns its size, line end included.
func (s *scanner) record() (int, error) {
	s.spans = s.spans[:0]
	if _, err := s.at(0); err != nil {
		return 0, err
	}
	for i := 0; ; i++ {
		field, next, err := s.field(i)
		if err != nil {
			return 0, err
		}
		s.spans = append(s.spans, field)
		i = next
		c, err := s.at(i)
		switch {
		case errors.Is(err, io.EOF):
			return i, nil
		case err != nil:
			return 0, err
		case c == s.separator:
		case c == '\n':
			return i + 1, nil
		default:
			return s.lineEnd(i, c)
		}
	}
}

// lineEnd reads a CRLF at i, where a field ended and neither a separator nor a line
// feed came.
func (s *scanner) lineEnd(i int, c byte) (int, error) {
	if c != '\r' {
		return 0, s.badQuote(s.errAt(i, "text after a closing quote"), `a quote inside quotes is written twice: ""`)
	}
	next, err := s.at(i + 1)
	switch {
	case err == nil && next == '\n':
		return i + 2, nil
	case err == nil || errors.Is(err, io.EOF):
		return 0, hint.Wrap(s.errAt(i, "a carriage return without a line feed"),
			`convert it: tr '\r' '\n' < %s`, s.name)
	}
	return 0, err
}

// field finds the field that begins at i and the byte after it.
func (s *scanner) field(i int) (span, int, error) {
	c, err := s.at(i)
	switch {
	case errors.Is(err, io.EOF):
		return span{from: i, to: i}, i, nil
	case err != nil:
		return span{}, 0, err
	case c == '"':
		return s.quoted(i + 1)
	}
	return s.unquoted(i)
}

func (s *scanner) unquoted(from int) (span, int, error) {
	for i := from; ; {
		data := s.buf[s.start:s.end]
		for i < len(data) && !s.stops[data[i]] {
			i++
		}
		if i < len(data) {
			if data[i] == '"' {
				err := s.errAt(i, "a quote inside a field that does not begin with one")
				if i > from && len(bytes.TrimLeft(data[from:i], " ")) == 0 {
					return span{}, 0, s.badQuote(err, "take away the spaces between the separator and the quote")
				}
				return span{}, 0, s.badQuote(err, `put the whole field into quotes and write the quote twice: ""`)
			}
			return span{from: from, to: i}, i, nil
		}
		if err := s.more(); errors.Is(err, io.EOF) {
			return span{from: from, to: i}, i, nil
		} else if err != nil {
			return span{}, 0, err
		}
	}
}

func (s *scanner) quoted(from int) (span, int, error) {
	doubled := false
	for i := from; ; {
		data := s.buf[s.start:s.end]
		k := bytes.IndexByte(data[i:], '"')
		if s.unescaped != "" && endsWithin(data[i:], k) {
			return span{}, 0, s.badQuote(s.errAt(from-1, "the quote that begins here is not closed on its line"), "")
		}
		if k < 0 {
			i = len(data)
			if err := s.more(); err != nil {
				return span{}, 0, s.unclosed(from-1, err)
			}
			continue
		}
		i += k
		c, err := s.at(i + 1)
		if err != nil && !errors.Is(err, io.EOF) {
			return span{}, 0, s.unclosed(from-1, err)
		}
		if err != nil || c != '"' {
			return span{from: from, to: i, doubled: doubled}, i + 1, nil
		}
		doubled = true
		i += 2
	}
}

// unclosed is the error for a field in quotes that could not be read to its end.
func (s *scanner) unclosed(opening int, err error) error {
	const advice = `close it behind the value; a quote that is part of the value is written twice, inside of quotes: """"`
	switch {
	case errors.Is(err, io.EOF):
		return s.badQuote(s.errAt(opening, "the quote that begins here is never closed"), advice)
	case errors.Is(err, errTooLong):
		err = s.errAt(opening, "the record is larger than %d bytes before the quote that begins here is closed", s.max)
		return hint.Wrap(s.badQuote(err, "if it is never closed, "+advice),
			"if its value is as large as that, export.max_record raises the limit, as in max_record: %s", twice(s.max))
	}
	return err
}

// twice returns twice a size as the configuration has it.
func twice(size int) string { return fmt.Sprintf("%dMB", max(1, 2*size/1_000_000)) }

// endsWithin reports whether a line ends in data before k, which is negative for nowhere.
func endsWithin(data []byte, k int) bool {
	if k >= 0 {
		data = data[:k]
	}
	return bytes.IndexByte(data, '\n') >= 0
}

// badQuote adds advice about a quote, which is another where quotes are not escaped.
func (s *scanner) badQuote(err error, advice string) error {
	return hint.Wrap(err, "%s", cmp.Or(s.unescaped, advice))
}

// at returns byte i of the record, reading more if need be; io.EOF behind the last one.
func (s *scanner) at(i int) (byte, error) {
	for s.start+i >= s.end {
		if err := s.more(); err != nil {
			return 0, err
		}
	}
	return s.buf[s.start+i], nil
}

// more reads on, keeping what is not yet consumed. It may move the data: indexes
// relative to start stay right, slices of buf do not.
func (s *scanner) more() error {
	if s.readErr != nil {
		return s.readErr
	}
	if s.start > 0 {
		s.end = copy(s.buf, s.buf[s.start:s.end])
		s.start = 0
	}
	if s.end > s.max {
		return errTooLong
	}
	if s.end == len(s.buf) {
		s.buf = append(s.buf, make([]byte, min(len(s.buf), s.max+1-len(s.buf)))...)
	}
	for range 100 { // as bufio does: a reader that gives nothing forever is broken
		n, err := s.src.Read(s.buf[s.end:])
		s.end += n
		s.readErr = err
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// cut makes the fields out of spans of raw. Doubled quotes are undone in place, which
// is why raw is checked before.
func (s *scanner) cut(raw []byte) {
	s.fields = s.fields[:0]
	for _, f := range s.spans {
		field := raw[f.from:f.to]
		if f.doubled {
			field = undouble(field)
		}
		s.fields = append(s.fields, field)
	}
}

func undouble(field []byte) []byte {
	kept := field[:0]
	for i := 0; i < len(field); i++ {
		kept = append(kept, field[i])
		if field[i] == '"' {
			i++
		}
	}
	return kept
}

func (s *scanner) checkText(raw []byte) error {
	if i := bytes.IndexByte(raw, 0); i >= 0 {
		return hint.Wrap(s.errAt(i, "a NUL byte: the file is binary or UTF-16"),
			"if it is UTF-16, convert it: iconv -f UTF-16 -t UTF-8 %s > utf8.txt", s.name)
	}
	if utf8.Valid(raw) {
		return nil
	}
	i := 0
	for {
		r, size := utf8.DecodeRune(raw[i:])
		if r == utf8.RuneError && size <= 1 {
			return hint.Wrap(s.errAt(i, "not UTF-8"),
				"convert it, if it is Latin-1 or Windows-1252: iconv -f WINDOWS-1252 -t UTF-8 %s > utf8.txt", s.name)
		}
		i += size
	}
}

// errAt names the line of byte i of the record that is being read.
func (s *scanner) errAt(i int, format string, args ...any) error {
	line := s.line + int64(bytes.Count(s.buf[s.start:s.start+i], []byte{'\n'}))
	return fmt.Errorf("%s: line %d: %s", s.name, line, fmt.Sprintf(format, args...))
}

// peek returns what is read but belongs to no record yet: at least size bytes, if there
// are as many.
func (s *scanner) peek(size int) ([]byte, error) {
	_, err := s.at(size - 1)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errTooLong) {
		return nil, err
	}
	return s.buf[s.start:s.end], nil
}
