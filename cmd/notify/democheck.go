package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/smtptest"
)

// check holds the ledger and the mail server against what the export must lead to.
func (d *demo) check(ctx context.Context) error {
	status, err := readStatus(ctx, "demo.ledger", nil, d.now())
	if err != nil {
		return err
	}
	fmt.Fprintf(d.stdout, "\n# Does everything add up?\n")
	var wrong int
	for _, c := range slices.Concat(d.checkStatus(status), d.checkMailboxes()) {
		verdict := "ok   "
		if c.got != c.want {
			verdict = "WRONG"
			wrong++
		}
		fmt.Fprintf(d.stdout, "%s %s: %d", verdict, c.what, c.got)
		if c.got != c.want {
			fmt.Fprintf(d.stdout, ", want %d", c.want)
		}
		fmt.Fprintln(d.stdout)
	}
	if wrong > 0 {
		return fmt.Errorf("%d counts of the demo are wrong", wrong)
	}
	return nil
}

type demoCheck struct {
	what      string
	got, want int64
}

func (d *demo) checkStatus(s campaign.Status) []demoCheck {
	excluded := map[campaign.Exclusion]int64{}
	for _, r := range d.world.rows {
		if r.excluded != "" {
			excluded[r.excluded]++
		}
	}
	expected := d.world.expected()
	var refused, bounced, again int64
	classes := map[account.Class]int64{}
	for n, r := range expected {
		classes[n.class]++
		switch {
		case r.refused:
			refused++
		case r.bounce != "" && (r.moved != "" || strings.HasPrefix(r.bounce, "4.")):
			again++
		case r.bounce != "":
			bounced++
		}
	}
	total := int64(len(expected))
	checks := []demoCheck{
		{"rows of the export", s.Accounts.Read, int64(len(d.world.rows))},
		{"accounts that are noticed or excluded", s.Accounts.Noticed + s.Accounts.Excluded, int64(len(d.world.rows))},
		{"notices", s.Notices.Total, total},
		{"password notices", s.ByClass[account.Password].Total, classes[account.Password]},
		{"sso notices", s.ByClass[account.SSO].Total, classes[account.SSO]},
		{"accepted notices", s.Notices.Accepted, total - refused - bounced},
		{"rejected notices", s.Notices.Rejected, refused},
		{"bounced notices", s.Notices.Bounced, bounced},
		{"notices in any other state", s.Notices.Left() + s.Notices.InDoubt, 0},
		{"notices of the resend", s.Resends.Notices, again},
	}
	for _, reason := range slices.Sorted(maps.Keys(excluded)) {
		checks = append(checks, demoCheck{"accounts excluded as " + string(reason), s.Accounts.ExcludedBy[reason], excluded[reason]})
	}
	return checks
}

// checkMailboxes counts what the mail server took, test messages apart.
func (d *demo) checkMailboxes() []demoCheck {
	got := map[demoNotice]int{}
	for _, m := range d.server.Messages() {
		if !strings.EqualFold(m.To, "you@example.com") {
			got[demoNotice{strings.ToLower(m.To), classOf(m)}]++
		}
	}
	var missing, twice, wrongKind int64
	want := d.world.deliveries()
	for n, times := range want {
		missing += int64(max(times-got[n], 0))
		twice += int64(max(got[n]-times, 0))
	}
	for n := range got {
		if want[n] == 0 {
			wrongKind++
		}
	}
	return []demoCheck{
		{"notices that the mail server misses", missing, 0},
		{"notices that it took too often", twice, 0},
		{"mailboxes that got a notice of the wrong kind", wrongKind, 0},
	}
}

// classOf tells a notice by its link: only a password notice has the reset link.
func classOf(m smtptest.Message) account.Class {
	if strings.Contains(strings.ReplaceAll(string(m.Data), "=\r\n", ""), "https://example.com/reset") {
		return account.Password
	}
	return account.SSO
}
