package mysqldump

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
	const two = "CREATE TABLE `t` (`a` int, `b` text);\n"
	for name, c := range map[string]struct{ in, want, advice string }{
		"a string that never closes": {two + "INSERT INTO t VALUES (1,'x);\n", "x.sql: line 2, byte 62: the string that begins here is not finished at the end of the file, line 3, byte 67: expected its closing quote", "cut off"},
		"a backslash at the end":     {two + "INSERT INTO t VALUES (1,'x\\", "x.sql: line 2, byte 62: the string that begins here is not finished", "cut off"},
		"a name that never closes":   {"CREATE TABLE `t (a int);", "x.sql: line 1, byte 13: the name that begins here is not finished", "cut off"},
		"a comment that never ends":  {two + "/* /* ", "x.sql: line 2, byte 38: the comment that begins here is not finished", "cut off"},
		"a statement in a comment":   {two + "/*!40101 SET NAMES utf8;", "x.sql: line 2, byte 47: the statement that begins here is not finished", "cut off"},
		"an executable comment":      {two + "/*!40101 ", "x.sql: line 2, byte 47: the statement that begins here is not finished", "cut off"},
		"rows without an end":        {two + "INSERT INTO t VALUES (1,'x'),", "x.sql: line 2, byte 67: the statement that begins here is not finished", "cut off"},
		"a row without an end":       {two + "INSERT INTO t VALUES (1", "x.sql: line 2, byte 59: the statement that begins here is not finished", "cut off"},
		"a dump without its end":     {"-- MariaDB dump 10.19\n" + two, "x.sql: line 3, byte 60: the dump is cut off", "write the dump again"},
		"more values than columns":   {two + "INSERT INTO t VALUES (1,'x'),(1,'x',2);", "x.sql: line 2, byte 74: a row with more than 2 values", ""},
		"fewer values":               {two + "INSERT INTO t VALUES (1);", "x.sql: line 2, byte 59: a row with 1 values, expected 2", ""},
		"a number too long":          {two + "INSERT INTO t VALUES (" + strings.Repeat("1", 2000) + ", 'x');", "x.sql: line 2, byte 60: a number is longer than 1024 bytes", ""},
		"no constant":                {two + "INSERT INTO t VALUES (1,NOW());", "x.sql: line 2, byte 62: found a word, expected a constant", "write the dump again"},
		"INSERT SET":                 {two + "INSERT INTO t SET a = 1;", "x.sql: line 2, byte 52: found a word, expected VALUES", "mysqldump"},
		"more behind a row":          {two + "INSERT INTO t VALUES (1,'x') 2;", "x.sql: line 2, byte 67: found a number, expected , or ; behind a row", ""},
		"INSERT without columns":     {"INSERT INTO t VALUES (1);", `x.sql: line 1, byte 0: the table "t" has no list of columns`, "names of the columns"},
		"a column twice":             {"INSERT INTO t (a, a) VALUES (1, 2);", `the column "a" comes twice`, ""},
		"a table twice":              {"USE d;" + two + two, `x.sql: line 2, byte 44: the table "d"."t" comes a second time`, "file of its own"},
		"another encoding":           {"/*!40101 SET NAMES latin1 */;", `x.sql: line 1, byte 9: the dump is in the character set "latin1", expected utf8mb4`, "--default-character-set=utf8mb4"},
		"another character set":      {"CREATE TABLE t (a text);INSERT INTO t VALUES (_latin1'x');", `x.sql: line 1, byte 46: a string in the character set "latin1"`, "--default-character-set=utf8mb4"},
		"text that is not UTF-8":     {two + "INSERT INTO t VALUES (1,'x\xE9');", `x.sql: line 2, byte 59: the value of the column "b" is not UTF-8`, "iconv"},
		"a NUL":                      {two + "INSERT INTO t VALUES (1,'x\x00');", "x.sql: line 2, byte 64: a NUL byte", "iconv -f UTF-16"},
		"UTF-16":                     {"\xFE\xFF\x00C", "x.sql: the file is UTF-16", "iconv -f UTF-16"},
		"a row that is too large":    {two + "INSERT INTO t VALUES (1,'x'),(2,'" + strings.Repeat("x", 101) + "');", "x.sql: line 2, byte 67: the row that begins here is larger than 100 bytes", "quote"},
		"digits that are none":       {two + "INSERT INTO t VALUES (1,x'0g');", "x.sql: line 2, byte 64: an odd number of hexadecimal digits", ""},
		"bits that are none":         {two + "INSERT INTO t VALUES (1,b'02');", "x.sql: line 2, byte 65: a string of digits holds something else", ""},
		"no delimiter":               {"DELIMITER \n", "x.sql: line 1, byte 0: found DELIMITER, expected", ""},
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
		"INSERT INTO big VALUES (now(), '" + strings.Repeat("x;\\'", 5000) + "');\nINSERT INTO nowhere VALUES (1);\nCREATE TABLE big (a int);\nINSERT INTO t VALUES (1);\n"
	got, err := readAll(strings.NewReader(in), Options{Want: func(schema, table string) bool { return schema == "" && table == "t" }})
	if want := []string{"2 .t a:1", "6 .t 1"}; err != nil || strings.Join(got, ",") != strings.Join(want, ",") {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

func TestReaderReportsWhatItsSourceReports(t *testing.T) {
	broken := errors.New("broken")
	src := io.MultiReader(strings.NewReader("CREATE TABLE t (a int);\nINSERT INTO t VALUES (1),(2"), iotest.ErrReader(broken))
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
		"a string without end":    endless("CREATE TABLE t (a text);INSERT INTO t VALUES ('", "x"),
		"rows without end":        endless("CREATE TABLE t (a text);INSERT INTO t VALUES ('x')", ",('y')"),
		"values without end":      endless("CREATE TABLE t (a text);INSERT INTO t VALUES (", "1,"),
		"digits without end":      endless("CREATE TABLE t (a text);INSERT INTO t VALUES (0x", "1"),
		"bits without end":        endless("CREATE TABLE t (a text);INSERT INTO t VALUES (0b", "1"),
		"columns without end":     endless("CREATE TABLE t (", "a int,"),
		"names without end":       endless("INSERT INTO t (", "a,"),
		"a name without end":      endless("CREATE TABLE `", "x"),
		"quotes without end":      endless("CREATE TABLE `", "``"),
		"a word without end":      endless("CREATE TABLE ", "x"),
		"comments without end":    endless("/*! ", "/* */ /*! "),
		"settings without end":    endless("SET ", "@a=@@sql_mode,"),
		"a statement without end": endless("DROP (", "('"),
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
			if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); errors.Is(err, io.EOF) || grown > 1<<20 {
				t.Errorf("%v with %d more bytes, want an error and less than 1 MiB", err, grown)
			}
			runtime.KeepAlive(r)
		})
	}
}
