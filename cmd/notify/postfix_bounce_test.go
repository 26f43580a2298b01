package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/postfixtest"
)

// TestPostfixReturnsAndEveryAccountIsAccountedFor sends through a real Postfix to those
// who are there and those who are not, takes in the bounces that Postfix writes and its
// log, sends again with corrections, and holds at every step what notify says of each
// account against what has become of it.
func TestPostfixReturnsAndEveryAccountIsAccountedFor(t *testing.T) {
	t.Parallel()
	w := newReturnWorld(t)
	cutter := startCutter(t, w.Port(), w.cuts())
	c := newReturnCampaign(t, w, cutter.port)

	c.status(t, exitDone, "plan")
	c.status(t, exitFailures, "send", "--yes")
	if left := cutter.left(); len(left) > 0 {
		t.Fatalf("the connections of these were not cut: %v", left)
	}
	c.check(t, w, func(f fate) outcome { return outcome{f.sent, 1, f.email} })
	// Once the log has ended Postfix has tried everything and written its bounces.
	mail, log := w.Maildir(t, postfixBounces), "--postfix-log="+w.LogFile(t)
	backward := c.copied(t)
	c.takeInReturns(t, w, mail, log)
	backward.imports(t, log)
	backward.imports(t, mail)
	backward.check(t, w, fate.returned)

	c.resend(t, w)
	w.LogFile(t)
	if again := c.imports(t, mail, log); again.Bounced != 1 || again.Unmatched != 0 {
		t.Errorf("after the resend %+v, want one more notice bounced: the one with a wrong correction", again)
	}
	if again := c.imports(t, log, mail); again.New != 0 || again.Bounced != 0 {
		t.Errorf("importing the same again gives %+v, want nothing new", again)
	}
	c.check(t, w, fate.ended)
	c.checkUnreachable(t, w, fate.ended)
	w.checkReaders(t)

	c.notify(t, exitRefused, c.resendArgs()...) // what is left is not worth it
	c.notify(t, exitFailures, "send", "--yes")
	c.check(t, w, fate.ended)
	w.checkReaders(t)
}

// outcome is where an account stands: the state and generation of its notice, and the
// address to which that went.
type outcome struct {
	state      campaign.State
	generation int
	address    string
}

func (f fate) returned() outcome { return outcome{f.back, 1, f.email} }

func (f fate) ended() outcome {
	if f.generation > 1 && f.correction != "" {
		return outcome{f.end, f.generation, f.correction}
	}
	return outcome{f.end, f.generation, f.email}
}

// counts groups accounts as notices have to be, and counts these by state.
func (w *returnWorld) counts(of func(fate) outcome) campaign.NoticeCounts {
	type notice struct {
		outcome
		class account.Class
	}
	seen := map[notice]bool{}
	var counts campaign.NoticeCounts
	for _, f := range w.fates {
		if n := (notice{of(f), f.class}); !seen[n] {
			seen[n] = true
			counts.Add(n.state, 1)
		}
	}
	return counts
}

func (w *returnWorld) cuts() map[string]cut {
	cuts := map[string]cut{}
	for _, f := range w.fates {
		if f.cut != 0 {
			cuts[f.email] = f.cut
		}
	}
	return cuts
}

// checkReaders holds that every mailbox has what it is to have: one notice, which names
// the accounts that it is about and no others.
func (w *returnWorld) checkReaders(t *testing.T) {
	t.Helper()
	deliveries := w.Deliveries(t)
	for _, m := range w.hop.Messages() {
		deliveries = append(deliveries, postfixtest.Delivery{Mailbox: m.To, Raw: m.Data})
	}
	got, messages := map[string][]string{}, map[string]bool{}
	for _, d := range deliveries {
		if d.Mailbox == postfixBounces {
			continue
		}
		l := readLetter(t, d)
		id := l.header.Get("Message-Id")
		if messages[id] {
			t.Errorf("two messages have the Message-ID %s", id)
		}
		messages[id] = true
		text, _ := l.parts(t)
		for _, f := range w.fates {
			if strings.Contains(text, "("+f.id+")") {
				got[f.id] = append(got[f.id], d.Mailbox)
			}
		}
	}
	for _, f := range w.fates {
		if !slices.Equal(got[f.id], f.readers) {
			t.Errorf("%s: notices about it are in %q, want %q", f.id, got[f.id], f.readers)
		}
	}
}

// nowhere is the account that has no address.
const nowhere = "nowhere"

// returnCampaign is a campaign whose relay is the Postfix of a world.
type returnCampaign struct{ postfixCampaign }

func newReturnCampaign(t *testing.T, w *returnWorld, port int) returnCampaign {
	t.Helper()
	accounts := []postfixAccount{{id: nowhere, class: account.Password, locale: "en"}}
	corrections := "id,email\n"
	for _, f := range w.fates {
		accounts = append(accounts, f.postfixAccount)
		if f.correction != "" {
			corrections += f.id + "," + f.correction + "\n"
		}
	}
	c := returnCampaign{newPostfixCampaign(t, w.Server, accounts, nil)}
	c.replace(t, fmt.Sprintf("port: %d", w.Port()), fmt.Sprintf("port: %d", port))
	c.replace(t, "tls: starttls\n  ca_file: ca.pem", "tls: none") // or the cutter sees nothing
	c.write(t, "right.csv", []byte(corrections))
	return c
}

// copied returns the same campaign again, as it stands.
func (c returnCampaign) copied(t *testing.T) returnCampaign {
	t.Helper()
	other := returnCampaign{postfixCampaign{dir: t.TempDir()}}
	for _, name := range []string{"notify.yaml", "acme.ledger"} {
		content, err := os.ReadFile(filepath.Join(c.dir, name))
		noError(t, err)
		other.write(t, name, content)
	}
	return other
}

// returnsTaken is what `notify bounces import --json` says, typed again so that a
// change of the contract is noticed.
type returnsTaken struct {
	Messages, New, Known, Bounced, Confirmed, Waiting, Foreign, Unmatched, Unreadable int64

	ByKind map[campaign.FindingKind]int64 `json:"by_kind"`
}

func (c returnCampaign) imports(t *testing.T, from ...string) returnsTaken {
	t.Helper()
	stdout, _ := c.notify(t, exitDone, append([]string{"bounces", "import", "--json"}, from...)...)
	var r returnsTaken
	noError(t, json.Unmarshal([]byte(stdout), &r))
	if r.Foreign+r.Unreadable+r.Waiting != 0 {
		t.Errorf("%+v, want nothing foreign, unreadable or waiting", r)
	}
	return r
}

// takeInReturns imports the bounces, then the log, then both again.
func (c returnCampaign) takeInReturns(t *testing.T, w *returnWorld, mail, log string) {
	t.Helper()
	bounced := w.counts(fate.returned).Bounced
	want := returnsTaken{Messages: bounced, New: bounced, Bounced: bounced}
	got := c.imports(t, mail)
	if kinds := got.ByKind; kinds[campaign.FoundBounce] != bounced {
		t.Errorf("the bounces are %v, want %d", kinds, bounced)
	}
	if got.ByKind = nil; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the bounces give %+v, want %+v", got, want)
	}
	c.checkUnreachable(t, w, func(f fate) outcome {
		if f.sent == campaign.InDoubt && f.back == campaign.Accepted {
			return outcome{campaign.InDoubt, 1, f.email} // which the log settles
		}
		return f.returned()
	})
	if got := c.imports(t, log); got.Bounced != 0 || got.Confirmed != 1 || got.Unmatched != 0 {
		t.Errorf("the log gives %+v, want one notice in doubt settled and nothing bounced that was not before", got)
	}
	c.check(t, w, fate.returned)
	if got := c.imports(t, log, mail); got.New != 0 || got.Bounced != 0 || got.Confirmed != 0 {
		t.Errorf("importing the same again gives %+v, want nothing new", got)
	}
	c.checkUnreachable(t, w, fate.returned)
}

func (c returnCampaign) resendArgs() []string {
	return []string{"resend", "--bounced", "--rejected", "--in-doubt", "--corrections", "right.csv", "--yes", "--json"}
}

// resend sends again to those for whom there is a correction, or hope.
func (c returnCampaign) resend(t *testing.T, w *returnWorld) {
	t.Helper()
	want, refused := campaign.Resent{}, int64(0)
	for _, f := range w.fates {
		switch {
		case f.generation > 1 && f.correction != "":
			want.Corrected++
			fallthrough
		case f.generation > 1:
			want.Accounts++
		case f.back != campaign.Accepted:
			refused++
		}
	}
	want.Refused = map[campaign.Refusal]int64{campaign.RefusedPermanent: refused}
	w.dead.OpenTo(t, w.hop.Port())
	stdout, _ := c.notify(t, exitFailures, c.resendArgs()...)
	var said struct{ Resent campaign.Resent }
	noError(t, json.Unmarshal([]byte(stdout), &said))
	got := said.Resent
	if got.Accounts != want.Accounts || got.Corrected != want.Corrected || !maps.Equal(got.Refused, want.Refused) {
		t.Errorf("the resend made %+v, want %+v", got, want)
	}
}

// check holds what notify says of each account, and that the sums agree.
func (c returnCampaign) check(t *testing.T, w *returnWorld, of func(fate) outcome) {
	t.Helper()
	lines := c.accounts(t)
	if line := lines[nowhere]; line.Excluded != campaign.NoAddress || line.State != "" {
		t.Errorf("%s: %+v, want it excluded for its lack of an address", nowhere, line)
	}
	for _, f := range w.fates {
		line := lines[f.id]
		if got, want := (outcome{line.State, line.Generation, line.Address}), of(f); got != want || line.Class != f.class {
			t.Errorf("%s: %+v, want %+v", f.id, line, want)
		}
	}
	if got, want := len(lines), len(w.fates)+1; got != want {
		t.Errorf("%d accounts are listed, want %d", got, want)
	}
	s := c.status(t, exitDone, "status")
	if want := w.counts(of); s.Notices != want {
		t.Errorf("the notices are %+v, want %+v", s.Notices, want)
	}
	noticed := int64(len(w.fates))
	if a := s.Accounts; a.Selected != noticed+1 || a.Noticed != noticed || a.Excluded != 1 {
		t.Errorf("the accounts are %+v, want %d, of which one is excluded", a, noticed+1)
	}
}

// checkUnreachable holds that `notify bounces list` gives those who could not be told,
// with the reason, and nobody else.
func (c returnCampaign) checkUnreachable(t *testing.T, w *returnWorld, of func(fate) outcome) {
	t.Helper()
	listed := c.unreachable(t)
	if got := listed[nowhere]["excluded"]; got != string(campaign.NoAddress) {
		t.Errorf("%s: excluded %q, want no_address", nowhere, got)
	}
	delete(listed, nowhere)
	for _, f := range w.fates {
		want, got := of(f), listed[f.id]
		delete(listed, f.id)
		switch {
		case want.state == campaign.Accepted && got != nil:
			t.Errorf("%s is listed: %v", f.id, got)
		case want.state == campaign.Accepted:
		case got["state"] != string(want.state) || got["address"] != want.address || got["generation"] != fmt.Sprint(want.generation):
			t.Errorf("%s: %v, want %+v", f.id, got, want)
		case !f.failsAs(got):
			t.Errorf("%s: %v, want %s %s %s and %q", f.id, got, f.status, f.reason, f.permanence, f.said)
		}
	}
	for id := range listed {
		t.Errorf("%s is listed, and nobody knows it", id)
	}
}

// unreachable reads `notify bounces list --csv`: its lines, by the id of the account and
// the name of the column.
func (c returnCampaign) unreachable(t *testing.T) map[string]map[string]string {
	t.Helper()
	stdout, _ := c.notify(t, exitDone, "bounces", "list", "--csv", "--reveal")
	rows, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
	noError(t, err)
	all := map[string]map[string]string{}
	for _, row := range rows[1:] {
		line := map[string]string{}
		for i, name := range rows[0] {
			line[name] = row[i]
		}
		if all[line["id"]] != nil {
			t.Errorf("%s is listed twice", line["id"])
		}
		all[line["id"]] = line
	}
	return all
}
