package jsonrows

import (
	"bytes"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// splitter cuts records into the values of their members. The decoder has validated
// what it is given, so that it looks for ends only. Its buffers serve all records.
type splitter struct {
	raw  []byte // the record
	pos  int
	name []byte // of a member that has escapes
	text []byte // of all strings of the record
	cuts []cut
}

// cut is where in text the value of a column is.
type cut struct{ column, from, to int }

// split fills the row of t with the members of the object raw. An error is about the
// byte of raw at pos.
func (s *splitter) split(t *table, raw []byte) error {
	s.raw, s.pos = raw, 1
	s.text, s.cuts = s.text[:0], s.cuts[:0]
	t.begin()
	for column := 0; s.skip() != '}'; column++ {
		at := s.pos
		name, err := s.memberName()
		if err == nil {
			column, err = t.column(name, column)
		}
		if err != nil {
			s.pos = at
			return err
		}
		s.skip()
		at = s.pos
		if err := s.value(t, column); err != nil {
			s.pos = at
			return err
		}
	}
	// One string for all values: one allocation a record.
	text := string(s.text)
	for _, c := range s.cuts {
		t.values[c.column] = text[c.from:c.to]
	}
	return nil
}

// skip goes to the next byte that is neither white space nor a delimiter, and returns it.
func (s *splitter) skip() byte {
	for {
		switch c := s.raw[s.pos]; c {
		case ' ', '\t', '\r', '\n', ',', ':':
			s.pos++
		default:
			return c
		}
	}
}

// quoted passes over the string at pos and returns it with its quotes.
func (s *splitter) quoted() []byte {
	from := s.pos
	s.pos++
	for {
		s.pos += bytes.IndexByte(s.raw[s.pos:], '"')
		escapes := 0
		for s.raw[s.pos-1-escapes] == '\\' {
			escapes++
		}
		s.pos++
		if escapes%2 == 0 {
			return s.raw[from:s.pos]
		}
	}
}

func (s *splitter) memberName() (name []byte, err error) {
	quoted := s.quoted()
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1], nil
	}
	s.name, err = jsontext.AppendUnquote(s.name[:0], quoted)
	return s.name, err
}

// value puts the value at pos into the column, or cuts its text out.
func (s *splitter) value(t *table, column int) error {
	from := len(s.text)
	switch s.raw[s.pos] {
	case '"':
		if err := s.appendText(); err != nil {
			return err
		}
	case '{', '[':
		s.appendNested()
	default:
		literal := s.literal()
		value, whole := scalar(literal)
		if whole {
			t.values[column] = value
			return nil
		}
		s.text = append(s.text, literal...)
	}
	s.cuts = append(s.cuts, cut{column, from, len(s.text)})
	return nil
}

func (s *splitter) appendText() (err error) {
	from := len(s.text)
	quoted := s.quoted()
	if bytes.IndexByte(quoted, '\\') < 0 {
		s.text = append(s.text, quoted[1:len(quoted)-1]...)
		return nil
	}
	if s.text, err = jsontext.AppendUnquote(s.text, quoted); err != nil {
		return err
	}
	if bytes.IndexByte(s.text[from:], 0) >= 0 {
		return errNUL
	}
	return nil
}

// appendNested appends the object or array at pos without its white space.
func (s *splitter) appendNested() {
	for depth := 0; ; {
		switch c := s.raw[s.pos]; c {
		case '"':
			s.text = append(s.text, s.quoted()...)
			continue
		case ' ', '\t', '\r', '\n':
			s.pos++
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		s.text = append(s.text, s.raw[s.pos])
		s.pos++
		if depth == 0 {
			return
		}
	}
}

// pass passes over the value at pos and returns it, without white space where it is nested.
func (s *splitter) pass() []byte {
	switch s.raw[s.pos] {
	case '"':
		return s.quoted()
	case '{', '[':
		s.text = s.text[:0]
		s.appendNested()
		return s.text
	}
	return s.literal()
}

// literal passes over the number, true, false or null at pos.
func (s *splitter) literal() []byte {
	size := bytes.IndexAny(s.raw[s.pos:], ",}] \t\r\n")
	s.pos += size
	return s.raw[s.pos-size : s.pos]
}

// maxDigits is how many significant decimal digits a float64 always gives back.
const maxDigits = 15

// scalar returns the value of a literal, or false for a number that is whole only as text.
func scalar(literal []byte) (value any, whole bool) {
	switch literal[0] {
	case 'n':
		return nil, true
	case 't':
		return int64(1), true
	case 'f':
		return int64(0), true
	}
	if i, err := strconv.ParseInt(string(literal), 10, 64); err == nil {
		return i, true
	}
	if !bytes.ContainsAny(literal, ".eE") || significant(literal) > maxDigits {
		return nil, false
	}
	f, err := strconv.ParseFloat(string(literal), 64)
	// What is too small for a normal number has fewer digits, down to none.
	return f, err == nil && (math.Abs(f) >= smallestNormal || significant(literal) == 0)
}

// smallestNormal is the least float64 that has all its digits.
const smallestNormal = 0x1p-1022

// significant returns how many digits of a number count, without zeros at either end.
func significant(number []byte) int {
	mantissa, _, _ := bytes.Cut(number, []byte{'e'})
	mantissa, _, _ = bytes.Cut(mantissa, []byte{'E'})
	digits := bytes.ReplaceAll(bytes.TrimPrefix(mantissa, []byte{'-'}), []byte{'.'}, nil)
	return len(bytes.Trim(digits, "0"))
}
