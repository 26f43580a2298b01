package dump

import "errors"

// ErrLong says that a text or a row is larger than what is allowed.
var ErrLong = errors.New("larger than what is allowed")

// Form is how a value is written.
type Form int

// The forms.
const (
	Null   Form = iota
	Plain       // text
	Digits      // a number, not in quotes
	Binary      // bytes in any encoding, such as 0xFF
)

type field struct {
	end  int // of its text
	form Form
}

// Record gathers the values of one row. The zero Record takes values of no size.
type Record struct {
	max    int
	text   []byte
	fields []field
}

// NewRecord returns a Record that takes max bytes.
func NewRecord(max int) *Record { return &Record{max: max} }

// Reset begins another row.
func (r *Record) Reset() { r.text, r.fields = r.text[:0], r.fields[:0] }

// Add adds to the text of the value that is not closed yet. Of a nil Record it does
// nothing, which is how text is passed over. Its error is ErrLong.
func (r *Record) Add(text []byte) error {
	if r == nil {
		return nil
	}
	if len(text) > r.max-len(r.text) {
		return ErrLong
	}
	r.text = append(r.text, text...)
	return nil
}

// AddByte is Add for one byte.
func (r *Record) AddByte(c byte) error {
	if r == nil {
		return nil
	}
	if len(r.text) >= r.max {
		return ErrLong
	}
	r.text = append(r.text, c)
	return nil
}

// Open returns the text that is not closed yet. It is valid until the next Add.
func (r *Record) Open() []byte { return r.text[r.start():] }

// Close makes a value of the text since the last one.
func (r *Record) Close(form Form) { r.fields = append(r.fields, field{len(r.text), form}) }

// Len returns the number of values.
func (r *Record) Len() int { return len(r.fields) }

func (r *Record) start() int {
	if len(r.fields) == 0 {
		return 0
	}
	return r.fields[len(r.fields)-1].end
}
