package ledger

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// TestTheSumsAgreeAfterRandomMoves walks at random, legally and not, with restarts.
func TestTheSumsAgreeAfterRandomMoves(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			f := frozen()
			f.BatchSize, f.Canary = 1+random.IntN(9), random.IntN(9)
			const notices = 40
			path := planned(t, f, people(notices))
			states := make([]campaign.State, notices+1)
			for seq := range states {
				states[seq] = campaign.Pending
			}
			for range 4 {
				l := opened(t, path, Options{})
				_, err := l.Begin(t.Context(), noon)
				must(t, err)
				for seq, s := range states {
					if s == campaign.Sending {
						states[seq] = campaign.InDoubt
					}
				}
				walk(t, l, random, states)
				compare(t, checkInvariants(t, l.Reader), states[1:])
				must(t, l.Close())
			}
		})
	}
}

func walk(t *testing.T, l *Ledger, random *rand.Rand, states []campaign.State) {
	all := campaign.States()
	for range 150 {
		seq := 1 + random.IntN(len(states)-1)
		from, next := states[seq], all[random.IntN(len(all))]
		if random.IntN(5) == 0 {
			from = all[random.IntN(len(all))]
		}
		legal := from == states[seq] && from.CanMove(next)
		if err := l.Record(t.Context(), to(int64(seq), from, next)); (err == nil) != legal {
			t.Fatalf("notice %d is %s: Record from %s to %s = %v", seq, states[seq], from, next, err)
		}
		if legal {
			states[seq] = next
		}
	}
}

func compare(t *testing.T, s campaign.Status, states []campaign.State) {
	t.Helper()
	var want campaign.NoticeCounts
	for _, state := range states {
		want.Add(state, 1)
	}
	if s.Notices != want {
		t.Errorf("notices = %+v\nwant      %+v", s.Notices, want)
	}
	byClass := s.ByClass[account.Password].Total + s.ByClass[account.SSO].Total
	if byClass != want.Total {
		t.Errorf("%d notices by class, want %d", byClass, want.Total)
	}
}

func TestAccountsAreListedWithTheirNotice(t *testing.T) {
	l := opened(t, planned(t, frozen(), []campaign.Planned{
		person(2, "a", "Ann@one.example", account.Password),
		person(3, "b", "ann@one.example", account.Password),
		person(4, "c", "carl@one.example", account.SSO),
		excluded(5, "d", campaign.NoAddress),
		person(6, "a", "Ann@one.example", account.Password),
	}), Options{})
	n, err := l.NoticeOf(t.Context(), "b")
	must(t, err)
	bring(t, l, n.Seq, campaign.Accepted)
	carl, err := account.ParseAddress("CARL@one.example")
	must(t, err)

	for name, test := range map[string]struct {
		filter Filter
		want   string
	}{
		"all":                    {Filter{}, "[a b c d a]"},
		"by id":                  {Filter{ID: "a"}, "[a a]"},
		"by address in any case": {Filter{Address: carl}, "[c]"},
		"by class":               {Filter{Class: account.SSO}, "[c]"},
		"by state":               {Filter{State: campaign.Accepted}, "[a b]"},
		"excluded":               {Filter{Excluded: true}, "[d a]"},
		"by class and state":     {Filter{Class: account.SSO, State: campaign.Accepted}, "[]"},
	} {
		got := []string{}
		for line, err := range l.Accounts(t.Context(), test.filter) {
			must(t, err)
			got = append(got, line.ID)
			switch {
			case line.ID == "b" && (line.State != campaign.Accepted || line.LastReply != "250 2.0.0 ok" || line.Attempts != 1 ||
				line.NoticeID != n.ID || line.Generation != 1 || line.Updated.Equal(noon) || line.Address.Wire() != "Ann@one.example"):
				t.Errorf("%s: b = %+v", name, line)
			case line.ID == "c" && (line.State != campaign.Pending || line.LastReply != "" || !line.Updated.Equal(noon) || line.Reason != "password is set"):
				t.Errorf("%s: c = %+v", name, line)
			case line.ID == "d" && (line.Excluded != campaign.NoAddress || line.NoticeID != "" || !line.Address.IsZero() || line.Class != ""):
				t.Errorf("%s: d = %+v", name, line)
			case line.Line == 6 && line.Excluded != campaign.Duplicate:
				t.Errorf("%s: the second a = %+v", name, line)
			}
		}
		if fmt.Sprint(got) != test.want {
			t.Errorf("%s: %v, want %s", name, got, test.want)
		}
	}
}

func TestAccountsGoOnOverThePages(t *testing.T) {
	r := readOnly(t, planned(t, frozen(), people(2*accountPage+7)))
	n := 0
	for line, err := range r.Accounts(t.Context(), Filter{}) {
		must(t, err)
		if want := fmt.Sprint("id", n); line.ID != want {
			t.Fatalf("account %d is %s", n, line.ID)
		}
		n++
	}
	if n != 2*accountPage+7 {
		t.Errorf("%d accounts", n)
	}
	for range r.Accounts(t.Context(), Filter{}) {
		break // the reader may stop at any time
	}
}

func TestLastReply(t *testing.T) {
	l := ready(t, 3, Options{})
	m := to(1, campaign.Pending, campaign.Deferred)
	m.Attempt = &campaign.Attempt{At: noon, Stage: "rcpt"}
	must(t, l.Record(t.Context(), m))
	for line, err := range l.Accounts(t.Context(), Filter{State: campaign.Deferred}) {
		must(t, err)
		if line.LastReply != "no reply at rcpt" {
			t.Errorf("last reply = %q", line.LastReply)
		}
	}
}
