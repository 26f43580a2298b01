package live_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"breachnotify/pkg/export/live"
	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/postgrestest"
)

func TestPostgresGivesTheTextOfCOPY(t *testing.T) {
	database := postgrestest.New(t)
	source := open(t, database.URL)
	for expression, want := range map[string]any{
		`9223372036854775807::bigint`:    int64(9223372036854775807),
		`(-9223372036854775808)::bigint`: int64(-9223372036854775808),
		`7::smallint`:                    int64(7),
		`true`:                           "t",
		`false`:                          "f",
		`NULL::text`:                     nil,
		`''`:                             "",
		`'NULL'`:                         "NULL",
		`'\N'`:                           `\N`,
		`E'a\tb\nc\\d\r\x01'`:            "a\tb\nc\\d\r\x01",
		`'ab'::char(4)`:                  "ab  ",
		`'10.0.0.1'::inet`:               "10.0.0.1",
		`'2001:db8::/32'::cidr`:          "2001:db8::/32",
		`1.5::numeric(38,10)`:            1.5,
		`12345678901234567890.1234567890::numeric(38,10)`: "12345678901234567890.1234567890",
		`'NaN'::numeric`:                      "NaN",
		`'-Infinity'::float8`:                 "-Infinity",
		`0.1::float8 + 0.2::float8`:           0.30000000000000004,
		`1.1::real`:                           1.1,
		`'\xDEADBEEF'::bytea`:                 `\xdeadbeef`,
		`date '2026-09-08'`:                   "2026-09-08",
		`date 'infinity'`:                     "infinity",
		`date '0044-03-15 BC'`:                "0044-03-15 BC",
		`timestamp '2026-09-08 07:06:05.4'`:   "2026-09-08 07:06:05.4",
		`interval '1 year 2 days 3 seconds'`:  "1 year 2 days 00:00:03",
		`array['a,b', NULL, 'NULL', '"', '']`: `{"a,b",NULL,"NULL","\"",""}`,
		`'{"b": 1,  "a": "\u00e9"}'::json`:    `{"b": 1,  "a": "\u00e9"}`,
		`'{"b": 1,  "a": 2}'::jsonb`:          `{"a": 2, "b": 1}`,
		`row(1, 'a b', NULL)`:                 `(1,"a b",)`,
		`'😀'`:                                 "😀",
	} {
		got, err := run(t, source, "SELECT "+expression+" AS v")
		if err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
		same(t, got, &content{columns: []string{"v"}, rows: [][]any{{want}}})
	}
}

// The settings of a database or a user change what text the server writes.
func TestPostgresSettingsDoNotChangeValues(t *testing.T) {
	database := postgrestest.New(t)
	database.Run(t, fmt.Sprintf(`ALTER DATABASE %[1]s SET datestyle = 'German'; ALTER DATABASE %[1]s SET intervalstyle = 'iso_8601';
		ALTER DATABASE %[1]s SET extra_float_digits = 0; ALTER DATABASE %[1]s SET statement_timeout = '20ms'`, database.Name))
	got, err := run(t, open(t, database.URL+"?client_encoding=LATIN1"),
		`SELECT date '2026-09-08' AS a, interval '1 day' AS b, 0.1::float8 + 0.2::float8 AS c, '日本' AS d FROM pg_sleep(0.05)`)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, &content{columns: []string{"a", "b", "c", "d"}, rows: [][]any{{"2026-09-08", "1 day", 0.30000000000000004, "日本"}}})
}

func TestPostgresListsTables(t *testing.T) {
	database := postgrestest.New(t)
	database.Run(t, `CREATE SCHEMA auth;
		CREATE DOMAIN account AS bigint;
		CREATE TABLE users (id account, gone int, email text, score numeric);
		ALTER TABLE users DROP COLUMN gone;
		CREATE TABLE auth."Odd ""name." ("a ""column" int);
		CREATE TABLE logs (at date) PARTITION BY RANGE (at);
		CREATE TABLE logs_2026 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
		CREATE TABLE bare ();
		CREATE VIEW seen AS SELECT id FROM users;
		INSERT INTO users SELECT n, 'x', 1 FROM generate_series(1, 1000) n; ANALYZE users`)
	tables, err := open(t, database.URL).Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, table := range tables {
		got = append(got, fmt.Sprintf("%s.%s %v %d %t", table.Schema, table.Name, table.Columns, table.Rows, table.Partition))
	}
	want := []string{
		fmt.Sprintf(`auth.Odd "name. [{a "column %d}] -1 false`, rows.Integer),
		`public.bare [] -1 false`,
		fmt.Sprintf(`public.logs [{at %d}] -1 false`, rows.Text),
		fmt.Sprintf(`public.logs_2026 [{at %d}] -1 true`, rows.Text),
		fmt.Sprintf(`public.seen [{id %d}] -1 false`, rows.Integer),
		fmt.Sprintf(`public.users [{id %d} {email %d} {score %d}] 1000 false`, rows.Integer, rows.Text, rows.Number),
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("tables\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPostgresFindsTablesByName(t *testing.T) {
	database := postgrestest.New(t)
	database.Run(t, `CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.users (id int); CREATE TABLE b.users (id int);
		CREATE TABLE "Accounts" (id int); CREATE TABLE "we""ird; DROP TABLE a.users; --" ("select" int, "x.y" text);
		INSERT INTO a.users VALUES (1); INSERT INTO b.users VALUES (2); INSERT INTO "Accounts" VALUES (3);
		INSERT INTO "we""ird; DROP TABLE a.users; --" VALUES (4, 'four')`)
	for name, want := range map[string]string{
		"a.users": "1", "b.users": "2", "accounts": "3", "PUBLIC.accounts": "3", `we"ird; DROP TABLE a.users; --`: "4four",
	} {
		all := readAll(t, open(t, database.URL).Read(t.Context(), name))
		for _, c := range all {
			if got := fmt.Sprint(c.rows[0]...); len(all) != 1 || got != want {
				t.Errorf("%s gives %s, want %s", name, got, want)
			}
		}
	}
	_, err := open(t, database.URL).Read(t.Context(), "users").Next()
	refused(t, err, []string{"more than one table is called users: a.users, b.users", "name the schema too"})
	_, err = open(t, database.URL).Read(t.Context(), "acounts").Next()
	refused(t, err, []string{"there is no table acounts", "there are: public.Accounts, "})
}

func TestPostgresCountsRowsOverAllTables(t *testing.T) {
	database := postgrestest.New(t)
	database.Run(t, `CREATE TABLE a (id int); CREATE TABLE b (id int); CREATE TABLE empty (id int, email text);
		INSERT INTO a VALUES (1), (2); INSERT INTO b VALUES (3)`)
	reader := open(t, database.URL).Read(t.Context(), "a", "empty", "b")
	var got []string
	for {
		row, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s%v%d", row.Table.Name, row.Values, row.At))
	}
	want := "a[]1 a[1]1 a[2]2 empty[]3 b[]3 b[3]3"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("rows %s, want %s", s, want)
	}
	if _, err := reader.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the end comes %v, want io.EOF again", err)
	}
}

func TestPostgresRunsNothingThatChangesData(t *testing.T) {
	database := postgrestest.New(t)
	database.Run(t, `CREATE TABLE accounts (id int); INSERT INTO accounts VALUES (1), (2);
		CREATE FUNCTION wipe() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM accounts; RETURN 1; END $$;
		CREATE FUNCTION unlock() RETURNS text LANGUAGE sql AS $$ SELECT set_config('transaction_read_only', 'off', false) $$;
		CREATE PROCEDURE purge() LANGUAGE plpgsql AS $$ BEGIN COMMIT; DELETE FROM accounts; END $$;
		CREATE SEQUENCE numbers`)
	for query, want := range map[string]string{
		"DELETE FROM accounts":              "gives no rows",
		"DELETE FROM accounts RETURNING id": "SQLSTATE 25006",
		"WITH gone AS (DELETE FROM accounts RETURNING id) SELECT id FROM gone": "SQLSTATE 25006",
		"SELECT wipe()":                                   "SQLSTATE 25006",
		"SELECT unlock()":                                 "SQLSTATE 25001",
		"SELECT nextval('numbers')":                       "SQLSTATE 25006",
		"SELECT 1; DELETE FROM accounts":                  "SQLSTATE 42601",
		"SELECT id FROM accounts FOR UPDATE":              "SQLSTATE 25006",
		"SELECT id INTO copy FROM accounts":               "gives no rows",
		"COMMIT":                                          "gives no rows",
		"SET TRANSACTION READ WRITE":                      "gives no rows",
		"CALL purge()":                                    "gives no rows",
		"DO $$ BEGIN DELETE FROM accounts; END $$":        "gives no rows",
		"COPY accounts TO '/tmp/never-written-by-a-test'": "gives no rows",
		"COPY accounts TO STDOUT":                         "gives no rows",
		"DROP TABLE accounts":                             "gives no rows",
		"SELECT id FROM accounts WHERE id = $1":           "parameters",
		"":                                                "gives no rows",
	} {
		_, err := run(t, open(t, database.URL), query)
		refused(t, err, []string{want, "run the query"})
	}
	if left := database.Value(t, "SELECT count(*) FROM accounts"); left != "2" {
		t.Errorf("%s accounts are left, want 2", left)
	}
}

func TestPostgresSeesOneMoment(t *testing.T) {
	database := postgrestest.New(t)
	database.Run(t, `CREATE TABLE accounts (id int); INSERT INTO accounts VALUES (1)`)
	source := open(t, database.URL)
	database.Run(t, `INSERT INTO accounts VALUES (2)`)
	for range 2 {
		if all := readAll(t, source.Read(t.Context(), "accounts")); len(all["public.accounts"].rows) != 1 {
			t.Errorf("the rows are %v, want the one that was there when the source was opened", all["public.accounts"].rows)
		}
	}
}

// More rows than fit into any buffer on the way, so that the server must wait for us.
const manyRows = "SELECT n AS id, repeat('x', 1000) AS filler FROM generate_series(1, 1000000) AS n"

func TestPostgresStreamsAndStops(t *testing.T) {
	database := postgrestest.New(t)
	running := func() string {
		return database.Value(t, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%generate_series(1, 1000000) AS n'")
	}
	stops := map[string]func(*live.Source, *live.Reader, context.CancelFunc) error{
		"the reader is closed": func(_ *live.Source, r *live.Reader, _ context.CancelFunc) error { r.Close(); return nil },
		"the source is closed": func(s *live.Source, _ *live.Reader, _ context.CancelFunc) error { return s.Close() },
		"the context ends": func(_ *live.Source, r *live.Reader, cancel context.CancelFunc) error {
			cancel()
			return untilCanceled(r)
		},
	}
	for name, stop := range stops {
		t.Run(name, func(t *testing.T) {
			source := open(t, database.URL)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			reader := source.Query(ctx, manyRows)
			for range 10 {
				if _, err := reader.Next(); err != nil {
					t.Fatal(err)
				}
			}
			if running() != "1" {
				t.Error("the server has sent everything: the rows are not streamed")
			}
			if err := stop(source, reader, cancel); err != nil {
				t.Error(err)
			}
			eventually(t, "the server stops", func() bool { return running() == "0" })
		})
	}
}

func TestPostgresAConnectionThatBreaksIsNoEnd(t *testing.T) {
	database := postgrestest.New(t)
	reader := open(t, database.URL).Query(t.Context(), manyRows)
	if _, err := reader.Next(); err != nil {
		t.Fatal(err)
	}
	database.Run(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%generate_series(1, 1000000) AS n'")
	_, err := tryReadAll(reader)
	refused(t, err, []string{"run the query"}, "owner")
}

func TestPostgresOneReaderAtATime(t *testing.T) {
	source := open(t, postgrestest.New(t).URL)
	first := source.Query(t.Context(), "SELECT 1 AS a")
	if _, err := first.Next(); err != nil {
		t.Fatal(err)
	}
	_, err := source.Query(t.Context(), "SELECT 2 AS a").Next()
	refused(t, err, []string{"not read to their end"})
	_, err = source.Tables(t.Context())
	refused(t, err, []string{"not read to their end"})
	readAll(t, first)
	if _, err := run(t, source, "SELECT 2 AS a"); err != nil {
		t.Error(err)
	}
}

func TestPostgresHidesNoRowsWithoutAWord(t *testing.T) {
	database := postgrestest.New(t)
	database.Run(t, `CREATE ROLE reader LOGIN PASSWORD 'secret-of-reader'; CREATE TABLE accounts (id int, tenant text);
		CREATE TABLE secrets (id int);
		GRANT SELECT ON accounts TO reader; ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
		CREATE POLICY tenants ON accounts USING (tenant = 'a'); INSERT INTO accounts VALUES (1, 'a'), (2, 'b')`)
	t.Cleanup(func() { database.Run(t, "DROP OWNED BY reader; DROP ROLE reader") })
	url := fmt.Sprintf("postgres://reader:secret-of-reader@127.0.0.1:%d/%s", database.Port(), database.Name)
	_, err := tryReadAll(open(t, url).Read(t.Context(), "accounts"))
	refused(t, err, []string{"read the table public.accounts", "row-level security", "SQLSTATE 42501", "BYPASSRLS"}, "secret-of-reader")
	_, err = tryReadAll(open(t, url).Read(t.Context(), "secrets"))
	refused(t, err, []string{"permission denied for table secrets", "right to SELECT"}, "reader")
}

func TestPostgresErrorsSayNoSecretAndNoValue(t *testing.T) {
	database := postgrestest.New(t)
	database.Run(t, `CREATE TABLE accounts (id int, email text); INSERT INTO accounts VALUES (1, 'jane@private.example')`)
	local := fmt.Sprintf("127.0.0.1:%d", database.Port())
	for url, want := range map[string][]string{
		"postgres://owner:wrong-pass@" + local + "/" + database.Name:        {"does not let this user in", "SQLSTATE 28P01", "PGPASSWORD"},
		"postgres://nobody-we-know:wrong-pass@" + local + "/postgres":       {"does not let this user in", "SQLSTATE 28"},
		strings.Replace(database.URL, database.Name, "no_such_database", 1): {`database "no_such_database" does not exist`, "at the end of the URL"},
		"postgres://owner:wrong-pass@127.0.0.1:1/x":                         {"postgres://127.0.0.1:1/x", "connection refused", "check the host and the port"},
		"postgres://owner:wrong-pass@db.invalid/x":                          {"postgres://db.invalid:5432/x", "check the host"},
		database.URL + "?sslmode=verify-full":                               {"certificate", "sslrootcert=FILE"},
		database.URL + "?sslmode=verify-full&sslrootcert=/no/such/file":     {"/no/such/file"},
		database.URL + "?sslmode=nonsense":                                  {"cannot be read", "sslmode"},
	} {
		_, err := live.Open(t.Context(), url, live.Options{})
		refused(t, err, want, "owner", "nobody-we-know", "wrong-pass", "p@ss", "p%40ss")
	}
	for query, want := range map[string][]string{
		"SELECT email::int FROM accounts":   {"SQLSTATE 22P02", "may hold an account's data"},
		"SELECT nothing FROM accounts":      {`column "nothing" does not exist, at character 8 (SQLSTATE 42703)`},
		"SELECT * FROM acounts":             {`relation "acounts" does not exist`, "check the name"},
		"SELEC * FROM accounts":             {"syntax error", "write one SELECT"},
		"SELECT id, id FROM accounts":       {`the column "id" comes twice`, "AS user_id"},
		"SELECT repeat('x', 17000000) AS v": {"export.max_record"},
		"SELECT repeat('x', 16777217) AS v": {"row 1", "export.max_record"},
	} {
		_, err := run(t, open(t, database.URL), query)
		refused(t, err, append(want, "postgres://"+local+"/"+database.Name+": run the query"), "jane", "private", "owner")
	}
}

func TestPostgresVerifiesTheCertificate(t *testing.T) {
	database := postgrestest.New(t)
	source := open(t, database.URL+"?sslmode=verify-full&sslrootcert="+database.CAFile)
	got, err := run(t, source, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
	if err != nil || got.rows[0][0] != "t" {
		t.Errorf("ssl is %v (%v), want t", got, err)
	}
}

func TestPostgresTakesWhatPsqlTakes(t *testing.T) {
	database := postgrestest.New(t)
	t.Run("a socket", func(t *testing.T) {
		open(t, fmt.Sprintf("postgresql:///%s?host=%s&port=%d&user=owner", database.Name, database.Socket, database.Port()))
	})
	t.Run("the environment", func(t *testing.T) {
		t.Setenv("PGPASSWORD", postgrestest.Password)
		t.Setenv("PGUSER", postgrestest.User)
		open(t, fmt.Sprintf("postgres://127.0.0.1:%d/%s", database.Port(), database.Name))
	})
}

func TestPostgresTextOfNoKnownEncoding(t *testing.T) {
	database := postgrestest.New(t)
	database.Run(t, `CREATE DATABASE unknown_encoding ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0`)
	_, err := run(t, open(t, strings.Replace(database.URL, database.Name, "unknown_encoding", 1)), `SELECT 1 AS id, E'M\374ller' AS name`)
	refused(t, err, []string{"SQLSTATE 22021", "iconv"}, "ller")
}
