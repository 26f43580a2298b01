package ledger

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

func TestADeadlineIsHeldAgainstTheEnd(t *testing.T) {
	f := frozen()
	f.Deadline = campaign.Deadline{At: noon.Add(72 * time.Hour), Discovered: noon, Term: "72h", Zone: "UTC"}
	path := planned(t, f, people(4))
	l, err := Open(t.Context(), path, Options{})
	must(t, err)
	defer l.Close()
	if d, err := l.Deadline(t.Context()); err != nil || !d.At.Equal(f.Deadline.At) || !d.Discovered.Equal(noon) || d.Term != "72h" || d.Zone != "UTC" {
		t.Errorf("the deadline is %+v (%v)", d, err)
	}
	margin := func(now time.Time) *int64 {
		t.Helper()
		s, err := l.Status(t.Context(), now)
		must(t, err)
		if s.Deadline == nil || !s.Deadline.At.Equal(f.Deadline.At) {
			t.Fatalf("the status holds the deadline %+v", s.Deadline)
		}
		return s.Deadline.MarginS
	}
	if got := margin(noon); got != nil {
		t.Errorf("before anything is sent the margin is %d s", *got)
	}
	_, err = l.Begin(t.Context(), noon)
	must(t, err)
	must(t, l.Note(t.Context(), campaign.Activity{Phase: campaign.PhaseSending, ETA: noon.Add(70 * time.Hour)}))
	if got := margin(noon.Add(time.Second)); got == nil || *got != 2*3600 {
		t.Errorf("while a process sends the margin is %v, want 2 h", got)
	}
	for seq := int64(1); seq <= 4; seq++ {
		bring(t, l, seq, campaign.Accepted)
	}
	if got := margin(noon.Add(100 * time.Hour)); got == nil || *got < 71*3600 || *got > 72*3600 {
		t.Errorf("at the end the margin is %v, want that of the last attempt", got)
	}
}

func TestNoDeadlineIsNone(t *testing.T) {
	l := ready(t, 4, Options{})
	if d, err := l.Deadline(t.Context()); err != nil || d != (campaign.Deadline{}) {
		t.Errorf("the deadline is %+v (%v)", d, err)
	}
	if s, err := l.Status(t.Context(), noon); err != nil || s.Deadline != nil {
		t.Errorf("the status holds the deadline %+v (%v)", s.Deadline, err)
	}
}

func TestTheBatchUnderWay(t *testing.T) {
	l := ready(t, 12, Options{}) // batches of 4
	batch := func() *campaign.BatchNow {
		s, err := l.Status(t.Context(), noon)
		must(t, err)
		return s.Batch
	}
	if b := batch(); b != nil {
		t.Errorf("before anything is sent it is %+v", b)
	}
	for seq := int64(1); seq <= 6; seq++ {
		bring(t, l, seq, campaign.Accepted)
	}
	if b, want := batch(), (campaign.BatchNow{Number: 2, Notices: 4, Left: 2}); b == nil || *b != want {
		t.Errorf("it is %+v, want %+v", b, want)
	}
	bring(t, l, 3+4, campaign.Deferred)
	if b := batch(); b == nil || b.Left != 1 || b.Tried() != 3 {
		t.Errorf("with a notice put off it is %+v", b)
	}
}

func TestMixIsThatOfWhatIsLeft(t *testing.T) {
	l := ready(t, 40, Options{})
	mix := func() map[string]float64 {
		m, err := l.Mix(t.Context())
		must(t, err)
		return m
	}
	if m := mix(); math.Abs(m["big.example"]-0.5) > 1e-9 || math.Abs(m["small.example"]-0.25) > 1e-9 || len(m) != 3 {
		t.Errorf("in the beginning it is %v", m)
	}
	for seq := int64(1); seq <= 40; seq++ {
		bring(t, l, seq, map[bool]campaign.State{true: campaign.Deferred, false: campaign.Accepted}[seq == 7])
	}
	if m := mix(); len(m) != 1 || math.Abs(sum(m)-1) > 1e-9 {
		t.Errorf("with one notice left it is %v", m)
	}
}

func sum(m map[string]float64) (total float64) {
	for _, share := range m {
		total += share
	}
	return total
}

func TestMixOfNothingIsEmpty(t *testing.T) {
	l := ready(t, 4, Options{})
	for seq := int64(1); seq <= 4; seq++ {
		bring(t, l, seq, campaign.Accepted)
	}
	if m, err := l.Mix(t.Context()); err != nil || len(m) != 0 {
		t.Errorf("it is %v (%v)", m, err)
	}
}

func TestProblemsAreTheLastAttemptsThatFailed(t *testing.T) {
	l := ready(t, 8, Options{})
	for i, end := range []struct {
		state campaign.State
		code  int
	}{{campaign.Accepted, 250}, {campaign.Rejected, 550}, {campaign.Deferred, 450}, {campaign.InDoubt, 0}, {campaign.Accepted, 250}} {
		must(t, l.Record(t.Context(), to(int64(i+1), campaign.Pending, campaign.Sending)))
		m := to(int64(i+1), campaign.Sending, end.state)
		m.Attempt.Code, m.Attempt.At = end.code, noon.Add(time.Duration(i)*time.Minute)
		must(t, l.Record(t.Context(), m))
	}
	problems, err := l.Problems(t.Context(), 2)
	must(t, err)
	if len(problems) != 2 {
		t.Fatalf("there are %d, want 2", len(problems))
	}
	all, err := l.Problems(t.Context(), 10)
	must(t, err)
	var outcomes []campaign.State
	for _, p := range all {
		outcomes = append(outcomes, p.Outcome)
		if _, err := l.plan.key().Seq(p.NoticeID); err != nil || p.Reply == "" {
			t.Errorf("%+v names no notice, or no reply", p)
		}
	}
	slices.Sort(outcomes)
	if want := []campaign.State{campaign.Deferred, campaign.InDoubt, campaign.Rejected}; !slices.Equal(outcomes, want) {
		t.Errorf("the outcomes are %v, want %v", outcomes, want)
	}
	if !slices.IsSortedFunc(all, func(a, b campaign.Problem) int { return b.At.Compare(a.At) }) {
		t.Errorf("the latest does not come first: %+v", all)
	}
}

func TestProblemsNameNobody(t *testing.T) {
	for reply, want := range map[string]string{
		"user user0 unknown":              "550 2.0.0 user u*** unknown",
		"user0 at big.example":            "550 2.0.0 u*** at ***",
		"user0(at)big.example":            "550 2.0.0 u***(at)***",
		"rfc822;user0+40big.example":      "550 2.0.0 rfc822;u***+40***",
		"no mailbox of Secretname, Other": "550 2.0.0 no mailbox of ***, ***",
	} {
		one, other := person(2, "id0", "user0@big.example", account.Password), person(3, "id1", "user0@big.example", account.Password)
		one.Name, other.Name = "Ann Secretname", "Other"
		l := opened(t, planned(t, frozen(), []campaign.Planned{one, other}), Options{})
		_, err := l.Begin(t.Context(), noon)
		must(t, err)
		must(t, l.Record(t.Context(), to(1, campaign.Pending, campaign.Sending)))
		m := to(1, campaign.Sending, campaign.Rejected)
		m.Attempt.Code, m.Attempt.Reply = 550, reply
		must(t, l.Record(t.Context(), m))
		problems, err := l.Problems(t.Context(), 1)
		must(t, err)
		if len(problems) != 1 || problems[0].Reply != want {
			t.Errorf("%q is shown as %+v, want %q", reply, problems, want)
		}
	}
}

// What a screen asks for must not depend on how many notices there are.
func TestScreensReadByIndexes(t *testing.T) {
	l := ready(t, 4, Options{})
	for query, wants := range map[string]string{
		lastFailed:  "SCAN attempts USING INDEX attempts_failed",
		mixPending:  "SEARCH notices USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
		mixDeferred: "SCAN notices USING INDEX notices_deferred",
	} {
		var plan []struct {
			ID, Parent, NotUsed int
			Detail              string
		}
		must(t, l.db.SelectContext(context.Background(), &plan, "EXPLAIN QUERY PLAN "+query, 3))
		if last := plan[len(plan)-1].Detail; last != wants {
			t.Errorf("%s: SQLite means to do %+v, want %s", query, plan, wants)
		}
	}
}
