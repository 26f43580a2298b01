package check

import (
	"maps"
	"slices"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// Bounds of a plan, as shares.
const (
	mostExcluded  = 0.05 // of the selected accounts
	mostOneDomain = 0.30 // of the notices, at a domain that is no large mail provider
	mostProvider  = 0.90 // of the notices, at one that is
	// leastShare is the number of notices from which shares of domains say anything.
	leastShare = 50
)

// planRules are about who gets the notices and who does not.
func planRules() []rule {
	return []rule{
		{Rule{"plan-empty-class", SeverityWarning, "a class with nobody in it",
			"a wrong column of the export looks like this",
			"if that cannot be right, notify plan --explain shows what was decided and why"}, ofPlan(checkClasses)},
		{Rule{"plan-excluded", SeverityWarning, "more than 5 % of the accounts have no usable address, or no sign of a password or SSO",
			"these people are not told, and so many of them point to a wrong column or query",
			"look at notify accounts --excluded, and at the export"}, ofPlan(checkExcluded)},
		{Rule{"plan-domain-share", SeverityWarning, "an unusual share of the notices goes to one domain",
			"test accounts and staff look like this, and one destination throttles them all",
			"look at notify plan --explain, and narrow the export if these are not the people affected"}, ofPlan(checkDomains)},
		{Rule{"plan-lookalikes", SeverityWarning, "mailboxes that differ in dots or in what follows a plus sign only",
			"at some providers they are one mailbox, whose reader gets several notices",
			"nothing is merged by itself; leave it, or put those that are not wanted into the file of suppress"}, ofPlan(checkLookAlikes)},
		{Rule{"plan-role-accounts", SeverityWarning, "mailboxes of a role, such as info@ or abuse@",
			"several people read them, and a notice tells them all about one account",
			"look whether these accounts belong to a person"}, ofPlan(checkRoles)},
		{Rule{"plan-typos", SeverityWarning, "domains that are one character away from a large mail provider",
			"these notices reach nobody, or whoever waits for such mistakes",
			"nothing is corrected by itself; reach these people another way, or use notify resend --corrections later"}, ofPlan(checkTypos)},
		{Rule{"plan-furnished-mail", SeverityWarning, "accounts whose mailbox the organisation itself provides, from which the notice is withheld",
			"whoever broke into the accounts may read these mailboxes, so that these people are not told by mail",
			"reach them another way: notify bounces list --csv --reveal names them"}, ofPlan(checkFurnished)},
	}
}

// planned is the place of everything that is wrong with a plan.
var planned = place{file: "export"}

func ofPlan(check func(p *Plan, report reporter)) func(*inspected, reporter) {
	return func(in *inspected, report reporter) {
		if in.Plan != nil {
			check(in.Plan, report)
		}
	}
}

func checkClasses(p *Plan, report reporter) {
	for _, class := range account.Classes() {
		if p.Status.ByClass[class].Total == 0 {
			report(planned, "no account is in the class %s", class)
		}
	}
}

func checkExcluded(p *Plan, report reporter) {
	a := p.Status.Accounts
	var excluded int64 // for what somebody may have done wrong
	for _, why := range []campaign.Exclusion{campaign.NoAddress, campaign.InvalidAddress, campaign.Unsendable, campaign.Unclassified} {
		excluded += a.ExcludedBy[why]
	}
	if share := shareOf(excluded, a.Selected); share > mostExcluded {
		report(planned, "no usable address, or no class: %d of %d accounts (%.1f %%)", excluded, a.Selected, 100*share)
	}
}

func checkDomains(p *Plan, report reporter) {
	total := p.Status.Notices.Total
	if total < leastShare {
		return
	}
	for _, domain := range slices.Sorted(maps.Keys(p.Mailboxes.Domains)) {
		most := mostOneDomain
		if slices.Contains(providers, domain) {
			most = mostProvider
		}
		if share := shareOf(p.Mailboxes.Domains[domain], total); share > most {
			report(planned, "%d of %d notices go to %s (%.1f %%)", p.Mailboxes.Domains[domain], total, domain, 100*share)
		}
	}
}

func checkLookAlikes(p *Plan, report reporter) {
	if n := p.Mailboxes.LookAlikes; n > 0 {
		report(planned, "notices to mailboxes that look like another one: %d", n)
	}
}

func checkRoles(p *Plan, report reporter) {
	if n := p.Mailboxes.Roles; n > 0 {
		report(planned, "notices to mailboxes of a role: %d", n)
	}
}

func checkTypos(p *Plan, report reporter) {
	for _, domain := range slices.Sorted(maps.Keys(p.Mailboxes.Typos)) {
		typo := p.Mailboxes.Typos[domain]
		report(planned, "notices to %s, which may stand for %s: %d", domain, typo.Meant, typo.Notices)
	}
}

func checkFurnished(p *Plan, report reporter) {
	if n := p.Status.Accounts.ExcludedBy[campaign.Withheld]; n > 0 {
		report(place{file: "furnished_mail_domains"}, "accounts that are withheld: %d", n)
	}
}

func shareOf(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
