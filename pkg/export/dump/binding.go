package dump

import (
	"fmt"
	"slices"

	"breachnotify/pkg/export/rows"
)

// Binding says where the values of a statement go.
type Binding struct {
	table   *Table
	names   []string // as they were bound; nil: all
	loaded  bool
	columns []Column // of the statement, in its order
	values  []any
	targets []target
}

// target is a table that gets the rows of the statement.
type target struct {
	table  *rows.Table
	at     []int // the places of its columns among those of the statement, or -1; nil: the same
	values []any
}

// Bind binds a statement that fills columns of t by name, or with nil all of them but
// those that are computed, if loaded is set. Names that t does not have become columns.
// The errors are ErrNoColumns and for names that come twice. A statement like the last one
// gets the same binding.
func (c *Catalog) Bind(t *Table, names []string, loaded bool) (*Binding, error) {
	if b := c.last; b != nil && b.table == t && b.loaded == loaded && (b.names == nil) == (names == nil) && slices.Equal(b.names, names) {
		return b, nil
	}
	b := &Binding{table: t, names: names, loaded: loaded}
	if err := c.bind(b); err != nil {
		return nil, err
	}
	c.last = b
	return b, nil
}

func (c *Catalog) bind(b *Binding) error {
	names, t := b.names, b.table
	if names == nil && !t.Complete {
		return ErrNoColumns
	}
	if names == nil {
		names = t.names(b.loaded)
	}
	if err := unique(names); err != nil {
		return err
	}
	if err := c.grow(t, names); err != nil {
		return err
	}
	b.values = make([]any, len(names))
	for _, name := range names {
		b.columns = append(b.columns, t.Columns[t.place(name)])
	}
	lineage := t.lineage()
	if len(lineage) > maxLineage {
		return errLineage
	}
	for _, each := range lineage {
		if each.wanted {
			b.targets = append(b.targets, newTarget(each, names))
		}
	}
	return nil
}

// names returns the names of the columns, or of those that are loaded.
func (t *Table) names(loaded bool) []string {
	var names []string
	for _, column := range t.Columns {
		if !loaded || !column.Computed {
			names = append(names, column.Name)
		}
	}
	return names
}

func newTarget(t *Table, names []string) target {
	to := target{table: t.rows()}
	same := len(t.Columns) == len(names)
	for i, column := range t.Columns {
		at := slices.Index(names, column.Name)
		to.at = append(to.at, at)
		same = same && at == i
	}
	if same {
		return target{table: to.table}
	}
	to.values = make([]any, len(t.Columns))
	return to
}

// unique returns an error for a name that comes twice.
func unique(names []string) error {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if seen[name] {
			return fmt.Errorf("the column %q comes twice", name)
		}
		seen[name] = true
	}
	return nil
}

// Len returns how many values a row of the statement has.
func (b *Binding) Len() int { return len(b.columns) }

// Wanted reports whether anybody gets the rows.
func (b *Binding) Wanted() bool { return len(b.targets) > 0 }

// Rows appends the row that r holds to dst, once for each table that it belongs to. They
// are valid until Rows is called again. wrong is the name of a column whose value is not
// UTF-8, and bad whether there is one.
func (b *Binding) Rows(dst []rows.Row, r *Record, line int64) (out []rows.Row, wrong string, bad bool) {
	text := string(r.text) // the one allocation that all texts of the row share
	from := 0
	for i, f := range r.fields {
		value, ok := b.columns[i].Shape.value(text[from:f.end], f.form)
		if !ok {
			return dst, b.columns[i].Name, true
		}
		b.values[i], from = value, f.end
	}
	for _, t := range b.targets {
		dst = append(dst, rows.Row{Table: t.table, Values: t.fill(b.values), At: line})
	}
	return dst, "", false
}

// fill puts the values of a statement into the order of the table.
func (t *target) fill(values []any) []any {
	if t.at == nil {
		return values
	}
	for i, at := range t.at {
		t.values[i] = nil
		if at >= 0 {
			t.values[i] = values[at]
		}
	}
	return t.values
}
