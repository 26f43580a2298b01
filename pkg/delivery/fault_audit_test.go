package delivery_test

import (
	"bytes"
	"strings"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/ledger"
	"breachnotify/pkg/smtptest"
)

// books is what the ledger says after a run and what the relay has to do with it.
type books struct {
	trial  *trial
	status campaign.Status
	lines  map[string]ledger.AccountLine // by address
	dots   map[string]int                // by address: messages whose final dot came
}

// audit reads the ledger as another process does, and holds it against the relay:
// everybody is there once, the sums agree, and nobody who was told counts as untold.
func (c *trial) audit() books {
	c.t.Helper()
	book, err := ledger.OpenReadOnly(c.t.Context(), c.path)
	check(c.t, err)
	defer book.Close()
	status, err := book.Status(c.t.Context(), time.Now())
	check(c.t, err)
	b := books{trial: c, status: status, lines: map[string]ledger.AccountLine{}, dots: map[string]int{}}
	for line, err := range book.Accounts(c.t.Context(), ledger.Filter{}) {
		check(c.t, err)
		b.lines[line.Address.Wire()] = line
	}
	b.sums()
	b.taken()
	return b
}

// sums holds the counts of the status against each other and against the accounts.
func (b books) sums() {
	t, n := b.trial.t, b.status.Notices
	t.Helper()
	counted, byClass := campaign.NoticeCounts{}, campaign.NoticeCounts{}
	for _, line := range b.lines {
		counted.Add(line.State, 1)
	}
	for _, class := range account.Classes() {
		for _, state := range campaign.States() {
			byClass.Add(state, b.status.ByClass[class].Of(state))
		}
	}
	if n != counted || n != byClass || n.Total != int64(b.trial.notices) {
		t.Errorf("the sums disagree: %+v, by class %+v, by account %+v, planned %d", n, byClass, counted, b.trial.notices)
	}
	if a := b.status.Accounts; a.Selected != a.Noticed+a.Excluded || a.Noticed != int64(b.trial.notices) {
		t.Errorf("the accounts do not add up: %+v", a)
	}
}

// taken holds each notice against the messages to its mailbox.
func (b books) taken() {
	t := b.trial.t
	t.Helper()
	took, text := map[string]int{}, map[string][]byte{}
	for _, m := range b.trial.server.Received() {
		line := b.lines[m.To]
		if m.From != "bounces+"+line.NoticeID+"@example.com" || !bytes.Contains(m.Data, []byte(line.NoticeID)) {
			t.Errorf("a message to %s is from %s and not the notice %s", m.To, m.From, line.NoticeID)
		}
		if earlier, again := text[m.To]; again && !bytes.Equal(earlier, m.Data) {
			t.Errorf("the notice to %s is another on the second try", m.To)
		}
		text[m.To] = m.Data
		b.dots[m.To]++
		if strings.HasPrefix(m.Reply, "2") {
			took[m.To]++
		}
	}
	for to, line := range b.lines {
		switch n := took[to]; {
		case n > 1:
			t.Errorf("the relay took %d notices to %s", n, to)
		case n == 1 && line.State != campaign.Accepted && line.State != campaign.InDoubt && line.State != campaign.Sending:
			t.Errorf("the relay took the notice to %s, and it is %s", to, line.State)
		case line.State == campaign.Accepted && (n != 1 || line.Attempts < 1 || !strings.HasPrefix(line.LastReply, "2")):
			t.Errorf("the notice to %s is accepted: taken %d times, attempts %d, last reply %q", to, n, line.Attempts, line.LastReply)
		case line.State == campaign.InDoubt && b.dots[to] > 1:
			t.Errorf("the notice to %s is in doubt, and its dot came %d times", to, b.dots[to])
		}
	}
}

// states is how many notices there are in each state; none in one that is not named.
type states map[campaign.State]int64

func (b books) want(want states) books {
	b.trial.t.Helper()
	for _, state := range campaign.States() {
		if got := b.status.Notices.Of(state); got != want[state] {
			b.trial.t.Errorf("%d %s, want %d", got, state, want[state])
		}
	}
	return b
}

// all holds that every notice is in the state.
func (b books) all(state campaign.State) books {
	b.trial.t.Helper()
	return b.want(states{state: int64(b.trial.notices)})
}

// attempts holds that so many attempts of each notice count, but for those to the
// given addresses.
func (b books) attempts(usual int, others map[string]int) books {
	b.trial.t.Helper()
	for to, line := range b.lines {
		want, other := others[to]
		if !other {
			want = usual
		}
		if line.Attempts != want {
			b.trial.t.Errorf("%d attempts to %s count, want %d; the last reply is %q", line.Attempts, to, want, line.LastReply)
		}
	}
	return b
}

// attemptsInAll holds that so many attempts count over all notices.
func (b books) attemptsInAll(want int) books {
	b.trial.t.Helper()
	got := 0
	for _, line := range b.lines {
		got += line.Attempts
	}
	if got != want {
		b.trial.t.Errorf("%d attempts count, want %d", got, want)
	}
	return b
}

// reply holds the last reply to a notice against what it must contain.
func (b books) reply(to, want string) books {
	b.trial.t.Helper()
	if got := b.lines[to].LastReply; !strings.Contains(got, want) {
		b.trial.t.Errorf("the last reply to %s is %q, want %q in it", to, got, want)
	}
	return b
}

// conns holds how many connections the relay saw.
func (b books) conns(want int) books {
	b.trial.t.Helper()
	if got := b.trial.server.Conns(); got != want {
		b.trial.t.Errorf("%d connections, want %d", got, want)
	}
	return b
}

// unheard holds that the relay never got as far as the stage.
func (b books) unheard(stage smtptest.Stage) books {
	b.trial.t.Helper()
	if got := b.trial.seen.of(stage, ""); len(got) != 0 {
		b.trial.t.Errorf("the relay was asked %d times at %s", len(got), stage)
	}
	return b
}
