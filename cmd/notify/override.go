package main

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/check"
	"breachnotify/pkg/check/online"
	"breachnotify/pkg/hint"
)

// overriding are the flags by which somebody overrides rules of the check.
type overriding struct {
	rules   []string
	because string
}

func (o *overriding) declare(flags *pflag.FlagSet) {
	flags.StringSliceVar(&o.rules, "override", nil, "go on although `RULE` of notify check finds errors; recorded with its reason")
	flags.StringVar(&o.because, "because", "", "`WHY` the rules of --override do not hold here")
}

func (o overriding) validate() error {
	switch given := strings.TrimSpace(o.because) != ""; {
	case len(o.rules) > 0 && !given:
		return hint.Wrap(say(errUsage, "--override without a reason"), `add --because "…": it is recorded with your name, and stands in the report`)
	case len(o.rules) == 0 && given:
		return say(errUsage, "--because goes with --override")
	}
	for _, id := range o.rules {
		if err := knownRule(id); err != nil {
			return err
		}
	}
	return nil
}

// knownRule makes an id that no rule has a mistake on the command line.
func knownRule(id string) error {
	rules := check.Rules()
	if slices.ContainsFunc(rules, func(r check.Rule) bool { return r.ID == id }) {
		return nil
	}
	if isOnline(id) {
		return say(errUsage, "--override: %s is a rule of notify check --online, which keeps nothing from going on", id)
	}
	err := hint.Wrap(say(errUsage, "--override: there is no rule %q", id), "notify check --rules lists them")
	nearest := slices.MinFunc(rules, func(a, b check.Rule) int { return hint.Distance(id, a.ID) - hint.Distance(id, b.ID) })
	if hint.Distance(id, nearest.ID) <= len(id)/2 {
		return hint.Wrap(err, "did you mean %s", nearest.ID)
	}
	return err
}

// isOnline reports whether a rule is one of check --online.
func isOnline(id string) bool {
	return slices.ContainsFunc(online.Rules(), func(r check.Rule) bool { return r.ID == id })
}

// records are the overrides as the ledger keeps them.
func (o overriding) records(p *process, command string) []campaign.Override {
	var records []campaign.Override
	for _, id := range o.rules {
		records = append(records, campaign.Override{
			Rule: id, Reason: strings.TrimSpace(o.because), By: p.user, Command: command, At: p.now(),
		})
	}
	return records
}
