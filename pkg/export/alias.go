package export

import (
	"context"
	"slices"
	"strings"

	"breachnotify/pkg/hint"
)

// alias is the name of a field as a further name of the column that is mapped to it.
type alias struct {
	name   string // of the field
	column string // as in the source
}

// aliases returns the names of fields that where may use for mapped columns: those that
// no column of the source has itself. What is mapped to a column that does not exist is
// left to resolve.
func (c Columns) aliases(existing []string) []alias {
	var all []alias
	for i, configured := range c.fields() {
		at := indexOf(existing, *configured)
		if *configured != "" && at >= 0 && indexOf(existing, fieldNames[i]) < 0 {
			all = append(all, alias{name: fieldNames[i], column: existing[at]})
		}
	}
	return all
}

// aliasNames returns the further names of columns of the export, nil where there are none.
func (d *database) aliasNames() []string {
	var names []string
	for _, a := range d.aliases {
		names = append(names, a.name)
	}
	return names
}

// addAliases gives the columns of a staged table, of which some are text, their further
// names. They are generated columns, which take no room, and compare as the columns do
// that they stand for.
func (p *private) addAliases(ctx context.Context, table string, aliases []alias, texts []string) error {
	for _, a := range aliases {
		kind := " NUMERIC"
		if slices.Contains(texts, a.column) {
			kind = " TEXT"
		}
		column := quoteName(a.name) + kind + " AS (" + quoteName(a.column) + ") VIRTUAL"
		if err := p.exec(ctx, "ALTER TABLE main."+quoteName(table)+" ADD COLUMN "+column); err != nil {
			return err
		}
	}
	return nil
}

// checkAliases refuses a SELECT inside of where that takes an alias from the row around
// it. In id IN (SELECT id FROM affected WHERE kind = 'a') the inner id is that of the
// export where affected has none, and everybody would be selected. So the clause, which
// is known to compile, is compiled once more beside a second table that has the aliases.
// That makes each ambiguous which reaches the outermost tables without naming one. The
// bare names of the clause may do so, and are given the name of the export.
func (d *database) checkAliases(ctx context.Context, from string) error {
	names := d.aliasNames()
	if names == nil {
		return nil
	}
	second := ", (SELECT NULL AS " + strings.Join(names, ", NULL AS ") + ")"
	rows, err := d.conn.QueryContext(ctx, "SELECT 1"+from+second+" WHERE (\n"+d.clause.qualified(names)+"\n) LIMIT 0")
	if err == nil {
		return rows.Close()
	}
	err = hint.Wrap(d.clause.fails(err), "in a SELECT inside of where, write the table before the column: export.%s is that of the row around it", names[0])
	return d.explain(ctx, err)
}

// qualified returns the text with export before each of the bare names.
func (c clause) qualified(names []string) string {
	var text strings.Builder
	done := 0
	for _, bare := range c.bare {
		if slices.Contains(names, foldASCII(bare.name)) {
			text.WriteString(c.text[done:bare.at] + exportTable + ".")
			done = bare.at
		}
	}
	return text.String() + c.text[done:]
}
