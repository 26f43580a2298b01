package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// checks collects sums that do not agree.
type checks []string

func (c *checks) equal(what string, got, want int64) {
	if got != want {
		*c = append(*c, fmt.Sprintf("%s: %d, but should be %d", what, got, want))
	}
}

// states holds counts by state against those that they must come to.
func (c *checks) states(what string, got, want campaign.NoticeCounts) {
	c.equal(what, got.Total, want.Total)
	for _, s := range campaign.States() {
		c.equal(what+", "+string(s), got.Of(s), want.Of(s))
	}
}

// disagreements holds every count of the evidence against the status, and the texts
// against their digests.
func disagreements(e campaign.Evidence) []string {
	c := checks{} // not null in JSON
	c.accounts(e.Status)
	c.notices(e)
	c.failures(e)
	c.digests(e.Frozen)
	return c
}

func (c *checks) accounts(s campaign.Status) {
	c.equal("accounts selected", s.Accounts.Selected, s.Accounts.Noticed+s.Accounts.Excluded)
	var excluded int64
	for _, n := range s.Accounts.ExcludedBy {
		excluded += n
	}
	c.equal("accounts excluded, by reason", excluded, s.Accounts.Excluded)
	var found int64
	for _, n := range s.Findings.ByKind {
		found += n
	}
	c.equal("messages that came back, by kind", found, s.Findings.Total)
}

func (c *checks) notices(e campaign.Evidence) {
	all := e.Status.Notices
	var states, timeline, attempts int64
	for _, s := range campaign.States() {
		states += all.Of(s)
	}
	c.equal("notices by state", states, all.Total)

	byClass := map[account.Class]campaign.NoticeCounts{}
	for _, k := range e.Kinds {
		byClass[k.Class] = plus(byClass[k.Class], k.NoticeCounts)
	}
	var classes campaign.NoticeCounts
	for _, class := range account.Classes() {
		c.states("notices of class "+string(class), byClass[class], e.Status.ByClass[class])
		classes = plus(classes, byClass[class])
	}
	c.states("notices of all classes", classes, all)

	destinations := e.Others
	for _, d := range e.Domains {
		destinations = plus(destinations, d.NoticeCounts)
	}
	c.states("notices to all destinations", destinations, all)
	for _, m := range e.Accepted {
		timeline += m.N
	}
	c.equal("notices in the timeline", timeline, all.Accepted)
	for _, a := range e.Attempts {
		attempts += a.Notices
	}
	c.equal("notices by attempts", attempts, all.Total)
}

func (c *checks) failures(e campaign.Evidence) {
	var bounced, rejected, resent, corrected, withdrawn int64
	for _, b := range e.Bounces {
		bounced += b.Notices
	}
	c.equal("bounced notices by reason", bounced, e.Status.Notices.Bounced)
	for _, r := range e.Rejections {
		rejected += r.Notices
	}
	c.equal("rejected notices by reply", rejected, e.Status.Notices.Rejected)
	for _, r := range e.Resends {
		resent += r.Notices
		corrected += r.Corrected
		withdrawn += r.Withdrawn
	}
	c.equal("notices of resends", resent, e.Status.Resends.Notices)
	c.equal("corrected accounts of resends", corrected, e.Status.Resends.Corrected)
	c.equal("withdrawn accounts of resends", withdrawn, e.Status.Resends.Withdrawn)
}

func (c *checks) digests(f campaign.Frozen) {
	for _, name := range slices.Sorted(maps.Keys(f.Wordings)) {
		if digest(f.Wordings[name]) != f.Parts[name] {
			*c = append(*c, clean(name)+": the text is not the one that the plan binds")
		}
	}
}

func plus(a, b campaign.NoticeCounts) campaign.NoticeCounts {
	for _, s := range campaign.States() {
		a.Add(s, b.Of(s))
	}
	return a
}

// clean replaces what is invisible or changes the direction of writing in a word that
// others chose.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
