package pgdump

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"breachnotify/pkg/hint"
)

func TestErrorsNameThePlaceAndWhatWasExpected(t *testing.T) {
	const two = "CREATE TABLE t (a integer, b text);\n"
	for name, c := range map[string]struct{ in, want, advice string }{
		"a block without its end":    {two + "COPY t (a, b) FROM stdin;\n1\tx\n", `x.sql: line 2, byte 36: the COPY block that begins here is not finished at the end of the file, line 4, byte 66: expected a line \.`, "cut off"},
		"a block that runs on":       {two + "COPY t (a, b) FROM stdin;\n1\tx\n\nCREATE TABLE u (a int);\n", "x.sql: line 4, byte 66: a row with 1 values, expected 2", `line \.`},
		"more values than columns":   {two + "COPY t (a, b) FROM stdin;\n1\tx\ty\n\\.\n", "x.sql: line 3, byte 65: a row with more than 2 values", `\t`},
		"an end within a line":       {"COPY t (a) FROM stdin;\nx\\.\n\\.\n", `x.sql: line 2, byte 24: a \. within a line`, `\\`},
		"a bare carriage return":     {"COPY t (a) FROM stdin;\nx\ry\n\\.\n", `x.sql: line 2, byte 24: a carriage return`, "binary"},
		"an escape for a NUL":        {"COPY t (a) FROM stdin;\n\\000\n\\.\n", "x.sql: line 2, byte 23: an escape for a NUL", ""},
		"options of COPY":            {"COPY t (a) FROM stdin WITH CSV;\n1\n", "x.sql: line 1, byte 22: found a word, expected COPY", "pg_dump"},
		"data on the line":           {"COPY t (a) FROM stdin; 1\n\\.\n", "x.sql: line 1, byte 23: found more", ""},
		"more values than in INSERT": {two + "INSERT INTO t VALUES (1, 'x', 2);", "x.sql: line 2, byte 66: a row with more than 2 values", ""},
		"fewer values":               {two + "INSERT INTO t VALUES (1);", "x.sql: line 2, byte 57: a row with 1 values, expected 2", ""},
		"a number too long":          {two + "INSERT INTO t VALUES (" + strings.Repeat("1", 2000) + ", 'x');", "x.sql: line 2, byte 58: a number is longer than 1024 bytes", ""},
		"no constant":                {two + "INSERT INTO t VALUES (1, now());", "x.sql: line 2, byte 61: found a word, expected a constant", "write the dump again"},
		"INSERT SELECT":              {two + "INSERT INTO t SELECT 1;", "x.sql: line 2, byte 50: found a word, expected VALUES", ""},
		"a string that never closes": {two + "INSERT INTO t VALUES (1, 'x);\n", "x.sql: line 2, byte 61: the string that begins here is not finished at the end of the file, line 3, byte 66", "cut off"},
		"a name that never closes":   {`CREATE TABLE "t (a int);`, "x.sql: line 1, byte 13: the name that begins here is not finished", "cut off"},
		"dollars that never close":   {"DO $x$ begin end $$;", "x.sql: line 1, byte 3: the string that begins here is not finished at the end of the file, line 1, byte 18: expected $x$", "cut off"},
		"a comment that never ends":  {"\n/* /* */", "x.sql: line 2, byte 1: the comment that begins here is not finished", "cut off"},
		"a statement without an end": {two + "ALTER TABLE t", "x.sql: line 2, byte 36: the statement that begins here is not finished", "cut off"},
		"rows without an end":        {two + "INSERT INTO t VALUES (1, 'x'),", "x.sql: line 2, byte 66: the statement that begins here is not finished", "cut off"},
		"a dump without its end":     {"--\n-- PostgreSQL database dump\n--\n" + two, "x.sql: line 5, byte 70: the dump is cut off", "write the dump again"},
		"INSERT without columns":     {"INSERT INTO t VALUES (1);", `x.sql: line 1, byte 0: the table "t" has no list of columns`, "definitions"},
		"a column twice":             {"COPY t (a, a) FROM stdin;\n", `x.sql: line 1, byte 0: the table "t": the column "a" comes twice`, ""},
		"a table twice":              {two + two, `x.sql: line 2, byte 36: the table "t" comes a second time`, "file of its own"},
		"two databases":              {"\\connect a\nCREATE TABLE p.t (a int);\n\\connect b\nCREATE TABLE p.t (a int);\n", `x.sql: line 4, byte 48: the table "p"."t" is in the database "a" and in "b"`, "only the database"},
		"another encoding":           {"SET client_encoding = 'LATIN1';\n", `x.sql: line 1, byte 0: the dump is in the encoding "LATIN1", expected UTF8`, "--encoding=UTF8"},
		"text that is not UTF-8":     {"COPY t (a) FROM stdin;\nx\xE9\n\\.\n", `x.sql: line 2, byte 23: the value of the column "a" is not UTF-8`, "iconv"},
		"a name that is not UTF-8":   {"CREATE TABLE \xE9 (a int);", "x.sql: line 1, byte 13: the name is not UTF-8", "iconv"},
		"letters cut by the columns": {"COPY t (a, b) FROM stdin;\n\xC3\t\xA9\n\\.\n", `the column "a" is not UTF-8`, "iconv"},
		"a NUL":                      {two + "COPY t (a, b) FROM stdin;\n1\t\x00", "x.sql: line 3, byte 64: a NUL byte", "iconv -f UTF-16"},
		"UTF-16":                     {"\xFF\xFEC\x00", "x.sql: the file is UTF-16", "iconv -f UTF-16"},
		"a row that is too large":    {"COPY t (a) FROM stdin;\nx\n" + strings.Repeat("x", 101) + "\n\\.\n", "x.sql: line 3, byte 25: the row that begins here is larger than 100 bytes", "line ends"},
		"a string that is too large": {"CREATE TABLE t (a text);INSERT INTO t VALUES ('" + strings.Repeat("x", 101) + "');", "x.sql: line 1, byte 45: the row that begins here is larger than 100 bytes", "quote"},
		"a file of psql":             {"\\i other.sql\n", "x.sql: line 1, byte 0: the dump reads another file", "pg_dump"},
		"a setting without end":      {"SET x = '" + strings.Repeat("x", 2000) + "';", "x.sql: line 1, byte 0: a setting is longer", ""},
		"a name too long":            {"CREATE TABLE " + strings.Repeat("x", 2000) + " (a int);", "x.sql: line 1, byte 13: a name is longer", ""},
		"bits that are none":         {"CREATE TABLE t (a bit);INSERT INTO t VALUES (B'012');", "x.sql: line 1, byte 49: a string of bits holds what is no digit of base 2", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for how, src := range map[string]io.Reader{"at once": strings.NewReader(c.in), "byte by byte": iotest.OneByteReader(strings.NewReader(c.in))} {
				_, err := readAll(src, Options{MaxRecord: 100})
				if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(strings.Join(hint.Of(err), " "), c.advice) {
					t.Errorf("%s: %v (%q), want %q (%q)", how, err, hint.Of(err), c.want, c.advice)
				}
			}
		})
	}
}

func TestWhatIsNotWantedIsPassedOver(t *testing.T) {
	in := "CREATE TABLE big (a int, b text);\nCREATE TABLE t (a int);\n" +
		"COPY big (a, b) FROM stdin;\n1\t" + strings.Repeat("x", 5000) + "\n\\.\n" +
		"INSERT INTO big VALUES (now(), '" + strings.Repeat("x;", 5000) + "');\nINSERT INTO nowhere VALUES (1);\nCREATE TABLE big (a int);\nINSERT INTO t VALUES (1);\n"
	got, err := readAll(strings.NewReader(in), Options{Want: func(schema, table string) bool { return schema == "" && table == "t" }})
	if want := []string{"2 .t a:1", "9 .t 1"}; err != nil || strings.Join(got, ",") != strings.Join(want, ",") {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	broken := strings.Replace(in, "1\t", "1\t\t", 1)
	if _, err := readAll(strings.NewReader(broken), Options{Want: func(_, table string) bool { return table == "t" }}); err == nil || !strings.Contains(err.Error(), "line 4") {
		t.Errorf("a broken row of another table: %v, want an error on line 4", err)
	}
}

func TestReaderReportsWhatItsSourceReports(t *testing.T) {
	broken := errors.New("broken")
	src := io.MultiReader(strings.NewReader("COPY t (a) FROM stdin;\nx"), iotest.ErrReader(broken))
	if _, err := readAll(src, Options{}); !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "x.sql: line 2") {
		t.Errorf("%v, want that of the source with its place", err)
	}
}

// endless gives head and then text again and again, for a few megabytes.
func endless(head, text string) io.Reader {
	const size = 4 << 20
	block := strings.Repeat(text, 1+size/64/len(text))
	parts := []io.Reader{strings.NewReader(head)}
	for range 64 {
		parts = append(parts, strings.NewReader(block))
	}
	return io.MultiReader(parts...)
}

func TestMemoryIsBounded(t *testing.T) {
	for name, src := range map[string]io.Reader{
		"a row without end":       endless("COPY t (a) FROM stdin;\n", "x"),
		"a string without end":    endless("CREATE TABLE t (a text);INSERT INTO t VALUES ('", "x"),
		"rows without end":        endless("CREATE TABLE t (a text);INSERT INTO t VALUES ('x')", ",('y')"),
		"values without end":      endless("COPY t (a) FROM stdin;\n", "\t"),
		"columns without end":     endless("CREATE TABLE t (", "a int,"),
		"names without end":       endless("COPY t (", "a,"),
		"a name without end":      endless(`CREATE TABLE "`, "x"),
		"quotes without end":      endless(`CREATE TABLE "`, `""`),
		"a word without end":      endless("CREATE TABLE ", "x"),
		"a number without end":    endless("CREATE TABLE t (a int);INSERT INTO t VALUES (", "1"),
		"a comment without end":   endless("/*", "/*"),
		"a line without end":      endless("--", "x"),
		"a setting without end":   endless("SET x = ", "a, "),
		"a statement without end": endless("DROP (", "('"),
		"parents without end":     endless("CREATE TABLE t (a int);CREATE TABLE u (b int) INHERITS (", "t,"),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			r := New(src, Options{Name: "x.sql", MaxRecord: 64 << 10})
			var err error
			for err == nil {
				_, err = r.Next()
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			if int64(after.HeapAlloc)-int64(before.HeapAlloc) > 1<<20 {
				t.Errorf("%v with %d more bytes, want less than 1 MiB", err, int64(after.HeapAlloc)-int64(before.HeapAlloc))
			}
			runtime.KeepAlive(r)
		})
	}
}
