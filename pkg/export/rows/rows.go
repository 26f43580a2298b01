// Package rows is what the readers of files with tables hand to export: tables, and their
// rows as they come. It guarantees nothing and reads nothing itself.
package rows

// Kind is what the values of a column are, as far as its file declares it.
type Kind int

// The kinds. A value that does not fit the kind of its column stays what it is.
const (
	Text    Kind = iota // also what the file declares otherwise, such as dates
	Integer             // whole numbers, as int64 where they fit
	Number              // numbers of any kind
)

// Column is a column of a table.
type Column struct {
	Name string
	Kind Kind
}

// Table is a table as its file names it. Its columns may become more while the file is
// read: a Row then bears another Table of the same name, whose first columns are those
// that were known before.
type Table struct {
	Schema  string // empty where the file has none
	Name    string // empty where the file does not name it
	Columns []Column
}

// Row is a row of a table. Where Values is nil it only says that there is such a table.
type Row struct {
	Table *Table // the same pointer as long as nothing of it changes
	// Values are in the order of the columns: nil, int64, float64, string or []byte. They
	// may be fewer than the columns: the rest is null. Valid until the next row.
	Values []any
	// At is where the row begins, ascending from 1, in the unit of its reader: a line, or
	// the number of the record.
	At int64
}
