package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/check"
	"breachnotify/pkg/check/online"
)

type checkOptions struct {
	rules  bool
	online bool
}

func newCheckCommand(p *process, g *globals) *cobra.Command {
	var o checkOptions
	cmd := command("check", "Find what is wrong before anything goes out",
		`check holds the notices, the configuration and, once there is one, the plan against
rules, and what the notices say against what the laws under jurisdictions ask for. It
reads everything, changes nothing and, without --online, opens no connection. Errors
keep plan and send from going on, unless somebody overrides their rule: notify send --override RULE
--because "…", which is recorded. Warnings are for a human to look at.

--online asks the relay, the DNS and the pages of the links, too: whether the relay lets
the user in and takes the sender, whether DKIM, SPF and DMARC show that the notices are
genuine, whether bounces find a way back, and whether the pages answer. It names no
recipient and sends no message. plan and send ask none of that, and go on whatever it
finds.

--rules documents every rule: what breaks it, what comes of it, and how to mend it.`,
		[]int{exitDone, exitFailed, exitUsage, exitRefused, exitInterrupted}, noArgs)
	cmd.Flags().BoolVar(&o.online, "online", false, "ask the relay, the DNS and the pages, too")
	cmd.Flags().BoolVar(&o.rules, "rules", false, "document the rules instead")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return runCheck(cmd.Context(), p, g, o) }
	return cmd
}

func runCheck(ctx context.Context, p *process, g *globals, o checkOptions) error {
	if o.rules {
		return newView(p, g).show(documented())
	}
	f, err := openUnchecked(p, g)
	if err != nil {
		return err
	}
	c, err := f.checkAll(ctx, p)
	if err != nil {
		return err
	}
	r := newCheckResult(f, c)
	if o.online {
		asked, err := f.askOnline(ctx, p, g, c)
		if err != nil {
			return err
		}
		if asked != nil {
			r.Online = onlineResult{asked}
		}
	}
	if err := newView(p, g).show(r); err != nil {
		return err
	}
	if c.report.Refused() {
		return say(errRefused, "the check finds errors: %d", c.report.Counts[check.SeverityError])
	}
	return nil
}

// checkResult is what `notify check` prints.
type checkResult struct {
	*check.Report
	Campaign  string              `json:"campaign"`
	Notices   []variant           `json:"notices"`
	Plan      *string             `json:"plan"` // its digest; null: the check is not about a plan
	Note      string              `json:"note,omitempty"`
	Overrides []campaign.Override `json:"overrides"` // that the plan has recorded
	// Online is what was found over the network; left out where nobody asked for it.
	Online result `json:"online,omitempty"`

	where func(check.Finding) string
}

func newCheckResult(f *folder, c *checked) checkResult {
	r := checkResult{
		Report: c.report, Campaign: f.config.Campaign, Notices: c.kinds, Plan: orNull(c.plan), Note: c.note,
		Overrides: []campaign.Override{},
		where:     f.where,
	}
	if r.Notices == nil {
		r.Notices = []variant{} // an empty list is not null
	}
	for _, o := range c.overrides {
		o.At = o.At.Truncate(time.Second)
		r.Overrides = append(r.Overrides, o)
	}
	return r
}

// where says which file a finding is about: a template, or a key of the configuration.
func (f *folder) where(finding check.Finding) string {
	name, isTemplate := strings.CutPrefix(finding.Where(), "templates/")
	switch {
	case isTemplate && f.config.Notice.Templates != "":
		return filepath.Join(f.config.Notice.Templates, name)
	case isTemplate:
		return "the built-in " + finding.Where()
	}
	if line := f.config.Line(finding.File); line > 0 {
		return fmt.Sprintf("%s:%d %s", f.path, line, finding.File)
	}
	return f.path + " " + finding.File
}

func (r checkResult) human(w io.Writer) {
	var names []string
	for _, v := range r.Notices {
		names = append(names, string(v.Class)+" "+v.Locale)
	}
	fmt.Fprintf(w, "checked   %d notices%s\n", len(names), bracketed(names))
	switch {
	case r.Plan != nil:
		fmt.Fprintf(w, "plan      %s\n", short(*r.Plan))
	default:
		fmt.Fprintf(w, "plan      not looked at: %s\n", r.Note)
	}
	for _, f := range r.Findings {
		r.printFinding(w, f)
	}
	for _, s := range r.Jurisdictions {
		printStanding(w, s)
	}
	if len(r.Jurisdictions) > 0 {
		fmt.Fprintf(w, "\n%s\n", r.Disclaimer)
	}
	if r.Online != nil {
		r.Online.human(w)
	}
	fmt.Fprintf(w, "\nfound     errors: %d, warnings: %d, infos: %d, overridden: %d\n",
		r.Counts[check.SeverityError], r.Counts[check.SeverityWarning], r.Counts[check.SeverityInfo], r.Report.Overridden)
}

func (r checkResult) printFinding(w io.Writer, f check.Finding) {
	label := fmt.Sprintf("%-9s", f.Severity)
	if f.Severity == check.SeverityError && !f.Overridden {
		label = inksOf(w).paint(bad, label)
	}
	fmt.Fprintf(w, "\n%s %s  %s\n", label, f.Rule, inert(r.where(f)))
	fmt.Fprintf(w, "          %s\n", inert(f.What))
	if !f.Overridden {
		fmt.Fprintf(w, "          mend: %s\n", f.Mend)
	}
	for _, o := range r.Overrides {
		if o.Rule == f.Rule {
			fmt.Fprintf(w, "          overridden by %s on %s: %s\n", inert(o.By), o.At.Format(time.DateOnly), inert(o.Reason))
		}
	}
}

// printStanding says how the notices stand to a jurisdiction.
func printStanding(w io.Writer, s check.Standing) {
	fmt.Fprintf(w, "\n%-9s %s\n          due %s; the rules are those of %s\n", s.Name, s.Title, s.Due, s.Checked)
	for _, e := range s.Elements {
		source := e.Cite
		if e.Unverified {
			source += "; not checked against the source"
		}
		fmt.Fprintf(w, "  %-10s %-9s %s%s (%s)\n", e.State, e.ID, e.Means, circumstances(e), source)
	}
	for _, note := range s.Notes {
		fmt.Fprintf(w, "          note: %s\n", note)
	}
}

// circumstances are what else has to be known of an element.
func circumstances(e check.ElementStands) string {
	var text string
	switch {
	case e.When != "":
		text += ", if " + e.When
	case e.Need == "recommended":
		text += ", recommended"
	case e.Need == "prohibited":
		text += ", which must not stand there"
	}
	if e.State == check.StateAttested {
		text += ", by " + inert(e.By)
	}
	for i, file := range e.Unjudged {
		text += []string{", not judged in ", ", "}[min(i, 1)] + strings.TrimSuffix(strings.TrimPrefix(file, "templates/"), ".md")
	}
	return text
}

// rulesResult is what `notify check --rules` prints.
type rulesResult struct {
	Rules []documentedRule `json:"rules"`
}

// documentedRule is a rule with what --override can do about it.
type documentedRule struct {
	check.Rule
	Overridable bool `json:"overridable"`
}

// documented documents every rule. Those of --online keep nothing from going on.
func documented() rulesResult {
	var r rulesResult
	for _, rule := range slices.Concat(check.Rules(), online.Rules()) {
		r.Rules = append(r.Rules, documentedRule{rule, check.Overridable(rule.ID) && !isOnline(rule.ID)})
	}
	return r
}

func (r rulesResult) human(w io.Writer) {
	for i, rule := range r.Rules {
		if i > 0 {
			fmt.Fprintln(w)
		}
		severity := string(rule.Severity)
		if rule.Severity == check.SeverityError && !check.Overridable(rule.ID) {
			severity += ", cannot be overridden"
		}
		fmt.Fprintf(w, "%s (%s)\n  what: %s\n  why:  %s\n  mend: %s\n", rule.ID, severity, rule.Summary, rule.Why, rule.Mend)
	}
}
