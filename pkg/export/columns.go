package export

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

// Columns names the columns of the source that hold the fields of a record. An empty
// name is a field that the source lacks.
type Columns struct{ ID, Email, Name, Password, SSO, Locale string }

// fieldNames are the fields of a record in their order everywhere in this package: the
// default names of their columns and the names in the result of a query.
var fieldNames = [...]string{"id", "email", "name", "password", "sso", "locale"}

const fieldCount = len(fieldNames)

func (c *Columns) fields() [fieldCount]*string {
	return [...]*string{&c.ID, &c.Email, &c.Name, &c.Password, &c.SSO, &c.Locale}
}

// places tells for each field at which index of a row it is; -1: nowhere.
type places [fieldCount]int

// resolve finds the columns among those that exist: the configured ones, which must be
// there, and by default those with the name of the field. The columns that it returns
// are spelled as in the source.
func (c Columns) resolve(existing []string) (Columns, places, error) {
	var effective Columns
	var at places
	configured, found := c.fields(), effective.fields()
	for i, field := range fieldNames {
		name := *configured[i]
		if name == "" {
			name = field
		}
		at[i] = indexOf(existing, name)
		switch {
		case at[i] >= 0:
			*found[i] = existing[at[i]]
		case *configured[i] != "":
			return Columns{}, at, unknownColumn("export.columns."+field, name, existing)
		case field == "id" || field == "email" || paddedName(field, existing) != "":
			return Columns{}, at, missingColumn(field, existing)
		}
	}
	return effective, at, nil
}

// indexOf compares as SQL does: the case of ASCII letters does not count.
func indexOf(names []string, name string) int {
	if i := slices.Index(names, name); i >= 0 {
		return i
	}
	return slices.IndexFunc(names, func(s string) bool { return foldASCII(s) == foldASCII(name) })
}

func foldASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func missingColumn(field string, existing []string) error {
	err := fmt.Errorf("no column %s; there are: %s", field, list(existing))
	if padded := paddedName(field, existing); padded != "" {
		return hint.Wrap(err, "the header has blanks around it: take them away, there and around the values, or set export.columns.%s: %q", field, padded)
	}
	err = hint.Wrap(err, "set export.columns.%s to the column that holds it", field)
	if i := indexOf(existing, "users"); i >= 0 { // such as an array of realms
		return hint.Wrap(err, "if the accounts are in %[1]s, an array in each record, take them out: jq -c '.[].%[1]s[]' FILE > accounts.ndjson", existing[i])
	}
	return err
}

func unknownColumn(key, name string, existing []string) error {
	err := fmt.Errorf("%s: no column %q; there are: %s", key, name, list(existing))
	if padded := paddedName(name, existing); padded != "" {
		return hint.Wrap(err, "the header has blanks around it: take them away, there and around the values, or set %s: %q", key, padded)
	}
	return hint.Wrap(err, "the closest name is %q", nearest(name, existing))
}

// paddedName returns the column that has a name but for blanks around it; empty: none has.
func paddedName(name string, existing []string) string {
	for _, padded := range existing {
		if foldASCII(strings.TrimSpace(padded)) == foldASCII(strings.TrimSpace(name)) {
			return padded
		}
	}
	return ""
}

// list shows names, but no more than a screen takes, and quoted where they would not be
// told apart.
func list(names []string) string {
	const most, longest = 40, 80
	var shown []string
	for _, name := range names[:min(most, len(names))] {
		quoted := strconv.Quote(name[:min(longest, len(name))])
		if quoted == `"`+name+`"` && !strings.ContainsAny(name, ", ") {
			quoted = name
		}
		shown = append(shown, quoted)
	}
	all := strings.Join(shown, ", ")
	if len(names) > most {
		all += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return all
}

func nearest(name string, among []string) string {
	return slices.MinFunc(among, func(a, b string) int {
		return hint.Distance(foldASCII(name), foldASCII(a)) - hint.Distance(foldASCII(name), foldASCII(b))
	})
}

// record makes a record of the values of its fields, in the order of fieldNames. Those that
// may be bytes become text.
func record(line int64, v [fieldCount]string) account.Record {
	return account.Record{Line: line, ID: v[0], Email: v[1], Name: v[2], Password: sign(v[3]), SSO: sign(v[4]), Locale: v[5]}
}
