package pgdump

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"", "CREATE TABLE t (a int, b text);COPY t (a, b) FROM stdin;\n1\tx\\n\n\\N\t\\\\.\n\\.\n", "COPY t (a) FROM stdin;\r\n\\101\\x4\\q\r\n\\.\r\n",
		"INSERT INTO s.t (a, \"b\"\"\") VALUES (1, E'\\u00e9\\'') , (-.5e+3::numeric(1,2), $x$ $$ $x$), (true, X'F'), (null, '');", "SET standard_conforming_strings = off; SELECT '\\'';",
		"CREATE FUNCTION f() BEGIN ATOMIC SELECT CASE WHEN 1 THEN 2 END; END; CREATE TABLE a (b int[] DEFAULT 'x', UNIQUE (b)) INHERITS (c);",
		"\\connect x\n\\restrict y\n-- PostgreSQL database dump\n/* /* */ */", "ALTER TABLE ONLY a ATTACH PARTITION b FOR VALUES IN (1);", "CREATE TABLE a (x int);CREATE TABLE b PARTITION OF a DEFAULT;ALTER TABLE a INHERIT b;COPY b FROM stdin;\n1\n\\.\n",
		"\xEF\xBB\xBFSET search_path = a, b;", "\xFF\xFE", "'\x00", "COPY t (a) FROM stdin;\nx\ry", "INSERT INTO t DEFAULT VALUES;COPY t FROM stdin;\n\n\\.\n",
		"$" + strings.Repeat("J", 1963) + "$ ",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := readAll(bytes.NewReader(in), Options{})
		split, splitErr := readAll(iotest.OneByteReader(bytes.NewReader(in)), Options{})
		if !slices.Equal(got, split) || fmt.Sprint(err) != fmt.Sprint(splitErr) {
			t.Fatalf("how the bytes arrive matters: %q %v, %q %v", got, err, split, splitErr)
		}
		if len(got) > len(in)*64 {
			t.Fatalf("%d rows of %d bytes", len(got), len(in))
		}
		for _, line := range got {
			if !utf8.ValidString(line) {
				t.Fatalf("not UTF-8: %q", line)
			}
		}
		// Passing over everything ends, too.
		_, _ = readAll(bytes.NewReader(in), Options{Want: func(_, _ string) bool { return false }})
	})
}

// FuzzRoundTrip writes three values as a block and as a statement.
func FuzzRoundTrip(f *testing.F) {
	for _, seed := range []string{"", `\N`, `\.`, "a\tb\nc\\", "it's", "\r\n", "é😀", "\x01\x7F", "$$", "--", "');"} {
		f.Add(seed, seed+"x", false)
		f.Add("x"+seed, seed, true)
	}
	f.Fuzz(func(t *testing.T, a, b string, null bool) {
		for _, text := range []string{a, b} {
			if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 || len(text) > 400 {
				return // no text of PostgreSQL
			}
		}
		want := fmt.Sprintf("%q %q %q", a, b, a+b)
		c, copied, inserted := a+b, "", ""
		copied, inserted = escapedForCopy(c), quotedForSQL(c)
		if null {
			want, copied, inserted = fmt.Sprintf("%q %q NULL", a, b), `\N`, "NULL"
		}
		head := "CREATE TABLE t (a text, b text, c text);\n"
		for name, in := range map[string]string{
			"a block":     head + "COPY t (a, b, c) FROM stdin;\n" + escapedForCopy(a) + "\t" + escapedForCopy(b) + "\t" + copied + "\n\\.\n",
			"a statement": head + "INSERT INTO t VALUES (" + quotedForSQL(a) + ", " + quotedForSQL(b) + ", " + inserted + ");\n",
		} {
			if got := values(t, in, ".t"); len(got) != 2 || got[1] != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	})
}

// escapedForCopy writes text as the server does for COPY.
func escapedForCopy(text string) string {
	return strings.NewReplacer(`\`, `\\`, "\b", `\b`, "\f", `\f`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\v", `\v`).Replace(text)
}

func quotedForSQL(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
