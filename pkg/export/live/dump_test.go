package live_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"breachnotify/pkg/export/live"
	"breachnotify/pkg/export/mysqldump"
	"breachnotify/pkg/export/pgdump"
	"breachnotify/pkg/mariadbtest"
	"breachnotify/pkg/postgrestest"
)

func hostile(t *testing.T, file string) string {
	t.Helper()
	sql, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(sql)
}

func TestPgDumpIsReadBackAsTheLiveRows(t *testing.T) {
	database := postgrestest.New(t)
	database.Run(t, hostile(t, "testdata/postgres.sql"))
	want := everyTable(t, database.URL)
	if n := len(want["public.bytes"].rows); n != 127 {
		t.Fatalf("%d rows of bytes, want 127", n)
	}
	for _, options := range [][]string{
		{},
		{"--inserts"},
		{"--column-inserts"},
		{"--inserts", "--rows-per-insert=7"},
		{"--column-inserts", "--rows-per-insert=3"},
		{"--inserts", "--quote-all-identifiers"},
		{"--disable-dollar-quoting", "--clean", "--if-exists", "--create"},
	} {
		t.Run(strings.Join(append([]string{"pg_dump"}, options...), " "), func(t *testing.T) {
			dump := pgdump.Options{Name: "dump.sql", MaxRecord: live.DefaultMaxRecord}
			got, err := tryReadAll(pgdump.New(strings.NewReader(database.Dump(t, options...)), dump))
			if err != nil {
				t.Fatal(err)
			}
			compare(t, got, want)
		})
	}
}

func TestMariaDBDumpIsReadBackAsTheLiveRows(t *testing.T) {
	database := mariadbtest.New(t)
	database.Run(t, hostile(t, "testdata/mariadb.sql"))
	want := contents{}
	for name, table := range everyTable(t, database.URL) {
		want[strings.TrimPrefix(name, database.Name)] = table // a dump of one database does not name it
	}
	delete(want, ".everybody") // of a view a dump has no rows
	if n := len(want[".bytes"].rows); n != 256 {
		t.Fatalf("%d rows of bytes, want 256", n)
	}
	for _, options := range [][]string{
		{},
		{"--hex-blob"},
		{"--skip-extended-insert"},
		{"--complete-insert"},
		{"--complete-insert", "--skip-extended-insert", "--hex-blob"},
		{"--skip-opt"},
		{"--compact"},
		{"--replace"},
		{"--insert-ignore"},
		{"--compatible=ansi", "--default-character-set=utf8mb4"},
		{"--compatible=no_table_options", "--default-character-set=utf8mb4"},
		{"--routines", "--triggers", "--events", "--add-drop-database"},
		{"--single-transaction", "--quick", "--order-by-primary"},
	} {
		mariadbDump(t, database, want, options...)
	}
	mode := database.Value(t, "SELECT @@GLOBAL.sql_mode")
	t.Cleanup(func() { database.Run(t, "SET GLOBAL sql_mode = '"+mode+"'") })
	t.Run("in another mode", func(t *testing.T) {
		database.Run(t, "SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,PAD_CHAR_TO_FULL_LENGTH'")
		mariadbDump(t, database, want)
		same(t, everyTable(t, database.URL)[database.Name+".types"], want[".types"])
	})
}

func mariadbDump(t *testing.T, database *mariadbtest.Database, want contents, options ...string) {
	t.Run(strings.Join(append([]string{"mariadb-dump"}, options...), " "), func(t *testing.T) {
		dump := mysqldump.Options{Name: "dump.sql", MaxRecord: live.DefaultMaxRecord}
		got, err := tryReadAll(mysqldump.New(strings.NewReader(database.Dump(t, options...)), dump))
		if err != nil {
			t.Fatal(err)
		}
		compare(t, got, want)
	})
}

// everyTable reads every table of a database.
func everyTable(t *testing.T, url string) contents {
	t.Helper()
	source, err := live.Open(t.Context(), url, live.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	tables, err := source.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, table := range tables {
		names = append(names, table.Schema+"."+table.Name)
	}
	return readAll(t, source.Read(t.Context(), names...))
}

// computed is the column that the server computes, which a dump leaves out.
const computed = "twice"

// compare holds that a dump has the tables and rows of want, and no others.
func compare(t *testing.T, got, want contents) {
	t.Helper()
	for name, table := range want {
		if got[name] == nil {
			t.Errorf("the table %s is not in the dump", name)
			continue
		}
		same(t, got[name].without(computed), table.without(computed))
	}
	for name := range got {
		if want[name] == nil {
			t.Errorf("the dump has a table %s, which is not in the database", name)
		}
	}
}

func (c *content) without(column string) *content {
	at := slices.Index(c.columns, column)
	if at < 0 {
		return c
	}
	left := &content{columns: slices.Delete(slices.Clone(c.columns), at, at+1), kinds: slices.Delete(slices.Clone(c.kinds), at, at+1)}
	for _, row := range c.rows {
		left.rows = append(left.rows, slices.Delete(slices.Clone(row), at, at+1))
	}
	return left
}
