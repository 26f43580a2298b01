package pgdump

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"breachnotify/pkg/hint"
)

const table = "CREATE TABLE t (a integer);\n"

func TestAForeignLineTakesNoStatementWithIt(t *testing.T) {
	const rows = "COPY t (a) FROM stdin;\n1\n\\.\nINSERT INTO t VALUES (2);\n"
	for name, c := range map[string]struct{ in, want, advice string }{
		"a warning":                   {table + "pg_dump: warning: circular\n" + rows, "x.sql: line 2, byte 28: found a word, expected a statement of pg_dump", "2>errors.log"},
		"a warning in front":          {"pg_dump: warning: circular\n" + table + rows, "x.sql: line 1, byte 0: found a word, expected a statement of pg_dump", "pg_dump … 2>errors.log"},
		"a time":                      {table + "2026-11-22 [x]\n" + rows, "x.sql: line 2, byte 28: found a number, expected a statement", "2>errors.log"},
		"a mark":                      {table + "[x]\n" + rows, "x.sql: line 2, byte 28: found '[', expected a statement", "2>errors.log"},
		"a name":                      {table + "\"x\"\n" + rows, "x.sql: line 2, byte 28: found a name in quotes, expected a statement", "2>errors.log"},
		"a word with a typing error":  {table + "INSRT INTO t VALUES (1);\n", "x.sql: line 2, byte 28: found a word, expected a statement", "2>errors.log"},
		"behind data":                 {table + rows[:28] + "WARNING: x\n" + rows, "x.sql: line 5, byte 56: found a word, expected a statement", "2>errors.log"},
		"no end before COPY":          {table + "LOCK TABLE t\n" + rows, "x.sql: line 2, byte 28: what begins here has no ; before the statement at line 3, byte 41", "put a ;"},
		"no end before INSERT":        {table + "DROP\nINSERT INTO t VALUES (2);\n", "x.sql: line 2, byte 28: what begins here has no ; before the statement at line 3, byte 33", "put a ;"},
		"a setting without an end":    {table + "SET x = 1\n" + rows, "x.sql: line 2, byte 28: what begins here has no ;", "put a ;"},
		"a call without an end":       {table + "SELECT pg_catalog.set_config('a', 'b'\n" + rows, "x.sql: line 2, byte 28: what begins here has no ;", "put a ;"},
		"a routine without an end":    {table + "CREATE FUNCTION f() AS $$ begin end $$\n" + rows, "x.sql: line 2, byte 28: what begins here has no ;", "put a ;"},
		"a table without an end":      {"CREATE TABLE t (a integer)\n" + rows, "x.sql: line 1, byte 0: what begins here has no ;", "put a ;"},
		"no end before CREATE TABLE":  {"LOCK x\n" + table + rows, "x.sql: line 1, byte 0: what begins here has no ; before the statement at line 2, byte 7", "put a ;"},
		"no end before ATTACH":        {table + "LOCK x\nALTER TABLE t ATTACH PARTITION u;\n", "x.sql: line 2, byte 28: what begins here has no ; before the statement at line 3, byte 35", "put a ;"},
		"no end of an unwanted table": {table + "INSERT INTO unwanted VALUES (1)\n" + rows, "x.sql: line 2, byte 28: what begins here has no ;", "put a ;"},
	} {
		t.Run(name, func(t *testing.T) {
			for how, src := range map[string]io.Reader{"at once": strings.NewReader(c.in), "byte by byte": iotest.OneByteReader(strings.NewReader(c.in))} {
				_, err := readAll(src, Options{Want: func(_, table string) bool { return table == "t" }})
				if err == nil || !strings.HasPrefix(err.Error(), c.want) || !strings.Contains(strings.Join(hint.Of(err), " "), c.advice) {
					t.Errorf("%s: %v (%q), want %q (%q)", how, err, hint.Of(err), c.want, c.advice)
				}
			}
		})
	}
}

func TestStatementsOfPgDumpAreNotForeign(t *testing.T) {
	for _, in := range []string{
		";", "\\restrict abc\n", "BEGIN;", "START TRANSACTION;", "COMMIT;", "DROP TABLE IF EXISTS public.x;",
		"COMMENT ON TABLE t IS 'x\nINSERT INTO t VALUES (9);\nCOPY t FROM stdin;\n';",
		"GRANT SELECT,INSERT ON TABLE t TO r;", "REVOKE ALL ON SCHEMA public FROM PUBLIC;",
		"SECURITY LABEL FOR selinux ON TABLE t IS 'x';", "REFRESH MATERIALIZED VIEW v;", "TRUNCATE TABLE t;",
		"UPDATE pg_catalog.pg_database SET datistemplate = false WHERE datname = 'x';", "RESET ROLE;",
		"SELECT pg_catalog.lo_open('1', 131072);\nSELECT pg_catalog.lowrite(0, '\\x00');",
		"SELECT * FROM pg_catalog.pg_restore_relation_stats(\n\t'version', '180000'::integer,\n\t'relpages', '1'::integer\n);",
		"DO $x$\nbegin\nINSERT INTO t VALUES (9);\nend $x$;",
		"CREATE FUNCTION f() RETURNS trigger\n    LANGUAGE plpgsql\n    AS $$\nbegin\nINSERT INTO t VALUES (9);\nCOPY t FROM stdin;\nend $$;",
		"CREATE FUNCTION f() RETURNS void\n    LANGUAGE sql\n    BEGIN ATOMIC\n INSERT INTO t (a)\n   VALUES (9);\nINSERT INTO t VALUES (9);\nEND;",
		"CREATE RULE r AS\n    ON INSERT TO t DO INSTEAD ( INSERT INTO u (a)\n  VALUES (9);\n INSERT INTO v (a)\n  VALUES (9);\n);",
		"CREATE VIEW v AS\n SELECT a,\n    replace(b, 'x', 'y') AS b\n   FROM t;",
		"ALTER TABLE t\nALTER COLUMN a SET DEFAULT 1;",
		"CREATE TRIGGER g BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();",
		"COMMENT ON TABLE t IS\n-- INSERT INTO t VALUES (9);\n/*\nINSERT INTO t VALUES (9);\n*/ 'x';",
	} {
		for how, src := range map[string]func(io.Reader) io.Reader{"by halves": iotest.HalfReader, "byte by byte": iotest.OneByteReader} {
			got, err := readAll(src(strings.NewReader(table+in+"\nINSERT INTO t VALUES (1);\n")), Options{})
			if err != nil || len(got) != 2 || !strings.HasSuffix(got[1], ".t 1") {
				t.Errorf("%q, %s: %q, %v, want the row behind it", in, how, got, err)
			}
		}
	}
}
