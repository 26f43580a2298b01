package export

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"breachnotify/pkg/account"
)

func TestSQLiteRowsComeInTheirOrderAsText(t *testing.T) {
	source := sqliteDB(t, "odd ?#%20 'name'.db",
		"CREATE TABLE users(uid INTEGER PRIMARY KEY, email TEXT, name BLOB, seen DATETIME, ok BOOLEAN, ratio)",
		"CREATE INDEX by_email ON users(email, uid)",
		"INSERT INTO users VALUES(30, 'z@x.org', 'n', 1700000000, 2, 1.5), (-0 + 4, 'y@x.org', x'C3A9', '2024-01-01', 0, 7.0), (9223372036854775807, NULL, NULL, NULL, NULL, NULL)")
	columns := Columns{ID: "uid", Name: "name", Password: "seen", SSO: "ok", Locale: "ratio"}
	want := []account.Record{
		{Line: 4, ID: "4", Email: "y@x.org", Name: "é", Password: "2024-01-01", SSO: "0", Locale: "7.0"},
		{Line: 30, ID: "30", Email: "z@x.org", Name: "n", Password: "1700000000", SSO: "2", Locale: "1.5"},
		{Line: 9223372036854775807, ID: "9223372036854775807"},
	}
	for name, spec := range map[string]Spec{
		"without where": {Source: source, Columns: columns},
		"with where":    {Source: source, Columns: columns, Where: "uid > 3"},
		"by its name":   {Source: source, Columns: columns, Where: `"export".uid > 0`},
		"by the view":   {Source: source, Columns: columns, Table: "USERS", Where: "uid IN (SELECT uid FROM export)"},
	} {
		t.Run(name, func(t *testing.T) {
			records, _, read, err := collect(t.Context(), spec)
			if err != nil || read != 3 || !reflect.DeepEqual(records, want) {
				t.Errorf("records %+v, read %d, %v, want %+v", records, read, err, want)
			}
		})
	}
}

func TestTablesWithoutRowidsAndViewsAreNumbered(t *testing.T) {
	source := sqliteDB(t, "a.sqlite",
		"CREATE TABLE k(email TEXT, id TEXT PRIMARY KEY) WITHOUT ROWID", "CREATE INDEX by_email ON k(email, id)",
		"INSERT INTO k VALUES('z', 'a'), ('y', 'b')", "CREATE VIEW v AS SELECT * FROM k ORDER BY email",
		"CREATE TABLE minus(id INTEGER PRIMARY KEY, email)", "INSERT INTO minus VALUES(-5, 'x'), (7, 'y')")
	for table, want := range map[string]string{"k": "a b", "v": "b a", "minus": "-5 7"} {
		records := mustCollect(t, Spec{Source: source, Table: table})
		if got := ids(records); got != want || records[0].Line != 1 || records[1].Line != 2 {
			t.Errorf("%s: %+v, want ids %s on rows 1 and 2", table, records, want)
		}
	}
}

func TestIDsCompareAcrossFilesAsTheyLook(t *testing.T) {
	integers := sqliteDB(t, "i.db", "CREATE TABLE affected(id INTEGER)", "INSERT INTO affected VALUES(7), (10)")
	untyped := sqliteDB(t, "u.db", "CREATE TABLE affected(id)", "INSERT INTO affected VALUES(7), ('10')")
	texts := sqliteDB(t, "t.db", "CREATE TABLE affected(id TEXT)", "INSERT INTO affected VALUES('7'), ('10')")
	list := file(t, "l.csv", "id\n7\n10\n")
	for name, c := range map[string]struct {
		source, affected, want string
	}{
		"text in integers":          {file(t, "a.csv", "id,email\n7,x\n8,x\n10,x\n"), integers, "7 10"},
		"text in untyped":           {file(t, "a.csv", "id,email\n7,x\n007,x\n10,x\n"), untyped, "7 10"},
		"text in text":              {file(t, "a.csv", "id,email\n7,x\n007,x\n10,x\n"), texts, "7 10"},
		"text in a list":            {file(t, "a.csv", "id,email\n7,x\n007,x\n10,x\n"), list, "7 10"},
		"integers in a list":        {sqliteDB(t, "s.db", "CREATE TABLE u(id INTEGER, email)", "INSERT INTO u VALUES(7, 'x'), (8, 'x'), (10, 'x')"), list, "7 10"},
		"untyped in a list":         {sqliteDB(t, "s.db", "CREATE TABLE u(id, email)", "INSERT INTO u VALUES(7, 'x'), ('007', 'x'), ('10', 'x')"), list, "7 10"},
		"SQLite text in a list":     {sqliteDB(t, "s.db", "CREATE TABLE u(id VARCHAR(9), email)", "INSERT INTO u VALUES('7', 'x'), ('007', 'x'), ('10', 'x')"), list, "7 10"},
		"SQLite text in integers":   {sqliteDB(t, "s.db", "CREATE TABLE u(id TEXT, email)", "INSERT INTO u VALUES('7', 'x'), ('8', 'x'), ('10', 'x')"), integers, "7 10"},
		"007 is 7 for a number":     {file(t, "a.csv", "id,email\n007,x\n8,x\n"), integers, "007"},
		"integers in SQLite's text": {sqliteDB(t, "s.db", "CREATE TABLE u(id INTEGER, email)", "INSERT INTO u VALUES(7, 'x'), (8, 'x')"), texts, "7"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, where := range []string{"id IN (SELECT id FROM affected)", "EXISTS (SELECT 1 FROM affected a WHERE a.id = export.id)"} {
				spec := Spec{Source: c.source, Where: where, Tables: map[string]string{"affected": c.affected}}
				if got := ids(mustCollect(t, spec)); got != c.want {
					t.Errorf("%s selects %q, want %q", where, got, c.want)
				}
			}
		})
	}
}

func TestSQLiteTablesAreChosen(t *testing.T) {
	source := sqliteDB(t, "a.db", "CREATE TABLE users(id, email)", "CREATE TABLE breach(id)", "CREATE VIEW v AS SELECT 1 AS id",
		"INSERT INTO users VALUES(1, 'x'), (2, 'y')", "INSERT INTO breach VALUES(2)")
	if got := ids(mustCollect(t, Spec{Source: source, Table: "users", Where: "id IN (SELECT id FROM breach)"})); got != "2" {
		t.Errorf("a table beside the export selects %q", got)
	}
	records, _, read, err := collect(t.Context(), Spec{Source: source, Query: "SELECT id, email FROM users"})
	if err != nil || len(records) != 2 || read != 2 {
		t.Errorf("a query without export: %d records of %d, %v", len(records), read, err)
	}
	for want, spec := range map[string]Spec{
		"several tables: breach, users, v\nchoose one with export.table": {Source: source},
		`no table "user"; there are: breach, users, v`:                   {Source: source, Table: "user"},
		"export.table says which of them is export":                      {Source: source, Query: "SELECT id, email FROM export"},
		"no column of list is used":                                      {Source: file(t, "a.csv", plain), Where: "id IN (SELECT email FROM list)", Tables: map[string]string{"list": sqliteDB(t, "l.db", "CREATE TABLE l(id)")}},
		"no column of affected is used":                                  {Source: file(t, "a.csv", plain), Where: "id IN (SELECT id FROM affected)", Tables: map[string]string{"affected": sqliteDB(t, "affected.db", "CREATE TABLE affected(user_id)")}},
		"no column of breach is used":                                    {Source: source, Table: "users", Where: "email IN (SELECT email FROM breach)"},
		"has a table of that name itself":                                {Source: source, Table: "users", Where: "1", Tables: map[string]string{"Breach": file(t, "b.csv", "id\n")}},
		"export.tables.x: ":                                              {Source: source, Table: "users", Where: "1", Tables: map[string]string{"x": source}},
		"which has no tables":                                            {Source: file(t, "a.csv", plain), Table: "users"},
		"text file, which":                                               {Source: file(t, "a.csv", plain), Table: "users", Where: "1"},
		"the database has no table":                                      {Source: sqliteDB(t, "e.db", "CREATE TABLE x(y)", "DROP TABLE x")},
	} {
		if got := mustFail(t, spec); !strings.Contains(got, want) {
			t.Errorf("error %q does not say %q", got, want)
		}
	}
	named := Spec{Source: file(t, "a.csv", numbered), Where: "id IN (SELECT id FROM breach)", Tables: map[string]string{"breach": source}}
	if got := ids(mustCollect(t, named)); got != "2" {
		t.Errorf("the table of the same name in a further file selects %q", got)
	}
}

func TestIncompleteAndDamagedDatabases(t *testing.T) {
	statements := []string{"PRAGMA page_size = 512", "CREATE TABLE u(id INTEGER PRIMARY KEY, email TEXT)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO u SELECT i, 'user' || i || '@x.org' FROM n"}
	for name, c := range map[string]struct {
		damage func(t *testing.T, path string)
		want   string
	}{
		"a write-ahead log":    {func(t *testing.T, path string) { beside(t, path+"-wal", "x") }, "wal_checkpoint"},
		"a hot journal":        {func(t *testing.T, path string) { beside(t, path+"-journal", "\xd9\xd5\x05\xf9") }, "broken off"},
		"cut off":              {func(t *testing.T, path string) { truncate(t, path, 4096) }, "malformed"},
		"cut off in the head":  {func(t *testing.T, path string) { truncate(t, path, 50) }, "cut off"},
		"a page of zeros":      {func(t *testing.T, path string) { overwrite(t, path, 512*3, make([]byte, 512)) }, "malformed"},
		"a schema of nonsense": {func(t *testing.T, path string) { overwrite(t, path, 100, []byte("nonsense")) }, "copy it again"},
		"UTF-16":               {func(t *testing.T, path string) { overwrite(t, path, 56, []byte{0, 0, 0, 2}) }, "UTF-16"},
	} {
		t.Run(name, func(t *testing.T) {
			path := sqliteDB(t, "a.db", statements...)
			c.damage(t, path)
			if got := mustFail(t, Spec{Source: path}); !strings.Contains(got, c.want) || strings.Contains(got, "user") {
				t.Errorf("error %q does not say %q, or says too much", got, c.want)
			}
			link := filepath.Join(t.TempDir(), "link.db")
			if err := os.Symlink(path, link); err != nil {
				t.Fatal(err)
			}
			mustFail(t, Spec{Source: link})
		})
	}
	for _, finished := range []string{"", "\x00\x00\x00\x00"} {
		path := sqliteDB(t, "a.db", statements...)
		beside(t, path+"-journal", finished)
		beside(t, path+"-wal", "")
		if got := len(mustCollect(t, Spec{Source: path})); got != 500 {
			t.Errorf("beside a finished journal %q: %d records, want 500", finished, got)
		}
	}
}

func beside(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

func overwrite(t *testing.T, path string, at int64, with []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(with, at); err != nil {
		t.Fatal(err)
	}
}

func TestSQLiteValuesMustBeText(t *testing.T) {
	for _, value := range []string{"x'FF'", "CAST(x'FF' AS TEXT)", "'a' || char(0) || 'b'"} {
		got := mustFail(t, Spec{Source: sqliteDB(t, "a.db", "CREATE TABLE u(id, email, name)",
			"INSERT INTO u VALUES(1, 'x', 'n')", "INSERT INTO u VALUES(2, 'y', "+value+")")})
		for _, want := range []string{"a.db: row 2: the name is not UTF-8 text\nread it as text", ".dump | iconv",
			"SELECT id, email, iif(typeof(name) = 'blob', NULL, name) AS name FROM export"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: error %q does not say %q", value, got, want)
			}
		}
	}
}

func TestASourceIsNotTouched(t *testing.T) {
	path := sqliteDB(t, "a.db", "PRAGMA journal_mode = WAL", "CREATE TABLE u(id, email)", "INSERT INTO u VALUES(1, 'x')")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(path)
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if got := len(mustCollect(t, Spec{Source: path, Where: "id = 1"})); got != 1 {
		t.Errorf("%d records, want 1", got)
	}
	after, err := os.ReadFile(path)
	if err != nil || string(after) != string(before) {
		t.Errorf("the source changed (%v)", err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the source are %v (%v)", entries, err)
	}
}
