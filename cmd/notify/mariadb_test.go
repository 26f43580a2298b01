package main

import (
	"strings"
	"testing"

	"breachnotify/pkg/mariadbtest"
)

const mariadbAccounts = `CREATE TABLE accounts (id bigint PRIMARY KEY, mail text, full_name text, hash text, provider text, lang char(2));
CREATE TABLE orders (id int, note text);
INSERT INTO orders VALUES (1, 'it''s; INSERT INTO accounts VALUES (11);');
` + databaseRows

// The same accounts are planned, whether they come from the server, by a query in it, or
// from a dump; package live compares every kind of dump.
func TestMariaDBAndItsDumpsArePlannedAlike(t *testing.T) {
	t.Parallel()
	database := mariadbtest.New(t)
	database.Run(t, mariadbAccounts)
	affected := []string{"tables: {affected: affected.csv}", "where: id IN (SELECT account FROM affected)"}
	live := append([]string{"source: '" + database.URL + "'", "table: accounts", databaseColumns}, affected...)
	want := newDatabaseCampaign(t, live...).planned(t)
	if len(want) != 10 {
		t.Fatalf("planned %d accounts, want the 10 that are affected: %v", len(want), want)
	}
	query := []string{"source: '" + database.URL + "'",
		"query: SELECT id, mail AS email, full_name AS name, hash AS password, provider AS sso, lang AS locale FROM accounts"}
	samePlan(t, "a query and where", newDatabaseCampaign(t, append(query, affected...)...).planned(t), want)
	query[1] += " WHERE id <> 10"
	samePlan(t, "a query", newDatabaseCampaign(t, query...).planned(t), want)
	for _, options := range [][]string{{}, {"--hex-blob", "--complete-insert"}, {"--skip-opt"}} {
		c := newDatabaseCampaign(t, append([]string{"source: dump.sql", "table: accounts", databaseColumns}, affected...)...)
		c.write(t, "dump.sql", []byte(database.Dump(t, options...)))
		samePlan(t, strings.Join(append([]string{"mariadb-dump"}, options...), " "), c.planned(t), want)
	}
}
