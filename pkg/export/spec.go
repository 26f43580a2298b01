package export

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"breachnotify/pkg/export/live"
	"breachnotify/pkg/export/presets"
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
	// Source is the path of the export, - for standard input, or the URL of a database.
	Source string
	// Preset names the signs of a known kind of export; see package presets. It stands in
	// the place of Columns and Query.
	Preset string
	// Table says which table of the source is the export; empty: its only one. It is a
	// name, or schema.name where the source has schemas.
	Table string
	// Tables maps names to the paths of further files, which Where and Query may use. Of
	// a file that has tables it is the one of the same name, or else its only one.
	Tables map[string]string
	// Where is a SQL expression over the export; empty: every row. It may name the columns
	// as the source does, and those that Columns maps also id, email, name, password, sso
	// and locale. Where the source has a column of such a name itself, in whatever case,
	// the name is that column, though Columns maps another one. In a SELECT inside of Where
	// the further names of the row around it need the table: export.id. Columns of text
	// files are compared by order with numbers by CAST only.
	Where string
	// Query is a SQL query whose columns are id, email, name, password, sso, locale. A live
	// database runs it itself, in its own SQL; its rows are then the export, which Where
	// may narrow.
	Query   string
	Columns Columns // as configured; not together with Query
	// MaxRecord is the size in bytes, line ends included, above which a record of a
	// text file, a dump or a JSON file is an error. It bounds the memory that reading
	// takes. 0: DefaultMaxRecord.
	MaxRecord int64
	// MaxUnpacked is how many bytes may come out of a packed file. 0: as package unpack
	// has it, 100 GB and no more than 250 times what the file has.
	MaxUnpacked int64
	Stdin       io.Reader // what the path - reads; nil: nothing
	Meter       *Meter    // shows how far Open and Records are; nil: nobody looks
}

var tableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Validate returns an error for what contradicts itself or cannot be meant. It touches
// no file.
func (s Spec) Validate() error {
	switch {
	case s.Source == "":
		return hint.Wrap(errors.New("export.source is not set"), "set export.source to the path of the export")
	case blank(s.Where) || blank(s.Query):
		return hint.Wrap(errors.New("export.where or export.query is blank"), "leave it out to select every row")
	case s.Where != "" && s.Query != "" && !live.IsURL(s.Source):
		return hint.Wrap(errors.New("export.where and export.query are both set"), "put the condition into the query")
	case s.Query != "" && s.Table != "" && live.IsURL(s.Source):
		return hint.Wrap(errors.New("export.query and export.table are both set"), "the database runs the query itself: leave export.table out")
	case s.Query != "" && s.Columns != Columns{}:
		return hint.Wrap(errors.New("export.columns and export.query are both set"),
			"name the columns in the query, as in: SELECT user_id AS id")
	case s.Preset != "" && (s.Query != "" || s.Columns != Columns{}):
		return hint.Wrap(errors.New("export.preset is set together with export.query or export.columns"),
			"a preset has its own columns: leave one of them out; export.where narrows a preset")
	case s.idleTable() != "":
		return hint.Wrap(fmt.Errorf("export.tables.%s is set, and neither export.where nor export.query uses it", s.idleTable()),
			"without where every row of the export is selected; did you mean where: id IN (SELECT id FROM %s)", s.idleTable())
	case s.MaxUnpacked < 0:
		return fmt.Errorf("export.max_unpacked is %d bytes: want 0 or more", s.MaxUnpacked)
	case s.MaxRecord < 0 || s.MaxRecord > maxMaxRecord:
		return fmt.Errorf("export.max_record is %d bytes: want 0 to %d", s.MaxRecord, maxMaxRecord)
	}
	return s.validateTables()
}

// idleTable returns a further table that nothing can use, since there is neither a where
// nor a query and it is none of the preset's own; empty: there is none.
func (s Spec) idleTable() string {
	if s.Where != "" || s.Query != "" {
		return ""
	}
	preset, err := presets.Get(s.Preset)
	for _, name := range s.tableNames() {
		if err != nil || !uses(preset, &fileTable{name: name}) {
			return name
		}
	}
	return ""
}

func (s Spec) validateTables() error {
	seen := map[string]string{}
	stdin := ""
	if s.Source == standardInput {
		stdin = "export.source"
	}
	for _, name := range s.tableNames() {
		folded := strings.ToLower(name)
		switch {
		case !tableName.MatchString(name):
			return hint.Wrap(fmt.Errorf("export.tables: %q is no name of a table", name), "SQL goes by the name: write it with letters, digits and _")
		case folded == exportTable || strings.HasPrefix(folded, "sqlite_"):
			return hint.Wrap(fmt.Errorf("export.tables: the name %s is reserved", name), "give the file another name, such as affected")
		case seen[folded] != "":
			return hint.Wrap(fmt.Errorf("export.tables: %s and %s are the same name", seen[folded], name), "give one of them another name")
		case s.Tables[name] == "":
			return fmt.Errorf("export.tables: %s has no path", name)
		case s.Tables[name] == standardInput && stdin != "":
			return hint.Wrap(fmt.Errorf("%s and export.tables.%s both read standard input, which can be read once", stdin, name), "write one of them to a file")
		}
		seen[folded] = name
		if s.Tables[name] == standardInput {
			stdin = "export.tables." + name
		}
	}
	return nil
}

func (s Spec) tableNames() []string { return slices.Sorted(maps.Keys(s.Tables)) }

func (s Spec) maxRecord() int { return int(cmp.Or(s.MaxRecord, DefaultMaxRecord)) }

func blank(s string) bool { return s != "" && strings.TrimSpace(s) == "" }
