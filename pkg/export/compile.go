package export

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"breachnotify/pkg/hint"
)

// tableAt is a table or view and the schema in which it lies, in lower case.
type tableAt struct{ schema, table string }

// reads are the columns that SQL reads, in lower case; the empty one is the table itself.
type reads map[tableAt][]string

func (r reads) add(schema, table, column string) {
	at := tableAt{foldASCII(schema), foldASCII(table)}
	r[at] = append(r[at], foldASCII(column))
}

// only reports that no column of a table is read, though the table itself may be.
func (r reads) only(at tableAt) bool {
	return !slices.ContainsFunc(r[at], func(column string) bool { return column != "" })
}

// names reports whether anything that is read has the name, a table or a column.
func (r reads) names(name string) bool {
	name = foldASCII(name)
	for at, columns := range r {
		if at.table == name || slices.Contains(columns, name) {
			return true
		}
	}
	return false
}

// compile has SQLite compile the clause without letting it run, checks what it reads, and
// returns the columns of the result. The clause stands between before and after.
func (d *database) compile(ctx context.Context, before, after string) ([]string, error) {
	seen := reads{}
	columns, err := d.watched(ctx, before+d.clause.text+after, seen)
	if err != nil {
		err = d.explain(ctx, d.clause.fails(err))
		if d.denied {
			err = hint.Wrap(err, "the SQL may only read: columns, and functions that do nothing but compute")
		}
		return nil, err
	}
	known := slices.Concat(columns, d.aliasNames())
	if err := d.clause.checkQuoted(seen, known); err != nil {
		return nil, err
	}
	if err := d.clause.checkOrder(d.isText); err != nil {
		return nil, err
	}
	return columns, d.checkOuter(ctx, seen)
}

// watched compiles a statement, adds what it reads to seen, and returns the columns of
// its result.
func (d *database) watched(ctx context.Context, statement string, seen reads) (columns []string, err error) {
	stop, err := d.watch(seen.add)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	rows, err := d.conn.QueryContext(ctx, statement)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return rows.Columns()
}

// checkQuoted refuses names in double quotes that name nothing. SQLite takes those for
// text, so that a misspelt column would select everybody or nobody.
func (c clause) checkQuoted(seen reads, known []string) error {
	for _, name := range c.quoted {
		if !seen.names(name) && foldASCII(name) != exportTable && indexOf(known, name) < 0 {
			err := c.fails(fmt.Errorf("no column %q", name))
			return hint.Wrap(err, "text is in single quotes: '%s'", name)
		}
	}
	return nil
}

// checkOuter refuses a table of which no column is read. In id IN (SELECT user FROM
// affected) SQL looks for a user that affected lacks in the export around it, finds it,
// and selects everybody.
func (d *database) checkOuter(ctx context.Context, seen reads) error {
	for at := range seen {
		if seen.only(at) && (d.export == nil || at.table != foldASCII(d.export.table)) {
			return d.outerError(ctx, at.table)
		}
	}
	used := map[tableAt]bool{}
	for at := range seen {
		used[at], used[tableAt{schema: at.schema}] = true, true
	}
	for _, view := range d.views {
		// The view may have the name of the table below it, all of whose columns it reads.
		if used[view.of] && seen.only(tableAt{"temp", foldASCII(view.name)}) {
			return d.outerError(ctx, view.name)
		}
	}
	return nil
}

func (d *database) outerError(ctx context.Context, table string) error {
	return d.explain(ctx, d.clause.fails(fmt.Errorf("no column of %s is used: the names in its SELECT are those of a table around it", table)))
}

// selectWhere prepares to read the chosen columns of the export, and returns these.
func (d *database) selectWhere(ctx context.Context) (Columns, error) {
	columns, existing, at, err := d.columns()
	if err != nil {
		return Columns{}, err
	}
	d.unnumbered = d.export.rowid == ""
	line := "0"
	if !d.unnumbered {
		line = exportTable + "." + d.export.rowid
		d.shift = d.export.shift
	}
	d.selects = columns
	from := " FROM " + d.export.from + " AS " + exportTable
	d.statement = "SELECT " + line + values(exportTable, existing, at) + from
	if d.spec.Where != "" {
		// What the expressions of a preset read would hide what the clause does not.
		from := " FROM " + cmp.Or(d.export.shape, d.export.from) + " AS " + exportTable
		if _, err := d.compile(ctx, "SELECT 1"+from+" WHERE (\n", "\n) LIMIT 0"); err != nil {
			return Columns{}, err
		}
		if err := d.checkAliases(ctx, from); err != nil {
			return Columns{}, err
		}
		d.statement += " WHERE (\n" + d.clause.text + "\n)"
	}
	if d.export.order != "" {
		d.statement += " ORDER BY " + d.export.order
	}
	return columns, nil
}

// columns returns the columns to read, those that the export has for SQL, and where among
// them they are.
func (d *database) columns() (columns Columns, existing []string, at places, err error) {
	if d.preset.Name != "" {
		columns, existing, at = d.presetColumns()
		return columns, existing, at, nil
	}
	if columns, at, err = d.spec.Columns.resolve(d.export.columns); err != nil {
		err = fmt.Errorf("%s: %w", d.spec.Source, err)
	}
	return columns, d.export.columns, at, err
}

// selectQuery prepares to read the result of the query, and returns its columns.
func (d *database) selectQuery(ctx context.Context) (Columns, error) {
	names, err := d.compile(ctx, "SELECT * FROM (\n", "\n) LIMIT 0")
	if err != nil {
		return Columns{}, err
	}
	if err := checkResult(names); err != nil {
		return Columns{}, d.clause.fails(err)
	}
	columns, at, err := Columns{}.resolve(names)
	if err != nil {
		return Columns{}, d.clause.fails(err)
	}
	d.unnumbered = true
	d.unit = "export.query: row"
	d.statement = "SELECT 0" + values("result", names, at) + " FROM (\n" + d.clause.text + "\n) AS result"
	return columns, nil
}

// values returns the fields of a record as SQL, each behind a comma. CAST makes the
// driver return a value as SQLite holds it: of a bare column it would make times and
// truth values, as the declared type suggests.
func values(table string, columns []string, at places) string {
	var list strings.Builder
	for _, i := range at {
		if i < 0 {
			list.WriteString(", ''")
			continue
		}
		fmt.Fprintf(&list, ", ifnull(CAST(%s.%s AS TEXT), '')", table, quoteName(columns[i]))
	}
	return list.String()
}

// checkResult holds the columns of a query against the fields of a record.
func checkResult(names []string) error {
	var unknown []string
	for _, name := range names {
		if indexOf(fieldNames[:], name) < 0 {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		err := fmt.Errorf("the result has columns that are not known: %s", list(unknown))
		return hint.Wrap(err, "its columns are id, email, name, password, sso, locale, each at most once; name them with AS")
	}
	for _, field := range fieldNames[:2] {
		if indexOf(names, field) < 0 {
			return hint.Wrap(fmt.Errorf("the result has no column %s", field), "name it with AS, as in: SELECT user_id AS id")
		}
	}
	return nil
}
