package live

import (
	"errors"
	"fmt"

	"breachnotify/pkg/export/dump"
	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/hint"
)

// errEnough says that nobody wants more rows. It never leaves the package.
var errEnough = errors.New("no more rows are wanted")

// output makes rows of what a server sends, as the readers of dumps make them of a dump.
type output struct {
	request request
	record  *dump.Record
	binding *dump.Binding
	table   *rows.Table
	count   *int64
	rows    []rows.Row // one at most, in memory that is used again
	yield   func(rows.Row, error) bool
}

func newOutput(q request, maxRecord int, count *int64, yield func(rows.Row, error) bool) *output {
	return &output{request: q, record: dump.NewRecord(maxRecord), count: count, yield: yield}
}

// begin takes the columns. It returns errEnough, and an error for a name that comes twice.
func (o *output) begin(columns []dump.Column) error {
	table := &dump.Table{Schema: o.request.schema, Name: o.request.table, Columns: columns, Complete: true}
	catalog := dump.NewCatalog(nil, dump.Text)
	err := catalog.Put(table)
	if err == nil {
		o.binding, err = catalog.Bind(table, nil, false)
	}
	if err != nil {
		return hint.Wrap(err, "name each column of the query once, as in: SELECT u.id AS user_id")
	}
	o.table = &rows.Table{Schema: table.Schema, Name: table.Name}
	for _, c := range columns {
		o.table.Columns = append(o.table.Columns, rows.Column{Name: c.Name, Kind: c.Shape.Kind()})
	}
	return o.hand(rows.Row{At: *o.count + 1})
}

// row takes the values of a row, in which nil is NULL. It returns errEnough, and an error
// for a row that is too large or not UTF-8.
func (o *output) row(values [][]byte) error {
	*o.count++
	o.record.Reset()
	for _, value := range values {
		if value == nil {
			o.record.Close(dump.Null)
			continue
		}
		if err := o.record.Add(value); err != nil {
			return tooLarge(fmt.Errorf("row %d: %w", *o.count, err))
		}
		o.record.Close(dump.Plain)
	}
	var name string
	var bad bool
	if o.rows, name, bad = o.binding.Rows(o.rows[:0], o.record, *o.count); bad {
		return fmt.Errorf("row %d: the column %q is not UTF-8", *o.count, name)
	}
	return o.hand(o.rows[0])
}

func (o *output) hand(row rows.Row) error {
	row.Table = o.table
	if !o.yield(row, nil) {
		return errEnough
	}
	return nil
}

func tooLarge(err error) error {
	return hint.Wrap(err, "raise export.max_record, or select fewer columns with export.query")
}
