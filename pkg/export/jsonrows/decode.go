package jsonrows

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// peek goes to the next token and returns its kind; io.EOF behind the last value.
func (r *Reader) peek() (jsontext.Kind, error) {
	r.src.limit = r.dec.InputOffset() + r.max + 1
	kind := r.dec.PeekKind()
	if kind == jsontext.KindInvalid {
		_, err := r.dec.ReadToken() // says what PeekKind met
		return kind, r.fails(err)
	}
	unread := r.dec.UnreadBuffer()
	gap := unread[:len(unread)-len(bytes.TrimLeft(unread, " \t\r\n,:"))]
	// All of the gap may be counted already, where peek comes twice.
	if end := r.dec.InputOffset() + int64(len(gap)); end > r.counted {
		r.line += int64(bytes.Count(gap, []byte{'\n'}))
		r.counted = end
	}
	return kind, nil
}

// token reads the token that peek found; it is valid until the next peek.
func (r *Reader) token() (jsontext.Token, error) {
	r.src.limit = r.counted + r.max + 1
	token, err := r.dec.ReadToken()
	if err != nil {
		return token, r.fails(err)
	}
	r.counted = r.dec.InputOffset() // no token has more than one line
	return token, nil
}

// value reads the value that peek found; it is valid until the next peek. The caller
// says passed once it is done with it.
func (r *Reader) value() (jsontext.Value, error) {
	r.src.limit = r.counted + r.max + 1
	raw, err := r.dec.ReadValue()
	if err == nil && int64(len(raw)) > r.max {
		err = errTooLong
	}
	if err != nil {
		return nil, r.fails(err)
	}
	return raw, nil
}

// passed counts the lines of a value that was read.
func (r *Reader) passed(raw []byte) {
	r.line += int64(bytes.Count(raw, []byte{'\n'}))
	r.counted = r.dec.InputOffset()
}

// pass reads the value that peek found and drops it.
func (r *Reader) pass() error {
	raw, err := r.value()
	if err == nil {
		r.passed(raw)
	}
	return err
}

// passElements reads on behind the end of the array that the last token is in.
func (r *Reader) passElements() error {
	for {
		kind, err := r.peek()
		if err != nil {
			return err
		}
		switch kind {
		case ']':
			_, err := r.token()
			return err
		case '{':
			return r.unexpected(kind, "a value such as those before it in the array")
		}
		if err := r.pass(); err != nil {
			return err
		}
	}
}
