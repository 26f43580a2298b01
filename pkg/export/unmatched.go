package export

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// key is what is looked for in a further table, and where, as SQL.
type key struct {
	value  string // to be shown, of a row of the further table
	item   string // to be compared, of the same row
	other  string // what it is compared with
	column string // the name in other
	from   string // the rows that other is of
}

// unmatched yields the keys of one further table that match nothing, and reports whether
// to go on.
func (d *database) unmatched(ctx context.Context, name string, columns Columns, yield func(Unmatched, error) bool) bool {
	fail := func(err error) bool {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		yield(Unmatched{}, fmt.Errorf("look for what matches nothing in export.tables.%s: %w", name, err))
		return false
	}
	statement, reason := d.unmatchedSQL(ctx, name, columns)
	if reason != "" {
		return yield(Unmatched{Table: name, Unknown: reason}, nil)
	}
	result, err := d.conn.QueryContext(ctx, statement)
	if err != nil {
		return fail(err)
	}
	defer result.Close()
	for result.Next() {
		u := Unmatched{Table: name}
		if err := result.Scan(&u.Value); err != nil {
			return fail(err)
		}
		if !yield(u, nil) {
			return false
		}
	}
	if err := result.Err(); err != nil {
		return fail(err)
	}
	return true
}

// unmatchedSQL returns the SQL that gives the keys of a further table that match nothing,
// or why there is none.
func (d *database) unmatchedSQL(ctx context.Context, name string, columns Columns) (statement, reason string) {
	further := d.tables[slices.IndexFunc(d.tables, func(t table) bool { return t.name == name })]
	if told := d.comparisons(further, columns); len(told) > 0 {
		if statement := keysSQL(name, told, d.clause.mentions("or")); d.compiles(ctx, statement) {
			return statement, ""
		}
	}
	column := likelyKey(further.columns, columns.ID)
	if column == "" {
		return "", fmt.Sprintf("it cannot be told which of its columns %s holds the keys", list(further.columns))
	}
	return keysSQL(name, []key{d.likelyComparison(name, column, columns)}, false), ""
}

// compiles reports whether SQLite takes a statement.
func (d *database) compiles(ctx context.Context, statement string) bool {
	prepared, err := d.conn.PrepareContext(ctx, statement)
	if err != nil {
		return false
	}
	return prepared.Close() == nil
}

// keysSQL gives the keys of the rows for which a comparison does not hold, or where one is
// enough none of them, and one word for all rows without a key. IS NOT TRUE takes the null that a comparison gives with a null among
// others. A column of text compares with one of numbers as it does in the clause, since
// both stand there bare.
func keysSQL(name string, keys []key, oneIsEnough bool) string {
	var values, conditions []string
	for _, k := range keys {
		text := "CAST(" + k.value + " AS TEXT)"
		value := "CASE WHEN trim(" + text + ") <> '' THEN " + text + " END" // two empty ones are no match
		values = append(values, value)
		conditions = append(conditions, fmt.Sprintf("(%s IS NOT NULL AND %s IN (SELECT %s FROM %s)) IS NOT TRUE", value, k.item, k.other, k.from))
	}
	value := "coalesce(" + strings.Join(values, ", ") + ", NULL)"
	joined := strings.Join(conditions, " OR ")
	if oneIsEnough {
		joined = strings.Join(conditions, " AND ")
	}
	return fmt.Sprintf(`SELECT DISTINCT %[1]s FROM %[2]s WHERE %[1]s IS NOT NULL AND (%[3]s)
		UNION ALL SELECT '(no key in ' || count(*) || ' rows)' FROM %[2]s WHERE %[1]s IS NULL HAVING count(*) > 0`,
		value, quoteName(name), joined)
}

// likelyKey returns the column of a further table that probably holds keys; empty: none
// does.
func likelyKey(columns []string, id string) string {
	if len(columns) == 1 {
		return columns[0]
	}
	for _, name := range []string{id, "id", "user_id", "email"} {
		if i := indexOf(columns, name); i >= 0 {
			return columns[i]
		}
	}
	return ""
}

// likelyComparison compares a column with the ids of the accounts, or with their addresses
// where its name says that it holds such.
func (d *database) likelyComparison(name, column string, columns Columns) key {
	value := quoteName(name) + "." + quoteName(column)
	k := key{value: value, item: value}
	against := func(i int, configured string) string {
		switch {
		case d.spec.Query != "":
			k.from = "(\n" + d.clause.text + "\n) AS result"
			return "result." + quoteName(configured)
		case d.preset.Name != "":
			configured = presetField(i)
		}
		k.from = d.export.from + " AS " + exportTable
		return exportTable + "." + quoteName(configured)
	}
	if strings.Contains(foldASCII(column), "mail") && foldASCII(column) != foldASCII(columns.ID) {
		k.item, k.other = "lower("+value+")", "lower("+against(1, columns.Email)+")"
	} else {
		k.other = against(0, columns.ID)
	}
	return k
}
