package export

import (
	"fmt"
	"strings"
	"testing"
)

// manyPG is a dump with tables of the same name in two schemas, and one that is empty.
const manyPG = `SET standard_conforming_strings = on;

CREATE TABLE public.users (id bigint, email text, "Odd Name" text);
CREATE TABLE audit.users (id bigint, who text);
CREATE TABLE auth.identities (user_id bigint, provider text);
CREATE TABLE public.breach (uid text);
CREATE TABLE public.void (id integer);

COPY public.users (id, email, "Odd Name") FROM stdin;
1	a@x.org	x
2	b@x.org	y
3	c@x.org	z
\.

COPY audit.users (id, who) FROM stdin;
9	nobody
\.

COPY auth.identities (user_id, provider) FROM stdin;
2	google
3	auth0
\.

COPY public.breach (uid) FROM stdin;
1
3
\.
`

func TestTablesOfADumpAreChosenAndNamed(t *testing.T) {
	source := file(t, "d.sql", manyPG)
	for name, c := range map[string]struct {
		spec Spec
		want string
	}{
		"by schema and name":             {Spec{Table: "public.users"}, "1 2 3"},
		"in another case":                {Spec{Table: "PUBLIC.Users", Where: `"odd name" = 'y'`}, "2"},
		"beside another by its name":     {Spec{Table: "public.users", Where: "id IN (SELECT uid FROM breach)"}, "1 3"},
		"one of a schema by its name":    {Spec{Table: "public.users", Where: "id IN (SELECT user_id FROM identities WHERE provider = 'google')"}, "2"},
		"one whose name two have":        {Spec{Table: "public.users", Where: `id NOT IN (SELECT id FROM "audit.users")`}, "1 2 3"},
		"the export by its own name":     {Spec{Table: "public.users", Where: `id IN (SELECT id FROM "public.users" WHERE email LIKE 'c%')`}, "3"},
		"numbers by order":               {Spec{Table: "public.users", Where: "id < 10 AND id > 1"}, "2 3"},
		"the line":                       {Spec{Table: "public.users", Where: "email = 'b@x.org'"}, "2"},
		"an empty one":                   {Spec{Table: "public.users", Where: "id NOT IN (SELECT id FROM void)"}, "1 2 3"},
		"a query":                        {Spec{Query: `SELECT u.id, u.email FROM "public.users" u JOIN identities i ON i.user_id = u.id ORDER BY 1 DESC`}, "3 2"},
		"a query over the chosen":        {Spec{Table: "public.users", Query: "SELECT id, email FROM export"}, "1 2 3"},
		"a further file beside a table":  {Spec{Table: "public.users", Where: "id IN (SELECT id FROM affected) AND id IN (SELECT uid FROM breach)", Tables: map[string]string{"affected": file(t, "a.csv", "id\n3\n2\n")}}, "3"},
		"a table of a dump as a further": {Spec{Table: "public.users", Where: "id IN (SELECT uid FROM leak)", Tables: map[string]string{"leak": file(t, "l.sql", strings.ReplaceAll(manyPG, "public.breach", "public.leak"))}}, "1 3"},
	} {
		t.Run(name, func(t *testing.T) {
			c.spec.Source = source
			if got := ids(mustCollect(t, c.spec)); got != c.want {
				t.Errorf("ids %q, want %q", got, c.want)
			}
		})
	}
	for want, spec := range map[string]Spec{
		"several tables: public.users, audit.users, auth.identities, public.breach, public.void\nchoose one with export.table\n" +
			"public.users has 3 rows and the columns id, email, \"Odd Name\"\naudit.users has 1 rows and the columns id, who\n": {},
		"several tables are named users: public.users, audit.users": {Table: "users"},
		`no table "user"; there are: public.users`:                  {Table: "user"},
		"no such table: audit.users\nd.sql has the tables":          {Table: "public.users", Where: "id IN (SELECT id FROM audit.users)"},
		"no such table: users":                                      {Query: "SELECT id, email FROM users"},
		"export.table says which of them is export":                 {Query: "SELECT id, email FROM export"},
		"no column of breach is used":                               {Table: "public.users", Where: "email IN (SELECT email FROM breach)"},
		"has a table of that name itself":                           {Table: "public.users", Where: "id IN (SELECT uid FROM breach)", Tables: map[string]string{"breach": file(t, "b.csv", "uid\n1\n")}},
		"compared by order with a number":                           {Table: "public.users", Where: "id IN (SELECT uid FROM breach WHERE uid < 5)"},
	} {
		spec.Source = source
		got := strings.ReplaceAll(mustFail(t, spec), strings.TrimSuffix(source, "d.sql"), "")
		if !strings.Contains(got, want) {
			t.Errorf("error %q does not say %q", got, want)
		}
	}
}

func TestTablesThatOnlyTheCaseTellsApartAreNotMixedUp(t *testing.T) {
	source := file(t, "d.sql", "SET standard_conforming_strings = on;\nCREATE TABLE public.\"Users\" (id integer, email text);\n"+
		"CREATE TABLE public.users (id integer, email text);\nCOPY public.\"Users\" (id, email) FROM stdin;\n1\ta\n\\.\nCOPY public.users (id, email) FROM stdin;\n2\tb\n\\.\n")
	for table, want := range map[string]string{"users": "2", "Users": "1", "public.Users": "1"} {
		if got := ids(mustCollect(t, Spec{Source: source, Table: table})); got != want {
			t.Errorf("%s: ids %q, want %q", table, got, want)
		}
	}
	for want, spec := range map[string]Spec{
		"several tables are named USERS: public.Users, public.users": {Source: source, Table: "USERS"},
		"two tables are named public.users":                          {Source: source, Query: `SELECT id, email FROM users`},
	} {
		if got := mustFail(t, spec); !strings.Contains(got, want) {
			t.Errorf("error %q does not say %q", got, want)
		}
	}
}

func TestOnlyTheTablesThatAreNeededAreLoaded(t *testing.T) {
	s, err := Open(t.Context(), Spec{Source: file(t, "d.sql", manyPG), Table: "public.users", Where: "id IN (SELECT uid FROM breach)"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	loaded, err := s.from.(*database).words(t.Context(), "SELECT name FROM main.sqlite_schema WHERE type = 'table' ORDER BY name")
	if err != nil || fmt.Sprint(loaded) != "[breach export]" {
		t.Errorf("loaded %v (%v)", loaded, err)
	}
}

func TestIDsCompareAsTheyLookInEveryFormat(t *testing.T) {
	lists := map[string]string{
		"CSV":     file(t, "a.csv", "id\n7\n10\n99\n"),
		"NDJSON":  file(t, "a.ndjson", "{\"id\":7}\n{\"id\":10}\n{\"id\":99}\n"),
		"texts":   file(t, "a.json", `[{"id":"7"},{"id":"10"},{"id":"99"}]`),
		"mixed":   file(t, "a.json", `[{"id":"7"},{"id":10},{"id":99}]`),
		"pg_dump": file(t, "a.sql", "SET standard_conforming_strings = on;\nCREATE TABLE public.affected (id integer);\nCOPY public.affected (id) FROM stdin;\n7\n10\n99\n\\.\n"),
		"SQLite":  sqliteDB(t, "a.db", "CREATE TABLE affected(id)", "INSERT INTO affected VALUES(7), ('10'), (99)"),
	}
	for format, source := range everyFormat(t) {
		for list, affected := range lists {
			for _, where := range []string{"id IN (SELECT id FROM affected)", "EXISTS (SELECT 1 FROM affected AS a WHERE a.id = export.id)"} {
				spec := Spec{Source: source, Where: where, Tables: map[string]string{"affected": affected}}
				if got := ids(mustCollect(t, spec)); got != "7 10" {
					t.Errorf("%s with a list in %s, %s: ids %q", format, list, where, got)
				}
			}
		}
	}
}

func TestAColumnIsNumericWhereAllOfItsValuesAre(t *testing.T) {
	for name, c := range map[string]struct{ rows, where, want string }{
		"numbers by order":           {`{"id":9,"email":"x"}{"id":10,"email":"x"}{"id":1000,"email":"x"}`, "id < 100", "9 10"},
		"fractions":                  {`{"id":9.5,"email":"x"}{"id":10,"email":"x"}`, "id < 10", "9.5"},
		"a number among texts":       {`{"id":9,"email":"x"}{"id":"a10","email":"x"}`, "id = 9 OR id = 'a10'", "9 a10"},
		"a number as its text":       {`{"id":"9","email":"x"}{"id":10,"email":"x"}`, "id = '10'", "10"},
		"too large for 64 bits":      {`{"id":18446744073709551615,"email":"x"}{"id":18446744073709551614,"email":"x"}{"id":7,"email":"x"}`, "id = '18446744073709551615' OR id = 7", "18446744073709551615 7"},
		"nested JSON":                {`{"id":1,"email":"x","roles":[{"name":"a"}]}{"id":2,"email":"x","roles":[{"name":"b"}]}`, "json_extract(roles, '$[0].name') = 'b'", "2"},
		"nested JSON by an arrow":    {`{"id":1,"email":"x","app":{"n":5}}{"id":2,"email":"x","app":{"n":7}}`, "app->>'$.n' > 6", "2"},
		"columns that come late":     {`{"id":1}{"id":2,"email":"x"}{"id":3,"email":"y","late":true}`, "late OR email = 'x'", "2 3"},
		"a column that is all null":  {`{"id":1,"email":"x","gone":null}{"id":2,"email":"x"}`, "gone IS NULL", "1 2"},
		"numbers under another name": {`{"uid":9,"email":"x"}{"uid":10,"email":"x"}`, "id < 10", "9"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := Spec{Source: file(t, "a.json", c.rows), Where: c.where}
			if strings.Contains(c.rows, "uid") {
				spec.Columns.ID = "uid"
			}
			if got := ids(mustCollect(t, spec)); got != c.want {
				t.Errorf("ids %q, want %q", got, c.want)
			}
		})
	}
	for rows, where := range map[string]string{
		`{"id":"9","email":"x"}{"id":"10","email":"x"}`:                                    "id < 100",
		`{"id":9,"email":"x"}{"id":"a10","email":"x"}`:                                     "id BETWEEN 1 AND 5",
		`{"id":1,"email":"x","n":"1"}{"id":2,"email":"x","n":2}{"id":3,"email":"x","n":3}`: "export.n > 1",
	} {
		if got := mustFail(t, Spec{Source: file(t, "a.json", rows), Where: where}); !strings.Contains(got, "as text, 9 comes after 10") {
			t.Errorf("%s: error %q", where, got)
		}
	}
}

func TestThousandsOfColumnsAreAnError(t *testing.T) {
	var record strings.Builder
	record.WriteString(`{"id":1,"email":"x"`)
	for i := range maxColumns {
		fmt.Fprintf(&record, `,"c%d":1`, i)
	}
	got := mustFail(t, Spec{Source: file(t, "a.json", record.String()+"}")})
	if !strings.Contains(got, "columns") || !strings.Contains(got, "1900") {
		t.Errorf("error %q", got)
	}
	header := "id,email" + strings.Repeat(",", maxColumns)
	for i := range maxColumns {
		header = strings.Replace(header, ",,", fmt.Sprintf(",c%d,", i), 1)
	}
	got = mustFail(t, Spec{Source: file(t, "a.csv", header+"z\n"), Where: "1"})
	if !strings.Contains(got, "a.csv: the file has 1902 columns: want at most 1900") {
		t.Errorf("error %q", got)
	}
}

func TestNothingIsNoAccount(t *testing.T) {
	for content, want := range map[string]string{
		`[]`:                         "the file has no table",
		`{"users":[]}`:               "the file has no table",
		`{}`:                         "a record without a value",
		`[{}, {"id":1,"email":"x"}]`: "record 1: a record without a value",
		`[{"id":1,"email":"x"}, {}]`: "record 2: the id is empty",
		"SET standard_conforming_strings = on;\nCREATE TABLE a ();\n": "table a has no columns",
	} {
		if got := mustFail(t, Spec{Source: file(t, "a", content)}); !strings.Contains(got, want) {
			t.Errorf("%s: error %q does not say %q", content, got, want)
		}
	}
}

func TestWideTablesAreLoadedWhole(t *testing.T) {
	var header, row strings.Builder
	header.WriteString("id,email")
	row.WriteString("7,x")
	for i := range 1500 {
		fmt.Fprintf(&header, ",c%d", i)
		fmt.Fprintf(&row, ",v%d", i)
	}
	content := header.String() + "\n" + strings.Repeat(row.String()+"\n", 50)
	if got := len(mustCollect(t, Spec{Source: file(t, "a.csv", content), Where: "c1499 = 'v1499'"})); got != 50 {
		t.Errorf("%d rows, want 50", got)
	}
}

func TestLargeRowsAreLoadedInBoundedBatches(t *testing.T) {
	large := strings.Repeat("x", 1<<20)
	var content strings.Builder
	content.WriteString("id,email,name\n")
	for i := range 100 {
		fmt.Fprintf(&content, "%d,x,%s\n", i, large)
	}
	before := heap()
	s, err := Open(t.Context(), Spec{Source: file(t, "a.csv", content.String()), Where: "id >= '0'"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n := 0
	for rec, err := range s.Records(t.Context()) {
		if err != nil || len(rec.Name) != len(large) {
			t.Fatalf("%d bytes, %v", len(rec.Name), err)
		}
		if n++; n == 1 && heap() > before+40<<20 {
			t.Errorf("the heap grew by %d bytes", heap()-before)
		}
	}
	if n != 100 {
		t.Errorf("%d rows", n)
	}
}
