package ledger

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// again is a resend of notices in some states.
func again(states ...campaign.State) campaign.Resend {
	return campaign.Resend{States: states, At: later, By: "jane"}
}

func resent(tb testing.TB, l *Ledger, r campaign.Resend) campaign.Resent {
	tb.Helper()
	got, err := l.Resend(tb.Context(), r)
	must(tb, err)
	checkInvariants(tb, l.Reader)
	return got
}

func address(tb testing.TB, text string) account.Address {
	tb.Helper()
	a, err := account.ParseAddress(text)
	must(tb, err)
	return a
}

// outbox returns what is pending: the addresses with the accounts that each notice lists.
func outbox(tb testing.TB, r *Reader) map[string][]string {
	tb.Helper()
	found := map[string][]string{}
	for after := int64(0); ; {
		page, err := r.Pending(tb.Context(), after, 100)
		must(tb, err)
		if len(page) == 0 {
			return found
		}
		for _, n := range page {
			key := n.To.Wire() + " " + string(n.Class)
			if found[key] != nil {
				tb.Errorf("two notices for %s", key)
			}
			for _, a := range n.Accounts {
				found[key] = append(found[key], a.ID)
			}
			after = n.Seq
		}
	}
}

func wantOutbox(tb testing.TB, r *Reader, want map[string][]string) {
	tb.Helper()
	if got := outbox(tb, r); !maps.EqualFunc(got, want, slices.Equal) {
		tb.Errorf("pending: %v, want %v", got, want)
	}
}

func TestATransientBounceIsSentAgainOnce(t *testing.T) {
	l := settled(t, household())
	old := seqOf(t, l.Reader, "pair-1")
	imported(t, l, about(old, campaign.FoundBounce))
	_, plan, err := l.Frozen(t.Context())
	must(t, err)

	got := resent(t, l, again(campaign.Bounced))
	if got.Number != 1 || got.Notices != 1 || got.Accounts != 2 || got.Replaced != 1 || got.Batches != 1 ||
		got.ByClass[account.Password] != 1 || got.Corrected != 0 {
		t.Errorf("resent = %+v", got)
	}
	wantOutbox(t, l.Reader, map[string][]string{"pair@big.example password": {"pair-1", "pair-2"}})
	n, err := l.NoticeOf(t.Context(), "pair-2")
	must(t, err)
	if n.Generation != 2 || n.Seq <= old || n.ID == key.NoticeID(old) || !n.Planned.Equal(later) {
		t.Errorf("notice = %+v", n)
	}
	if second := resent(t, l, again(campaign.Bounced)); second.Number != 0 || second.Notices != 0 {
		t.Errorf("a second time: %+v", second)
	}
	_, now, err := l.Frozen(t.Context())
	must(t, err)
	status := checkInvariants(t, l.Reader)
	if now != plan || status.Notices.Total != 4 || status.Notices.Pending != 1 || status.Notices.Bounced != 0 ||
		status.Resends != (campaign.ResendCounts{Resends: 1, Notices: 1, Left: 1}) || status.Batches.Total-status.Batches.Done != 1 {
		t.Errorf("plan %s, was %s; status %+v", now, plan, status)
	}
	_, err = l.Begin(t.Context(), later)
	must(t, err)
	if sent := accept(t, l); len(sent) != 1 {
		t.Errorf("%d sent", len(sent))
	}
	readOnly(t, l.path) // holds the sums and the digests
}

func TestOnlyWhatCanBeWorthItIsSentAgain(t *testing.T) {
	records := people(12)
	l := ready(t, 12, Options{})
	refused := func(seq int64, code int, enhanced string) {
		m := to(seq, campaign.Pending, campaign.Rejected)
		m.Attempt.Code, m.Attempt.Enhanced = code, enhanced
		must(t, l.Record(t.Context(), m))
	}
	refused(1, 550, "5.1.1")
	refused(2, 451, "4.3.2")
	bring(t, l, 3, campaign.InDoubt)
	for seq := int64(4); seq <= 6; seq++ {
		bring(t, l, seq, campaign.Accepted)
	}
	must(t, l.End(t.Context(), campaign.RunEnd{At: noon}))
	hard, unclear := about(5, campaign.FoundBounce), about(6, campaign.FoundBounce)
	hard.Permanence, unclear.Permanence = campaign.Permanent, ""
	imported(t, l, about(4, campaign.FoundBounce), hard, unclear)

	for _, c := range []struct {
		state   campaign.State
		notices int64
		refused map[campaign.Refusal]int64
	}{
		{campaign.Rejected, 1, map[campaign.Refusal]int64{campaign.RefusedPermanent: 1}},
		{campaign.InDoubt, 1, map[campaign.Refusal]int64{}},
		{campaign.Bounced, 1, map[campaign.Refusal]int64{campaign.RefusedPermanent: 1, campaign.RefusedUnknown: 1}},
	} {
		got := resent(t, l, again(c.state))
		if got.Notices != c.notices || !maps.Equal(got.Refused, c.refused) {
			t.Errorf("%s: %+v", c.state, got)
		}
	}
	forced := again(campaign.Resendable()...)
	forced.Force = true
	if got := resent(t, l, forced); got.Notices != 3 || len(got.Refused) != 0 {
		t.Errorf("forced: %+v", got)
	}
	if status := checkInvariants(t, l.Reader); status.Notices.Total != int64(len(records)) || status.Notices.Failed() != 0 {
		t.Errorf("status = %+v", status.Notices)
	}
	lines, err := l.Resends(t.Context())
	must(t, err)
	if len(lines) != 4 || !lines[3].Forced || lines[0].By != "jane" || !slices.Equal(lines[0].States, []campaign.State{campaign.Rejected}) {
		t.Errorf("resends = %+v", lines)
	}
}

func TestTheStrongestBounceDecidesInAnyOrder(t *testing.T) {
	soft, hard := about(1, campaign.FoundBounce), about(1, campaign.FoundBounce)
	hard.Digest, hard.Permanence = "hard", campaign.Permanent
	for _, findings := range [][]campaign.Finding{{soft, hard}, {hard, soft}} {
		l := settled(t, people(3))
		imported(t, l, findings...)
		if got := resent(t, l, again(campaign.Bounced)); got.Refused[campaign.RefusedPermanent] != 1 {
			t.Errorf("resent = %+v", got)
		}
	}
}

func TestACorrectionGoesToTheNewAddressAlone(t *testing.T) {
	l := settled(t, household())
	imported(t, l, gone("1", "pair@big.example"))
	r := again(campaign.Bounced)
	r.Corrections = map[string]account.Address{"pair-2": address(t, "New.Pair@other.example")}
	got := resent(t, l, r)
	if got.Notices != 1 || got.Accounts != 1 || got.Corrected != 1 || got.Replaced != 0 || got.Refused[campaign.RefusedPermanent] != 1 {
		t.Errorf("resent = %+v", got)
	}
	wantOutbox(t, l.Reader, map[string][]string{"New.Pair@other.example password": {"pair-2"}})
	status := checkInvariants(t, l.Reader)
	if status.Notices.Total != 5 || status.Notices.Bounced != 1 || status.Resends.Corrected != 1 {
		t.Errorf("status = %+v", status)
	}
	// The other one of the old mailbox is still to be accounted for.
	left, err := l.NoticeOf(t.Context(), "pair-1")
	must(t, err)
	if left.State != campaign.Bounced || left.Generation != 1 {
		t.Errorf("the account without a correction: %+v", left)
	}
	if second := resent(t, l, r); second.Number != 0 || second.Refused[campaign.RefusedState] != 1 {
		t.Errorf("a second time: %+v", second)
	}
	for line, err := range l.Corrections(t.Context()) {
		must(t, err)
		if line.ID != "pair-2" || line.Was.Wire() != "pair@big.example" || line.Is.Wire() != "New.Pair@other.example" ||
			line.By != "jane" || !line.At.Equal(later) {
			t.Errorf("correction = %+v", line)
		}
	}
	// A later correction of the other one empties the old notice.
	r.Corrections = map[string]account.Address{"pair-1": address(t, "one@other.example")}
	if got := resent(t, l, r); got.Replaced != 1 || got.Notices != 1 {
		t.Errorf("the other one: %+v", got)
	}
}

func TestANewMailboxIsToldOnlyWhatItWasNotTold(t *testing.T) {
	l := settled(t, household())
	imported(t, l, gone("1", "pair@big.example"), gone("2", "both@big.example"))
	r := again(campaign.Bounced)
	r.Corrections = map[string]account.Address{
		"pair-1": address(t, "alone@small.example"), // has been told about another account
		"both-p": address(t, "ALONE@small.example"), // the same mailbox and class
		"both-s": address(t, "alone@small.example"), // another class
	}
	if got := resent(t, l, r); got.Notices != 2 || got.Accounts != 3 || got.Corrected != 3 || got.Replaced != 2 {
		t.Errorf("resent = %+v", got)
	}
	wantOutbox(t, l.Reader, map[string][]string{
		"ALONE@small.example password": {"both-p", "pair-1"}, // in the form of the first account
		"alone@small.example sso":      {"both-s"},
	})
	if seq := seqOf(t, l.Reader, "alone"); stateOf(t, l.Reader, seq) != campaign.Accepted {
		t.Error("the notice that the mailbox has got before changed")
	}
}

func TestACorrectionThatIsOfNoUseIsSaid(t *testing.T) {
	records := append(household(), excluded(9, "nowhere", campaign.NoAddress))
	l := settled(t, records)
	imported(t, l, about(seqOf(t, l.Reader, "pair-1"), campaign.FoundBounce), gone("2", "both@big.example"))
	r := again(campaign.Bounced)
	r.Corrections = map[string]account.Address{
		"stranger": address(t, "a@other.example"),
		"nowhere":  address(t, "b@other.example"),
		"alone":    address(t, "c@other.example"),  // was told
		"both-p":   address(t, "BOTH@big.example"), // the same mailbox: no correction
		"pair-1":   address(t, "first@other.example"),
	}
	got := resent(t, l, r)
	want := map[campaign.Refusal]int64{
		campaign.RefusedAccount: 1, campaign.RefusedExcluded: 1, campaign.RefusedState: 1,
		campaign.RefusedPermanent: 2, // both-p and both-s
	}
	if !maps.Equal(got.Refused, want) || got.Notices != 2 {
		t.Errorf("resent = %+v", got)
	}
	wantOutbox(t, l.Reader, map[string][]string{
		"first@other.example password": {"pair-1"}, "pair@big.example password": {"pair-2"},
	})
	if examples := got.Examples[campaign.RefusedAccount]; !slices.Equal(examples, []string{"stranger"}) {
		t.Errorf("examples = %v", examples)
	}
}

func TestACorrectionNeverLeadsBack(t *testing.T) {
	l := settled(t, household())
	imported(t, l, gone("1", "alone@small.example"))
	r := again(campaign.Bounced)
	r.Corrections = map[string]account.Address{"alone": address(t, "new@other.example")}
	resent(t, l, r)
	_, err := l.Begin(t.Context(), later)
	must(t, err)
	accept(t, l)
	must(t, l.End(t.Context(), campaign.RunEnd{At: later}))
	imported(t, l, about(seqOf(t, l.Reader, "alone"), campaign.FoundBounce))

	r.Corrections = map[string]account.Address{"alone": address(t, "Alone@small.example")}
	if got := resent(t, l, r); got.Notices != 0 || got.Refused[campaign.RefusedTried] != 1 {
		t.Errorf("back to the first address: %+v", got)
	}
	r.Force, r.DryRun = true, true
	if got := resent(t, l, r); got.Notices != 1 {
		t.Errorf("by force: %+v", got)
	}
	r.Force, r.DryRun = false, false
	r.Corrections = map[string]account.Address{"alone": address(t, "third@other.example")}
	if got := resent(t, l, r); got.Notices != 1 {
		t.Errorf("to a third address: %+v", got)
	}
	n, err := l.NoticeOf(t.Context(), "alone")
	must(t, err)
	if n.Generation != 3 || n.To.Wire() != "third@other.example" {
		t.Errorf("notice = %+v", n)
	}
	for _, known := range []string{"alone@small.example", "NEW@other.example", "third@other.example"} {
		var ids []string
		for line, err := range l.Accounts(t.Context(), Filter{Address: address(t, known)}) {
			must(t, err)
			ids = append(ids, line.ID)
		}
		if !slices.Equal(ids, []string{"alone"}) {
			t.Errorf("accounts of %s: %v", known, ids)
		}
	}
}

func TestAFindingAboutAnOldGenerationChangesItsHistoryAlone(t *testing.T) {
	l := ready(t, 9, Options{})
	bring(t, l, 1, campaign.InDoubt)
	must(t, l.End(t.Context(), campaign.RunEnd{At: noon}))
	before := checkInvariants(t, l.Reader).Notices.Total
	resent(t, l, again(campaign.InDoubt))
	got := imported(t, l, about(1, campaign.FoundDelivered), about(1, campaign.FoundBounce))
	if got.Confirmed != 1 || got.Bounced != 1 || got.Earlier != 1 || stateOf(t, l.Reader, 1) != campaign.Bounced {
		t.Errorf("imported = %+v, state %s", got, stateOf(t, l.Reader, 1))
	}
	status := checkInvariants(t, l.Reader)
	if status.Notices.Total != before || status.Notices.Bounced != 0 || status.Notices.InDoubt != 0 {
		t.Errorf("notices = %+v", status.Notices)
	}
	if got := resent(t, l, again(campaign.Resendable()...)); got.Number != 0 {
		t.Errorf("the old generation is sent again: %+v", got)
	}
}

func TestAnAddressMatchesTheGenerationThatItCanMean(t *testing.T) {
	l := settled(t, household())
	first := seqOf(t, l.Reader, "alone")
	imported(t, l, about(first, campaign.FoundBounce))
	resent(t, l, again(campaign.Bounced))
	_, err := l.Begin(t.Context(), later)
	must(t, err)
	second := accept(t, l)[0].Seq
	must(t, l.End(t.Context(), campaign.RunEnd{At: later}))

	unclear := heard("when nobody knows")
	unclear.Recipient, unclear.At = "alone@small.example", time.Time{}
	imported(t, l, unclear)
	if line := lineOf(t, l.Reader, unclear.Digest); line.Mismatch != campaign.AmbiguousNotice {
		t.Errorf("without a time: %+v", line)
	}
	after := heard("after the second")
	after.Recipient = "alone@small.example"
	imported(t, l, after)
	if line := lineOf(t, l.Reader, after.Digest); !slices.Equal(line.NoticeIDs, []string{key.NoticeID(second)}) {
		t.Errorf("after the second was sent: %+v", line)
	}
	checkInvariants(t, l.Reader)
}

func TestADryRunTellsAndChangesNothing(t *testing.T) {
	l := settled(t, household())
	imported(t, l, about(seqOf(t, l.Reader, "pair-1"), campaign.FoundBounce))
	r := again(campaign.Bounced)
	r.DryRun = true
	would := resent(t, l, r)
	if would.Notices != 1 || len(outbox(t, l.Reader)) != 0 || checkInvariants(t, l.Reader).Resends.Resends != 0 {
		t.Errorf("a dry run: %+v, then %v", would, outbox(t, l.Reader))
	}
	aside := filepath.Join(t.TempDir(), "aside.ledger")
	must(t, l.Copy(t.Context(), aside))
	r.DryRun = false
	other := opened(t, aside, Options{})
	resent(t, other, r)
	resent(t, l, r)
	copied, err := other.Pending(t.Context(), 0, 10)
	must(t, err)
	real, err := l.Pending(t.Context(), 0, 10)
	must(t, err)
	if len(copied) != 1 || len(real) != 1 || copied[0].ID != real[0].ID {
		t.Errorf("the copy would send %+v, the ledger %+v", copied, real)
	}
	if err := l.Copy(t.Context(), aside); err == nil {
		t.Error("a file that is there was written over")
	}
}

func TestAResendWithinARunIsRefused(t *testing.T) {
	l := ready(t, 9, Options{})
	bring(t, l, 1, campaign.InDoubt)
	if _, err := l.Resend(t.Context(), again(campaign.InDoubt)); !errors.Is(err, errBegun) {
		t.Errorf("err = %v", err)
	}
	must(t, l.End(t.Context(), campaign.RunEnd{At: noon}))
	if _, err := l.Resend(t.Context(), again(campaign.Accepted)); err == nil {
		t.Error("accepted notices are sent again")
	}
}

func TestEveryCommitOfAResendMayFail(t *testing.T) {
	broken := errors.New("the disk is gone")
	for point, happens := range map[string]bool{BeforeCommit: false, AfterCommit: true} {
		l := settled(t, household())
		imported(t, l, about(seqOf(t, l.Reader, "pair-1"), campaign.FoundBounce))
		must(t, l.Close())
		l = opened(t, l.path, Options{Fault: func(at string) error {
			if at == point {
				return broken
			}
			return nil
		}})
		if _, err := l.Resend(t.Context(), again(campaign.Bounced)); !errors.Is(err, broken) || !errors.Is(err, ErrStopped) {
			t.Fatalf("%s: %v", point, err)
		}
		must(t, l.Close())
		after := opened(t, l.path, Options{})
		checkInvariants(t, after.Reader)
		if got := len(outbox(t, after.Reader)) == 1; got != happens {
			t.Errorf("%s: happened = %v", point, got)
		}
		if got := resent(t, after, again(campaign.Bounced)); (got.Number == 0) != happens || len(outbox(t, after.Reader)) != 1 {
			t.Errorf("%s: again = %+v", point, got)
		}
	}
}

func TestTheSchemaRefusesToReplaceWhatMayBeTold(t *testing.T) {
	l := ready(t, 9, Options{})
	for i, state := range campaign.States() {
		seq := int64(i + 1)
		bring(t, l, seq, state)
		_, err := l.writer.conn.ExecContext(t.Context(), "UPDATE notices SET current = 0 WHERE seq = ?", seq)
		if may := slices.Contains(campaign.Resendable(), state); may != (err == nil) {
			t.Errorf("%s: %v", state, err)
		}
		if _, err := l.writer.conn.ExecContext(t.Context(), "UPDATE notices SET current = 1 WHERE seq = ?", seq); err == nil {
			t.Errorf("%s: made current again", state)
		}
	}
}

func TestACampaignThatIsAllPendingAgainHasStarted(t *testing.T) {
	l := ready(t, 9, Options{})
	for seq := int64(1); seq <= 9; seq++ {
		bring(t, l, seq, campaign.InDoubt)
	}
	must(t, l.End(t.Context(), campaign.RunEnd{At: noon}))
	if got := resent(t, l, again(campaign.InDoubt)); got.Notices != 9 {
		t.Fatalf("resent = %+v", got)
	}
	must(t, l.Close())
	if err := seal(t, l.path, frozen(), people(3)); !errors.Is(err, ErrStarted) {
		t.Errorf("a new plan over it: %v, want ErrStarted", err)
	}
}

func TestWhatADeadProcessLeftCanBeSentAgain(t *testing.T) {
	l := ready(t, 9, Options{})
	bring(t, l, 1, campaign.Sending)
	must(t, l.Close())
	dead := opened(t, l.path, Options{})
	r := again(campaign.InDoubt)
	r.DryRun = true
	if got := resent(t, dead, r); got.Notices != 1 || stateOf(t, dead.Reader, 1) != campaign.Sending {
		t.Errorf("a dry run: %+v, %s", got, stateOf(t, dead.Reader, 1))
	}
	if got := resent(t, dead, again(campaign.InDoubt)); got.Notices != 1 || stateOf(t, dead.Reader, 1) != campaign.InDoubt {
		t.Errorf("resent = %+v, %s", got, stateOf(t, dead.Reader, 1))
	}
}
