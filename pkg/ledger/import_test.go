package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// key is that of every plan in the tests.
var key = frozen().Key

// later is when findings are made and imported in the tests.
var later = noon.Add(24 * time.Hour)

// heard is a final bounce of a kind that can be tried again, without a sign of what it
// is about.
func heard(digest string) campaign.Finding {
	return campaign.Finding{
		Digest: digest, Source: "mail", Kind: campaign.FoundBounce, Action: "failed", Status: "4.4.1",
		Permanence: campaign.Transient, Final: true, Reason: "expired", Diagnostic: "gave up", At: later,
		Place: campaign.Place{File: "box", Number: 1},
	}
}

// about is heard with the token of a notice.
func about(seq int64, kind campaign.FindingKind) campaign.Finding {
	f := heard(fmt.Sprintf("%s of %d", kind, seq))
	f.Kind, f.Tokens = kind, []string{key.NoticeID(seq)}
	return f
}

// gone says that the mailbox of an address does not exist.
func gone(digest, address string) campaign.Finding {
	f := heard(digest)
	f.Recipient, f.Status, f.Permanence, f.Reason = address, "5.1.1", campaign.Permanent, "no_mailbox"
	return f
}

// each yields findings without an error.
func each(findings ...campaign.Finding) func(func(campaign.Finding, error) bool) {
	return func(yield func(campaign.Finding, error) bool) {
		for _, f := range findings {
			if !yield(f, nil) {
				return
			}
		}
	}
}

func imported(tb testing.TB, l *Ledger, findings ...campaign.Finding) campaign.Imported {
	tb.Helper()
	counts, err := l.Import(tb.Context(), later, each(findings...))
	must(tb, err)
	return counts
}

// settled is an opened ledger whose notices were all accepted, by a run that has ended.
func settled(tb testing.TB, records []campaign.Planned) *Ledger {
	tb.Helper()
	l := opened(tb, planned(tb, frozen(), records), Options{})
	_, err := l.Begin(tb.Context(), noon)
	must(tb, err)
	accept(tb, l)
	must(tb, l.End(tb.Context(), campaign.RunEnd{At: noon}))
	return l
}

// accept takes every pending notice to accepted and returns them.
func accept(tb testing.TB, l *Ledger) (sent []campaign.Notice) {
	tb.Helper()
	for after := int64(0); ; {
		page, err := l.Pending(tb.Context(), after, 100)
		must(tb, err)
		if len(page) == 0 {
			return sent
		}
		for _, n := range page {
			bring(tb, l, n.Seq, campaign.Accepted)
			sent = append(sent, n)
			after = n.Seq
		}
	}
}

func TestAFindingMovesANoticeAsItsKindSays(t *testing.T) {
	for name, c := range map[string]struct {
		from, want campaign.State
		finding    func(*campaign.Finding)
		bounced    int64
		confirmed  int64
	}{
		"a final bounce of an accepted notice": {campaign.Accepted, campaign.Bounced, nil, 1, 0},
		"a final bounce of one in doubt":       {campaign.InDoubt, campaign.Bounced, nil, 1, 0},
		"a bounce that is not final":           {campaign.Accepted, campaign.Accepted, func(f *campaign.Finding) { f.Final = false }, 0, 0},
		"a delay":                              {campaign.InDoubt, campaign.InDoubt, func(f *campaign.Finding) { f.Kind = campaign.FoundDelay }, 0, 0},
		"a complaint":                          {campaign.Accepted, campaign.Accepted, func(f *campaign.Finding) { f.Kind = campaign.FoundFeedback }, 0, 0},
		"an automatic reply":                   {campaign.InDoubt, campaign.InDoubt, func(f *campaign.Finding) { f.Kind = campaign.FoundAutoReply }, 0, 0},
		"ordinary mail":                        {campaign.Accepted, campaign.Accepted, func(f *campaign.Finding) { f.Kind = campaign.FoundOther }, 0, 0},
		"a delivery of one in doubt":           {campaign.InDoubt, campaign.Accepted, func(f *campaign.Finding) { f.Kind = campaign.FoundDelivered }, 0, 1},
		"the relay's log about one in doubt":   {campaign.InDoubt, campaign.Accepted, func(f *campaign.Finding) { f.Kind = campaign.FoundQueued }, 0, 1},
		"a delivery of one that bounced":       {campaign.Bounced, campaign.Bounced, func(f *campaign.Finding) { f.Kind = campaign.FoundDelivered }, 0, 0},
		"a bounce of one that was refused":     {campaign.Rejected, campaign.Rejected, nil, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := ready(t, 9, Options{})
			bring(t, l, 2, c.from)
			f := about(2, campaign.FoundBounce)
			if c.finding != nil {
				c.finding(&f)
			}
			got := imported(t, l, f)
			if got.New != 1 || got.Bounced != c.bounced || got.Confirmed != c.confirmed || got.ByKind[f.Kind] != 1 {
				t.Errorf("imported = %+v", got)
			}
			if state := stateOf(t, l.Reader, 2); state != c.want {
				t.Errorf("state = %s, want %s", state, c.want)
			}
			again := imported(t, l, f, f)
			if again.New != 0 || again.Known != 2 || again.Bounced != 0 || again.Confirmed != 0 {
				t.Errorf("a second time: %+v", again)
			}
			checkInvariants(t, l.Reader)
		})
	}
}

func TestTheHistorySaysWhy(t *testing.T) {
	l := settled(t, people(9))
	imported(t, l, about(3, campaign.FoundBounce))
	for line, err := range l.Accounts(t.Context(), Filter{State: campaign.Bounced}) {
		must(t, err)
		if line.Seq != 3 || line.LastReply != "4.4.1 gave up" || line.Attempts != 1 || !line.Updated.Equal(later) {
			t.Errorf("line = %+v", line)
		}
	}
	status := checkInvariants(t, l.Reader)
	if status.Notices.Bounced != 1 || status.Findings.Total != 1 || status.Findings.ByKind[campaign.FoundBounce] != 1 {
		t.Errorf("status = %+v", status)
	}
}

func TestASignedFindingIsMatchedByTheSurestSign(t *testing.T) {
	l := settled(t, people(9))
	for name, c := range map[string]struct {
		sign func(*campaign.Finding)
		want campaign.Match
	}{
		"a token":                {func(f *campaign.Finding) { f.Tokens = []string{"news", strings.ToUpper(key.NoticeID(4))} }, campaign.MatchToken},
		"a Message-ID":           {func(f *campaign.Finding) { f.MessageID = "<" + key.NoticeID(4) + "@example.com>" }, campaign.MatchMessageID},
		"a bare Message-ID":      {func(f *campaign.Finding) { f.MessageID = key.NoticeID(4) + "@example.com" }, campaign.MatchMessageID},
		"X-Notice-ID":            {func(f *campaign.Finding) { f.NoticeID = key.NoticeID(4) }, campaign.MatchNoticeID},
		"a token before another": {func(f *campaign.Finding) { f.Tokens, f.NoticeID = []string{key.NoticeID(4)}, key.NoticeID(5) }, campaign.MatchToken},
	} {
		f := heard(name)
		c.sign(&f)
		imported(t, l, f)
		if line := lineOf(t, l.Reader, name); line.Matched != c.want || !slices.Equal(line.NoticeIDs, []string{key.NoticeID(4)}) {
			t.Errorf("%s: %q to %v", name, line.Matched, line.NoticeIDs)
		}
	}
	if status := checkInvariants(t, l.Reader); status.Notices.Bounced != 1 {
		t.Errorf("bounced = %d", status.Notices.Bounced)
	}
}

func lineOf(tb testing.TB, r *Reader, digest string) FindingLine {
	tb.Helper()
	for line, err := range r.Findings(tb.Context(), FindingFilter{}) {
		must(tb, err)
		if line.Digest == digest {
			return line
		}
	}
	tb.Fatalf("finding %q was not kept", digest)
	return FindingLine{}
}

func TestAForgedTokenChangesNothingAndIsCounted(t *testing.T) {
	records := people(9)
	l := settled(t, records)
	forged := gone("forged", records[0].To.Wire())
	forged.Tokens = []string{campaign.Key{9}.NoticeID(1)}
	got := imported(t, l, forged)
	if got.Foreign != 1 || got.Unmatched != 1 || got.Bounced != 0 {
		t.Errorf("imported = %+v", got)
	}
	if line := lineOf(t, l.Reader, "forged"); line.Mismatch != campaign.ForeignToken {
		t.Errorf("mismatch = %q", line.Mismatch)
	}
	forged.Digest, forged.MessageID = "forged, with a Message-ID", key.NoticeID(2)+"@example.com"
	if got := imported(t, l, forged); got.Foreign != 1 || got.Bounced != 1 {
		t.Errorf("imported = %+v, want our Message-ID to count", got)
	}
	beyond := about(99, campaign.FoundBounce)
	if got := imported(t, l, beyond); got.Unmatched != 1 || lineOf(t, l.Reader, beyond.Digest).Mismatch != campaign.MissingNotice {
		t.Errorf("a notice that is not there: %+v", got)
	}
	checkInvariants(t, l.Reader)
}

// household is a mailbox with a password and an SSO account, one with two password
// accounts, and one that is alone.
func household() []campaign.Planned {
	return []campaign.Planned{
		person(2, "both-p", "both@big.example", account.Password),
		person(3, "both-s", "Both@big.example", account.SSO),
		person(4, "pair-1", "pair@big.example", account.Password),
		person(5, "pair-2", "Pair@big.example", account.Password),
		person(6, "alone", "alone@small.example", account.Password),
	}
}

// seqOf is the current notice of an account.
func seqOf(tb testing.TB, r *Reader, id string) int64 {
	tb.Helper()
	n, err := r.NoticeOf(tb.Context(), id)
	must(tb, err)
	return n.Seq
}

func TestAnAddressMatchesWithCare(t *testing.T) {
	for name, c := range map[string]struct {
		finding  func(*campaign.Finding)
		want     []string // accounts whose notice bounced
		mismatch campaign.Mismatch
	}{
		"one notice to the mailbox": {
			func(f *campaign.Finding) { f.Recipient = "ALONE@small.example" }, []string{"alone"}, ""},
		"an address of the text, and nobody is named": {
			func(f *campaign.Finding) { f.Addresses = []string{"x@other.example", "alone@small.example"} }, []string{"alone"}, ""},
		"an address of the text, and somebody else is named": {
			func(f *campaign.Finding) {
				f.Recipient, f.Addresses = "else@other.example", []string{"else@other.example", "alone@small.example"}
			}, nil, campaign.NoMatch},
		"an address of the text, and a mailbox that is gone is another": {
			func(f *campaign.Finding) {
				*f = gone(f.Digest, "else@other.example")
				f.MessageID, f.Addresses = "alone@small.example", []string{"else@other.example", "alone@small.example"}
			}, nil, campaign.NoMatch},
		"an address of the text, and a local user is named": {
			func(f *campaign.Finding) { f.Recipient, f.Addresses = "root", []string{"alone@small.example"} }, nil, campaign.NoMatch},
		"an address of the text, and a token that is none": {
			func(f *campaign.Finding) {
				f.Tokens, f.Addresses = []string{"xyz123"}, []string{"alone@small.example"}
			}, nil, campaign.NoMatch},
		"the recipient, and a token that is none": {
			func(f *campaign.Finding) { f.Tokens, f.Recipient = []string{"xyz123"}, "alone@small.example" }, []string{"alone"}, ""},
		"more addresses in the text than are looked at": {
			func(f *campaign.Finding) {
				f.Addresses = append([]string{"alone@small.example"}, slices.Repeat([]string{"x@other.example"}, maxAddresses)...)
			}, nil, campaign.AmbiguousNotice},
		"the recipient before the text": {
			func(f *campaign.Finding) {
				f.Recipient, f.Addresses = "alone@small.example", []string{"pair@big.example"}
			}, []string{"alone"}, ""},
		"two mailboxes in the text": {
			func(f *campaign.Finding) { f.Addresses = []string{"alone@small.example", "pair@big.example"} },
			nil, campaign.AmbiguousNotice},
		"two notices to the mailbox": {
			func(f *campaign.Finding) { f.Recipient = "both@big.example" }, nil, campaign.AmbiguousNotice},
		"two notices to a mailbox that is gone": {
			func(f *campaign.Finding) { *f = gone(f.Digest, "both@big.example") }, []string{"both-p", "both-s"}, ""},
		"nobody of ours": {
			func(f *campaign.Finding) { f.Recipient = "else@other.example" }, nil, campaign.NoMatch},
		"nothing at all": {func(*campaign.Finding) {}, nil, campaign.NoMatch},
		"before the notice was sent": {
			func(f *campaign.Finding) { f.Recipient, f.At = "alone@small.example", noon.Add(-2*clockSkew) }, nil, campaign.NoMatch},
		"at a time that nobody knows": {
			func(f *campaign.Finding) { f.Recipient, f.At = "alone@small.example", time.Time{} }, []string{"alone"}, ""},
		"another message": {
			func(f *campaign.Finding) { f.Recipient, f.MessageID = "alone@small.example", "1@news.example" }, nil, campaign.OtherMessage},
		"another message, and the mailbox is gone": {
			func(f *campaign.Finding) {
				*f = gone(f.Digest, "alone@small.example")
				f.MessageID = "1@news.example"
			}, nil, campaign.OtherMessage},
		"another message by its notice id, and the mailbox is gone": {
			func(f *campaign.Finding) {
				*f = gone(f.Digest, "both@big.example")
				f.NoticeID = "0B6500EXVMZRGHR0"
			}, nil, campaign.OtherMessage},
	} {
		t.Run(name, func(t *testing.T) {
			l := settled(t, household())
			f := heard("x")
			c.finding(&f)
			imported(t, l, f)
			var bounced []string
			for line, err := range l.Accounts(t.Context(), Filter{State: campaign.Bounced}) {
				must(t, err)
				bounced = append(bounced, line.ID)
			}
			if !slices.Equal(bounced, c.want) {
				t.Errorf("bounced: %v, want %v", bounced, c.want)
			}
			if line := lineOf(t, l.Reader, "x"); line.Mismatch != c.mismatch {
				t.Errorf("mismatch = %q, want %q", line.Mismatch, c.mismatch)
			}
			checkInvariants(t, l.Reader)
		})
	}
}

// Two reports may be about one bounce: what is known of one notice says nothing about
// the other one to the mailbox, in whatever order they come.
func TestABounceOfOneNoticeIsNotTakenForOneOfTheOther(t *testing.T) {
	for _, sure := range []int{0, 1} {
		l := settled(t, household())
		first := about(seqOf(t, l.Reader, "both-p"), campaign.FoundBounce)
		second := heard("without a sign")
		second.Recipient = "both@big.example"
		findings := []campaign.Finding{second, second}
		findings[sure] = first
		imported(t, l, findings...)
		if line := lineOf(t, l.Reader, second.Digest); line.Mismatch != campaign.AmbiguousNotice {
			t.Errorf("%+v", line)
		}
		if status := checkInvariants(t, l.Reader); status.Notices.Bounced != 1 {
			t.Errorf("notices = %+v", status.Notices)
		}
	}
}

func TestADeliveryOfOtherMailIsNotKept(t *testing.T) {
	l := ready(t, 9, Options{})
	bring(t, l, 1, campaign.InDoubt)
	n, err := l.Pending(t.Context(), 1, 1)
	must(t, err)
	other := heard("a line of a log")
	other.Kind, other.Recipient, other.MessageID = campaign.FoundDelivered, n[0].To.Wire(), "1@news.example"
	got := imported(t, l, other)
	if got.Read != 1 || got.Unrelated != 1 || got.New != 0 || got.Confirmed != 0 {
		t.Errorf("imported = %+v", got)
	}
	for range l.Findings(t.Context(), FindingFilter{}) {
		t.Error("it was kept")
	}
}

func TestAFindingWaitsForTheReply(t *testing.T) {
	for name, c := range map[string]struct {
		kind  campaign.FindingKind
		reply campaign.State
		want  campaign.State
	}{
		"a bounce, then accepted":     {campaign.FoundBounce, campaign.Accepted, campaign.Bounced},
		"a bounce, then in doubt":     {campaign.FoundBounce, campaign.InDoubt, campaign.Bounced},
		"a bounce, then rejected":     {campaign.FoundBounce, campaign.Rejected, campaign.Rejected},
		"a delivery, then in doubt":   {campaign.FoundDelivered, campaign.InDoubt, campaign.Accepted},
		"a delivery, then accepted":   {campaign.FoundDelivered, campaign.Accepted, campaign.Accepted},
		"the log, then put off again": {campaign.FoundQueued, campaign.Deferred, campaign.Deferred},
	} {
		t.Run(name, func(t *testing.T) {
			l := ready(t, 9, Options{})
			bring(t, l, 1, campaign.Sending)
			if got := imported(t, l, about(1, c.kind)); got.Waiting != 1 {
				t.Errorf("imported = %+v", got)
			}
			must(t, l.Record(t.Context(), to(1, campaign.Sending, c.reply)))
			must(t, l.End(t.Context(), campaign.RunEnd{At: later}))
			if state := stateOf(t, l.Reader, 1); state != c.want {
				t.Errorf("state = %s, want %s", state, c.want)
			}
			checkInvariants(t, l.Reader)
		})
	}
}

func TestFindingsThatWaitTogetherCountInAnyOrder(t *testing.T) {
	for _, kinds := range [][]campaign.FindingKind{
		{campaign.FoundQueued, campaign.FoundBounce, campaign.FoundDelivered},
		{campaign.FoundBounce, campaign.FoundDelivered, campaign.FoundQueued},
	} {
		l := ready(t, 9, Options{})
		bring(t, l, 1, campaign.Sending)
		for _, kind := range kinds {
			imported(t, l, about(1, kind))
		}
		must(t, l.Record(t.Context(), to(1, campaign.Sending, campaign.InDoubt)))
		must(t, l.End(t.Context(), campaign.RunEnd{At: later}))
		if state := stateOf(t, l.Reader, 1); state != campaign.Bounced {
			t.Errorf("%v: %s", kinds, state)
		}
		checkInvariants(t, l.Reader)
	}
}

func TestAFindingIsImportedAfterACrash(t *testing.T) {
	for kind, want := range map[campaign.FindingKind]campaign.State{
		campaign.FoundBounce: campaign.Bounced, campaign.FoundQueued: campaign.Accepted, campaign.FoundDelay: campaign.InDoubt,
	} {
		l := ready(t, 9, Options{})
		bring(t, l, 1, campaign.Sending)
		must(t, l.Close())
		again := opened(t, l.path, Options{})
		imported(t, again, about(1, kind))
		if state := stateOf(t, again.Reader, 1); state != want {
			t.Errorf("%s: %s, want %s", kind, state, want)
		}
		checkInvariants(t, again.Reader)
	}
}

func TestWhatIsWrongWithAFindingIsSaidWithItsPlace(t *testing.T) {
	l := settled(t, people(9))
	good, bad := about(1, campaign.FoundBounce), about(2, "no kind")
	bad.Place = campaign.Place{File: "events.json", Number: 7}
	got, err := l.Import(t.Context(), later, each(good, bad, about(3, campaign.FoundBounce)))
	if err == nil || !strings.Contains(err.Error(), "finding 7 of events.json") || got.Bounced != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	broken := errors.New("the mailbox is gone")
	got, err = l.Import(t.Context(), later, func(yield func(campaign.Finding, error) bool) {
		_ = yield(about(4, campaign.FoundBounce), nil) && yield(campaign.Finding{}, broken)
	})
	if !errors.Is(err, broken) || got.Bounced != 1 || stateOf(t, l.Reader, 4) != campaign.Bounced {
		t.Errorf("%+v, %v: what came before an error is lost", got, err)
	}
	checkInvariants(t, l.Reader)
}

func TestHostileFindingsAreBounded(t *testing.T) {
	l := settled(t, people(9))
	long := strings.Repeat("ä\r\n\x00", 50_000)
	f := campaign.Finding{
		Digest: long, Source: long, Kind: campaign.FoundBounce, Tokens: slices.Repeat([]string{long}, 1000),
		MessageID: long, NoticeID: long, Addresses: slices.Repeat([]string{long}, 1000), Recipient: long, Action: long,
		Status: long, Permanence: "for ever", Reason: long, Diagnostic: long + "\xff", Place: campaign.Place{Number: -1},
	}
	if got := imported(t, l, f, f); got.New != 1 || got.Known != 1 {
		t.Errorf("imported = %+v", got)
	}
	for line, err := range l.Findings(t.Context(), FindingFilter{Unmatched: true}) {
		must(t, err)
		size := len(line.Digest) + len(line.Source) + len(line.MessageID) + len(line.Recipient) + len(line.Diagnostic)
		if size > 5000 || strings.ContainsAny(line.Diagnostic, "\r\n\x00") || line.Permanence != campaign.PermanenceUnknown {
			t.Errorf("kept %d octets: %+v", size, line)
		}
	}
}

func TestEveryCommitOfAnImportMayFail(t *testing.T) {
	broken := errors.New("the disk is gone")
	for point, happens := range map[string]bool{BeforeCommit: false, AfterCommit: true} {
		l := settled(t, people(9))
		must(t, l.Close())
		commits := 0
		l = opened(t, l.path, Options{Fault: func(at string) error {
			if at == point {
				commits++
			}
			if at == point && commits == 2 { // the first is Recover's
				return broken
			}
			return nil
		}})
		if _, err := l.Import(t.Context(), later, each(about(1, campaign.FoundBounce))); !errors.Is(err, broken) || !errors.Is(err, ErrStopped) {
			t.Fatalf("%s: %v", point, err)
		}
		must(t, l.Close())
		again := opened(t, l.path, Options{})
		if got := stateOf(t, again.Reader, 1) == campaign.Bounced; got != happens {
			t.Errorf("%s: happened = %v", point, got)
		}
		got := imported(t, again, about(1, campaign.FoundBounce))
		if got.New+got.Known != 1 || (got.Known == 1) != happens || stateOf(t, again.Reader, 1) != campaign.Bounced {
			t.Errorf("%s: imported again = %+v", point, got)
		}
		checkInvariants(t, again.Reader)
	}
}

func TestAnImportThatBreaksOffIsTakenUpAgain(t *testing.T) {
	l := settled(t, people(9))
	must(t, l.Close())
	broken, commits := errors.New("the disk is gone"), 0
	l = opened(t, l.path, Options{Fault: func(at string) error {
		if commits++; at == BeforeCommit && commits > 2*3 { // that of Recover, and two pages
			return broken
		}
		return nil
	}})
	var findings []campaign.Finding
	for i := range 3*importRows + 5 {
		f := about(int64(i%9)+1, campaign.FoundDelay)
		f.Digest = fmt.Sprint(i)
		findings = append(findings, f)
	}
	got, err := l.Import(t.Context(), later, each(findings...))
	if !errors.Is(err, broken) || got.New != 2*importRows {
		t.Fatalf("%+v, %v", got, err)
	}
	must(t, l.Close())
	again := opened(t, l.path, Options{})
	got = imported(t, again, findings...)
	if got.Known != 2*importRows || got.New != importRows+5 {
		t.Errorf("imported again: %+v", got)
	}
	if status := checkInvariants(t, again.Reader); status.Findings.Total != int64(len(findings)) {
		t.Errorf("findings = %+v", status.Findings)
	}
}

func TestImportNeedsTheLock(t *testing.T) {
	l := settled(t, people(9))
	if _, err := Open(t.Context(), l.path, Options{}); !errors.Is(err, ErrHeld) {
		t.Errorf("err = %v", err)
	}
}
