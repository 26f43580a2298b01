package pgdump

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"breachnotify/pkg/export/rows"
)

// readAll returns the rows as text: the line, the table and the values with their types.
func readAll(src io.Reader, o Options) (lines []string, err error) {
	o.Name = "x.sql"
	if o.MaxRecord == 0 {
		o.MaxRecord = 1000
	}
	r := New(src, o)
	for {
		row, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return lines, nil
		case err != nil:
			return lines, err
		}
		lines = append(lines, written(row))
	}
}

func written(row rows.Row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s.%s", row.At, row.Table.Schema, row.Table.Name)
	if row.Values == nil {
		for _, column := range row.Table.Columns {
			fmt.Fprintf(&b, " %s:%d", column.Name, column.Kind)
		}
		return b.String()
	}
	for _, value := range row.Values {
		switch value := value.(type) {
		case nil:
			b.WriteString(" NULL")
		case string:
			fmt.Fprintf(&b, " %q", value)
		case int64, float64:
			fmt.Fprintf(&b, " %v", value)
		default:
			fmt.Fprintf(&b, " %T", value)
		}
	}
	return b.String()
}

// values returns the rows of a table without their lines.
func values(t *testing.T, src, table string) []string {
	t.Helper()
	lines, err := readAll(strings.NewReader(src), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, line := range lines {
		_, line, _ = strings.Cut(line, " ")
		if row, ok := strings.CutPrefix(line, table+" "); ok {
			found = append(found, row)
		}
	}
	return found
}

func TestStatements(t *testing.T) {
	const two = "CREATE TABLE t (a integer, b text);\n"
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"nothing":                 {"", nil},
		"a table without rows":    {two, []string{"1 .t a:1 b:0"}},
		"a block":                 {two + "COPY t (a, b) FROM stdin;\n1\tx\n\\N\t\\N\n\\.\n", []string{"1 .t a:1 b:0", `3 .t 1 "x"`, "4 .t NULL NULL"}},
		"a block in other order":  {two + "COPY t (b, a) FROM stdin;\nx\t1\n\\.\n", []string{"1 .t a:1 b:0", `3 .t 1 "x"`}},
		"a part of the columns":   {two + "COPY t (b) FROM stdin;\nx\n\\.\n", []string{"1 .t a:1 b:0", `3 .t NULL "x"`}},
		"a block at the end":      {two + "COPY t (a, b) FROM stdin;\n1\tx\n\\.", []string{"1 .t a:1 b:0", `3 .t 1 "x"`}},
		"CRLF":                    {"CREATE TABLE t (a integer, b text);\r\nCOPY t (a, b) FROM stdin;\r\n1\tx\r\n\\.\r\n", []string{"1 .t a:1 b:0", `3 .t 1 "x"`}},
		"no list of columns":      {two + "COPY t FROM stdin;\n1\tx\n\\.\n", []string{"1 .t a:1 b:0", `3 .t 1 "x"`}},
		"no CREATE TABLE":         {"COPY s.t (a, b) FROM stdin;\n1\tx\n\\.\n", []string{"1 s.t a:0 b:0", `2 s.t "1" "x"`}},
		"more columns later":      {"COPY t (a) FROM stdin;\n1\n\\.\nCOPY t (b) FROM stdin;\n2\n\\.\n", []string{"1 .t a:0", `2 .t "1"`, `5 .t NULL "2"`}},
		"a table without columns": {"CREATE TABLE t (\n);\nCOPY t  FROM stdin;\n\n\n\\.\nINSERT INTO t DEFAULT VALUES;\n", []string{"1 .t", "4 .t", "5 .t", "7 .t"}},
		"rows in one statement":   {two + "INSERT INTO t VALUES\n\t(1, 'x'),\n\t(-2, NULL);\n", []string{"1 .t a:1 b:0", `3 .t 1 "x"`, "4 .t -2 NULL"}},
		"named columns":           {two + "INSERT INTO t (b, a) OVERRIDING SYSTEM VALUE VALUES ('x', 1) ON CONFLICT DO NOTHING;\n", []string{"1 .t a:1 b:0", `2 .t 1 "x"`}},
		"casts": {two + "INSERT INTO t VALUES ('1'::integer, 'x'::character varying(20)[]::public.\"t\"), (2::numeric(3,1), E'y'::text);\n",
			[]string{"1 .t a:1 b:0", `2 .t 1 "x"`, `2 .t 2 "y"`}},
		"quoted names": {"CREATE TABLE \"s p\".\"T\"\"x\" (\"a;\"\"b\" bigint);INSERT INTO \"s p\".\"T\"\"x\" VALUES (9223372036854775807), ('-9223372036854775809');",
			[]string{"1 s p.T\"x a;\"b:1", "1 s p.T\"x 9223372036854775807", "1 s p.T\"x \"-9223372036854775809\""}},
		"names fold":    {"CREATE TABLE PUBLIC.T (A INTEGER);\nINSERT INTO public.t VALUES (1);\n", []string{"1 public.t a:1", "2 public.t 1"}},
		"a search path": {"SET search_path = app, pg_catalog;\nCREATE TABLE t (a int);\nSELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE u (a int);\n", []string{"2 app.t a:1", "4 .u a:1"}},
		"kinds": {"CREATE TABLE t (a int4 DEFAULT 1, b double precision, c numeric(30,5), d integer[], e text DEFAULT 'x,)'::text NOT NULL, f timestamp with time zone," +
			" g public.mood, exclude boolean, CONSTRAINT \"c,)\" CHECK ((a > 0)), EXCLUDE USING gist (a WITH =), PRIMARY KEY (a, b), h pg_catalog.int8);",
			[]string{"1 .t a:1 b:2 c:2 d:0 e:0 f:0 g:0 exclude:0 h:1"}},
		"computed columns": {"CREATE TABLE t (a int, g int GENERATED ALWAYS AS ((a * 2)) STORED, i int GENERATED ALWAYS AS IDENTITY);\nCOPY t FROM stdin;\n1\t2\n\\.\nINSERT INTO t VALUES (1, DEFAULT, 2);\n",
			[]string{"1 .t a:1 g:1 i:1", "3 .t 1 NULL 2", "5 .t 1 NULL 2"}},
		"comments":          {"-- COPY t (a) FROM stdin;\n/* ; /* nested ' */ */ CREATE /* x */ TABLE t -- y\n(a int -- , b int\n);", []string{"2 .t a:1"}},
		"a byte order mark": {"\xEF\xBB\xBFCREATE TABLE t (a int);", []string{"1 .t a:1"}},
		"a body in dollars": {"CREATE FUNCTION f() RETURNS void AS $_$\nCOPY t (a) FROM stdin;\n$$ ;' $x$\n$_$ LANGUAGE sql;\n" + two, []string{"5 .t a:1 b:0"}},
		"a body of statements": {"CREATE OR REPLACE FUNCTION f(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC\n SELECT 1;\n SELECT CASE WHEN a = 1 THEN 2 ELSE 3 END;\n INSERT INTO t VALUES (1);\nEND;\n" + two,
			[]string{"6 .t a:1 b:0"}},
		"a rule":           {"CREATE RULE r AS ON INSERT TO t DO ( SELECT 1;\n INSERT INTO t VALUES (3);\n);\n" + two, []string{"4 .t a:1 b:0"}},
		"a comment of SQL": {"COMMENT ON TABLE t IS 'it''s;\nCOPY t (a) FROM stdin;\n1\n';\n" + two, []string{"5 .t a:1 b:0"}},
		"lines of psql":    {"\\restrict abc\n" + two + "\\unrestrict abc\n", []string{"2 .t a:1 b:0"}},
		"a whole dump":     {"--\n-- PostgreSQL database dump\n--\n" + two + "--\n-- PostgreSQL database dump complete\n--\n", []string{"4 .t a:1 b:0"}},
	} {
		t.Run(name, func(t *testing.T) {
			for how, src := range map[string]io.Reader{"at once": strings.NewReader(c.in), "byte by byte": iotest.OneByteReader(strings.NewReader(c.in))} {
				if got, err := readAll(src, Options{}); err != nil || !slices.Equal(got, c.want) {
					t.Errorf("%s: %q, %v, want %q", how, got, err, c.want)
				}
			}
		})
	}
}

func TestRowsBelongToTheTablesAbove(t *testing.T) {
	for name, head := range map[string]string{
		"inherited": "CREATE TABLE top (a int, b text);\nCREATE TABLE low (c int) INHERITS (top);\n",
		"attached": "CREATE TABLE top (a int, b text) PARTITION BY RANGE (a);\nCREATE TABLE low (a int, b text, c int);\n" +
			"ALTER TABLE ONLY top ATTACH PARTITION low FOR VALUES FROM (0) TO (9);\n",
	} {
		for how, data := range map[string]string{
			"copied":   "COPY low (b, c, a) FROM stdin;\nx\t3\t1\n\\.\n",
			"inserted": "INSERT INTO low VALUES (1, 'x', 3);\n",
		} {
			if got, want := values(t, head+data, ".top"), []string{"a:1 b:0", `1 "x"`}; !slices.Equal(got, want) {
				t.Errorf("%s and %s: the table above has %q, want %q", name, how, got, want)
			}
			if got := values(t, head+data, ".low"); !slices.Contains(got, `1 "x" 3`) {
				t.Errorf("%s and %s: the table itself has %q", name, how, got)
			}
		}
	}
	old := "CREATE TABLE top (a int);\nCREATE TABLE low PARTITION OF top FOR VALUES IN (1);\nINSERT INTO low VALUES (1);\n"
	if got, want := values(t, old, ".top"), []string{"a:1", "1"}; !slices.Equal(got, want) {
		t.Errorf("PARTITION OF: %q, want %q", got, want)
	}
}

func TestStringsAndTheirEscapes(t *testing.T) {
	for in, want := range map[string]string{
		`'it''s'`: `it's`, `'a\nb'`: `a\nb`, `''`: "", `''''`: "'",
		`E'a\nb\t\\\'''\x41\101\u00e9\U0001F600\q'`: "a\nb\t\\''AAé😀q",
		`$$it's$$`: "it's", `$a$$$b$a$`: "$$b", `N'x'`: "x",
		`B'0101'`: "0101", `X'1f'`: "00011111", `true`: "t", `FALSE`: "f", `1.50`: "1.50", `-1e+3`: "-1e+3", `.5`: ".5",
	} {
		got := values(t, "CREATE TABLE t (a text);INSERT INTO t VALUES ("+in+");", ".t")[1]
		if want := fmt.Sprintf("%q", want); got != want {
			t.Errorf("%s is %s, want %s", in, got, want)
		}
	}
	off := "SET standard_conforming_strings = off;CREATE TABLE t (a text);INSERT INTO t VALUES ('a\\\\b\\'c');"
	if got := values(t, off, ".t")[1]; got != `"a\\b'c"` {
		t.Errorf("with standard_conforming_strings off: %s", got)
	}
}

func TestEscapesOfCopy(t *testing.T) {
	for in, want := range map[string]string{
		`a\tb\nc\r\b\f\v\\`: "\"a\\tb\\nc\\r\\b\\f\\v\\\\\"", `\101\x42\x4g\7`: "\"AB\\x04g\\a\"", `\q\'`: `"q'"`,
		`\N`: "NULL", `a\N`: `"aN"`, `\Na`: `"Na"`, `\\N`: `"\\N"`, `\\.`: `"\\."`, "": `""`, `é`: `"é"`, "a\\\nb": `"a\nb"`, `\xzz`: `"xzz"`,
	} {
		got := values(t, "COPY t (a) FROM stdin;\n"+in+"\n\\.\n", ".t")[1]
		if got != want {
			t.Errorf("%q is %s, want %s", in, got, want)
		}
	}
}

func TestNumbersLoseNothing(t *testing.T) {
	for in, want := range map[string]string{
		"5": "5", "-0.5": "-0.5", "0.10": "0.1", "12345678901234567890.12345": `"12345678901234567890.12345"`,
		"12345678901234567890": `"12345678901234567890"`, "1.5e+300": "1.5e+300", "1e-400": `"1e-400"`, "1e400": `"1e400"`,
		"NaN": `"NaN"`, "-Infinity": `"-Infinity"`, "0.30000000000000004": "0.30000000000000004", "100000000000000000000": "1e+20",
	} {
		head := "CREATE TABLE t (a numeric);\n"
		copied := values(t, head+"COPY t (a) FROM stdin;\n"+in+"\n\\.\n", ".t")[1]
		inserted := values(t, head+"INSERT INTO t VALUES ('"+in+"');\n", ".t")[1]
		if copied != want || copied != inserted {
			t.Errorf("%s is %s copied and %s inserted, want %s", in, copied, inserted, want)
		}
	}
}

// The files are dumps of one database, written in the forms of pg_dump.
func TestCopyAndInsertGiveTheSame(t *testing.T) {
	var first []string
	for _, file := range []string{"copy.sql", "inserts.sql", "column_inserts.sql"} {
		in, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		got := values(t, string(in), "public.people")
		if first == nil {
			first = got
		}
		if len(got) != 5 || !slices.Equal(got, first) {
			t.Errorf("%s: %q, want 5 as in the first: %q", file, got, first)
		}
		got, err = readAll(iotest.HalfReader(bytes.NewReader(in)), Options{Want: func(schema, table string) bool { return table == "mood_log" }})
		if err != nil || len(got) != 3 {
			t.Errorf("%s: a table alone: %q, %v, want 3 lines", file, got, err)
		}
	}
}
