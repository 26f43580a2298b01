package jsonrows

import (
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"breachnotify/pkg/export/rows"
)

// DefaultMaxRecord is the largest record, in bytes, where Options name no other.
const DefaultMaxRecord = 16 << 20

// Options say how a file is read.
type Options struct {
	Name string // of the file, for errors
	// MaxRecord is the size in bytes above which a record is an error, and anything else
	// that has to be in memory at once. 0: DefaultMaxRecord.
	MaxRecord int
}

// Reader reads the rows of one file. It is for one goroutine.
type Reader struct {
	name string
	max  int64
	src  *source
	dec  *jsontext.Decoder

	layout  layout
	unit    string
	line    int64 // of the byte at counted
	counted int64 // the offset up to which lines are counted

	split  splitter
	tables map[string]*table
	table  *table // of a collection, whose records come; nil: none do
	arrays bool   // whether the collection has an array of objects or an empty one
	last   int64  // Row.At of the row before
}

// New returns a Reader of src, of which nothing is read yet.
func New(src io.Reader, o Options) *Reader {
	if o.MaxRecord == 0 {
		o.MaxRecord = DefaultMaxRecord
	}
	r := &Reader{name: o.Name, max: int64(o.MaxRecord), src: newSource(src), unit: "record"}
	r.begin()
	return r
}

// begin is at the first byte.
func (r *Reader) begin() {
	r.dec = jsontext.NewDecoder(r.src)
	r.line, r.counted = 1, 0
	r.tables = map[string]*table{}
	r.table = nil
}

// Unit says what Row.At counts, once Next was called: "line" where objects follow one
// another on lines of their own, and else "record", which counts those of each table.
// In a file of lines, a record that begins on the line of the one before counts as one
// line more, and so do all behind it.
func (r *Reader) Unit() string { return r.unit }

// Next returns the next row, which is valid until the next call, and io.EOF at the end.
// After an error it must not be called again. The errors are those of the file, wrapped,
// and those that name a line and a byte, from 1.
func (r *Reader) Next() (rows.Row, error) {
	if r.layout == unknown {
		if err := r.recognise(); err != nil {
			return rows.Row{}, err
		}
	}
	switch r.layout {
	case sequence:
		return r.nextObject()
	case array:
		return r.nextElement()
	default:
		return r.nextOfCollection()
	}
}

func (r *Reader) nextObject() (rows.Row, error) {
	kind, err := r.peek()
	switch {
	case err != nil:
		return rows.Row{}, err
	case kind != '{':
		return rows.Row{}, r.unexpected(kind, "an object")
	}
	at := r.line
	if r.unit == "record" || at <= r.last {
		at = r.last + 1
	}
	r.last = at
	return r.record(r.unnamed(), at)
}

func (r *Reader) nextElement() (rows.Row, error) {
	for {
		kind, err := r.peek()
		if err != nil {
			return rows.Row{}, err
		}
		inside := r.dec.StackDepth() == 1
		switch {
		case inside && kind == '{':
			t := r.unnamed()
			return r.record(t, t.count+1)
		case inside && kind == ']', !inside && kind == '[':
			if _, err := r.token(); err != nil {
				return rows.Row{}, err
			}
		case inside:
			return rows.Row{}, r.unexpected(kind, "an object, for a record")
		default:
			return rows.Row{}, r.unexpected(kind, "the end of the file behind the array")
		}
	}
}

// record reads the object that comes next as a row of t.
func (r *Reader) record(t *table, at int64) (rows.Row, error) {
	raw, err := r.value()
	if err != nil {
		return rows.Row{}, err
	}
	if err := r.split.split(t, raw); err != nil {
		return rows.Row{}, r.errIn(raw[:r.split.pos], err)
	}
	r.passed(raw)
	return t.row(at), nil
}

// unnamed returns the table of a file that has only one.
func (r *Reader) unnamed() *table { return r.named("") }

func (r *Reader) named(name string) *table {
	t := r.tables[name]
	if t == nil {
		t = newTable(name)
		r.tables[name] = t
	}
	return t
}
