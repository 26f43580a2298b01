package feed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"breachnotify/pkg/bounce/internal/source"
	"breachnotify/pkg/hint"
)

// maxValue bounds one event, or one object with events in it, in bytes.
const maxValue = 16 << 20

var errTooLarge = fmt.Errorf("one JSON value is larger than %d bytes", maxValue)

// tolerant are the options for JSON that others wrote: of doubled names the last holds,
// and broken UTF-8 is replaced.
func tolerant() jsontext.Options {
	return jsontext.AllowDuplicateNames(true)
}

// beginsWithWholeLine reports whether the first line of a text is JSON by itself. Then
// each line is read by itself, so that a bad one costs no other.
func beginsWithWholeLine(text []byte, isAll bool) bool {
	line, _, ok := bytes.Cut(text, []byte{'\n'})
	return (ok || isAll) && jsontext.Value(line).IsValid(tolerant(), jsontext.AllowInvalidUTF8(true))
}

// readLines reads a JSON value from every line.
func readLines(src *source.Source, yield func(statement, error) bool) {
	for number := 1; ; number++ {
		line, err := readLine(src)
		place := fmt.Sprintf("%s: line %d", src.Name, number)
		switch {
		case errors.Is(err, errTooLarge):
			err = tooLarge(place)
		case errors.Is(err, io.EOF):
			return
		}
		if err != nil {
			yield(statement{}, err)
			return
		}
		if !readText(place, line, yield) {
			return
		}
	}
}

// readText reads all values of a text in memory.
func readText(place string, text []byte, yield func(statement, error) bool) bool {
	return decode(bytes.NewReader(text), func(raw jsontext.Value, _ int64, err error) bool {
		if err != nil {
			return yield(statement{}, fmt.Errorf("%s: not JSON: %w", place, err))
		}
		return interpret(place, raw, 0, yield)
	})
}

// readLine returns a line with its end, and io.EOF behind the last.
func readLine(src *source.Source) ([]byte, error) {
	var whole []byte
	for {
		part, err := src.ReadSlice('\n')
		whole = append(whole, part...)
		switch {
		case len(whole) > maxValue:
			return nil, errTooLarge
		case err == nil, errors.Is(err, io.EOF) && len(whole) > 0:
			return whole, nil
		case len(part) < source.Window:
			return nil, err
		}
	}
}

// readStream reads JSON values one behind the other, whatever the lines are, and the
// elements of arrays as values of their own.
func readStream(src *source.Source, yield func(statement, error) bool) {
	bounded := &budget{r: src}
	begin := src.Offset()
	decode(bounded, func(raw jsontext.Value, at int64, err error) bool {
		place := fmt.Sprintf("%s: byte %d", src.Name, begin+at)
		var syntax *jsontext.SyntacticError
		switch {
		case errors.Is(err, errTooLarge):
			return yield(statement{}, tooLarge(place))
		case errors.As(err, &syntax):
			return yield(statement{}, hint.Wrap(fmt.Errorf("%s: not JSON: %w; what follows is not read", place, syntax.Err),
				"a file with one event a line is read on behind a bad line"))
		case err != nil: // of the source, with its place
			return yield(statement{}, err)
		}
		bounded.used = 0
		return interpret(place, raw, 0, yield)
	})
}

func tooLarge(place string) error {
	return hint.Wrap(fmt.Errorf("%s: %w; what follows is not read", place, errTooLarge),
		"cut the file up, one event a line: jq -c '.[]'")
}

// budget ends a value that takes too many bytes.
type budget struct {
	r    io.Reader
	used int64 // since the last value
}

func (b *budget) Read(p []byte) (int, error) {
	if b.used > maxValue {
		return 0, errTooLarge
	}
	n, err := b.r.Read(p)
	b.used += int64(n)
	return n, err
}

// decode hands on, until the next call, every value of r that is no array, and every element of those that
// are, with the byte behind which it stands. It ends with the first error, which it hands
// on too, and reports false where the taker wants no more.
func decode(r io.Reader, take func(raw jsontext.Value, at int64, err error) bool) bool {
	d := jsontext.NewDecoder(r, tolerant(), jsontext.AllowInvalidUTF8(true))
	for {
		at := d.InputOffset()
		var raw jsontext.Value
		var err error
		switch d.PeekKind() {
		case '[', ']', 0:
			_, err = d.ReadToken()
		default:
			raw, err = d.ReadValue()
		}
		switch {
		case errors.Is(err, io.EOF) && d.StackDepth() == 0:
			return true
		case err != nil:
			return take(nil, d.InputOffset(), err)
		case raw != nil && !take(raw, at, nil):
			return false
		}
	}
}

// plainName is a name that can be no value of a row, so that an error may show it.
var plainName = regexp.MustCompile(`^[A-Za-z][A-Za-z_-]{0,23}$`)

// namesOf lists some names of an object for an error.
func namesOf(object map[string]jsontext.Value) string {
	var names []string
	for name := range object {
		if plainName.MatchString(name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "the object has no name that can be shown"
	}
	slices.Sort(names)
	return "the object has the names " + strings.Join(names[:min(len(names), 6)], ", ")
}
