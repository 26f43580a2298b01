package ledger

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// doubted is a ledger whose notices, one for a and b and one for c, are in doubt, and were
// sent again: a by itself to another mailbox, b and c to where they were.
func doubted(t *testing.T) *Ledger {
	t.Helper()
	records := []campaign.Planned{
		person(2, "a", "both@big.example", account.Password), person(3, "b", "both@big.example", account.Password),
		person(4, "c", "one@small.example", account.Password),
	}
	l := opened(t, planned(t, frozen(), records), Options{})
	_, err := l.Begin(t.Context(), noon)
	must(t, err)
	bring(t, l, 1, campaign.InDoubt)
	bring(t, l, 2, campaign.InDoubt)
	must(t, l.End(t.Context(), campaign.RunEnd{At: noon}))
	r := again(campaign.InDoubt)
	r.Corrections = map[string]account.Address{"a": address(t, "new@other.example")}
	if got := resent(t, l, r); got.Notices != 3 || got.Corrected != 1 {
		t.Fatalf("resent = %+v", got)
	}
	return l
}

// noticeOf returns the number of the notice to an address in the second generation.
func noticeOf(t *testing.T, r *Reader, to string) (seq int64) {
	t.Helper()
	must(t, r.db.Get(&seq, "SELECT seq FROM notices WHERE generation = 2 AND address = ?", to))
	return seq
}

// seqTo returns the notice of the plan to an address.
func seqTo(t *testing.T, r *Reader, to string) (seq int64) {
	t.Helper()
	must(t, r.db.Get(&seq, "SELECT seq FROM notices WHERE generation = 1 AND address = ?", to))
	return seq
}

func TestWhatTurnsOutAcceptedIsNotSentAgain(t *testing.T) {
	for _, kind := range []campaign.FindingKind{campaign.FoundDelivered, campaign.FoundQueued} {
		l := doubted(t)
		first := seqTo(t, l.Reader, "both@big.example")
		if got := imported(t, l, about(first, kind)); got.Confirmed != 1 || got.Withdrawn != 2 {
			t.Fatalf("imported = %+v, want one confirmed and two accounts withdrawn", got)
		}
		wantOutbox(t, l.Reader, map[string][]string{"one@small.example password": {"c"}})
		s := checkInvariants(t, l.Reader)
		if n := s.Notices; n.Total != 2 || n.Accepted != 1 || n.Pending != 1 || s.Resends.Withdrawn != 2 || s.Resends.Left != 1 {
			t.Errorf("status = %+v, %+v", n, s.Resends)
		}
		for line, err := range l.Accounts(t.Context(), Filter{Address: address(t, "both@big.example")}) {
			if must(t, err); line.State != campaign.Accepted || line.Generation != 1 || line.Address.Wire() != "both@big.example" ||
				!line.Withdrawn.Equal(later) {
				t.Errorf("account = %+v, want it accepted at its first address", line)
			}
		}
		resends, err := l.Resends(t.Context())
		if must(t, err); len(resends) != 1 || resends[0].Withdrawn != 2 {
			t.Errorf("resends = %+v", resends)
		}
		// A bounce that comes later is about the notice that is current again.
		if got := imported(t, l, about(first, campaign.FoundBounce)); got.Bounced != 1 {
			t.Errorf("imported = %+v, want one bounced", got)
		}
		_, err = l.Begin(t.Context(), later)
		must(t, err)
		bring(t, l, noticeOf(t, l.Reader, "one@small.example"), campaign.Accepted)
		must(t, l.End(t.Context(), campaign.RunEnd{At: later}))
		r := again(campaign.Bounced)
		r.Corrections = map[string]account.Address{"a": address(t, "new@other.example")} // where nothing went before
		if got := resent(t, l, r); got.Accounts != 2 || got.Corrected != 1 {
			t.Errorf("resent = %+v, want both", got)
		}
	}
}

// TestANoticeKeepsTheAccountsThatAreNotTold: two notices meet in a mailbox, and one of
// them turns out accepted.
func TestANoticeKeepsTheAccountsThatAreNotTold(t *testing.T) {
	l := doubted(t)
	_, err := l.Begin(t.Context(), later)
	must(t, err)
	for _, to := range []string{"both@big.example", "one@small.example", "new@other.example"} {
		bring(t, l, noticeOf(t, l.Reader, to), campaign.InDoubt)
	}
	must(t, l.End(t.Context(), campaign.RunEnd{At: later}))
	r := again(campaign.InDoubt)
	r.At = later
	same := address(t, "same@other.example")
	r.Corrections = map[string]account.Address{"a": same, "b": same, "c": same}
	if got := resent(t, l, r); got.Notices != 1 || got.Accounts != 3 {
		t.Fatalf("resent = %+v", got)
	}
	if got := imported(t, l, about(noticeOf(t, l.Reader, "new@other.example"), campaign.FoundDelivered)); got.Withdrawn != 1 {
		t.Errorf("imported = %+v", got)
	}
	wantOutbox(t, l.Reader, map[string][]string{"same@other.example password": {"b", "c"}})
	checkInvariants(t, l.Reader)
	if got := imported(t, l, about(noticeOf(t, l.Reader, "one@small.example"), campaign.FoundDelivered)); got.Withdrawn != 1 {
		t.Errorf("imported = %+v", got)
	}
	wantOutbox(t, l.Reader, map[string][]string{"same@other.example password": {"b"}})
	if s := checkInvariants(t, l.Reader); s.Notices.Accepted != 2 || s.Notices.Pending != 1 || s.Notices.Total != 3 {
		t.Errorf("notices = %+v", s.Notices)
	}
}

func TestWhatWasTriedIsNotWithdrawn(t *testing.T) {
	for state := range paths {
		if state == campaign.Pending {
			continue
		}
		l := doubted(t)
		_, err := l.Begin(t.Context(), later)
		must(t, err)
		second := noticeOf(t, l.Reader, "new@other.example")
		bring(t, l, second, state)
		if got := imported(t, l, about(seqTo(t, l.Reader, "both@big.example"), campaign.FoundDelivered)); got.Confirmed != 1 || got.Withdrawn != 1 {
			t.Errorf("%s: imported = %+v, want the account of the other notice withdrawn alone", state, got)
		}
		if got := stateOf(t, l.Reader, second); got != state {
			t.Errorf("the notice is %s, want %s", got, state)
		}
		checkInvariants(t, l.Reader)
	}
}

func TestTheSchemaRefusesAWithdrawalThatIsNone(t *testing.T) {
	l := doubted(t)
	first, second := seqTo(t, l.Reader, "one@small.example"), noticeOf(t, l.Reader, "one@small.example")
	imported(t, l, about(seqTo(t, l.Reader, "both@big.example"), campaign.FoundDelivered))
	withdrawn := noticeOf(t, l.Reader, "both@big.example")
	for _, wrong := range []string{
		fmt.Sprintf("INSERT INTO withdrawals VALUES (3, %d, %d, 1)", second, first), // which is in doubt
		fmt.Sprintf("INSERT INTO withdrawals VALUES (1, %d, %d, 1)", second, first),
		"DELETE FROM members", "DELETE FROM withdrawals", "UPDATE withdrawals SET at = 1",
		fmt.Sprintf("UPDATE notices SET current = 0 WHERE seq = %d", second),
		fmt.Sprintf("UPDATE notices SET current = 1 WHERE seq = %d", first),
		fmt.Sprintf("UPDATE notices SET current = 1 WHERE seq = %d", withdrawn),
		fmt.Sprintf("UPDATE notices SET state = 'sending', dated = 1 WHERE seq = %d", withdrawn),
		fmt.Sprintf("UPDATE notices SET state = 'rejected' WHERE seq = %d", withdrawn),
	} {
		if _, err := l.writer.conn.ExecContext(t.Context(), wrong); err == nil {
			t.Errorf("%s: it was taken", wrong)
		}
	}
	checkInvariants(t, l.Reader)
}

// TestEveryCommitOfAWithdrawalMayFail: it has happened or not, with what proves it.
func TestEveryCommitOfAWithdrawalMayFail(t *testing.T) {
	type failure struct {
		point  string
		commit int // 1: of what a dead process left; 2: of the findings; 3: of the withdrawal
	}
	for broke, happens := range map[failure]bool{
		{BeforeCommit, 2}: false, {AfterCommit, 2}: true, {BeforeCommit, 3}: true, {AfterCommit, 3}: true,
	} {
		path := doubted(t).path
		log := copied(t, path, "-wal", ".lock")
		commits := 0
		broken := errors.New("the disk is gone")
		l := opened(t, log, Options{Fault: func(at string) error {
			if at == broke.point {
				commits++
			}
			if at == broke.point && commits == broke.commit {
				return broken
			}
			return nil
		}})
		proof := about(seqTo(t, l.Reader, "both@big.example"), campaign.FoundDelivered)
		if _, err := l.Import(t.Context(), later, each(proof)); !errors.Is(err, broken) {
			t.Fatalf("%v: %v", broke, err)
		}
		must(t, l.Close())
		l = opened(t, log, Options{})
		if _, err := l.Recover(t.Context(), later); err != nil {
			t.Fatal(err)
		}
		if s := checkInvariants(t, l.Reader); (s.Resends.Withdrawn == 2) != happens || (s.Notices.Accepted == 1) != happens {
			t.Errorf("%v: %+v, %+v", broke, s.Notices, s.Resends)
		}
		imported(t, l, proof)
		if s := checkInvariants(t, l.Reader); s.Resends.Withdrawn != 2 || s.Notices.Accepted != 1 || s.Notices.Pending != 1 {
			t.Errorf("%v, again: %+v, %+v", broke, s.Notices, s.Resends)
		}
	}
}

// TestADeferredNoticeThatWasNeverTriedIsWithdrawn, and nobody waits for its time.
func TestADeferredNoticeThatWasNeverTriedIsWithdrawn(t *testing.T) {
	l := doubted(t)
	second := noticeOf(t, l.Reader, "one@small.example")
	must(t, l.Record(t.Context(), campaign.Move{
		Seq: second, From: campaign.Pending, To: campaign.Deferred, At: later, Next: later.Add(time.Hour),
	}))
	if got := imported(t, l, about(seqTo(t, l.Reader, "one@small.example"), campaign.FoundDelivered)); got.Withdrawn != 1 {
		t.Errorf("imported = %+v", got)
	}
	due, next, err := l.Due(t.Context(), later.Add(2*time.Hour), 9)
	if must(t, err); len(due) > 0 || !next.IsZero() {
		t.Errorf("due = %+v, next %s", due, next)
	}
	checkInvariants(t, l.Reader)
}
