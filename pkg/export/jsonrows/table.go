package jsonrows

import (
	"bytes"
	"errors"
	"fmt"

	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/hint"
)

// maxColumns leaves room below the 2,000 columns that SQLite allows.
const maxColumns = 1900

// table gathers the columns of one table while its records come.
type table struct {
	rows.Table
	current *rows.Table    // what the rows bear; a new one whenever a column is added
	exact   map[string]int // column by its name as first spelled
	folded  map[string]int // column by its name in lower case
	count   int64          // records so far

	values []any
	seen   []int64 // by column: the count of the record that had it last
}

func newTable(name string) *table {
	// values is never nil, which would mean that there is no row.
	t := &table{exact: map[string]int{}, folded: map[string]int{}, values: []any{}}
	t.Name = name
	return t
}

// column returns the place of a member in the row that is being read. The member is most
// often the one that followed the member before it in the last record: guess.
func (t *table) column(name []byte, guess int) (int, error) {
	if guess >= len(t.Columns) || t.Columns[guess].Name != string(name) {
		var err error
		if guess, err = t.find(name); err != nil {
			return 0, err
		}
	}
	if t.seen[guess] == t.count {
		err := fmt.Errorf("the names %q and %q are the same column", t.Columns[guess].Name, name)
		return 0, hint.Wrap(err, "upper and lower case are the same in SQL: rename one of them")
	}
	t.seen[guess] = t.count
	return guess, nil
}

func (t *table) find(name []byte) (int, error) {
	if i, ok := t.exact[string(name)]; ok {
		return i, nil
	}
	// Other spellings of a column are not added to exact: a hostile file has a new one in
	// each record.
	if i, ok := t.folded[string(foldASCII(name))]; ok {
		return i, nil
	}
	return t.add(name)
}

func (t *table) add(name []byte) (int, error) {
	if err := checkName(name); err != nil {
		return 0, fmt.Errorf("the name of a member: %w", err)
	}
	if len(t.Columns) == maxColumns {
		err := fmt.Errorf("more than %d different names of members: want columns", maxColumns)
		return 0, hint.Wrap(err, "where the names are data, such as ids, put them into values: jq -c 'to_entries[]'")
	}
	i := len(t.Columns)
	t.Columns = append(t.Columns, rows.Column{Name: string(name)})
	t.exact[string(name)] = i
	t.folded[string(foldASCII(name))] = i
	t.values = append(t.values, nil)
	t.seen = append(t.seen, 0)
	t.current = nil
	return i, nil
}

// maxName is the longest name of a column or a table, in bytes.
const maxName = 256

// checkName refuses what SQL cannot name well.
func checkName(name []byte) error {
	switch {
	case len(bytes.TrimSpace(name)) == 0:
		return hint.Wrap(errors.New("it is blank: want one for the column or the table"), "give it a name")
	case bytes.IndexByte(name, 0) >= 0:
		return errors.New(`it holds a NUL (\u0000): want text without`)
	case len(name) > maxName:
		return hint.Wrap(fmt.Errorf("it has %d bytes: want at most %d", len(name), maxName),
			"where the names are data, such as ids, put them into values: jq -c 'to_entries[]'")
	}
	return nil
}

// begin clears the row for the next record.
func (t *table) begin() {
	t.count++
	clear(t.values)
}

// row returns the row that was filled.
func (t *table) row(at int64) rows.Row {
	if t.current == nil {
		// Its columns stay as they are: what add appends lies behind them.
		t.current = &rows.Table{Name: t.Name, Columns: t.Columns[:len(t.Columns):len(t.Columns)]}
	}
	return rows.Row{Table: t.current, Values: t.values, At: at}
}

// foldASCII returns name in lower case as SQL sees it.
func foldASCII(name []byte) []byte {
	folded := bytes.Clone(name)
	for i, c := range folded {
		if c >= 'A' && c <= 'Z' {
			folded[i] = c + 'a' - 'A'
		}
	}
	return folded
}
