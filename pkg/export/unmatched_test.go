package export

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// unmatched returns what matches nothing, after all records.
func unmatched(t *testing.T, spec Spec) []string {
	t.Helper()
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
	var all []string
	for u, err := range s.Unmatched(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if u.Unknown != "" {
			u.Value = "unknown"
		}
		if strings.HasPrefix(u.Value, "(no key") { // see TestRowsWithoutAKeyAndPaddedKeysAreTold
			continue
		}
		all = append(all, u.Table+" "+u.Value)
	}
	return all
}

func TestKeysThatMatchNoAccountAreTold(t *testing.T) {
	for format, source := range everyFormat(t) {
		for name, affected := range map[string]string{
			"CSV":    file(t, "a.csv", "id\n10\n99\n\n7\n99\nx1\n"),
			"NDJSON": file(t, "a.ndjson", "{\"id\":10}\n{\"id\":99}\n{\"id\":null}\n{\"id\":\"x1\"}\n"),
			"SQLite": sqliteDB(t, "a.db", "CREATE TABLE affected(id)", "INSERT INTO affected VALUES(10), (99), ('7'), (' '), ('x1'), (NULL)"),
		} {
			got := unmatched(t, Spec{Source: source, Where: "id IN (SELECT id FROM affected) AND email LIKE 'ann%'", Tables: map[string]string{"affected": affected}})
			if want := []string{"affected 99", "affected x1"}; !reflect.DeepEqual(got, want) {
				t.Errorf("%s with a list in %s: %q, want %q", format, name, got, want)
			}
		}
	}
}

func TestAKeyIsWhatTheClauseCompares(t *testing.T) {
	source := file(t, "users.csv", "uid,email,login\n7,Ann@x.org,ann\n8,bob@x.org,bob\n9,,\n")
	list := file(t, "a.csv", "who,kind,mail,login\n7,a,ann@X.org,bob\n8,b,eve@x.org,\n,c,bob@x.org,zed\n5,d,,ann\n")
	single := file(t, "b.csv", "whoever\n8\n6\n")
	mails := file(t, "c.csv", "kind,email\na,ANN@x.org\nb,eve@x.org\n")
	columns := Columns{ID: "uid"}
	for _, c := range []struct {
		clause string
		want   string
	}{
		{"uid IN (SELECT who FROM list)", "list 5"},
		{"id IN (SELECT who FROM list)", "list 5"},
		{"export.id IN (SELECT list.who FROM list WHERE kind = 'a')", "list 5"},
		{"uid NOT IN (SELECT DISTINCT who FROM list AS l)", "list 5"},
		{"EXISTS (SELECT 1 FROM list l WHERE l.who = export.uid AND l.kind <> 'x')", "list 5"},
		{"EXISTS (SELECT 1 FROM list WHERE uid = who)", "list 5"},
		{"login IN (SELECT login FROM list)", "list zed"},
		{"email IN (SELECT mail FROM list)", "list ann@X.org, list eve@x.org"},
		{"lower(email) IN (SELECT lower(mail) FROM list)", "list eve@x.org"},
		{"EXISTS (SELECT 1 FROM list l WHERE lower(l.mail) = lower(export.email))", "list eve@x.org"},
		{"email COLLATE NOCASE IN (SELECT mail FROM list)", "list eve@x.org"},
		{"CAST(uid AS INTEGER) IN (SELECT CAST(who AS INTEGER) FROM list)", "list 5"},
		{"uid IN (SELECT who FROM list) OR lower(email) IN (SELECT lower(mail) FROM list)", "list 5"},
		{"uid IN (SELECT who FROM list) AND lower(email) IN (SELECT lower(mail) FROM list)", "list 8, list bob@x.org, list 5"},
		{"EXISTS (SELECT 1 FROM list AS l WHERE l.login = export.login AND l.who = export.uid)", "list 5"},
		{"(SELECT count(*) FROM list WHERE kind > 'a') > 0", "list unknown"},
		{"(SELECT count(whoever) FROM single) > 0", "single 6"},
		{"(SELECT count(kind) FROM mails) > 0", "mails eve@x.org"},
		{"uid IN (SELECT whoever FROM single) OR uid IN (SELECT who FROM list)", "list 5, single 6"},
	} {
		t.Run(c.clause, func(t *testing.T) {
			tables := map[string]string{}
			for name, path := range map[string]string{"list": list, "single": single, "mails": mails} {
				if strings.Contains(c.clause, name) {
					tables[name] = path
				}
			}
			if got := strings.Join(unmatched(t, Spec{Source: source, Columns: columns, Where: c.clause, Tables: tables}), ", "); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
	for query, want := range map[string]string{
		"SELECT uid AS id, email FROM export JOIN list ON list.who = export.uid":                                          "list 5",
		"SELECT e.uid AS id, e.email FROM export e, list l WHERE e.uid = l.who AND e.login = 'ann'":                       "list 5",
		"SELECT uid AS id, email FROM export WHERE uid IN (SELECT who FROM list)":                                         "list 5",
		"WITH w AS (SELECT who FROM list) SELECT uid AS id, email FROM export WHERE uid IN w":                             "list unknown",
		"WITH w AS (SELECT whoever FROM list) SELECT uid AS id, email FROM export WHERE uid IN w":                         "list 6",
		"SELECT uid AS id, email FROM export WHERE login = 'ann' AND uid IN (SELECT coalesce(whoever, 'kind') FROM list)": "list 6",
	} {
		path := list
		if strings.Contains(query, "whoever") {
			path = single
		}
		if got := strings.Join(unmatched(t, Spec{Source: source, Query: query, Tables: map[string]string{"list": path}}), ", "); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

func TestUnmatchedOfAPresetGoesByItsFields(t *testing.T) {
	source := file(t, "d.sql", supabasePG)
	got := unmatched(t, Spec{
		Source: source, Preset: "supabase", Where: "id IN (SELECT id FROM affected) OR lower(email) IN (SELECT lower(mail) FROM mails)",
		Tables: map[string]string{"affected": file(t, "a.csv", "id\nu3\nu4\n"), "mails": file(t, "m.csv", "mail\nBOB@example.org\nzed@example.org\n")},
	})
	if want := []string{"affected u4", "mails zed@example.org"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestUnmatchedIsFastForManyAgainstMany(t *testing.T) {
	var users, affected strings.Builder
	users.WriteString("id,email\n")
	affected.WriteString("id\n")
	const rows = 100_000
	for i := range rows {
		fmt.Fprintf(&users, "%d,u%d@x.org\n", i, i)
		fmt.Fprintf(&affected, "%d\n", i+rows/2)
	}
	spec := Spec{Source: file(t, "u.csv", users.String()), Where: "id IN (SELECT id FROM affected)", Tables: map[string]string{"affected": file(t, "a.csv", affected.String())}}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s, err := Open(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, err := range s.Records(ctx) {
		if err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, err := range s.Unmatched(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != rows/2 {
		t.Errorf("%d unmatched, want %d", n, rows/2)
	}
	canceled, end := context.WithCancel(ctx)
	end()
	for _, err := range s.Unmatched(canceled) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after the end of its context: %v", err)
		}
	}
}

func TestColumnsThatAreEmptyEverywhereAreTold(t *testing.T) {
	for content, want := range map[string]string{
		"id,email,name,password,sso\n1,x,,,\n2,,NULL,h,\n": "[name sso]",
		"id,email,name\n1,x,n\n":                           "[]",
		"id,email\n":                                       "[id email]",
	} {
		for _, where := range []string{"", "1"} {
			s, err := Open(t.Context(), Spec{Source: file(t, "a.csv", content), Where: where})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for _, err := range s.Records(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
			}
			if got := fmt.Sprint(s.EmptyColumns()); got != want {
				t.Errorf("%q: %s, want %s", content, got, want)
			}
		}
	}
}

func TestRowsWithoutAKeyAndPaddedKeysAreTold(t *testing.T) {
	spec := Spec{
		Source: file(t, "u.csv", "id,email\n1,a@b.example\n2,b@b.example\n"),
		Where:  "id IN (SELECT id FROM affected)",
		Tables: map[string]string{"affected": file(t, "affected.csv", "id,email\n1,a@b.example\n,b@b.example\n\" \",c@b.example\n2 ,b@b.example\n")},
	}
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
	var got []string
	for u, err := range s.Unmatched(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, u.Value)
	}
	if want := []string{"2 ", "(no key in 2 rows)"}; !slices.Equal(got, want) {
		t.Errorf("unmatched are %q, want %q", got, want)
	}
}
