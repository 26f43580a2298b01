package dump

import (
	"errors"
	"fmt"
	"slices"

	"breachnotify/pkg/export/rows"
)

// Column is a column as a dump declares it.
type Column struct {
	Name     string
	Shape    Shape
	Computed bool // from other columns: what is loaded leaves it out
}

// Table is a table that a dump declares or fills.
type Table struct {
	Schema, Name string
	Columns      []Column
	// Complete is whether Columns are all of the table in their order, so that a row
	// need not name them.
	Complete bool
	Parents  []*Table // to which its rows belong too
	Database string   // where one file has several of them; for errors

	wanted    bool
	announced bool
	row       *rows.Table // nil: Columns are more than it has
}

// Catalog has the tables of a dump.
type Catalog struct {
	want   func(schema, table string) bool
	shape  Shape // of columns that nothing declares
	tables map[[2]string]*Table
	room   int      // that names may still take
	last   *Binding // as long as no table changes
}

// What a dump declares beyond what is remembered.
var (
	errNames   = fmt.Errorf("the names of the tables and columns take more than %d bytes", maxNames)
	errColumns = fmt.Errorf("a table has more than %d columns", MaxColumns)
	errLineage = fmt.Errorf("a table is part of more than %d others", maxLineage-1)
)

// NewCatalog returns an empty catalog, of which undeclared is the shape of columns that only
// a statement names. A nil want takes every table.
func NewCatalog(want func(schema, table string) bool, undeclared Shape) *Catalog {
	return &Catalog{want: want, shape: undeclared, tables: map[[2]string]*Table{}, room: maxNames}
}

// Find returns a table, or nil.
func (c *Catalog) Find(schema, name string) *Table { return c.tables[[2]string{schema, name}] }

// Put adds a table or puts it in the place of one of the same name. Of t it takes all but
// what it keeps itself.
func (c *Catalog) Put(t *Table) error {
	if len(t.Columns) > MaxColumns {
		return errColumns
	}
	if err := c.take(len(t.Schema) + len(t.Name)); err != nil {
		return err
	}
	for _, column := range t.Columns {
		if err := c.take(len(column.Name)); err != nil {
			return err
		}
	}
	c.last = nil
	t.wanted = c.want == nil || c.want(t.Schema, t.Name)
	c.tables[[2]string{t.Schema, t.Name}] = t
	return nil
}

// Wanted reports whether the rows of a table are wanted, for itself or for another table
// whose rows they also are.
func (t *Table) Wanted() bool {
	return slices.ContainsFunc(t.lineage(), func(t *Table) bool { return t.wanted })
}

// rows returns the table as it is handed on.
func (t *Table) rows() *rows.Table {
	if t.row == nil {
		t.row = &rows.Table{Schema: t.Schema, Name: t.Name}
		for _, column := range t.Columns {
			t.row.Columns = append(t.row.Columns, rows.Column{Name: column.Name, Kind: column.Shape.Kind()})
		}
	}
	return t.row
}

// Adopt makes the rows of t also rows of parent.
func (c *Catalog) Adopt(t, parent *Table) error {
	if slices.Contains(t.Parents, parent) {
		return nil
	}
	t.Parents, c.last = append(t.Parents, parent), nil
	return c.take(0)
}

// lineage returns the table and all whose rows it has part in, each once, and at most one
// more than maxLineage.
func (t *Table) lineage() []*Table {
	all := []*Table{t}
	for i := 0; i < len(all) && len(all) <= maxLineage; i++ {
		for _, parent := range all[i].Parents {
			if !slices.Contains(all, parent) {
				all = append(all, parent)
			}
		}
	}
	return all
}

// place returns the index of a column, or -1.
func (t *Table) place(name string) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
}

// grow adds the columns of names that the table does not have.
func (c *Catalog) grow(t *Table, names []string) error {
	for _, name := range names {
		if t.place(name) >= 0 {
			continue
		}
		if len(t.Columns) == MaxColumns {
			return errColumns
		}
		if err := c.take(len(name)); err != nil {
			return err
		}
		c.last = nil
		t.Columns, t.row = append(t.Columns, Column{Name: name, Shape: c.shape}), nil
	}
	return nil
}

const perName = 64 // bytes that it takes to hold a name, besides the name

// take takes the room that a name of a size needs.
func (c *Catalog) take(size int) error {
	c.room -= size + perName
	if c.room < 0 {
		return errNames
	}
	return nil
}

// ErrNoColumns says that a statement names no columns of a table of which the dump does
// not tell them all.
var ErrNoColumns = errors.New("no list of columns, and no complete CREATE TABLE before")
