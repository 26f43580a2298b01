package export

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

const plain = "id,email,name,password,sso,locale\n" +
	"1,ann@example.org,Ann,$2b$x,,en\n" +
	"007,bob@example.org,\"Bob \"\"B\"\" Bo,b\",,google,de\n" +
	"3, carol@example.org ,\"two\r\nlines\",NULL,,\n" +
	"4,dan@example.org,,,,\n"

func file(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func sqliteDB(t testing.TB, name string, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	db, err := sql.Open("sqlite3", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return path
}

func collect(ctx context.Context, spec Spec) (records []account.Record, columns Columns, read int64, err error) {
	s, err := Open(ctx, spec)
	if err != nil {
		return nil, Columns{}, 0, err
	}
	for rec, err := range s.Records(ctx) {
		if err != nil {
			return records, s.Columns(), s.Read(), errors.Join(err, s.Close())
		}
		records = append(records, rec)
	}
	return records, s.Columns(), s.Read(), s.Close()
}

func mustCollect(t *testing.T, spec Spec) []account.Record {
	t.Helper()
	records, _, _, err := collect(t.Context(), spec)
	if err != nil {
		t.Fatalf("%v (hints %q)", err, hint.Of(err))
	}
	return records
}

// mustFail returns the error and its hints as one text.
func mustFail(t *testing.T, spec Spec) string {
	t.Helper()
	_, _, _, err := collect(t.Context(), spec)
	if err == nil {
		t.Fatal("no error")
	}
	return err.Error() + "\n" + strings.Join(hint.Of(err), "\n")
}

func ids(records []account.Record) string {
	var all []string
	for _, rec := range records {
		all = append(all, rec.ID)
	}
	return strings.Join(all, " ")
}

var plainRecords = []account.Record{
	{Line: 2, ID: "1", Email: "ann@example.org", Name: "Ann", Password: "$2b$x", Locale: "en"},
	{Line: 3, ID: "007", Email: "bob@example.org", Name: `Bob "B" Bo,b`, SSO: "google", Locale: "de"},
	{Line: 4, ID: "3", Email: " carol@example.org ", Name: "two\r\nlines", Password: "NULL"},
	{Line: 6, ID: "4", Email: "dan@example.org"},
}

func TestEveryWayGivesTheSameRecords(t *testing.T) {
	for name, spec := range map[string]Spec{
		"a CSV file streams":                {Source: file(t, "a.csv", plain)},
		"a byte order mark is no data":      {Source: file(t, "a.csv", "\xEF\xBB\xBF"+plain)},
		"the last line end may be missing":  {Source: file(t, "a.CSV", strings.TrimSuffix(plain, "\n"))},
		"a staged CSV file":                 {Source: file(t, "a.csv", plain), Where: "1"},
		"where ends in a comment and a ;":   {Source: file(t, "a.csv", plain), Where: "1 = 1; -- all"},
		"tab-separated values":              {Source: file(t, "a.tsv", "id\temail\tname\tpassword\tsso\tlocale\n1\tann@example.org\tAnn\t$2b$x\t\ten\n007\tbob@example.org\t\"Bob \"\"B\"\" Bo,b\"\t\tgoogle\tde\n3\t carol@example.org \t\"two\r\nlines\"\tNULL\t\t\n4\tdan@example.org\t\t\t\t\n")},
		"blank lines at the end are no row": {Source: file(t, "a.csv", plain+"\n\r\n\n")},
	} {
		t.Run(name, func(t *testing.T) {
			records, columns, read, err := collect(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(records, plainRecords) {
				t.Errorf("records\n %+v\nwant\n %+v", records, plainRecords)
			}
			if want := (Columns{"id", "email", "name", "password", "sso", "locale"}); columns != want {
				t.Errorf("columns = %+v, want %+v", columns, want)
			}
			if read != 4 {
				t.Errorf("read = %d, want 4", read)
			}
		})
	}
}

func TestCRLFEndsLinesAndCountsAsOne(t *testing.T) {
	got := mustCollect(t, Spec{Source: file(t, "a.csv", "id,email\r\n1,a@b.c\r\n\r\n\"2\",\"x\r\ny\"\r\n3,d@e.f")})
	want := []account.Record{{Line: 2, ID: "1", Email: "a@b.c"}, {Line: 4, ID: "2", Email: "x\r\ny"}, {Line: 6, ID: "3", Email: "d@e.f"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("records = %+v, want %+v", got, want)
	}
}

func TestColumnsAreConfiguredOrFoundByName(t *testing.T) {
	source := file(t, "a.csv", "Locale,mail,USER_ID,provider,email\nde,m@x.org,9,okta,e@x.org\n")
	records, columns, _, err := collect(t.Context(), Spec{Source: source, Columns: Columns{ID: "user_id", SSO: "provider"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Columns{ID: "USER_ID", Email: "email", SSO: "provider", Locale: "Locale"}); columns != want {
		t.Errorf("columns = %+v, want %+v", columns, want)
	}
	if want := (account.Record{Line: 2, ID: "9", Email: "e@x.org", SSO: "okta", Locale: "de"}); records[0] != want {
		t.Errorf("record = %+v, want %+v", records[0], want)
	}
}

func TestBadTextFiles(t *testing.T) {
	for name, c := range map[string]struct {
		name, content string
		want          []string
	}{
		"empty":                       {"a.csv", "", []string{"the file is empty", "write the export again"}},
		"only a mark":                 {"a.csv", "\xEF\xBB\xBF", []string{"the file is empty"}},
		"only blank lines":            {"a.csv", "\n\r\n", []string{"the file is empty", "write the export again"}},
		"UTF-16":                      {"a.csv", "\xFF\xFEi\x00d\x00", []string{"UTF-16", "iconv -f UTF-16 -t UTF-8"}},
		"big-endian UTF-16":           {"a.csv", "\xFE\xFF\x00i\x00d", []string{"UTF-16", "iconv -f UTF-16 -t UTF-8"}},
		"UTF-16 without a mark":       {"a.csv", "i\x00d\x00\r\x00\n\x00", []string{"UTF-16 without", "iconv -f UTF-16LE -t UTF-8"}},
		"the same, big-endian":        {"a.csv", "\x00i\x00d\x00\n", []string{"UTF-16 without", "iconv -f UTF-16BE -t UTF-8"}},
		"binary":                      {"a.csv", "id,email\n1,a\x00b\n", []string{"line 2", "NUL byte"}},
		"Latin-1":                     {"a.csv", "id,email,name\n1,a@b.c,\"x\ny\nM\xFCller\"\n", []string{"line 4", "not UTF-8", "iconv -f WINDOWS-1252"}},
		"no header":                   {"a.csv", "1,ann@example.org\n2,b@example.org\n", []string{"line 1", "no header", "names of the columns"}},
		"a column twice":              {"a.csv", "id,email,Email\n", []string{"line 1", "columns 2 and 3", `"Email"`, "rename one of them"}},
		"a column without a name":     {"a.csv", "id, ,email\n", []string{"line 1", "column 2 has no name", "give it one"}},
		"no id":                       {"a.csv", "user,email\n", []string{"no column id", "user, email", "export.columns.id"}},
		"semicolons within quotes":    {"a.csv", "\"id;email\"\n\"1;x\"\n", []string{"line 1", "single column", "seems to be ';'", "take away the quotes"}},
		"bars":                        {"a.csv", "id|email\n1|x\n", []string{"line 1", "seems to be '|'", "mlr --icsv --ifs '|' --ocsv cat"}},
		"tabs within quotes":          {"a.csv", "\"id\temail\"\n1\tx\n", []string{"line 1", `seems to be '\t'`, "take away the quotes"}},
		"commas in .tsv":              {"a.tsv", "id,email\n1,x\n", []string{"line 1", "seems to be ','", "rename the file to .csv"}},
		"too few fields":              {"a.csv", "id,email,name\n1,a@b.c,x\n2,b@b.c\n", []string{"line 3", "2 fields where the header has 3"}},
		"too many fields":             {"a.csv", "id,email\n1,a@b.c,Bo,b\n", []string{"line 2", "4 fields", "must be in quotes"}},
		"a quote that never closes":   {"a.csv", "id,email,name\n1,a@b.c,\"x\ny\"\n2,\"b@b.c\",\"z\nz\n", []string{"line 4", "begins here is never closed", "close it behind the value"}},
		"text after a quote":          {"a.csv", "id,email\n\"1\"x,a@b.c\n", []string{"line 2", "after a closing quote"}},
		"a bare quote":                {"a.csv", "id,email\n1,a\"b@b.c\n", []string{"line 2", "a quote inside a field"}},
		"old Mac line ends":           {"a.csv", "id,email\r1,x\r", []string{"line 1", "carriage return", "tr"}},
		"cut off in a line end":       {"a.csv", "id,email\n1,x\r", []string{"line 2", "carriage return"}},
		"an empty id":                 {"a.csv", "id,email\n1,a@b.c\n,b@b.c\n", []string{"line 3", "the id is empty"}},
		"an id that is NULL":          {"a.csv", "id,email\nNULL,a@b.c\n", []string{"line 2", "the id is empty"}},
		"an unknown kind":             {"a.xyz", "hello there\n", []string{"unknown kind", "CSV, TSV, JSON, NDJSON and SQLite files", "pg_dump and mysqldump"}},
		"UTF-32":                      {"a.csv", "\xFF\xFE\x00\x00i\x00\x00\x00d\x00\x00\x00", []string{"UTF-32", "iconv -f UTF-32 -t UTF-8"}},
		"UTF-32 without a mark":       {"a.csv", "i\x00\x00\x00d\x00\x00\x00\n\x00\x00\x00", []string{"UTF-32 without", "iconv -f UTF-32LE -t UTF-8"}},
		"the same, in big-endian":     {"a.json", "\x00\x00\x00{\x00\x00\x00\"", []string{"UTF-32 without", "iconv -f UTF-32BE -t UTF-8"}},
		"HTML":                        {"a.txt", "<!DOCTYPE html>\n", []string{"HTML or XML"}},
		"a dump of SQLite":            {"a.sql", "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n", []string{"a dump of SQLite", "sqlite3 export.sqlite <"}},
		"SQL by hand":                 {"a.sql", "INSERT INTO users VALUES (1);\n", []string{"neither pg_dump nor mysqldump", "dump the table again"}},
		"no database in spite of .db": {"a.db", "id,email\n", []string{"not a SQLite database"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, where := range []string{"", "1"} {
				got := mustFail(t, Spec{Source: file(t, c.name, c.content), Where: where})
				for _, want := range append(c.want, c.name) {
					if !strings.Contains(got, want) {
						t.Errorf("error %q does not say %q", got, want)
					}
				}
				if strings.Contains(got, "ann@example.org") || strings.Contains(got, "b@b.c") {
					t.Errorf("error %q holds an address", got)
				}
			}
		})
	}
}

func TestRowsBeforeABrokenOneAreHandedOnOnce(t *testing.T) {
	s, err := Open(t.Context(), Spec{Source: file(t, "a.csv", "id,email\n1,x\n2,y\n3\n4,z\n")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var got []string
	for rec, err := range s.Records(t.Context()) {
		if err != nil {
			got = append(got, "error")
			continue
		}
		got = append(got, rec.ID)
	}
	if want := []string{"1", "2", "error"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, err := range s.Records(t.Context()) {
		if err == nil || !strings.Contains(err.Error(), "read before") {
			t.Errorf("a second range gives %v", err)
		}
	}
}

func TestAMissingFile(t *testing.T) {
	for _, spec := range []Spec{
		{Source: "nowhere.csv"}, {Source: "nowhere.db"},
		{Source: file(t, "a.csv", plain), Where: "id IN (SELECT id FROM x)", Tables: map[string]string{"x": "nowhere.csv"}},
	} {
		_, err := Open(t.Context(), spec)
		if !errors.Is(err, fs.ErrNotExist) || len(hint.Of(err)) == 0 {
			t.Errorf("%+v: error %v with hints %q, want fs.ErrNotExist with one", spec, err, hint.Of(err))
		}
	}
	if got := mustFail(t, Spec{Source: t.TempDir()}); !strings.Contains(got, "not a file") {
		t.Errorf("a folder: %s", got)
	}
	if got := mustFail(t, Spec{Source: "/dev/zero"}); !strings.Contains(got, "not a file") {
		t.Errorf("a device: %s", got)
	}
}

func TestUnknownColumnNamesTheClosest(t *testing.T) {
	odd := mustFail(t, Spec{Source: file(t, "a.csv", "id, email,\"a\nb\",c\n")})
	if want := `no column email; there are: id, " email", "a\nb", c`; !strings.Contains(odd, want) {
		t.Errorf("error %q does not say %q", odd, want)
	}
	got := mustFail(t, Spec{Source: file(t, "a.csv", plain), Columns: Columns{Password: "pasword"}})
	for _, want := range []string{`export.columns.password: no column "pasword"`, "id, email, name, password, sso, locale", `closest name is "password"`} {
		if !strings.Contains(got, want) {
			t.Errorf("error %q does not say %q", got, want)
		}
	}
}

func TestValidate(t *testing.T) {
	tables := func(name, path string) map[string]string { return map[string]string{name: path} }
	for name, c := range map[string]struct {
		spec Spec
		want string
	}{
		"no source":                   {Spec{}, "export.source is not set"},
		"where and query":             {Spec{Where: "1", Query: "SELECT 1"}, "both set"},
		"columns and query":           {Spec{Query: "SELECT 1", Columns: Columns{ID: "x"}}, "both set"},
		"a blank where":               {Spec{Where: " \n"}, "blank"},
		"tables that nothing uses":    {Spec{Tables: tables("affected", "x.csv")}, "neither"},
		"the reserved name":           {Spec{Where: "1", Tables: tables("Export", "x.csv")}, "reserved"},
		"a name that SQLite reserves": {Spec{Where: "1", Tables: tables("sqlite_x", "x.csv")}, "reserved"},
		"no identifier":               {Spec{Where: "1", Tables: tables("a b", "x.csv")}, "no name of a table"},
		"no path":                     {Spec{Where: "1", Tables: tables("a", "")}, "no path"},
		"one name in two cases":       {Spec{Where: "1", Tables: map[string]string{"a": "x", "A": "y"}}, "the same name"},
		"a negative limit":            {Spec{MaxRecord: -1}, "want 0"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want != "export.source is not set" {
				c.spec.Source = "a.csv"
			}
			err := c.spec.Validate()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Validate = %v, want %q", err, c.want)
			}
		})
	}
	if err := (Spec{Source: "a.csv", Where: "1", Tables: tables("affected", "x.csv")}).Validate(); err != nil {
		t.Errorf("a valid spec: %v", err)
	}
}

func TestProgressEndsAtTheWhole(t *testing.T) {
	for name, spec := range map[string]Spec{
		"streamed": {Source: file(t, "a.csv", plain)},
		"staged":   {Source: file(t, "a.csv", plain), Where: "0"},
		"SQLite":   {Source: sqliteDB(t, "a.db", "CREATE TABLE u(id, email)", "INSERT INTO u VALUES(1, 'x'), (2, 'y')")},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for _, err := range s.Records(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
			}
			info, err := os.Stat(spec.Source)
			if err != nil {
				t.Fatal(err)
			}
			if done, total := s.Progress(); done != info.Size() || total != info.Size() {
				t.Errorf("progress is %d of %d, want %d", done, total, info.Size())
			}
		})
	}
}

func TestCloseWhileRowsAreOpenEndsTheRecords(t *testing.T) {
	s, err := Open(t.Context(), Spec{Source: file(t, "a.csv", plain), Where: "1"})
	if err != nil {
		t.Fatal(err)
	}
	records, failures := 0, 0
	for _, err := range s.Records(t.Context()) {
		if err != nil {
			failures++
			continue
		}
		records++
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if records != 1 || failures != 1 {
		t.Errorf("%d records and %d errors, want one of each", records, failures)
	}
}
