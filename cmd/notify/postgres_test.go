package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"breachnotify/pkg/postgrestest"
)

// databaseCampaign is a campaign folder whose export is a database or a dump of it.
type databaseCampaign struct{ postfixCampaign }

// databaseAccount is what `notify accounts` says of an account and the export decides.
type databaseAccount struct {
	ID, Address, Class, Excluded, Locale string
}

// newDatabaseCampaign makes a campaign with the keys of export, one in each element.
func newDatabaseCampaign(t *testing.T, export ...string) databaseCampaign {
	t.Helper()
	c := databaseCampaign{postfixCampaign{dir: t.TempDir()}}
	config := strings.Replace(baseConfig, "export: {source: accounts.csv}", "export:\n  "+strings.Join(export, "\n  "), 1)
	c.write(t, "notify.yaml", []byte(config))
	c.write(t, "affected.csv", []byte("account\n1\n2\n3\n4\n5\n6\n7\n8\n9\n9223372036854775807\n"))
	return c
}

// planned plans and returns what came of every account, in the order of the plan.
func (c databaseCampaign) planned(t *testing.T) []databaseAccount {
	t.Helper()
	c.notify(t, exitDone, "plan")
	stdout, _ := c.notify(t, exitDone, "accounts", "--json", "--reveal")
	var all []databaseAccount
	for decoder := json.NewDecoder(strings.NewReader(stdout)); decoder.More(); {
		var a databaseAccount
		noError(t, decoder.Decode(&a))
		all = append(all, a)
	}
	return all
}

// databaseColumns maps the columns of the tables of these tests.
const databaseColumns = "columns: {id: id, email: mail, name: full_name, password: hash, sso: provider, locale: lang}"

// databaseRows are accounts as both servers take them, of which the last is not affected.
const databaseRows = `INSERT INTO accounts VALUES
	(1, 'ann@north.example', 'Ann', '$2b$12$abc', NULL, 'en'),
	(2, 'ben@north.example', 'Ben O''Brien', NULL, 'google', 'de'),
	(3, NULL, 'Cem', '$2b$12$abc', NULL, 'en'),
	(4, '', 'Dan', '$2b$12$abc', NULL, 'en'),
	(5, 'eve@north.example', 'Zoë 😀', '!', '', 'en'),
	(6, 'fay@north.example', 'NULL', 'NULL', 'github', NULL),
	(7, 'gil@north.example', '', '$argon2id$v=19$m=1', 'google', ''),
	(8, 'ANN@north.example', 'Ann', '$2b$12$abc', NULL, 'en'),
	(9, '"john q"@north.example', 'John', '$2b$12$abc', NULL, 'en'),
	(9223372036854775807, 'max@north.example', 'Max', '$2b$12$abc', NULL, 'en'),
	(10, 'not-affected@north.example', 'Nia', '$2b$12$abc', NULL, 'en');
`

const postgresAccounts = `CREATE SCHEMA shop;
CREATE TABLE shop.accounts (id bigint PRIMARY KEY, mail text, full_name text, hash text, provider text, lang char(2));
CREATE TABLE shop.orders (id int, note text);
INSERT INTO shop.orders VALUES (1, E'tab\there, \\N and \\. there');
SET search_path = shop;
` + databaseRows

// The same accounts are planned, whether they come from the server, by a query in it, or
// from a dump; package live compares every kind of dump.
func TestPostgresAndItsDumpsArePlannedAlike(t *testing.T) {
	t.Parallel()
	database := postgrestest.New(t)
	database.Run(t, postgresAccounts)
	affected := []string{"tables: {affected: affected.csv}", "where: id IN (SELECT account FROM affected)"}
	live := append([]string{"source: '" + database.URL + "'", "table: shop.accounts", databaseColumns}, affected...)
	want := newDatabaseCampaign(t, live...).planned(t)
	if len(want) != 10 {
		t.Fatalf("planned %d accounts, want the 10 that are affected: %v", len(want), want)
	}
	query := []string{"source: '" + database.URL + "'",
		"query: SELECT id, mail AS email, full_name AS name, hash AS password, provider AS sso, lang AS locale FROM shop.accounts"}
	samePlan(t, "a query and where", newDatabaseCampaign(t, append(query, affected...)...).planned(t), want)
	query[1] += " WHERE id <> 10"
	samePlan(t, "a query", newDatabaseCampaign(t, query...).planned(t), want)
	for _, options := range [][]string{{}, {"--inserts", "--rows-per-insert=4"}, {"--table=shop.accounts", "--column-inserts"}} {
		name := strings.Join(append([]string{"pg_dump"}, options...), " ")
		c := newDatabaseCampaign(t, append([]string{"source: dump.sql", "table: accounts", databaseColumns}, affected...)...)
		c.write(t, "dump.sql", []byte(database.Dump(t, options...)))
		samePlan(t, name, c.planned(t), want)
	}
}

func samePlan(t *testing.T, name string, got, want []databaseAccount) {
	t.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("%s: planned\n%s\nwant\n%s", name, g, w)
	}
}

func TestAPostgresArchiveIsAnsweredWithPgRestore(t *testing.T) {
	database := postgrestest.New(t)
	database.Run(t, postgresAccounts)
	for _, format := range []string{"custom", "tar"} {
		c := newDatabaseCampaign(t, "source: accounts.dump", "table: accounts", databaseColumns)
		c.write(t, "accounts.dump", []byte(database.Dump(t, "--format="+format)))
		_, stderr := c.notify(t, exitFailed, "plan")
		if !strings.Contains(stderr, "pg_restore") || !strings.Contains(stderr, "accounts.dump") {
			t.Errorf("of a %s archive notify says %q, want the pg_restore command", format, stderr)
		}
	}
}

// The password of a database is in no output and in no file that notify writes.
func TestThePasswordOfADatabaseStaysWhereItIs(t *testing.T) {
	database := postgrestest.New(t)
	database.Run(t, postgresAccounts)
	export := []string{"source: '" + database.URL + "'", "table: accounts", databaseColumns}
	c := newDatabaseCampaign(t, export...)
	var said bytes.Buffer
	for _, args := range [][]string{{"-v", "plan"}, {"status", "--json"}} {
		stdout, stderr := c.notify(t, exitDone, args...)
		said.WriteString(stdout + stderr)
	}
	broken := strings.Replace(database.URL, database.Name, "no_such_database", 1)
	_, stderr := newDatabaseCampaign(t, "source: '"+broken+"'", "table: accounts", databaseColumns).notify(t, exitFailed, "plan")
	said.WriteString(stderr)
	if !strings.Contains(stderr, "no_such_database") || !strings.Contains(stderr, "hint: ") {
		t.Errorf("the error is %q, want the database and a hint", stderr)
	}
	files, err := filepath.Glob(filepath.Join(c.dir, "*.ledger*"))
	noError(t, err)
	if len(files) == 0 {
		t.Fatal("there is no ledger")
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		noError(t, err)
		said.Write(content)
	}
	for _, secret := range []string{postgrestest.Password, url.QueryEscape(postgrestest.Password), url.PathEscape(postgrestest.Password)} {
		if strings.Contains(said.String(), secret) {
			t.Errorf("notify writes the password %q", secret)
		}
	}
}
