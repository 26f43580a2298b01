package main

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// interrupted asks a fresh process which runs the report calls interrupted.
func (c *trial) interrupted(t *testing.T) (runs []bool) {
	t.Helper()
	var report struct{ Runs []struct{ Interrupted bool } }
	if err := json.Unmarshal(c.run(t, exitDone, "report", "--json").stdout.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Runs {
		runs = append(runs, r.Interrupted)
	}
	return runs
}

// status asks a fresh process where the campaign stands. The sums must agree.
func (c *trial) status(t *testing.T) campaign.Status {
	t.Helper()
	var s campaign.Status
	if err := json.Unmarshal(c.run(t, exitDone, "status", "--json").stdout.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	c.checkAccounts(t, s.Accounts)
	c.checkNotices(t, s)
	return s
}

func (c *trial) checkAccounts(t *testing.T, a campaign.AccountCounts) {
	t.Helper()
	var want campaign.AccountCounts
	for _, row := range c.world.rows {
		want.Selected++
		if row.excluded == "" {
			want.Noticed++
		} else {
			want.Excluded++
		}
	}
	var excluded int64
	for _, n := range a.ExcludedBy {
		excluded += n
	}
	if a.Read != want.Selected || a.Selected != want.Selected || a.Noticed != want.Noticed || a.Excluded != want.Excluded ||
		excluded != want.Excluded {
		t.Fatalf("accounts %+v, want %d selected, %d noticed and %d excluded", a, want.Selected, want.Noticed, want.Excluded)
	}
}

func (c *trial) checkNotices(t *testing.T, s campaign.Status) {
	t.Helper()
	planned := int64(len(c.expected))
	if sum := sumOf(s.Notices); s.Notices.Total != planned || sum != planned {
		t.Fatalf("%d notices in total, and %d over all states, want %d: %+v", s.Notices.Total, sum, planned, s.Notices)
	}
	password, sso := s.ByClass[account.Password], s.ByClass[account.SSO]
	for _, state := range campaign.States() {
		if password.Of(state)+sso.Of(state) != s.Notices.Of(state) {
			t.Fatalf("%s: the classes do not add up: %+v", state, s)
		}
	}
	if password.Total != sumOf(password) || sso.Total != sumOf(sso) {
		t.Fatalf("the states of a class do not add up: %+v", s.ByClass)
	}
}

func sumOf(n campaign.NoticeCounts) (sum int64) {
	for _, state := range campaign.States() {
		sum += n.Of(state)
	}
	return sum
}

// states asks a fresh process for the state of each notice.
func (c *trial) states(t *testing.T) map[demoNotice]campaign.State {
	t.Helper()
	all := map[demoNotice]campaign.State{}
	lines := json.NewDecoder(&c.run(t, exitDone, "accounts", "--json", "--reveal").stdout)
	for {
		var line accountLine
		err := lines.Decode(&line)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if line.Excluded != nil {
			continue
		}
		n := demoNotice{strings.ToLower(*line.Address), *line.Class}
		if known, ok := all[n]; ok && known != *line.State {
			t.Fatalf("%+v is %s for one account and %s for another", n, known, *line.State)
		}
		all[n] = *line.State
	}
}

// audit holds the ledger, of which nobody sends, against the mail server, and returns
// what the ledger says.
func (c *trial) audit(t *testing.T) (campaign.Status, map[demoNotice]campaign.State) {
	t.Helper()
	status, states := c.status(t), c.states(t)
	var counts campaign.NoticeCounts
	for n, state := range states {
		counts.Add(state, 1)
		if _, ok := c.expected[n]; !ok {
			t.Errorf("nobody should get %+v", n)
		}
	}
	if counts != status.Notices {
		t.Errorf("accounts counts %+v, status counts %+v", counts, status.Notices)
	}
	if status.State == campaign.PhaseSending || status.State == campaign.PhasePaused {
		t.Errorf("the campaign is %s, though no process sends", status.State)
	}
	c.count()
	for n := range c.expected {
		c.compare(t, n, states[n])
	}
	for n := range c.taken {
		if _, ok := c.expected[n]; !ok {
			t.Errorf("the server took %+v, which nobody should get", n)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	return status, states
}

// count takes in what the server took since the last time.
func (c *trial) count() {
	messages := c.server.Messages()
	for _, m := range messages[c.counted:] {
		c.taken[demoNotice{strings.ToLower(m.To), classOf(m)}]++
	}
	c.counted = len(messages)
}

// compare holds what the ledger says of a notice against what the server took. Octets
// of a dead process may still be under way, so that the server may take a notice that
// is in doubt later than now, but no other.
func (c *trial) compare(t *testing.T, n demoNotice, state campaign.State) {
	t.Helper()
	switch taken := c.taken[n]; {
	case taken > 1:
		t.Errorf("%+v, %s: mailed %d times", n, state, taken)
	case taken == 0 && state == campaign.Accepted:
		t.Errorf("%+v: accepted in the ledger, unknown to the server", n)
	case taken == 1 && !slices.Contains([]campaign.State{campaign.Accepted, campaign.InDoubt, campaign.Sending}, state):
		t.Errorf("%+v: the server took it, and it is %s in the ledger", n, state)
	case c.expected[n].refused && taken > 0:
		t.Errorf("%+v: the server took what it refuses", n)
	}
}

// checkEnd asserts that nothing is left to do, that inDoubt notices are in doubt, and
// that every other one was mailed once, unless its mailbox refuses it.
func (c *trial) checkEnd(t *testing.T, inDoubt int64) {
	t.Helper()
	status, states := c.audit(t)
	for n, row := range c.expected {
		state := states[n]
		switch {
		case row.refused && state != campaign.Rejected:
			t.Errorf("%+v: %s, want rejected", n, state)
		case !row.refused && state != campaign.InDoubt && (state != campaign.Accepted || c.taken[n] != 1):
			t.Errorf("%+v: %s, and mailed %d times, want it accepted once", n, state, c.taken[n])
		}
	}
	if status.Notices.InDoubt != inDoubt {
		t.Errorf("%d notices in doubt, want %d", status.Notices.InDoubt, inDoubt)
	}
}

// inState returns the notices that are in a state.
func inState(states map[demoNotice]campaign.State, state campaign.State) (all []demoNotice) {
	for n, s := range states {
		if s == state {
			all = append(all, n)
		}
	}
	return all
}
