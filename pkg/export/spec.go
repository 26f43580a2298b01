package export

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"breachnotify/pkg/hint"
)

// exportTable is the name under which SQL finds the export.
const exportTable = "export"

// DefaultMaxRecord is the largest record of a text file, in bytes, where a Spec names
// no other.
const DefaultMaxRecord = 16 << 20

// maxMaxRecord is what SQLite takes as one row.
const maxMaxRecord = 1_000_000_000

// Spec says what to read and which rows of it. Its fields are the keys under export in
// notify.yaml.
type Spec struct {
	Source string // path of the export
	Table  string // which table of a SQLite file; empty: its only one
	// Tables maps names to the paths of further files, which Where and Query may use.
	// A SQLite file among them is the table of the same name, or else its only one.
	Tables map[string]string
	// Where is a SQL expression over the export; empty: every row. It may name the columns
	// as the source does, and those that Columns maps also id, email, name, password, sso
	// and locale. Where the source has a column of such a name itself, in whatever case,
	// the name is that column, though Columns maps another one. In a SELECT inside of Where
	// the further names of the row around it need the table: export.id. Columns of text
	// files are compared by order with numbers by CAST only.
	Where   string
	Query   string  // SQL query whose columns are id, email, name, password, sso, locale
	Columns Columns // as configured; not together with Query
	// MaxRecord is the size in bytes, line ends included, above which a record of a
	// text file is an error. It bounds the memory that reading takes. 0:
	// DefaultMaxRecord.
	MaxRecord int64
}

var tableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Validate returns an error for what contradicts itself or cannot be meant. It touches
// no file.
func (s Spec) Validate() error {
	switch {
	case s.Source == "":
		return hint.Wrap(errors.New("export.source is not set"), "set export.source to the path of the export")
	case blank(s.Where) || blank(s.Query):
		return errors.New("export.where or export.query is blank: leave it out to select every row")
	case s.Where != "" && s.Query != "":
		return hint.Wrap(errors.New("export.where and export.query are both set"), "put the condition into the query")
	case s.Query != "" && s.Columns != Columns{}:
		return hint.Wrap(errors.New("export.columns and export.query are both set"),
			"name the columns in the query, as in: SELECT user_id AS id")
	case len(s.Tables) > 0 && s.Where == "" && s.Query == "":
		return hint.Wrap(errors.New("export.tables is set, and neither export.where nor export.query uses it"),
			"without where every row of the export is selected; did you mean where: id IN (SELECT id FROM %s)",
			slices.Sorted(maps.Keys(s.Tables))[0])
	case s.MaxRecord < 0 || s.MaxRecord > maxMaxRecord:
		return fmt.Errorf("the largest record is %d bytes: want 0 to %d", s.MaxRecord, maxMaxRecord)
	}
	return s.validateTables()
}

func (s Spec) validateTables() error {
	seen := map[string]string{}
	for _, name := range s.tableNames() {
		folded := strings.ToLower(name)
		switch {
		case !tableName.MatchString(name):
			return fmt.Errorf("export.tables: %q is no name of a table: want letters, digits and _", name)
		case folded == exportTable || strings.HasPrefix(folded, "sqlite_"):
			return fmt.Errorf("export.tables: the name %s is reserved", name)
		case seen[folded] != "":
			return fmt.Errorf("export.tables: %s and %s are the same name", seen[folded], name)
		case s.Tables[name] == "":
			return fmt.Errorf("export.tables: %s has no path", name)
		}
		seen[folded] = name
	}
	return nil
}

func (s Spec) tableNames() []string { return slices.Sorted(maps.Keys(s.Tables)) }

func (s Spec) maxRecord() int { return int(cmp.Or(s.MaxRecord, DefaultMaxRecord)) }

func blank(s string) bool { return s != "" && strings.TrimSpace(s) == "" }
