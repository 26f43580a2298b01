package presets

import (
	"fmt"
	"slices"
	"strings"

	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/hint"
)

// Found says which tables of a source a preset uses.
type Found struct {
	Export int   // the place of the export among the tables
	Tables []int // the places of the further tables; -1: missing, which that table may be
}

// Find looks for the tables of the preset among those of a source. The case of letters
// does not count. An error names what is missing, or the tables that are meant equally
// well.
func (p Preset) Find(tables []rows.Table) (Found, error) {
	var found Found
	var err error
	if found.Export, err = p.find(p.Export, tables); err != nil {
		return Found{}, err
	}
	for _, t := range p.Tables {
		at, err := p.find(t, tables)
		if err != nil {
			return Found{}, err
		}
		found.Tables = append(found.Tables, at)
	}
	return found, nil
}

func (p Preset) find(t Table, tables []rows.Table) (int, error) {
	at, err := t.at(tables)
	switch {
	case err != nil:
		return 0, p.fails(err)
	case at < 0 && t.Absent:
		return at, nil
	case at < 0:
		return 0, p.fails(fmt.Errorf("no table %s; there are: %s", t.names(), list(tables)))
	}
	if missing := lacks(tables[at], t.Columns); missing != "" {
		return 0, p.fails(fmt.Errorf("%s has no column %s", title(tables[at]), missing))
	}
	return at, nil
}

func (p Preset) fails(err error) error {
	return hint.Wrap(fmt.Errorf("preset %s: %w", p.Name, err), "the preset reads %s: %s", p.Title, p.Advice)
}

// at returns the place of the table, by the best of its names that is there; -1: none is.
func (t Table) at(tables []rows.Table) (int, error) {
	for _, name := range t.Names {
		var fit []int
		for i, candidate := range tables {
			if named(candidate, name) {
				fit = append(fit, i)
			}
		}
		switch {
		case len(fit) == 1:
			return fit[0], nil
		case len(fit) > 1:
			err := fmt.Errorf("the name %s fits several tables: %s and %s", name, title(tables[fit[0]]), title(tables[fit[1]]))
			return 0, hint.Wrap(err, "export.table says which of them is meant")
		}
	}
	return -1, nil
}

// named reports whether a table has the name, which may be one with a schema.
func named(t rows.Table, name string) bool {
	if schema, table, ok := strings.Cut(name, "."); ok {
		return foldASCII(t.Schema) == foldASCII(schema) && foldASCII(t.Name) == foldASCII(table)
	}
	return foldASCII(t.Name) == foldASCII(name)
}

// lacks returns the first of the columns that a table does not have; empty: none.
func lacks(t rows.Table, columns []string) string {
	for _, name := range columns {
		if !slices.ContainsFunc(t.Columns, func(c rows.Column) bool { return foldASCII(c.Name) == foldASCII(name) }) {
			return name
		}
	}
	return ""
}

// Recognise returns the name of the preset that fits the tables of a source, where one
// fits better than all others.
func Recognise(tables []rows.Table) (name string, ok bool) {
	most := 0
	for _, p := range loaded() {
		found, err := p.Find(tables)
		if err != nil {
			continue
		}
		switch fit := p.fit(tables[found.Export]); {
		case fit > most:
			name, ok, most = p.Name, true, fit
		case fit == most:
			ok = false
		}
	}
	if !ok {
		return "", false
	}
	return name, true
}

// byName is more than the columns of any set of marks.
const byName = 1000

// fit tells how well a table fits the export; 0: not.
func (p Preset) fit(t rows.Table) int {
	if slices.ContainsFunc(p.Never, func(column string) bool { return lacks(t, []string{column}) == "" }) {
		return 0
	}
	if slices.ContainsFunc(p.Own, func(name string) bool { return named(t, name) }) {
		return byName
	}
	best := 0
	for _, marks := range p.Marks {
		if lacks(t, marks) == "" {
			best = max(best, len(marks))
		}
	}
	return best
}

// Headerless returns the name of the preset whose CSV has no header line and lines of
// that many fields.
func Headerless(fields int) (name string, ok bool) {
	for _, p := range loaded() {
		if p.Header.Names != nil && fields >= p.Header.Least && fields <= len(p.Header.Names)+1 {
			return p.Name, true
		}
	}
	return "", false
}

func (t Table) names() string {
	var names []string
	for _, name := range t.Names {
		if name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "without a name"
	}
	return strings.Join(names, " or ")
}

// title shows a table's name.
func title(t rows.Table) string {
	switch {
	case t.Name == "":
		return "the export"
	case t.Schema == "":
		return "table " + t.Name
	}
	return "table " + t.Schema + "." + t.Name
}

// list shows the names of tables, but no more than a screen takes.
func list(tables []rows.Table) string {
	const most = 40
	var names []string
	for _, t := range tables[:min(most, len(tables))] {
		names = append(names, strings.TrimPrefix(title(t), "table "))
	}
	if len(tables) > most {
		names = append(names, fmt.Sprintf("and %d more", len(tables)-most))
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ", ")
}
