package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"breachnotify/pkg/campaign"
)

// version2 writes a ledger as the program of schema 2 left it: the one of a whole
// campaign, with exclusions, bounces and a resend.
func version2(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/version2.sql")
	must(t, err)
	path := filepath.Join(t.TempDir(), "old.ledger")
	must(t, os.WriteFile(path, nil, 0o600))
	must(t, spoil(path, string(text)))
	return path
}

func TestALedgerOfVersion2IsBroughtUpToDateWithAllThatItHolds(t *testing.T) {
	path := version2(t)
	if _, err := OpenReadOnly(t.Context(), path); !errors.Is(err, ErrOlder) {
		t.Fatalf("before the upgrade: %v, want ErrOlder", err)
	}
	l := opened(t, path, Options{})
	s := checkInvariants(t, l.Reader)
	checkGenerations(t, l.Reader)
	if s.Accounts.Selected != 100 || s.Accounts.Noticed+s.Accounts.Excluded != 100 || s.Accounts.ExcludedBy[campaign.Unclassified] != 2 ||
		s.Accounts.ExcludedBy[campaign.Withheld] != 0 || s.Notices.Accepted == 0 || s.Notices.Rejected == 0 || s.Notices.Bounced == 0 || s.Resends.Resends != 1 {
		t.Errorf("status = %+v", s)
	}
	var version int
	must(t, l.db.GetContext(t.Context(), &version, "PRAGMA user_version"))
	var dangling, counted int64
	must(t, l.db.GetContext(t.Context(), &dangling, "SELECT count(*) FROM pragma_foreign_key_check"))
	must(t, l.db.GetContext(t.Context(), &counted, "SELECT sum(accounts) FROM verdicts"))
	steps, err := migrations(embedded)
	must(t, err)
	if version != len(steps) || dangling != 0 || counted != 100 {
		t.Errorf("version %d, %d rows refer to nothing, %d accounts under verdicts", version, dangling, counted)
	}
	overrides, err := l.Overrides(t.Context())
	if must(t, err); len(overrides) != 0 {
		t.Errorf("overrides = %v", overrides)
	}
}

func TestTheUpgradedTablesTakeWhatTheyHaveTo(t *testing.T) {
	path := version2(t)
	must(t, opened(t, path, Options{}).Close())
	db, err := connect(path, writePragmas, 1) // foreign keys are enforced
	must(t, err)
	defer db.Close()
	for statement, fits := range map[string]bool{
		"INSERT INTO verdicts (number, reason, locale, excluded) VALUES (900, 'because', '', 'withheld')": true,
		"INSERT INTO verdicts (number, reason, locale, excluded) VALUES (901, 'because', '', 'mislaid')":  false,
		"INSERT INTO verdicts (number, reason, locale) VALUES (902, 'because', '')":                       false,
		"INSERT INTO census VALUES ('withheld', 1)":                                                       true,
		"INSERT INTO census VALUES ('mislaid', 1)":                                                        false,
		"DELETE FROM verdicts WHERE number = (SELECT min(verdict) FROM accounts)":                         false,
		"UPDATE accounts SET verdict = 77777 WHERE n = 1":                                                 false,
	} {
		if _, err := db.ExecContext(t.Context(), statement); (err == nil) != fits {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

func TestAMigrationThatLeavesRowsBehindIsTakenBack(t *testing.T) {
	path := version2(t)
	db, err := connect(path, writePragmas, 1)
	must(t, err)
	defer db.Close()
	conn, err := db.Connx(t.Context())
	must(t, err)
	defer conn.Close()
	steps := []migration{{}, {}, {"0003_broken.sql", "DELETE FROM verdicts WHERE number = (SELECT min(verdict) FROM accounts)"}}
	if err := migrate(t.Context(), conn, steps); !errors.Is(err, ErrCorrupt) {
		t.Errorf("err = %v, want ErrCorrupt", err)
	}
	var version, enforced, first int
	must(t, conn.GetContext(t.Context(), &version, "PRAGMA user_version"))
	must(t, conn.GetContext(t.Context(), &enforced, "PRAGMA foreign_keys"))
	must(t, conn.GetContext(t.Context(), &first, "SELECT count(*) FROM verdicts WHERE number = (SELECT min(verdict) FROM accounts)"))
	if version != 2 || enforced != 1 || first != 1 {
		t.Errorf("version %d, foreign keys %d, verdict %d", version, enforced, first)
	}
}

func TestANewPlanTellsWhetherALedgerOfAnOlderVersionWasSent(t *testing.T) {
	if err := seal(t, version2(t), frozen(), people(3)); !errors.Is(err, ErrStarted) {
		t.Errorf("err = %v, want ErrStarted", err)
	}
}
