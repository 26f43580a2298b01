package live

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"breachnotify/pkg/export/dump"
	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/hint"
)

// Table is a table, a view or the like.
type Table struct {
	rows.Table
	Rows int64 // about how many, as the server estimates; -1: unknown
	// Partition says that all of its rows are also those of another table.
	Partition bool
}

// Tables returns the tables and views of the database, sorted by schema and name. Those of
// the server itself and of PostgreSQL's extensions are left out. The schema of a MySQL
// table is its database: the one that the URL names, or if it names none, any.
func (s *Source) Tables(ctx context.Context) ([]Table, error) {
	if err := s.busy(); err != nil {
		return nil, err
	}
	return s.tables(ctx)
}

func (s *Source) tables(ctx context.Context) ([]Table, error) {
	var catalog []entry
	if err := s.conn.SelectContext(ctx, &catalog, s.server.tables); err != nil {
		return nil, s.fail(ctx, "list the tables", err)
	}
	return tablesOf(catalog, s.server.shapes), nil
}

// entry is a column in the catalog of a server, or a table that has none: those of a
// table one after the other, in their order.
type entry struct {
	Schema    string
	Name      string
	Rows      int64
	Partition bool
	Column    string
	Type      string
}

// tablesOf gathers the columns of tables.
func tablesOf(catalog []entry, shapes map[string]dump.Shape) []Table {
	var tables []Table
	for _, e := range catalog {
		if n := len(tables); n == 0 || tables[n-1].Schema != e.Schema || tables[n-1].Name != e.Name {
			table := rows.Table{Schema: e.Schema, Name: e.Name}
			tables = append(tables, Table{Table: table, Rows: max(e.Rows, -1), Partition: e.Partition})
		}
		if e.Column != "" {
			last := &tables[len(tables)-1]
			last.Columns = append(last.Columns, rows.Column{Name: e.Column, Kind: shapes[e.Type].Kind()})
		}
	}
	return tables
}

// selectAll returns the SQL that gives the rows of a table. It names the columns, since
// a star leaves out those that MariaDB calls invisible.
func (s *Source) selectAll(t Table) string {
	var columns []string
	for _, c := range t.Columns {
		columns = append(columns, s.quoted(c.Name))
	}
	return fmt.Sprintf("SELECT %s FROM %s.%s", strings.Join(columns, ", "), s.quoted(t.Schema), s.quoted(t.Name))
}

// quoted returns a name as SQL takes it, whatever is in it.
func (s *Source) quoted(name string) string {
	mark := string(s.server.quote)
	return mark + strings.ReplaceAll(name, mark, mark+mark) + mark
}

// find finds a table by name or schema.name: as it is written, or else in any case.
func find(tables []Table, name string) (Table, error) {
	exactly := func(a, b string) bool { return a == b }
	for _, same := range []func(a, b string) bool{exactly, strings.EqualFold} {
		var found []Table
		for _, t := range tables {
			if same(t.Name, name) || same(t.qualified(), name) {
				found = append(found, t)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			return Table{}, hint.Wrap(fmt.Errorf("more than one table is called %s: %s", name, listed(found)), "name the schema too")
		}
	}
	err := fmt.Errorf("there is no table %s, or this user may not see it", name)
	if len(tables) == 0 {
		return Table{}, hint.Wrap(err, "there are no tables at all: check the name of the database at the end of the URL")
	}
	folded := strings.ToLower(name)
	slices.SortStableFunc(tables, func(a, b Table) int { return cmp.Compare(a.distance(folded), b.distance(folded)) })
	return Table{}, hint.Wrap(err, "there are: %s", listed(tables))
}

// distance returns how far the name of a table is from one in lower case.
func (t Table) distance(name string) int {
	return min(hint.Distance(strings.ToLower(t.Name), name), hint.Distance(strings.ToLower(t.qualified()), name))
}

func (t Table) qualified() string { return t.Schema + "." + t.Name }

// listed names the first few tables.
func listed(tables []Table) string {
	const few = 10
	var names []string
	for _, t := range tables[:min(few, len(tables))] {
		names = append(names, t.qualified())
	}
	if more := len(tables) - few; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
