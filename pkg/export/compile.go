package export

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"breachnotify/pkg/hint"
)

// reads are what SQL reads, in lower case.
type reads struct {
	schemas map[string]bool
	columns map[string][]string // by table; the empty column is the table itself
}

func (r reads) add(schema, table, column string) {
	table = foldASCII(table)
	r.schemas[foldASCII(schema)] = true
	r.columns[table] = append(r.columns[table], foldASCII(column))
}

// only reports that no column of the table is read, though the table itself may be.
func (r reads) only(table string) bool {
	return !slices.ContainsFunc(r.columns[foldASCII(table)], func(column string) bool { return column != "" })
}

// compile has SQLite compile a clause without letting it run, and returns the columns
// of the result. The text of the clause stands between before and after.
func (d *database) compile(ctx context.Context, c clause, before, after string) (columns []string, err error) {
	seen := reads{schemas: map[string]bool{}, columns: map[string][]string{}}
	stop, err := d.watch(seen.add)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	rows, err := d.conn.QueryContext(ctx, before+c.text+after)
	if err != nil {
		return nil, d.explain(c.fails(err))
	}
	defer rows.Close()
	if columns, err = rows.Columns(); err != nil {
		return nil, err
	}
	if err := c.checkQuoted(seen, columns); err != nil {
		return nil, err
	}
	return columns, d.checkOuter(c, seen)
}

// explain adds the columns that SQL may use.
func (d *database) explain(err error) error {
	for _, table := range d.tables {
		err = hint.Wrap(err, "the columns of %s are: %s", table.name, list(table.columns))
	}
	if d.undecided != nil {
		err = hint.Wrap(err, "the database has the tables %s; export.table says which of them is export", list(d.undecided))
	}
	return err
}

// checkQuoted refuses names in double quotes that name nothing. SQLite takes those for
// text, so that a misspelt column would select everybody or nobody.
func (c clause) checkQuoted(seen reads, columns []string) error {
	for _, name := range c.quoted {
		folded := foldASCII(name)
		_, known := seen.columns[folded]
		for _, read := range seen.columns {
			known = known || slices.Contains(read, folded)
		}
		if !known && folded != exportTable && indexOf(columns, name) < 0 {
			err := c.fails(fmt.Errorf("no column %q", name))
			return hint.Wrap(err, "text is in single quotes: '%s'", name)
		}
	}
	return nil
}

// checkOuter refuses a table of which no column is read. In id IN (SELECT user FROM
// affected) SQL looks for a user that affected lacks in the export around it, finds it,
// and selects everybody.
func (d *database) checkOuter(c clause, seen reads) error {
	for table := range seen.columns {
		if seen.only(table) && (d.export == nil || table != foldASCII(d.export.table)) {
			return d.outerError(c, table)
		}
	}
	for _, view := range d.views {
		if seen.schemas[view.schema] && seen.only(view.name) {
			return d.outerError(c, view.name)
		}
	}
	return nil
}

func (d *database) outerError(c clause, table string) error {
	return d.explain(c.fails(fmt.Errorf("no column of %s is used: the names in its SELECT are those of a table around it", table)))
}

// selectWhere prepares to read the chosen columns of the export, and returns these.
func (d *database) selectWhere(ctx context.Context) (Columns, error) {
	columns, at, err := d.spec.Columns.resolve(d.export.columns)
	if err != nil {
		return Columns{}, fmt.Errorf("%s: %w", d.spec.Source, err)
	}
	d.unnumbered = d.export.rowid == ""
	line := "0"
	if !d.unnumbered {
		line = exportTable + "." + d.export.rowid
	}
	from := " FROM " + d.export.from + " AS " + exportTable
	d.statement = "SELECT " + line + values(exportTable, d.export.columns, at) + from
	if d.spec.Where != "" {
		if d.clause, err = readClause("export.where", d.spec.Where); err != nil {
			return Columns{}, err
		}
		if _, err := d.compile(ctx, d.clause, "SELECT 1"+from+" WHERE (\n", "\n) LIMIT 0"); err != nil {
			return Columns{}, err
		}
		d.statement += " WHERE (\n" + d.clause.text + "\n)"
	}
	if d.export.order != "" {
		d.statement += " ORDER BY " + d.export.order
	}
	return columns, nil
}

// selectQuery prepares to read the result of the query, and returns its columns.
func (d *database) selectQuery(ctx context.Context) (Columns, error) {
	var err error
	if d.clause, err = readClause("export.query", d.spec.Query); err != nil {
		return Columns{}, err
	}
	names, err := d.compile(ctx, d.clause, "SELECT * FROM (\n", "\n) LIMIT 0")
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
