package export

import (
	"reflect"
	"strings"
	"testing"

	"breachnotify/pkg/account"
)

const numbered = "id,email,n\n1,a@x.org,5\n2,b@x.org,40\n007,c@x.org,7\n7,d@x.org,8\n10,e@x.org,9\n"

func TestWhereSelects(t *testing.T) {
	source := file(t, "a.csv", numbered)
	affected := file(t, "affected.csv", "id\n7\n10\n\n99\n")
	for where, want := range map[string]string{
		"1":                                   "1 2 007 7 10",
		"id = 7":                              "7",
		"id = '7'":                            "7",
		"id IN (SELECT id FROM affected)":     "7 10",
		"id NOT IN (SELECT id FROM affected)": "1 2 007",
		"email LIKE 'a@%' OR n = 8":           "1 7",
		"CAST(n AS INTEGER) > 8":              "2 10",
		`"id" = '1' -- a comment`:             "1",
		"id IN ('1', ';')":                    "1",
		"[n] = `n` AND email = 'b@x.org' /* ) */;":                      "2",
		"EXISTS (SELECT 1 FROM affected WHERE affected.id = export.id)": "7 10",
		`"export"."id" = '2'`:                                           "2",
		"rowid = 4":                                                     "007",
		"id = (SELECT min(id) FROM export)":                             "007",
		"0":                                                             "",
	} {
		t.Run(where, func(t *testing.T) {
			spec := Spec{Source: source, Where: where, Tables: map[string]string{"affected": affected}}
			records, _, read, err := collect(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			if got := ids(records); got != want || read != 5 {
				t.Errorf("selects %q of %d, want %q of 5", got, read, want)
			}
		})
	}
}

func TestBadWhere(t *testing.T) {
	for where, want := range map[string]string{
		"id = ":                               "syntax error",
		"nosuch = 1":                          "no such column: nosuch\nthe columns of affected are: id\nthe columns of export are: id, email, n",
		`"nosuch" = 'x'`:                      "no column \"nosuch\"\ntext is in single quotes: 'nosuch'",
		`email = "a@x.org"`:                   "no column \"a@x.org\"",
		"1; SELECT 2":                         "a second statement",
		"1); SELECT (1":                       "a bracket is closed that was not opened",
		"1)) ; DROP TABLE export; SELECT ((1": "a bracket is closed that was not opened",
		"(1":                                  "a bracket is not closed",
		"1 /* ":                               "a comment is not closed",
		"id = 'x":                             "a ' is not closed",
		"id = ?":                              "want 1 got 0",
		"id IN (SELECT n FROM affected)":      "no column of affected is used",
		"count(*) > 1":                        "misuse of aggregate",
		"id IN (SELECT id FROM elsewhere)":    "no such table: elsewhere",
	} {
		t.Run(where, func(t *testing.T) {
			got := mustFail(t, Spec{
				Source: file(t, "a.csv", numbered), Where: where,
				Tables: map[string]string{"affected": file(t, "b.csv", "id\n7\n")},
			})
			if !strings.Contains(got, want) || !strings.HasPrefix(got, "export.where: ") {
				t.Errorf("error %q, want export.where: and %q", got, want)
			}
		})
	}
}

func TestAnErrorInWhereWhileItRunsShowsItsText(t *testing.T) {
	got := mustFail(t, Spec{Source: file(t, "a.csv", numbered), Where: "json_extract(email, '$.x') = 1"})
	if !strings.Contains(got, "export.where: json_extract(email, '$.x') = 1: malformed JSON") {
		t.Errorf("error %q", got)
	}
}

func TestQuerySelects(t *testing.T) {
	spec := Spec{
		Source: file(t, "a.csv", numbered),
		Query: `WITH bad AS (SELECT id FROM affected)
			SELECT e.email AS Email, e.id, upper(a.who) AS name, NULL AS sso, 5 AS locale
			FROM export AS e JOIN affected AS a ON a.id = e.id WHERE e.id IN (SELECT id FROM bad)
			ORDER BY CAST(e.id AS INTEGER) DESC;`,
		Tables: map[string]string{"affected": file(t, "b.tsv", "id\twho\n1\tann\n10\tbob\n")},
	}
	records, columns, read, err := collect(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	want := []account.Record{
		{Line: 1, ID: "10", Email: "e@x.org", Name: "BOB", Locale: "5"},
		{Line: 2, ID: "1", Email: "a@x.org", Name: "ANN", Locale: "5"},
	}
	if !reflect.DeepEqual(records, want) {
		t.Errorf("records %+v, want %+v", records, want)
	}
	if want := (Columns{ID: "id", Email: "Email", Name: "name", SSO: "sso", Locale: "locale"}); columns != want {
		t.Errorf("columns %+v, want %+v", columns, want)
	}
	if read != 5 {
		t.Errorf("read = %d, want 5", read)
	}
}

func TestQueryKeepsItsOwnOrder(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT id, email FROM export ORDER BY email DESC":                                               "10 7 007 2 1",
		"SELECT id, email FROM export ORDER BY n LIMIT 3 OFFSET 1":                                       "1 007 7",
		"SELECT id, email FROM export UNION ALL SELECT 'x', n FROM export WHERE n = 40 ORDER BY id DESC": "x 7 2 10 1 007",
		"SELECT DISTINCT id, email FROM export ORDER BY length(id), id DESC":                             "7 2 1 10 007",
		"VALUES (1, 2)": "",
	} {
		t.Run(query, func(t *testing.T) {
			spec := Spec{Source: file(t, "a.csv", numbered), Query: query}
			if want == "" {
				if got := mustFail(t, spec); !strings.Contains(got, "not known: column1, column2") {
					t.Errorf("error %q", got)
				}
				return
			}
			if got := ids(mustCollect(t, spec)); got != want {
				t.Errorf("ids %q, want %q", got, want)
			}
		})
	}
}

func TestBadQuery(t *testing.T) {
	for query, want := range map[string]string{
		"DELETE FROM export":                                        "not a query",
		"ATTACH 'x' AS y":                                           "not a query",
		"PRAGMA query_only = OFF":                                   "not a query",
		"WITH a AS (SELECT 1) DELETE FROM export":                   "syntax error",
		"SELECT id, email FROM export; SELECT 1":                    "a second statement",
		"SELECT id, email FROM export) AS x; DROP TABLE export; --": "not opened",
		"SELECT id, email, n FROM export":                           "not known: n",
		"SELECT id, id, email FROM export":                          "not known: id:1",
		"SELECT email FROM export":                                  "no column id",
		"SELECT id FROM export":                                     "no column email",
		"SELECT id, email FROM export WHERE nosuch":                 "no such column: nosuch",
		"SELECT id, load_extension('x') AS email FROM export":       "not authorized",
	} {
		t.Run(query, func(t *testing.T) {
			got := mustFail(t, Spec{Source: file(t, "a.csv", numbered), Query: query})
			if !strings.Contains(got, want) || !strings.HasPrefix(got, "export.query: ") {
				t.Errorf("error %q, want export.query: and %q", got, want)
			}
		})
	}
	got := mustFail(t, Spec{Source: file(t, "a.csv", numbered), Query: "SELECT '' AS id, email FROM export"})
	if !strings.Contains(got, "export.query: row 1: the id is empty") {
		t.Errorf("error %q", got)
	}
}

func TestStagedColumnsMayBeNamedLikeAnything(t *testing.T) {
	content := "id,email,rowid,\"a \"\"q\"\" %s\",select\n1,x@x.org,77,b,c\n"
	got := mustCollect(t, Spec{
		Source: file(t, "a.csv", content), Where: `"a ""q"" %s" = 'b' AND rowid = '77'`,
		Columns: Columns{Name: `a "q" %s`, SSO: "select", Locale: "rowid"},
	})
	want := []account.Record{{Line: 2, ID: "1", Email: "x@x.org", Name: "b", SSO: "c", Locale: "77"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("records %+v, want %+v", got, want)
	}
	failed := mustFail(t, Spec{Source: file(t, "a.csv", "id,email,rowid,oid,_rowid_\n"), Where: "1"})
	if !strings.Contains(failed, "rowid, _rowid_ and oid") {
		t.Errorf("error %q", failed)
	}
}

func TestTextFilesBesideTheExportAreHeldToTheSame(t *testing.T) {
	got := mustFail(t, Spec{
		Source: file(t, "a.csv", numbered), Where: "id IN (SELECT id FROM affected)",
		Tables: map[string]string{"affected": file(t, "b.csv", "id,x\n1,2\n3\n")},
	})
	if !strings.Contains(got, "b.csv: line 3: 1 fields where the header has 2") {
		t.Errorf("error %q", got)
	}
}

func FuzzClause(f *testing.F) {
	for _, seed := range []string{"1", "id = 'a''b' -- x", "1); SELECT (1", "[a] = `b` /* ) */;", "\"a\"\"b\"", "'", "/*", "((1)", "é = 1; --",
		"id IN (SELECT DISTINCT b.id FROM b)", "EXISTS (SELECT 1 FROM b AS x WHERE lower(x.b) = a)", "a NOT IN (SELECT id FROM b, export)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := readClause("export.where", text)
		if err != nil {
			return
		}
		if !strings.HasPrefix(text, c.text) {
			t.Fatalf("%q became %q", text, c.text)
		}
		d := &database{clause: c, tables: []table{{exportTable, []string{"id", "a"}}, {"b", []string{"id", "b"}}}}
		for _, k := range d.comparisons(d.tables[1], Columns{}) {
			if k.item == "" || k.other == "" || k.value == "" || k.from == "" {
				t.Fatalf("%q compares %+v", c.text, k)
			}
		}
		last := -1
		for _, bare := range c.bare {
			if bare.at <= last || bare.at >= len(c.text) {
				t.Fatalf("%q has a name at %d, behind %d", c.text, bare.at, last)
			}
			last = bare.at
			if again := c.qualified([]string{foldASCII(bare.name)}); !strings.Contains(again, "export."+c.text[bare.at:bare.at+1]) {
				t.Fatalf("%q with %q qualified is %q", c.text, bare.name, again)
			}
		}
		// What is taken is taken again within brackets, and has no statement behind it.
		if again, err := readClause("export.where", "(\n"+c.text+"\n)"); err != nil || strings.TrimSpace(again.text) != "(\n"+c.text+"\n)" {
			t.Fatalf("%q does not stay within brackets: %q, %v", c.text, again.text, err)
		}
	})
}
