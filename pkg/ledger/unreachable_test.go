package ledger

import (
	"fmt"
	"slices"
	"testing"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

func TestTheUnreachableAreThoseWhoWereNotTold(t *testing.T) {
	records := append(household(),
		excluded(7, "nowhere", campaign.NoAddress), excluded(8, "nobody", campaign.Unclassified),
		excluded(9, "wrong", campaign.InvalidAddress),
		person(10, "refused", "refused@small.example", account.SSO), person(11, "lost", "lost@small.example", account.SSO))
	records[len(records)-3].Written = "wrong at example"
	l := opened(t, planned(t, frozen(), records), Options{})
	_, err := l.Begin(t.Context(), noon)
	must(t, err)
	m := to(seqOf(t, l.Reader, "refused"), campaign.Pending, campaign.Rejected)
	m.Attempt.Code, m.Attempt.Enhanced, m.Attempt.Reply = 550, "5.1.1", "no such user"
	must(t, l.Record(t.Context(), m))
	bring(t, l, seqOf(t, l.Reader, "lost"), campaign.InDoubt)
	accept(t, l)
	must(t, l.End(t.Context(), campaign.RunEnd{At: noon}))
	imported(t, l, gone("1", "pair@big.example"))
	r := again(campaign.Bounced)
	r.Corrections = map[string]account.Address{"pair-1": address(t, "new@other.example")}
	resent(t, l, r)

	var got []string
	for u, err := range l.Unreachable(t.Context()) {
		must(t, err)
		got = append(got, fmt.Sprint(u.ID, " ", u.Class, u.State, u.Excluded, " ", u.Reason, " ", u.Status, " ", u.Permanence, " ", u.Generation, u.Written))
		if u.At.IsZero() || (u.Excluded == "") != (u.NoticeID != "") || u.Line == 0 {
			t.Errorf("%+v", u)
		}
	}
	slices.Sort(got)
	want := []string{
		"lost ssoin_doubt 250 2.0.0 ok  unknown 1",
		"nowhere no_address because   0",
		"pair-2 passwordbounced no_mailbox 5.1.1 permanent 1",
		"refused ssorejected rejected 5.1.1 permanent 1",
		"wrong invalid_address because   0wrong at example",
	}
	if !slices.Equal(got, want) {
		t.Errorf("unreachable:\n%q\nwant:\n%q", got, want)
	}
	for range l.Unreachable(t.Context()) {
		break // ends without a further call of the loop's body
	}
}

func TestTheUnreachableAreReadInPages(t *testing.T) {
	const n = failingPage*2 + 7
	f := frozen()
	f.BatchSize = failingPage + failingPage/2
	l := opened(t, planned(t, f, people(n)), Options{})
	_, err := l.Begin(t.Context(), noon)
	must(t, err)
	var moves []campaign.Move
	for seq := int64(1); seq <= n; seq++ {
		moves = append(moves, to(seq, campaign.Pending, campaign.Rejected))
	}
	must(t, l.Record(t.Context(), moves...))
	seen := map[string]bool{}
	for u, err := range l.Unreachable(t.Context()) {
		must(t, err)
		seen[u.ID] = true
	}
	if len(seen) != n {
		t.Errorf("%d of %d", len(seen), n)
	}
	must(t, l.End(t.Context(), campaign.RunEnd{At: noon}))
	forced := again(campaign.Rejected)
	forced.Force = true
	if got := resent(t, l, forced); got.Notices != n || got.Batches != 2 {
		t.Errorf("resent = %+v", got)
	}
}

func TestKeysThatMatchNoAccountAreKeptWithThePlan(t *testing.T) {
	d, err := Create(t.Context(), t.TempDir()+"/test.ledger")
	must(t, err)
	defer d.Close()
	for _, p := range people(3) {
		must(t, d.Add(t.Context(), p))
	}
	var want []campaign.Unmatched
	for i := range unmatchedRows + 5 {
		want = append(want, campaign.Unmatched{Table: "affected", Value: fmt.Sprintf("%06d", i)})
	}
	want = append(want, campaign.Unmatched{Table: "more", Value: ""}, campaign.Unmatched{Table: "more", Value: `"ä"`})
	for _, u := range slices.Concat(want, want[:3]) {
		must(t, d.AddUnmatched(t.Context(), u))
	}
	if err := d.Add(t.Context(), people(1)[0]); err == nil {
		t.Error("an account after the keys was taken")
	}
	if err := d.AddUnmatched(t.Context(), campaign.Unmatched{Value: "7"}); err == nil {
		t.Error("a key of no table was taken")
	}
	must(t, d.Seal(t.Context(), frozen()))
	r := readOnly(t, d.path)
	var got []campaign.Unmatched
	for u, err := range r.Unmatched(t.Context()) {
		must(t, err)
		got = append(got, u)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d keys, want %d", len(got), len(want))
	}
	if status := checkInvariants(t, r); status.Accounts.Unmatched != int64(len(want)) || status.Accounts.Selected != 3 {
		t.Errorf("accounts = %+v", status.Accounts)
	}
}

func TestReasonsHaveCountsAndExamples(t *testing.T) {
	records := people(9)
	for i := range records {
		if i == 4 {
			records[i].Locale = "de"
		}
		if i > 6 {
			records[i].Reason = "password_hash is set"
		}
	}
	records = append(records, records[0], excluded(20, "x", campaign.NoAddress), excluded(21, "y", campaign.NoAddress))
	records[9].Line = 19
	r := readOnly(t, planned(t, frozen(), records))
	reasons, err := r.Reasons(t.Context())
	must(t, err)
	var got []string
	for _, reason := range reasons {
		var ids []string
		for _, e := range reason.Examples {
			if e.To.IsZero() != (reason.Excluded == campaign.NoAddress) {
				t.Errorf("example %s: %s", e.ID, e.To)
			}
			ids = append(ids, e.ID)
		}
		got = append(got, fmt.Sprint(reason.Class, reason.Excluded, ": ", reason.Reason, " ", reason.Accounts, ids))
	}
	want := []string{
		"password: password is set 5 [id0 id1 id3]",
		"password: password_hash is set 1 [id7]",
		"sso: password is set 2 [id2 id5]",
		"sso: password_hash is set 1 [id8]",
		"no_address: because 2 [x y]",
		"duplicate: the same account is on an earlier line 1 [id0]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("reasons:\n%q\nwant:\n%q", got, want)
	}
	var sum int64
	for _, reason := range reasons {
		sum += reason.Accounts
	}
	if status := checkInvariants(t, r); sum != status.Accounts.Selected {
		t.Errorf("the reasons have %d accounts, the status %d", sum, status.Accounts.Selected)
	}
}

func TestAnAccountThatComesTwiceIsNoExampleOfItsFirstReason(t *testing.T) {
	records := people(2)
	r := readOnly(t, planned(t, frozen(), []campaign.Planned{records[0], records[0], records[1]}))
	reasons, err := r.Reasons(t.Context())
	must(t, err)
	if len(reasons) != 2 || reasons[0].Accounts != 2 || reasons[1].Excluded != campaign.Duplicate {
		t.Fatalf("reasons = %+v", reasons)
	}
	if first := reasons[0].Examples; len(first) != 2 || first[0].ID != "id0" || first[1].ID != "id1" {
		t.Errorf("examples = %+v", first)
	}
}
