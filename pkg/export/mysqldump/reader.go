package mysqldump

import (
	"io"

	"breachnotify/pkg/export/dump"
	"breachnotify/pkg/export/rows"
)

// Options say what to read.
type Options struct {
	Name      string // of the file, for errors
	MaxRecord int    // bytes of one row of a wanted table, at least 1
	// Want reports whether the rows of a table are wanted; nil: all. The schema is the
	// database, and empty where the dump names none.
	Want func(schema, table string) bool
}

// Reader reads a dump. It is for one goroutine.
type Reader struct{ parser *parser }

// New returns a reader of the dump in src. It reads nothing yet.
func New(src io.Reader, o Options) *Reader {
	p := &parser{setting: dump.NewRecord(dump.MaxName), delimiter: []byte{';'}, words: wordBytes}
	p.Parser = dump.NewParser(dump.Source{Reader: src, Name: o.Name, MaxRecord: o.MaxRecord, Want: o.Want, Undeclared: dump.Bytes}, p)
	return &Reader{p}
}

// Unit returns what Row.At counts.
func (r *Reader) Unit() string { return "line" }

// Next returns the next row, or says with a row without values that there is a table. It
// returns io.EOF at the end.
func (r *Reader) Next() (rows.Row, error) { return r.parser.Next() }
