package export

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/hint"
)

// fileTable is a table of a file that is loaded into the private database.
type fileTable struct {
	file         string // for errors
	schema, name string
	columns      []rows.Column // as far as they are known
	first        bool          // of its file
	wanted       bool
	partition    bool   // of another table, which has its rows too
	rows         int64  // that were loaded, or seen where none are wanted; -1: unknown
	last         int64  // the number of the last one
	held         []held // by each column

	staged string // its name in the private database; empty: it is not there
	width  int    // how many columns it has there
}

// held is what the values of a column are, as far as they are not null.
type held uint8

const (
	heldText held = 1 << iota
	heldNumber
	heldBytes
)

// qualified returns the name with the schema before it, if there is one.
func (t *fileTable) qualified() string {
	if t.schema == "" {
		return t.name
	}
	return t.schema + "." + t.name
}

// table returns the table as its reader has it.
func (t *fileTable) table() rows.Table {
	return rows.Table{Schema: t.schema, Name: t.name, Columns: t.columns}
}

// title names the table in an error.
func (t *fileTable) title() string {
	if t.name == "" {
		return "the file"
	}
	return "table " + t.qualified()
}

// is reports whether the table is meant by a name or by schema.name.
func (t *fileTable) is(name string) bool {
	return foldASCII(name) == foldASCII(t.name) || foldASCII(name) == foldASCII(t.qualified())
}

// isNumeric reports whether a column is one of numbers: all of its values are, or it has
// none and is declared so.
func (t *fileTable) isNumeric(column int) bool {
	if t.held[column] == 0 {
		return t.columns[column].Kind != rows.Text
	}
	return t.held[column] == heldNumber
}

// texts returns the names of the columns that are not numeric.
func (t *fileTable) texts() []string {
	var all []string
	for i, c := range t.columns {
		if !t.isNumeric(i) {
			all = append(all, c.Name)
		}
	}
	return all
}

func names(columns []rows.Column) []string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = c.Name
	}
	return all
}

func errNoRowid() error {
	return hint.Wrap(errors.New("columns named rowid, _rowid_ and oid at once leave SQL no name for the line"), "rename one of them")
}

// settle gives a loaded table its name and its columns their types: NUMERIC where all
// values are numbers, which is how SQLite compares 10 with 9 and with the text '10', and
// TEXT else. Numbers among text become text.
//
// The rows stay as they are, and so the definition alone is changed, in the way that
// SQLite describes (ALTER TABLE, section 7).
func (p *private) settle(ctx context.Context, t *fileTable, name string) error {
	if err := p.checkFree(ctx, name); err != nil {
		return err
	}
	if err := p.textify(ctx, t); err != nil {
		return err
	}
	var columns []string
	for i, c := range t.columns {
		kind := " TEXT"
		if t.isNumeric(i) {
			kind = " NUMERIC"
		}
		columns = append(columns, quoteName(c.Name)+kind)
	}
	definition := "CREATE TABLE " + quoteName(name) + " (" + strings.Join(columns, ", ") + ")"
	if err := p.exec(ctx, "PRAGMA writable_schema = ON"); err != nil {
		return err
	}
	err := p.exec(ctx, "UPDATE main.sqlite_schema SET name = ?1, tbl_name = ?1, sql = ?2 WHERE name = ?3", name, definition, t.staged)
	t.staged = name
	return errors.Join(err, p.exec(ctx, "PRAGMA writable_schema = RESET"))
}

// checkFree refuses a name that a table of the private database has, and those that SQLite
// keeps for itself.
func (p *private) checkFree(ctx context.Context, name string) error {
	if strings.HasPrefix(foldASCII(name), "sqlite_") {
		return hint.Wrap(fmt.Errorf("SQLite reserves the name %s", name), "give the table another name where the export is written")
	}
	taken, err := p.number(ctx, "SELECT count(*) FROM pragma_table_list WHERE schema IN ('main', 'temp') AND name = ? COLLATE NOCASE", name)
	if err == nil && taken > 0 {
		err = hint.Wrap(fmt.Errorf("two tables are named %s; upper and lower case are the same in SQL", name), "write an export with one of them")
	}
	return err
}

// textify makes texts of the numbers in columns that hold others too.
func (p *private) textify(ctx context.Context, t *fileTable) error {
	var set, where []string
	for i, c := range t.columns {
		if t.held[i]&heldNumber != 0 && t.held[i] != heldNumber {
			isNumber := "typeof(" + quoteName(c.Name) + ") IN ('integer', 'real')"
			set = append(set, fmt.Sprintf("%[1]s = iif(%[2]s, CAST(%[1]s AS TEXT), %[1]s)", quoteName(c.Name), isNumber))
			where = append(where, isNumber)
		}
	}
	if set == nil {
		return nil
	}
	return p.exec(ctx, "UPDATE main."+quoteName(t.staged)+" SET "+strings.Join(set, ", ")+" WHERE "+strings.Join(where, " OR "))
}

// chooseTable finds the table of a file that is meant. Where preferred is empty, the file
// must have just one; where it is not, it must be there.
func chooseTable(path string, tables []*fileTable, preferred string) (*fileTable, error) {
	if preferred == "" {
		switch len(tables) {
		case 0:
			return nil, hint.Wrap(fmt.Errorf("%s: the file has no table and no rows", path), "write the export again, with the table that holds the accounts")
		case 1:
			return tables[0], nil
		}
		return nil, severalTables(path, tables)
	}
	exactly := func(t *fileTable) bool { return t.name == preferred || t.qualified() == preferred }
	for _, is := range []func(*fileTable) bool{exactly, func(t *fileTable) bool { return t.is(preferred) }} {
		switch found := only(tables, is); len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			err := fmt.Errorf("%s: several tables are named %s: %s", path, preferred, list(qualifiedNames(found)))
			return nil, hint.Wrap(err, "write the schema before it, as in export.table: %s", found[0].qualified())
		}
	}
	return nil, noTable(path, preferred, qualifiedNames(tables))
}

// noTable is the error for a table that a source lacks.
func noTable(path, name string, existing []string) error {
	err := fmt.Errorf("%s: no table %q; there are: %s", path, name, list(existing))
	if len(existing) == 0 {
		return hint.Wrap(err, "check that it is the right file, and that the export has the table")
	}
	parts := slices.DeleteFunc(slices.Clone(existing), func(s string) bool { return !strings.HasPrefix(foldASCII(s), foldASCII(name)+"_") })
	if len(parts) > 1 { // to advise one of them would leave the people in the others out
		return hint.Wrap(err, "if %s are its partitions, write the dump with the definitions of the tables: without --data-only, or with --load-via-partition-root", list(parts))
	}
	return hint.Wrap(err, "the closest name is %q; export.table says which table is meant", nearest(name, existing))
}

func only(tables []*fileTable, is func(*fileTable) bool) []*fileTable {
	return slices.DeleteFunc(slices.Clone(tables), func(t *fileTable) bool { return !is(t) })
}

func severalTables(path string, tables []*fileTable) error {
	e := &severalTablesError{path: path, tables: qualifiedNames(tables)}
	for _, t := range tables {
		var facts []string
		if t.rows >= 0 {
			facts = append(facts, fmt.Sprintf("%d rows", t.rows))
		}
		if len(t.columns) > 0 {
			facts = append(facts, "the columns "+list(names(t.columns)))
		}
		e.facts = append(e.facts, strings.Join(facts, " and "))
	}
	return e
}

func qualifiedNames(tables []*fileTable) []string {
	var all []string
	for _, t := range tables {
		all = append(all, t.qualified())
	}
	return all
}

// sqlName is how SQL names a table of a file: by its bare name, or where another table
// has the same, as "schema.table". The name export is that of the export alone.
func sqlName(t *fileTable, among []*fileTable) string {
	same := func(other *fileTable) bool { return other != t && foldASCII(other.name) == foldASCII(t.name) }
	switch isExport := foldASCII(t.name) == exportTable; {
	case isExport && t.schema == "":
		return t.name + " of the source"
	case isExport || slices.ContainsFunc(among, same):
		return t.qualified()
	}
	return t.name
}
