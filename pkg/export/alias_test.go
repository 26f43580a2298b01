package export

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"breachnotify/pkg/account"
)

// exampleColumns are those of the example in the documentation of notify.yaml.
var exampleColumns = Columns{ID: "user_id", Email: "email", Name: "display_name", Password: "password_hash", SSO: "provider", Locale: "lang"}

const exampleWhere = "id IN (SELECT id FROM affected)"

const exampleCSV = "user_id,email,display_name,password_hash,provider,lang\n" +
	"7,ann@example.org,Ann,$2b$x,,en\n8,bob@example.org,Bob,,google,de\n10,cat@example.org,Cat,,okta,en\n"

// exampleDB holds the rows of exampleCSV, with ids of the type given.
func exampleDB(t *testing.T, idType string) string {
	t.Helper()
	return sqliteDB(t, "accounts.db",
		fmt.Sprintf("CREATE TABLE users(user_id %s, email TEXT, display_name TEXT, password_hash, provider TEXT, lang TEXT)", idType),
		`INSERT INTO users VALUES(7, 'ann@example.org', 'Ann', '$2b$x', '', 'en'), (8, 'bob@example.org', 'Bob', '', 'google', 'de'),
			(10, 'cat@example.org', 'Cat', '', 'okta', 'en')`)
}

func TestWhereKnowsTheMappedColumnsByTheNamesOfTheFields(t *testing.T) {
	affected := map[string]string{
		"a list":          file(t, "affected.csv", "id\n7\n10\n99\n"),
		"a text table":    sqliteDB(t, "t.db", "CREATE TABLE affected(id TEXT)", "INSERT INTO affected VALUES('7'), ('10')"),
		"an integer one":  sqliteDB(t, "i.db", "CREATE TABLE affected(id INTEGER)", "INSERT INTO affected VALUES(7), (10)"),
		"an untyped one":  sqliteDB(t, "u.db", "CREATE TABLE affected(id)", "INSERT INTO affected VALUES(7), (10)"),
		"a view of other": sqliteDB(t, "v.db", "CREATE TABLE users(u)", "CREATE VIEW affected AS SELECT u AS id FROM users", "INSERT INTO users VALUES(7), (10)", "CREATE TABLE two(x)"),
	}
	for name, c := range map[string]struct {
		source string
		lines  [2]int64
	}{
		"CSV":                     {file(t, "accounts.csv", exampleCSV), [2]int64{2, 4}},
		"SQLite, text ids":        {exampleDB(t, "TEXT"), [2]int64{1, 3}},
		"SQLite, integer ids":     {exampleDB(t, "INTEGER"), [2]int64{1, 3}},
		"SQLite, untyped ids":     {exampleDB(t, ""), [2]int64{1, 3}},
		"SQLite, ids as the rows": {exampleDB(t, "INTEGER PRIMARY KEY"), [2]int64{7, 10}},
	} {
		want := []account.Record{
			{Line: c.lines[0], ID: "7", Email: "ann@example.org", Name: "Ann", Password: "$2b$x", Locale: "en"},
			{Line: c.lines[1], ID: "10", Email: "cat@example.org", Name: "Cat", SSO: "okta", Locale: "en"},
		}
		for in, path := range affected {
			t.Run(name+" in "+in, func(t *testing.T) {
				records, columns, read, err := collect(t.Context(), Spec{
					Source: c.source, Columns: exampleColumns, Where: exampleWhere, Tables: map[string]string{"affected": path},
				})
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(records, want) || columns != exampleColumns || read != 3 {
					t.Errorf("records %+v of %d, columns %+v, want %+v", records, read, columns, want)
				}
			})
		}
	}
}

func TestNamesOfFieldsInWhere(t *testing.T) {
	tables := map[string]string{"affected": file(t, "affected.csv", "uid,kind\n7,a\n10,b\n")}
	for where, want := range map[string]string{
		"id = 7 OR ID = '8'":            "7 8",
		`"id" = '7'`:                    "7",
		"[id] = `user_id`":              "7 8 10",
		"user_id = 8":                   "8",
		"export.id = 8":                 "8",
		`"export" . /* x */ "Id" = '8'`: "8",
		"name = 'Bob' AND email LIKE 'bob@%' AND sso = 'google' AND locale = 'de' AND password = ''": "8",
		"id = (SELECT min(id) FROM export)":                                     "10",
		"id IN (SELECT e.id FROM export AS e WHERE e.name = 'Cat')":             "10",
		"id IN (SELECT uid AS id FROM affected WHERE id = '7')":                 "7",
		"(id IN (SELECT uid FROM affected)) AND (id <> 7)":                      "10",
		"EXISTS (SELECT 1 FROM affected WHERE uid = export.id AND kind = 'b')":  "10",
		"EXISTS (SELECT 1 FROM affected WHERE uid = user_id)":                   "7 10",
		"id IN (WITH w AS (SELECT uid AS id FROM affected) SELECT id FROM w)":   "7 10",
		"lower(name) = 'cat' AND CAST(id AS INTEGER) > 7 AND length(rowid) > 0": "10",
		"(id, name) IN (VALUES (8, 'Bob'), ('7', 'Ann'))":                       "7 8",
	} {
		for _, source := range []string{file(t, "a.csv", exampleCSV), exampleDB(t, "TEXT")} {
			spec := Spec{Source: source, Columns: exampleColumns, Where: where, Tables: tables}
			if got := ids(mustCollect(t, spec)); got != want {
				t.Errorf("%s of %s selects %q, want %q", where, source, got, want)
			}
		}
	}
}

func TestAColumnOfTheSourceComesBeforeTheNameOfAField(t *testing.T) {
	const rows = "user_id,ID,mail,e\n1,90,x@x.org,a\n90,2,y@x.org,b\n"
	columns := Columns{ID: "user_id", Email: "mail", Name: "e"}
	for where, want := range map[string]string{"id = 90": "1", "export.id = '2'": "90", `"Id" = '90' AND name = 'a'`: "1", "email = 'y@x.org'": "90"} {
		for _, source := range []string{
			file(t, "a.csv", rows),
			sqliteDB(t, "a.db", "CREATE TABLE u(user_id TEXT, ID TEXT, mail TEXT, e TEXT)", "INSERT INTO u VALUES(1, 90, 'x@x.org', 'a'), (90, 2, 'y@x.org', 'b')"),
		} {
			if got := ids(mustCollect(t, Spec{Source: source, Columns: columns, Where: where})); got != want {
				t.Errorf("%s of %s selects %q, want %q", where, source, got, want)
			}
		}
	}
}

func TestATableWithoutTheNameOfAFieldDoesNotGetItFromTheExport(t *testing.T) {
	affected := map[string]string{
		"a list":   file(t, "affected.csv", "user_id,kind\n7,a\n"),
		"a table":  sqliteDB(t, "a.db", "CREATE TABLE affected(user_id, kind)", "INSERT INTO affected VALUES(7, 'a')"),
		"its user": sqliteDB(t, "u.db", "CREATE TABLE users(user_id, kind)", "INSERT INTO users VALUES(7, 'a')"),
	}
	for where, want := range map[string]string{
		"id IN (SELECT id FROM affected)":                                                             "no column of affected is used",
		"user_id IN (SELECT id FROM affected)":                                                        "no column of affected is used",
		"id IN (SELECT id FROM affected WHERE kind = 'a')":                                            "ambiguous column name: id",
		`id IN ((SELECT "ID" FROM affected WHERE kind = 'a'))`:                                        "ambiguous column name: ID",
		"user_id IN (SELECT [id] FROM affected AS a WHERE a.kind = 'a')":                              "ambiguous column name: id",
		"EXISTS (SELECT 1 FROM affected WHERE user_id = id)":                                          "ambiguous column name: id",
		"EXISTS (SELECT name FROM affected WHERE kind IN (SELECT kind FROM affected WHERE sso = ''))": "ambiguous column name: name",
	} {
		for _, source := range []string{file(t, "a.csv", exampleCSV), exampleDB(t, "TEXT")} {
			for name, path := range affected {
				got := mustFail(t, Spec{Source: source, Columns: exampleColumns, Where: where, Tables: map[string]string{"affected": path}})
				if !strings.Contains(got, "export.where: "+where+": "+want) {
					t.Errorf("%s of %s with %s: error %q does not say %q", where, source, name, got, want)
				}
				if strings.HasPrefix(want, "ambiguous") && !strings.Contains(got, "export.id is that of the row around it") {
					t.Errorf("%s: no hint in %q", where, got)
				}
			}
		}
	}
}

func TestAnErrorInWhereListsTheNamesOfFields(t *testing.T) {
	for _, source := range []string{file(t, "a.csv", exampleCSV), exampleDB(t, "TEXT")} {
		got := mustFail(t, Spec{Source: source, Columns: exampleColumns, Where: "nosuch = 1"})
		want := "no such column: nosuch\nthe columns of export are: user_id, email, display_name, password_hash, provider, lang, " +
			"and by another name id, name, password, sso, locale"
		if !strings.Contains(got, want) {
			t.Errorf("error %q does not say %q", got, want)
		}
	}
}

func TestAQueryHasNoNamesOfFields(t *testing.T) {
	got := mustFail(t, Spec{Source: file(t, "a.csv", exampleCSV), Query: "SELECT id, email FROM export"})
	if want := "no such column: id\nthe columns of export are: user_id, email, display_name, password_hash, provider, lang"; !strings.HasSuffix(got, want) {
		t.Errorf("error %q does not end in %q", got, want)
	}
}

func TestAnErrorInSQLListsTheColumnsOfTheTablesThatItNames(t *testing.T) {
	source := sqliteDB(t, "a.db", "CREATE TABLE users(uid, mail)", "CREATE TABLE breach(who, \"when\")", "CREATE TABLE other(x)",
		"CREATE VIEW people AS SELECT uid AS u FROM users", "CREATE VIEW broken AS SELECT nosuch FROM other")
	for name, c := range map[string]struct {
		spec       Spec
		want, lack string
	}{
		"a query over a table of several": {Spec{Source: source, Query: "SELECT id, mail AS email FROM Users"}, "the columns of users are: uid, mail", "other are"},
		"a query over a view":             {Spec{Source: source, Query: "SELECT id, mail AS email FROM people"}, "the columns of people are: u", "users are"},
		"a table beside the export":       {Spec{Source: source, Table: "users", Columns: Columns{ID: "uid", Email: "mail"}, Where: "id IN (SELECT uid2 FROM breach)"}, "the columns of breach are: who, when", "users are"},
	} {
		t.Run(name, func(t *testing.T) {
			got := mustFail(t, c.spec)
			if !strings.Contains(got, "no such column") || !strings.Contains(got, c.want) || strings.Contains(got, c.lack) {
				t.Errorf("error %q does not say %q, or says %q", got, c.want, c.lack)
			}
		})
	}
}
