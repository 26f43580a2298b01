package jsonrows

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"breachnotify/pkg/hint"
)

// maxDepth is how deep the decoder goes.
const maxDepth = 10_000

var errNUL = hint.Wrap(errors.New(`the text holds a NUL (\u0000): want text without`), "take it out of the value, or leave the column out of the export")

// errAt names the place of a byte.
func (r *Reader) errAt(line, offset int64, err error) error {
	return fmt.Errorf("%s: line %d, byte %d: %w", r.name, line, r.src.mark+offset+1, err)
}

// errNext is about the token that peek found.
func (r *Reader) errNext(err error) error { return r.errAt(r.line, r.counted, err) }

// errIn is about the byte behind before, with which the value begins that was just read.
func (r *Reader) errIn(before []byte, err error) error {
	line := r.line + int64(bytes.Count(before, []byte{'\n'}))
	return r.errAt(line, r.counted+int64(len(before)), err)
}

// unexpected is the error for the token that peek found, which has no place there.
func (r *Reader) unexpected(kind jsontext.Kind, want string) error {
	return hint.Wrap(r.errNext(fmt.Errorf("%s: want %s", words[kind], want)),
		"an export is an array of objects, an object that holds such arrays, or one object a line: write it as one of them")
}

var words = map[jsontext.Kind]string{
	'n': "null", 't': "true", 'f': "false", '"': "a string", '0': "a number", '{': "an object", '[': "an array",
}

// fails makes an error of the decoder one that names the place and what was expected.
// io.EOF stays as it is.
func (r *Reader) fails(err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case r.src.failed != nil:
		return fmt.Errorf("read %s: %w", r.name, r.src.failed)
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.Is(err, errTooLong):
		err := r.errNext(fmt.Errorf("what begins here is %w of %d bytes for a record", errTooLong, r.max))
		return hint.Wrap(err, "look there for a quote or a bracket that is not closed; export.max_record raises the limit")
	case errors.As(err, &syntax):
		return r.syntaxError(syntax)
	}
	return fmt.Errorf("read %s: %w", r.name, err)
}

func (r *Reader) syntaxError(syntax *jsontext.SyntacticError) error {
	unread := r.dec.UnreadBuffer()
	at := min(max(0, syntax.ByteOffset-r.dec.InputOffset()), int64(len(unread)))
	known := min(max(0, r.counted-r.dec.InputOffset()), at)
	line := r.line + int64(bytes.Count(unread[known:at], []byte{'\n'}))
	place := func(format string, args ...any) error {
		return r.errAt(line, r.dec.InputOffset()+at, fmt.Errorf(format, args...))
	}
	found := r.src.complete(unread[at:])
	switch {
	case errors.Is(syntax.Err, io.ErrUnexpectedEOF):
		return r.cutOff(unread[known:])
	case errors.Is(syntax.Err, jsontext.ErrDuplicateName):
		return hint.Wrap(place("%s in one object: want each name once", r.duplicate(syntax.JSONPointer)),
			"find out which of the values is right; jq keeps the last one: jq -c . %s > once.json", r.name)
	case strings.Count(string(syntax.JSONPointer), "/") >= maxDepth-1:
		return hint.Wrap(place("values nested more than %d deep: want less", maxDepth),
			"no export is as deep as that: look there for brackets that are not closed, or leave the column out of the export")
	case bytes.HasPrefix(found, []byte{'\\'}): // the decoder would show some of the value
		return hint.Wrap(place("no escape sequence that JSON has: want one of RFC 8259, section 7"),
			"if it is half of a surrogate pair, jq puts U+FFFD in its place: jq -c . %s > repaired.json", r.name)
	case len(found) > 0 && found[0] >= utf8.RuneSelf:
		c, size := utf8.DecodeRune(found)
		if size > 1 { // in strings each is allowed
			return hint.Wrap(place("the character %q outside of a string: want JSON (RFC 8259)", c), "look there: a program for texts may have put it in")
		}
		return hint.Wrap(place("not UTF-8: want UTF-8"),
			"convert it, if it is Latin-1 or Windows-1252: iconv -f WINDOWS-1252 -t UTF-8 %s > utf8.txt", r.name)
	}
	return hint.Wrap(place("%w: want JSON (RFC 8259)", syntax.Err), "look there: the export was changed by hand, or is of another kind; jq . %s shows whether it is JSON", r.name)
}

// cutOff is the error for a file that ends too early, where unread is what is left of it.
func (r *Reader) cutOff(unread []byte) error {
	err := errors.New("the value that begins here is not closed before the file ends: want the rest of it")
	if len(unread) == 0 {
		err = errors.New("the file ends here: want the rest of it")
	}
	return hint.Wrap(r.errNext(err), "the file is cut off: write the export again, and see that there is room for it")
}

// duplicate shows a name that is a column. What is deeper may be data.
func (r *Reader) duplicate(at jsontext.Pointer) string {
	if strings.Count(string(at), "/") > r.dec.StackDepth()+1 {
		return "a name twice"
	}
	return fmt.Sprintf("the name %q twice", at.LastToken())
}
