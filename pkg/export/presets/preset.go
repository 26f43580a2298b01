package presets

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Preset is how the export of one vendor is read.
type Preset struct {
	Name    string   `yaml:"name"`
	Title   string   `yaml:"title"`
	Sources []string `yaml:"sources"` // URLs of what the vendor says about the format
	Formats []string `yaml:"formats"` // in words
	Advice  string   `yaml:"advice"`  // how to make such an export, in one sentence
	// Export is the table whose rows are the accounts. SQL knows it as export.
	Export Table `yaml:"export"`
	// Marks are sets of columns of the export, by any of which such an export is recognised.
	// Where several presets fit, the one with the most columns in a set is meant.
	Marks [][]string `yaml:"marks"`
	// Own are those of the export's names that nothing else bears: a table with one is
	// recognised without marks, and before all that is recognised by them.
	Own []string `yaml:"own"`
	// Never are columns that such an export has not: a table with one is another's.
	Never  []string `yaml:"never"`
	Tables []Table  `yaml:"tables"` // further tables that the expressions use
	Header Header   `yaml:"header"` // of the vendor's CSV, where that has no header line
	Select Select   `yaml:"select"`
	Signs  Signs    `yaml:"signs"`

	file []byte
}

// Table is a table of an export.
type Table struct {
	// Names are what the source may call it, the best first: with a schema before it, as
	// in auth.users, which then must be the same, or without. The empty name is that of a
	// table whose source names none: an array, objects one a line, CSV.
	Names    []string `yaml:"names"`
	As       string   `yaml:"as"`       // its name in the expressions; that of the export is export
	Columns  []string `yaml:"columns"`  // those that must be there
	Optional []string `yaml:"optional"` // those that are NULL where the source lacks them
	Absent   bool     `yaml:"absent"`   // whether the table may be missing; it is empty then
}

// Header are the names of the columns of a CSV without a header line. A row of such a file
// has at least Least fields; where it has fewer than there are names, the last ones are
// NULL. It may have one more, which is empty, as every line ends in a comma. The vendor does
// not escape quotes, so that no row may have a line end within them: Advice says how to get
// the accounts in another format.
type Header struct {
	Names  []string `yaml:"names"`
	Least  int      `yaml:"least"`
	Advice string   `yaml:"advice"`
}

// Select is an expression for each field of a record, NULL for what a row lacks. It names
// columns with their table only, as in export.email, so that it may stand in any query
// in which the tables have these names. Further tables occur in subqueries only that do
// not depend on the row, so that they need no index.
type Select struct {
	ID       string `yaml:"id"`
	Email    string `yaml:"email"`
	Name     string `yaml:"name"`
	Password string `yaml:"password"` // the hash, where classify is to judge it, or a word
	SSO      string `yaml:"sso"`
	Locale   string `yaml:"locale"` // empty: the vendor has none
}

// Signs say in words when Password and SSO are set, for the reason of a class. They are
// clauses: identities[].provider is auth0.
type Signs struct {
	Password string `yaml:"password"`
	SSO      string `yaml:"sso"`
}

// File returns the file of the preset as it stands, comments included.
func (p Preset) File() []byte { return bytes.Clone(p.file) }

// Validate returns an error for a preset that is not complete or contradicts itself.
func (p Preset) Validate() error {
	for key, value := range map[string]string{
		"name": p.Name, "title": p.Title, "advice": p.Advice, "select.id": p.Select.ID, "select.email": p.Select.Email,
		"select.name": p.Select.Name, "select.password": p.Select.Password, "select.sso": p.Select.SSO,
		"signs.password": p.Signs.Password, "signs.sso": p.Signs.SSO,
	} {
		if strings.TrimSpace(value) == "" {
			return fmt.Errorf("preset %s: %s is not set", p.Name, key)
		}
	}
	switch {
	case len(p.Sources) == 0 || len(p.Formats) == 0 || len(p.Marks) == 0:
		return fmt.Errorf("preset %s: sources, formats or marks are not set", p.Name)
	case p.Export.As != "export" || p.Export.Absent:
		return fmt.Errorf("preset %s: export is as %q, absent %t: want export, which is always there", p.Name, p.Export.As, p.Export.Absent)
	case p.Header.Least < 0 || p.Header.Least > len(p.Header.Names) || p.Header.Least == 0 && p.Header.Names != nil:
		return fmt.Errorf("preset %s: header.least is %d of %d names", p.Name, p.Header.Least, len(p.Header.Names))
	case p.Header.Names != nil && p.Header.Advice == "":
		return fmt.Errorf("preset %s: header.advice is not set", p.Name)
	}
	if err := p.validateTables(); err != nil {
		return fmt.Errorf("preset %s: %w", p.Name, err)
	}
	if err := p.validateColumns(); err != nil {
		return fmt.Errorf("preset %s: %w", p.Name, err)
	}
	return nil
}

var identifier = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func (p Preset) validateTables() error {
	seen := map[string]bool{}
	for _, t := range p.all() {
		switch {
		case !identifier.MatchString(t.As) || seen[t.As]:
			return fmt.Errorf("a table is as %q: want a name of its own in small letters", t.As)
		case len(t.Names) == 0 || len(t.Columns) == 0:
			return fmt.Errorf("table %s has no names or no columns", t.As)
		}
		seen[t.As] = true
		columns := map[string]bool{}
		for _, c := range t.all() {
			if columns[foldASCII(c)] || c == "" {
				return fmt.Errorf("table %s has the column %q twice, or without a name", t.As, c)
			}
			columns[foldASCII(c)] = true
		}
	}
	return nil
}

// reference is a column with its table in an expression.
var reference = regexp.MustCompile(`\b([a-z][a-z0-9_]*)\.("?)([A-Za-z_][A-Za-z0-9_]*)`)

// validateColumns makes sure that the expressions, the marks and the header name columns
// that are declared.
func (p Preset) validateColumns() error {
	declared := map[string][]string{}
	for _, t := range p.all() {
		declared[t.As] = t.all()
	}
	for _, expression := range []string{p.Select.ID, p.Select.Email, p.Select.Name, p.Select.Password, p.Select.SSO, p.Select.Locale} {
		for _, found := range reference.FindAllStringSubmatch(expression, -1) {
			columns, ours := declared[found[1]]
			if ours && !slices.Contains(columns, found[3]) {
				return fmt.Errorf("column %s of %s is used and not declared", found[3], found[1])
			}
		}
	}
	for _, name := range slices.Concat(p.Marks...) {
		if !slices.Contains(p.Export.Columns, name) && !slices.Contains(p.Export.Optional, name) {
			return fmt.Errorf("the mark %s is no column of export", name)
		}
	}
	for _, name := range p.Own {
		if !slices.Contains(p.Export.Names, name) {
			return fmt.Errorf("%s, which is its own, is no name of export", name)
		}
	}
	if p.Header.Names == nil {
		return nil
	}
	for _, name := range p.Export.Columns {
		if !slices.Contains(p.Header.Names, name) {
			return errors.New("the header lacks columns of export")
		}
	}
	return nil
}

// all returns the export and the further tables.
func (p Preset) all() []Table { return append([]Table{p.Export}, p.Tables...) }

// all returns all columns.
func (t Table) all() []string { return slices.Concat(t.Columns, t.Optional) }
