package export

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"breachnotify/pkg/account"
	"breachnotify/pkg/export/unpack"
)

// sniffedAs says what an input of that name and content is taken for.
func sniffedAs(t testing.TB, name string, content []byte, byByte bool) (format, error) {
	t.Helper()
	var src = iotest.DataErrReader(bytes.NewReader(content))
	if byByte {
		src = iotest.OneByteReader(src)
	}
	r, err := unpack.New(src, unpack.Options{Name: name, Max: 1 << 20})
	if err != nil {
		return undecided, err
	}
	defer r.Close()
	return (&input{Reader: r, name: name}).sniff()
}

func TestWhatAFileIsGoesByItsContent(t *testing.T) {
	for name, c := range map[string]struct {
		name, content string
		want          format
	}{
		"JSON":                              {"x", " \r\n[ {", jsonFile},
		"JSON behind a byte order mark":     {"x", utf8Mark + "{\"a\":1}", jsonFile},
		"JSON under another name":           {"x.csv", "{\"id\":1}\n", jsonFile},
		"an empty array":                    {"x.csv", "[]", jsonFile},
		"a header that begins like JSON":    {"x.csv", "[id],email\n", csvFile},
		"another":                           {"x.tsv", "{id}\temail\n", tsvFile},
		"CSV without a name":                {"-", "id,email\n1,2\n", csvFile},
		"TSV without a name":                {"-", "id\temail\tfull, name\n", tsvFile},
		"TSV with commas":                   {"-", "id\temail\tfirst,last,other\n", csvFile},
		"CSV named TSV":                     {"x.tsv", "id,email\n", tsvFile},
		"CSV whose header is a word of SQL": {"x.csv", "select id,email\n", csvFile},
		"pg_dump":                           {"x", "--\n-- PostgreSQL database dump\n--\n", postgresDump},
		"pg_dumpall":                        {"x", "--\n-- PostgreSQL database cluster dump\n--\n", postgresDump},
		"pg_dump with a key":                {"x", "\\restrict abc\n\nSET statement_timeout = 0;\n", postgresDump},
		"pg_dump under another name":        {"x.csv", "--\n-- PostgreSQL database dump\n--\n", postgresDump},
		"a part of pg_dump":                 {"x.sql", "COPY public.users (id) FROM stdin;\n1\n\\.\n", postgresDump},
		"mysqldump":                         {"x", "-- MySQL dump 10.13  Distrib 8.0\n", mysqlDump},
		"mariadb-dump":                      {"x", "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n", mysqlDump},
		"mysqldump without comments":        {"x", "/*!40101 SET NAMES utf8mb4 */;\n", mysqlDump},
		"compact mysqldump":                 {"x", "INSERT INTO `users` VALUES (1);\n", mysqlDump},
		"a dump with a comment by hand":     {"x.sql", "# taken tonight\n-- by us\nCREATE TABLE `users` (id int);\n", mysqlDump},
	} {
		t.Run(name, func(t *testing.T) {
			for _, byByte := range []bool{false, true} {
				got, err := sniffedAs(t, c.name, []byte(c.content), byByte)
				if err != nil || got != c.want {
					t.Errorf("format %d, %v, want %d", got, err, c.want)
				}
			}
		})
	}
}

func TestNoMoreIsLookedAtThanItTakes(t *testing.T) {
	for _, content := range []string{"id,email of the account\n", "{\"id\": \"not yet whole", "--\n-- PostgreSQL database dump\n"} {
		silent := readerFunc(func([]byte) (int, error) {
			t.Error("more was read of a source that may be silent")
			return 0, nil
		})
		r, err := unpack.New(readers(strings.NewReader(content), silent), unpack.Options{Name: "-"})
		if err != nil {
			t.Fatal(err)
		}
		if f, err := (&input{Reader: r, name: "-"}).sniff(); err != nil || f == undecided {
			t.Errorf("%q: format %d, %v", content, f, err)
		}
	}
}

// readers reads the second one only when the first one has ended.
func readers(first *strings.Reader, second readerFunc) readerFunc {
	return func(p []byte) (int, error) {
		if first.Len() > 0 {
			return first.Read(p)
		}
		return second(p)
	}
}

func FuzzSniff(f *testing.F) {
	for _, seed := range []string{
		usersCSV, usersTSV, usersJSON, usersNDJSON, usersPG, usersMySQL, "", " \n", "id", "<html>", "PGDMP\x01", tarMagic, "i\x00d\x00",
		"\x1F\x8B\x08", "-- x\n", "/*", "[", "{", "select 1", "\xEF\xBB\xBF[", "BEGIN TRANSACTION;\n", "\\restrict x\n",
	} {
		f.Add("x", []byte(seed))
		f.Add("x.csv.gz", []byte(seed))
		f.Add("x.sql", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		if len(name) > 20 {
			name = name[:20]
		}
		got, err := sniffedAs(t, name, content, false)
		again, againErr := sniffedAs(t, name, content, true)
		if got != again || (err == nil) != (againErr == nil) {
			t.Fatalf("how the bytes arrive matters: %d %v, %d %v", got, err, again, againErr)
		}
		if (got == undecided) == (err == nil) {
			t.Fatalf("format %d with the error %v", got, err)
		}
		if err != nil && len(err.Error()) > 200 {
			t.Fatalf("the error repeats the input: %v", err)
		}
	})
}

// FuzzOpen reads anything with and without staging, which must not make a difference.
func FuzzOpen(f *testing.F) {
	for _, seed := range []string{
		usersCSV, usersJSON, usersNDJSON, usersHeld, usersPG, usersMySQL, manyPG, supabasePG,
		"id,email\n1,x\n", "id\temail\n1\t\"x\"\n", `{"id":1,"email":"x","ID2":[1]}{"id":"b"}`, `[{"id":1e400,"email":"x"}]`,
	} {
		f.Add([]byte(seed))
		f.Add(gzipped(f, []byte(seed)))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		spec := Spec{Source: standardInput, MaxRecord: 1 << 16, MaxUnpacked: 1 << 18}
		read := func(where string) ([]account.Record, error) {
			spec.Stdin, spec.Where = bytes.NewReader(content), where
			records, _, _, err := collect(t.Context(), spec)
			return records, err
		}
		bare, err := read("")
		staged, stagedErr := read("1")
		if (err == nil) != (stagedErr == nil) || err == nil && !reflect.DeepEqual(bare, staged) {
			t.Fatalf("%d records, %v, and staged %d, %v", len(bare), err, len(staged), stagedErr)
		}
		for _, rec := range staged {
			if !utf8.ValidString(rec.ID+rec.Email+rec.Name+rec.Password+rec.SSO+rec.Locale) || account.IsNull(rec.ID) {
				t.Fatalf("record %+v", rec)
			}
		}
	})
}
