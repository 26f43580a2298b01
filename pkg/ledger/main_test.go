package ledger

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// childMode makes the test binary play another process.
const childMode = "LEDGER_TEST_CHILD"

func TestMain(m *testing.M) {
	if mode := os.Getenv(childMode); mode != "" {
		os.Exit(child(mode, os.Args[len(os.Args)-1]))
	}
	os.Exit(m.Run())
}

// noon is the moment of every plan in the tests.
var noon = time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC)

func frozen() campaign.Frozen {
	return campaign.Frozen{
		Campaign: "test", At: noon, Key: campaign.Key{1, 2, 3}, Read: 1000, BatchSize: 4,
		Parts:    map[string]string{"links.reset": "aa", "notice.from": "bb"},
		Wordings: map[string][]byte{"en/password.md": []byte("words"), "en/empty.md": nil},
	}
}

// person is a record that gets a notice.
func person(line int64, id, address string, class account.Class) campaign.Planned {
	to, err := account.ParseAddress(address)
	if err != nil {
		panic(err)
	}
	return campaign.Planned{Line: line, ID: id, Name: "Name " + id, To: to, Class: class, Reason: "password is set", Locale: "en"}
}

// people are n records at three domains, every third in SSO.
func people(n int) []campaign.Planned {
	records := make([]campaign.Planned, n)
	for i := range records {
		class := account.Password
		if i%3 == 2 {
			class = account.SSO
		}
		domain := []string{"big.example", "big.example", "small.example", "other.example"}[i%4]
		records[i] = person(int64(i+2), fmt.Sprint("id", i), fmt.Sprintf("user%d@%s", i, domain), class)
	}
	return records
}

func excluded(line int64, id string, why campaign.Exclusion) campaign.Planned {
	return campaign.Planned{Line: line, ID: id, Reason: "because", Excluded: why}
}

func seal(tb testing.TB, path string, f campaign.Frozen, records []campaign.Planned) error {
	tb.Helper()
	d, err := Create(tb.Context(), path)
	if err != nil {
		return err
	}
	defer func() {
		if err := d.Close(); err != nil {
			tb.Errorf("Close: %v", err)
		}
	}()
	for _, p := range records {
		if err := d.Add(tb.Context(), p); err != nil {
			return err
		}
	}
	return d.Seal(tb.Context(), f)
}

// planned makes a ledger and returns its path.
func planned(tb testing.TB, f campaign.Frozen, records []campaign.Planned) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "test.ledger")
	must(tb, seal(tb, path, f, records))
	return path
}

func opened(tb testing.TB, path string, o Options) *Ledger {
	tb.Helper()
	l, err := Open(tb.Context(), path, o)
	must(tb, err)
	tb.Cleanup(func() { l.Close() })
	return l
}

func readOnly(tb testing.TB, path string) *Reader {
	tb.Helper()
	r, err := OpenReadOnly(tb.Context(), path)
	must(tb, err)
	tb.Cleanup(func() { r.Close() })
	return r
}

// ready is an opened ledger with n notices in a run.
func ready(tb testing.TB, n int, o Options) *Ledger {
	tb.Helper()
	l := opened(tb, planned(tb, frozen(), people(n)), o)
	_, err := l.Begin(tb.Context(), noon)
	must(tb, err)
	return l
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// to is a legal move's data for a notice to go from one state to another.
func to(seq int64, from, to campaign.State) campaign.Move {
	m := campaign.Move{Seq: seq, From: from, To: to, At: noon.Add(time.Minute)}
	switch to {
	case campaign.Sending:
		m.Dated = noon
		return m
	case campaign.Deferred:
		m.Next = noon.Add(time.Hour)
	}
	m.Counted = true
	m.Attempt = &campaign.Attempt{At: m.At, Stage: "dot", Code: 250, Enhanced: "2.0.0", Reply: "ok", Relay: "localhost:25"}
	return m
}

// paths are the moves that lead to each state.
var paths = map[campaign.State][]campaign.State{
	campaign.Pending:  {},
	campaign.Sending:  {campaign.Sending},
	campaign.Accepted: {campaign.Sending, campaign.Accepted},
	campaign.Deferred: {campaign.Sending, campaign.Deferred},
	campaign.Rejected: {campaign.Rejected},
	campaign.Bounced:  {campaign.Sending, campaign.Accepted, campaign.Bounced},
	campaign.InDoubt:  {campaign.Sending, campaign.InDoubt},
}

// bring takes a pending notice to a state.
func bring(tb testing.TB, l *Ledger, seq int64, state campaign.State) {
	tb.Helper()
	from := campaign.Pending
	for _, next := range paths[state] {
		must(tb, l.Record(tb.Context(), to(seq, from, next)))
		from = next
	}
}

func stateOf(tb testing.TB, r *Reader, seq int64) campaign.State {
	tb.Helper()
	var s campaign.State
	must(tb, r.db.Get(&s, "SELECT state FROM notices WHERE seq = ?", seq))
	return s
}

// checkInvariants holds the tally against the notices, and the database against
// itself.
func checkInvariants(tb testing.TB, r *Reader) campaign.Status {
	tb.Helper()
	var wrong int
	must(tb, r.db.Get(&wrong, `WITH counted AS (
			SELECT (SELECT max(number) FROM batches WHERE first <= seq) AS batch, class, state, count(*) AS n
			FROM notices WHERE current = 1 GROUP BY 1, 2, 3),
		kept AS (SELECT batch, class, state, n FROM tally WHERE n > 0)
		SELECT (SELECT count(*) FROM (SELECT * FROM counted EXCEPT SELECT * FROM kept))
			+ (SELECT count(*) FROM (SELECT * FROM kept EXCEPT SELECT * FROM counted))`))
	if wrong != 0 {
		tb.Fatalf("%d rows of the tally disagree with the notices", wrong)
	}
	checkGenerations(tb, r)
	var check string
	must(tb, r.db.Get(&check, "PRAGMA integrity_check"))
	if check != "ok" {
		tb.Fatalf("integrity_check: %s", check)
	}
	s, err := r.Status(tb.Context(), noon)
	must(tb, err)
	n := s.Notices
	if n.Total != n.Left()+n.Failed()+n.Accepted || s.Accounts.Selected != s.Accounts.Noticed+s.Accounts.Excluded {
		tb.Fatalf("the sums disagree: %+v", s)
	}
	return s
}

// checkGenerations holds that every account is in one current notice or excluded, that
// nobody else is, and that a notice goes to where its accounts belong.
func checkGenerations(tb testing.TB, r *Reader) {
	tb.Helper()
	const lastOfAll = "SELECT " + lastNotice + " AS last FROM accounts a WHERE last IS NOT NULL"
	for what, query := range map[string]string{
		"accounts without a current notice": `SELECT count(*) FROM accounts a JOIN verdicts ON number = verdict
			WHERE excluded IS NULL AND NOT EXISTS (SELECT 1 FROM notices o WHERE o.seq = ` + lastNotice + ` AND o.current = 1)`,
		"current notices about nobody":             `SELECT count(*) FROM notices WHERE current = 1 AND seq NOT IN (` + lastOfAll + `)`,
		"replaced notices that somebody waits for": `SELECT count(*) FROM notices WHERE current = 0 AND seq IN (` + lastOfAll + `)`,
		"accounts in two notices that are open or accepted": `SELECT count(*) FROM (SELECT account FROM
			(SELECT coalesce(a.lead, a.n) AS key, a.n AS account, o.seq, o.state FROM accounts a JOIN notices o
				ON o.lead = coalesce(a.lead, a.n) AND generation = 1
			UNION ALL SELECT 0, account, o.seq, o.state FROM members JOIN notices o ON o.seq = notice)
			WHERE state IN ('pending', 'sending', 'deferred') GROUP BY account HAVING count(*) > 1)`,
		"notices of another class than their accounts": `SELECT count(*) FROM members JOIN notices o ON o.seq = notice
			JOIN accounts a ON a.n = account JOIN verdicts v ON v.number = a.verdict WHERE v.class <> o.class`,
		"notices to send after one that was accepted": `SELECT count(*) FROM members JOIN notices o ON o.seq = notice
			JOIN notices p ON p.seq = replaces WHERE p.state = 'accepted' AND o.state IN ('pending', 'deferred') AND o.tries = 0`,
		"notices of nobody that are not withdrawn": `SELECT count(*) FROM notices o WHERE generation > 1
			AND NOT EXISTS (SELECT 1 FROM members WHERE notice = seq)
			AND (current = 1 OR tries > 0 OR NOT EXISTS (SELECT 1 FROM withdrawals WHERE notice = seq))`,
		"notices without their lead": `SELECT count(*) FROM notices o WHERE generation > 1 AND current = 1
			AND lead <> (SELECT min(account) FROM members WHERE notice = seq)`,
		"generations that do not count up": `SELECT count(*) FROM members JOIN notices o ON o.seq = notice
			JOIN notices p ON p.seq = replaces WHERE o.generation <= p.generation`,
	} {
		var n int
		must(tb, r.db.Get(&n, query))
		if n != 0 {
			tb.Fatalf("%d %s", n, what)
		}
	}
}

var background = context.Background()
