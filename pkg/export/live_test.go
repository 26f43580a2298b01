package export

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"breachnotify/pkg/hint"
	"breachnotify/pkg/mariadbtest"
	"breachnotify/pkg/postgrestest"
)

// liveURLs returns databases that run, with the same tables, under their kinds.
func liveURLs(t *testing.T) map[string]string {
	t.Helper()
	postgres := postgrestest.New(t)
	mariadb := mariadbtest.New(t)
	const tables = `CREATE TABLE users (id integer, email text, name text, password text); CREATE TABLE breach (uid text);
		INSERT INTO users VALUES (7, 'ann@example.org', 'Ann, A.', '$2b$x'), (8, 'bob@example.org', 'Bob', NULL), (10, 'carol@example.org', NULL, '$2b$z');
		INSERT INTO breach VALUES ('7'), ('10')`
	postgres.Run(t, tables)
	mariadb.Run(t, tables)
	return map[string]string{"PostgreSQL": postgres.URL + "?sslmode=disable", "MariaDB": mariadb.URL + "?tls=false"}
}

func TestALiveDatabaseGivesTheSameRecords(t *testing.T) {
	affected := map[string]string{"affected": file(t, "a.csv", "id\n10\n7\n99\n")}
	for kind, url := range liveURLs(t) {
		users := "users"
		if kind == "PostgreSQL" {
			users = "public.users"
		}
		const query = "SELECT id, email, name, password FROM users ORDER BY id"
		for name, c := range map[string]struct {
			spec Spec
			want string
			read int64
		}{
			"a table":                     {Spec{Table: users}, "7 8 10", 3},
			"a table, where":              {Spec{Table: users, Where: "id < 10"}, "7 8", 3},
			"a table, by a list":          {Spec{Table: users, Where: "id IN (SELECT id FROM affected)", Tables: affected}, "7 10", 3},
			"a table, by another of it":   {Spec{Table: users, Where: "id IN (SELECT uid FROM breach)"}, "7 10", 3},
			"a query":                     {Spec{Query: strings.Replace(query, "users", "users WHERE id > 7", 1)}, "8 10", 2},
			"a query of the server":       {Spec{Query: "SELECT id, concat(name, '') AS name, email FROM users WHERE id IN (SELECT CAST(uid AS DECIMAL) FROM breach) ORDER BY id"}, "7 10", 2},
			"a query and where":           {Spec{Query: query, Where: "id <> 8"}, "7 10", 3},
			"a query and where by a list": {Spec{Query: query, Where: "id IN (SELECT id FROM affected)", Tables: affected}, "7 10", 3},
		} {
			t.Run(kind+", "+name, func(t *testing.T) {
				c.spec.Source = url
				records, _, read, err := collect(t.Context(), c.spec)
				if err != nil {
					t.Fatalf("%v, hints %q", err, hint.Of(err))
				}
				if ids(records) != c.want || read != c.read {
					t.Errorf("ids %q of %d, want %q of %d", ids(records), read, c.want, c.read)
				}
			})
		}
		for _, spec := range []Spec{{Source: url, Table: users}, {Source: url, Table: users, Where: "1"}, {Source: url, Query: query}} {
			if got := withoutLines(mustCollect(t, spec)); !reflect.DeepEqual(got, userRecords) {
				t.Errorf("%s: records %+v", kind, got)
			}
		}
		spec := Spec{Source: url, Table: users, Where: "id IN (SELECT id FROM affected)", Tables: affected}
		if got := unmatched(t, spec); !reflect.DeepEqual(got, []string{"affected 99"}) {
			t.Errorf("%s: unmatched %q", kind, got)
		}
		checkLiveErrors(t, url)
	}
}

func checkLiveErrors(t *testing.T, url string) {
	t.Helper()
	secret := strings.SplitN(strings.SplitN(url, "://", 2)[1], "@", 2)[0]
	for want, spec := range map[string]Spec{
		"several tables":                  {},
		"choose one with export.table":    {},
		`no table "nosuch"`:               {Table: "nosuch"},
		"no column id":                    {Table: "breach"},
		"columns that are not known":      {Query: "SELECT id, email, name AS nick FROM users"},
		"no such column: nosuch":          {Table: "breach", Where: "nosuch = 1", Columns: Columns{ID: "uid", Email: "uid"}},
		"export.query and export.table":   {Table: "breach", Query: "SELECT 1"},
		"the id is empty":                 {Query: "SELECT NULL AS id, email FROM users"},
		"preset keycloak":                 {Preset: "keycloak", Table: "breach"},
		"has a table of that name itself": {Table: "breach", Columns: Columns{ID: "uid", Email: "uid"}, Where: "1 OR uid IN (SELECT uid FROM breach)", Tables: map[string]string{"breach": file(t, "b.csv", "uid\n1\n")}},
	} {
		spec.Source = url
		got := mustFail(t, spec)
		if !strings.Contains(got, want) {
			t.Errorf("error %q does not say %q", got, want)
		}
		if strings.Contains(got, secret) {
			t.Errorf("error %q holds the user and the password", got)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, Spec{Source: url, Table: "breach"}); !errors.Is(err, context.Canceled) {
		t.Errorf("Open without a context gives %v", err)
	}
}

func TestALiveDatabaseGivesHashesInBytes(t *testing.T) {
	postgres, mariadb := postgrestest.New(t), mariadbtest.New(t)
	postgres.Run(t, `CREATE TABLE users (id integer, email text, password bytea, sso bytea);
		INSERT INTO users VALUES (1, 'a@example.org', '\xdeff00', NULL), (2, 'b@example.org', '', '\x2000'), (3, 'c@example.org', NULL, '\xff00')`)
	mariadb.Run(t, `CREATE TABLE users (id integer, email text, password varbinary(60), sso binary(2));
		INSERT INTO users VALUES (1, 'a@example.org', x'deff00', NULL), (2, 'b@example.org', '', x'2000'), (3, 'c@example.org', NULL, x'ff00');
		CREATE TABLE keyed (uid binary(2), email text, password text);
		INSERT INTO keyed VALUES (x'ff00', 'a@example.org', 'h')`)
	want := [][2]string{{"0xdeff00", ""}, {"", ""}, {"", "0xff00"}}
	for _, spec := range []Spec{
		{Source: postgres.URL + "?sslmode=disable", Table: "users"}, {Source: mariadb.URL + "?tls=false", Table: "users"},
		{Source: postgres.URL + "?sslmode=disable", Table: "users", Where: "id > 0"}, {Source: mariadb.URL + "?tls=false", Table: "users", Where: "id > 0"},
	} {
		var got [][2]string
		for _, rec := range mustCollect(t, spec) {
			got = append(got, [2]string{rec.Password, rec.SSO})
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s, where %q: %q, want %q", spec.Source[:5], spec.Where, got, want)
		}
	}
	spec := Spec{Source: mariadb.URL + "?tls=false", Table: "keyed", Columns: Columns{ID: "uid"}}
	for _, spec.Where = range []string{"", "email <> ''"} {
		got := mustFail(t, spec)
		advised := "SELECT HEX(uid) AS id, email, password FROM " + strings.TrimPrefix(mariadb.URL[strings.LastIndexByte(mariadb.URL, '/'):], "/") + ".keyed"
		if !strings.Contains(got, "row 1: the id, which is the column uid, is not UTF-8 text") || !strings.Contains(got, "query: "+advised) {
			t.Errorf("where %q: error %q, want the advice %s", spec.Where, got, advised)
		}
		if got := ids(mustCollect(t, Spec{Source: spec.Source, Query: advised})); got != "FF00" {
			t.Errorf("the advised query gives the ids %q", got)
		}
	}
}

func TestAPresetReadsALiveDatabase(t *testing.T) {
	postgres := postgrestest.New(t)
	postgres.Run(t, `CREATE TABLE users (id integer); CREATE SCHEMA auth;
		CREATE TABLE auth.users (id uuid, email text, encrypted_password text, raw_app_meta_data jsonb, raw_user_meta_data jsonb);
		CREATE TABLE auth.identities (user_id uuid, provider text);
		INSERT INTO auth.users VALUES ('00000000-0000-4000-8000-000000000001', 'ann@example.org', '$2a$x', '{}', '{"full_name": "Ann"}'),
			('00000000-0000-4000-8000-000000000002', 'bob@example.org', NULL, NULL, NULL);
		INSERT INTO auth.identities VALUES ('00000000-0000-4000-8000-000000000001', 'email'), ('00000000-0000-4000-8000-000000000002', 'google')`)
	url := postgres.URL + "?sslmode=disable"
	want := [][]string{
		{"00000000-0000-4000-8000-000000000001", "password", "ann@example.org", "Ann", ""},
		{"00000000-0000-4000-8000-000000000002", "sso", "bob@example.org", "", ""},
	}
	checkSigns(t, mustCollect(t, Spec{Source: url, Preset: "supabase"}), want)
	checkSigns(t, mustCollect(t, Spec{Source: url, Preset: "supabase", Where: "name = 'Ann'"}), want[:1])
	if got := mustFail(t, Spec{Source: url}); !strings.Contains(got, "export.preset: supabase") {
		t.Errorf("without a preset the error is %q", got)
	}
}
