package live_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"breachnotify/pkg/export/live"
	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/mariadbtest"
)

func TestMariaDBGivesTheValuesOfADump(t *testing.T) {
	database := mariadbtest.New(t)
	source := open(t, database.URL)
	for expression, want := range map[string]any{
		`CAST(9223372036854775807 AS SIGNED)`:    int64(9223372036854775807),
		`-9223372036854775807 - 1`:               int64(-9223372036854775808),
		`CAST(18446744073709551615 AS UNSIGNED)`: "18446744073709551615",
		`TRUE`:                                   int64(1),
		`NULL`:                                   nil,
		`''`:                                     "",
		`'NULL'`:                                 "NULL",
		`'\\N'`:                                  `\N`,
		`'a\tb\nc\\d\r\0'`:                       "a\tb\nc\\d\r\x00",
		`CAST('1.5' AS DECIMAL(38,10))`:          1.5,
		`CAST('12345678901234567890.1234567890' AS DECIMAL(38,10))`: "12345678901234567890.1234567890",
		`1e20`:                              1e20,
		`0.1e0 + 0.2e0`:                     0.30000000000000004,
		`CAST(1.1 AS FLOAT)`:                1.1,
		`x'DEADBEEF'`:                       []byte{0xDE, 0xAD, 0xBE, 0xEF},
		`x'6869'`:                           "hi",
		`x'00'`:                             []byte{0},
		`b'101'`:                            "\x05", // without a column it is a binary string
		`DATE '2026-09-08'`:                 "2026-09-08",
		`TIMESTAMP '2026-09-08 07:06:05.4'`: "2026-09-08 07:06:05.4",
		`TIME '-100:59:59'`:                 "-100:59:59",
		`'😀'`:                               "😀",
		`_latin1 x'FC'`:                     "ü",
	} {
		got, err := run(t, source, "SELECT "+expression+" AS v")
		if err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
		same(t, got, &content{columns: []string{"v"}, rows: [][]any{{want}}})
	}
}

func TestMariaDBTimeStampsAreInUTC(t *testing.T) {
	database := mariadbtest.New(t)
	database.Run(t, `SET time_zone = '+05:00'; CREATE TABLE seen (at timestamp(3)); INSERT INTO seen VALUES ('2026-09-08 05:06:07.125')`)
	all := readAll(t, open(t, database.URL).Read(t.Context(), "seen"))
	same(t, all[database.Name+".seen"], &content{columns: []string{"at"}, rows: [][]any{{"2026-09-08 00:06:07.125"}}})
}

func TestMariaDBListsTables(t *testing.T) {
	database := mariadbtest.New(t)
	database.Run(t, "CREATE TABLE users (id bigint unsigned, email text, score decimal(10,2), raw blob, flags bit(3), hidden int INVISIBLE);"+
		"CREATE TABLE `Odd ``name.` (`a ``column` int); CREATE VIEW seen AS SELECT id FROM users;"+
		"INSERT INTO users (id) VALUES (1), (2); ANALYZE TABLE users")
	source := open(t, database.URL)
	tables, err := source.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, table := range tables {
		got = append(got, fmt.Sprintf("%s.%s %v %d", table.Schema, table.Name, table.Columns, table.Rows))
	}
	want := []string{
		fmt.Sprintf("%s.Odd `name. [{a `column %d}] 0", database.Name, rows.Integer),
		fmt.Sprintf("%s.seen [{id %d}] -1", database.Name, rows.Integer),
		fmt.Sprintf("%s.users [{id %d} {email %d} {score %d} {raw %d} {flags %d} {hidden %d}] 2", database.Name,
			rows.Integer, rows.Text, rows.Number, rows.Text, rows.Integer, rows.Integer),
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("tables\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if all := readAll(t, source.Read(t.Context(), "odd `NAME.", "users")); len(all[database.Name+".users"].columns) != 6 {
		t.Errorf("read %v, want also the invisible column", all)
	}
}

func TestMariaDBWithoutADatabaseInTheURL(t *testing.T) {
	database := mariadbtest.New(t)
	database.Run(t, "CREATE TABLE users (id int); INSERT INTO users VALUES (7)")
	url := strings.TrimSuffix(database.URL, database.Name)
	all := readAll(t, open(t, url).Read(t.Context(), database.Name+".users"))
	same(t, all[database.Name+".users"], &content{columns: []string{"id"}, rows: [][]any{{int64(7)}}})
	_, err := run(t, open(t, url), "SELECT id FROM users")
	refused(t, err, []string{"error 1046", "the name of the database at the end of the URL"})
}

func TestMariaDBRunsNothingThatChangesData(t *testing.T) {
	database := mariadbtest.New(t)
	database.Run(t, `CREATE TABLE accounts (id int); INSERT INTO accounts VALUES (1), (2);
		DELIMITER //
		CREATE FUNCTION wipe() RETURNS int MODIFIES SQL DATA BEGIN DELETE FROM accounts; RETURN 1; END//
		CREATE PROCEDURE clear_all() BEGIN COMMIT; DELETE FROM accounts; END//
		DELIMITER ;
		CREATE SEQUENCE numbers`)
	for query, want := range map[string]string{
		"DELETE FROM accounts":                                                "error 1064",
		"DELETE FROM accounts RETURNING id":                                   "error 1064",
		"INSERT INTO accounts VALUES (3) RETURNING id":                        "error 1064",
		"SELECT wipe()":                                                       "error 1792",
		"SELECT NEXT VALUE FOR numbers":                                       "error 1792",
		"SELECT 1; DELETE FROM accounts":                                      "error 1064",
		"SELECT id INTO @kept FROM accounts":                                  "error 1064",
		"SELECT id FROM accounts INTO OUTFILE '/tmp/never-written-by-a-test'": "error 1064",
		"COMMIT":                             "error 1064",
		"SET SESSION TRANSACTION READ WRITE": "error 1064",
		"CALL clear_all()":                   "error 1064",
		"DROP TABLE accounts":                "error 1064",
		"SHOW TABLES":                        "error 1064",
		"":                                   "error 1064",
	} {
		_, err := run(t, open(t, database.URL), query)
		refused(t, err, []string{want, "run the query"})
	}
	if left := database.Value(t, "SELECT count(*) FROM accounts"); left != "2" {
		t.Errorf("%s accounts are left, want 2", left)
	}
}

func TestMariaDBTakesAQueryAsPeopleWriteIt(t *testing.T) {
	database := mariadbtest.New(t)
	for _, query := range []string{
		"SELECT 1 AS id;", "  select 1 as id ; \n", "SELECT 1 AS id -- the only one", "SELECT 1 AS id # the only one",
		"WITH x AS (SELECT 1 AS id) SELECT id FROM x", "(SELECT 1 AS id)", "/* all */ SELECT 1 AS id ORDER BY 1 LIMIT 5",
	} {
		got, err := run(t, open(t, database.URL), query)
		if err != nil {
			t.Errorf("%q: %v", query, err)
			continue
		}
		same(t, got, &content{columns: []string{"id"}, rows: [][]any{{int64(1)}}})
	}
}

func TestMariaDBSeesOneMoment(t *testing.T) {
	database := mariadbtest.New(t)
	database.Run(t, `CREATE TABLE accounts (id int); INSERT INTO accounts VALUES (1)`)
	source := open(t, database.URL)
	database.Run(t, `INSERT INTO accounts VALUES (2)`)
	for range 2 {
		if all := readAll(t, source.Read(t.Context(), "accounts")); len(all[database.Name+".accounts"].rows) != 1 {
			t.Errorf("the rows are %v, want the one that was there when the source was opened", all)
		}
	}
}

// More rows than fit into any buffer on the way, so that the server must wait for us.
const manyMariaDBRows = "SELECT seq AS id, repeat('x', 1000) AS filler FROM seq_1_to_1000000"

func TestMariaDBStreamsAndStops(t *testing.T) {
	database := mariadbtest.New(t)
	running := func() string {
		return database.Value(t, "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%seq_1_to_1000000'")
	}
	for name, stop := range map[string]func(*live.Source, *live.Reader, context.CancelFunc) error{
		"the reader is closed": func(_ *live.Source, r *live.Reader, _ context.CancelFunc) error { r.Close(); return nil },
		"the source is closed": func(s *live.Source, _ *live.Reader, _ context.CancelFunc) error { return s.Close() },
		"the context ends": func(_ *live.Source, r *live.Reader, cancel context.CancelFunc) error {
			cancel()
			return untilCanceled(r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			source := open(t, database.URL)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			reader := source.Query(ctx, manyMariaDBRows)
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

func TestMariaDBAConnectionThatBreaksIsNoEnd(t *testing.T) {
	database := mariadbtest.New(t)
	reader := open(t, database.URL).Query(t.Context(), manyMariaDBRows)
	if _, err := reader.Next(); err != nil {
		t.Fatal(err)
	}
	database.Run(t, "KILL "+database.Value(t, "SELECT id FROM information_schema.processlist WHERE info LIKE '%seq_1_to_1000000'"))
	_, err := tryReadAll(reader)
	refused(t, err, []string{"run the query"}, "owner")
}

// untilCanceled reads what was on its way and returns an error unless the reader ends as
// its context did.
func untilCanceled(r *live.Reader) error {
	for {
		switch _, err := r.Next(); {
		case errors.Is(err, context.Canceled):
			return nil
		case err != nil:
			return fmt.Errorf("got %w, want context.Canceled", err)
		}
	}
}

func TestMariaDBErrorsSayNoSecretAndNoValue(t *testing.T) {
	database := mariadbtest.New(t)
	database.Run(t, `CREATE TABLE accounts (id int, email text); INSERT INTO accounts VALUES (1, 'jane@private.example');
		CREATE TABLE hidden (id int); CREATE USER reader@'%' IDENTIFIED BY 'secret-of-reader';
		GRANT SELECT ON `+database.Name+`.accounts TO reader@'%'`)
	t.Cleanup(func() { database.Run(t, "DROP USER reader@'%'") })
	local := fmt.Sprintf("127.0.0.1:%d", database.Port())
	for url, want := range map[string][]string{
		"mysql://owner:wrong-pass@" + local + "/" + database.Name:           {"does not let this user in", "error 1045", "MYSQL_PWD"},
		"mysql://reader:secret-of-reader@" + local + "/mysql":               {"does not let this user use the database", "error 1044"},
		strings.Replace(database.URL, database.Name, "no_such_database", 1): {"Unknown database 'no_such_database'", "at the end of the URL"},
		"mysql://owner:wrong-pass@127.0.0.1:1/x":                            {"mysql://127.0.0.1:1/x", "connection refused", "check the host and the port"},
		"mysql://owner:wrong-pass@db.invalid/x":                             {"mysql://db.invalid:3306/x", "check the host"},
		database.URL + "?tls=true":                                          {"certificate", "ssl-ca=FILE"},
	} {
		_, err := live.Open(t.Context(), url, live.Options{})
		refused(t, err, want, "owner", "reader", "wrong-pass", "p@ss", "p%40ss", "secret-of")
	}
	for query, want := range map[string][]string{
		"SELECT nothing FROM accounts":                                {"Unknown column 'nothing'", "error 1054", "check the names"},
		"SELECT * FROM acounts":                                       {"acounts' doesn't exist", "error 1146"},
		"SELEC * FROM accounts":                                       {"SQL syntax", "write one SELECT"},
		"SELECT id, id FROM accounts":                                 {"Duplicate column name 'id'", "AS user_id"},
		"SELECT (SELECT email FROM accounts UNION SELECT 'x') AS v":   {"error 1242", "may hold an account's data"},
		"SELECT repeat('x', 9000000) AS a, repeat('x', 9000000) AS b": {"row 1", "export.max_record"},
	} {
		_, err := run(t, open(t, database.URL), query)
		refused(t, err, append(want, "mysql://"+local+"/"+database.Name+": run the query"), "jane", "private", "owner")
	}
	_, err := run(t, open(t, "mysql://reader:secret-of-reader@"+local+"/"+database.Name), "SELECT * FROM hidden")
	refused(t, err, []string{"may not SELECT from the table", "error 1142"}, "reader'", "secret-of")
}

func TestMariaDBVerifiesTheCertificate(t *testing.T) {
	database := mariadbtest.New(t)
	for _, parameters := range []string{"?ssl-ca=" + database.CAFile, "?ssl-mode=VERIFY_IDENTITY&ssl-ca=" + database.CAFile, ""} {
		source := open(t, database.URL+parameters)
		got, err := run(t, source, "SELECT variable_value AS cipher FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'")
		if err != nil || got.rows[0][0] == "" {
			t.Errorf("%q: the cipher is %v (%v), want one", parameters, got, err)
		}
	}
}

func TestMariaDBTakesWhatItsClientTakes(t *testing.T) {
	database := mariadbtest.New(t)
	t.Setenv("MYSQL_PWD", mariadbtest.Password)
	open(t, fmt.Sprintf("mysql://owner@/%s?socket=%s", database.Name, database.Socket))
	open(t, fmt.Sprintf("mysql://owner@localhost:%d/%s", database.Port(), database.Name))
}
