package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/check"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/ledger"
)

// vet holds the notices against the offline rules before they are planned or sent. It
// looks at samples alone, so that its time does not grow with the number of accounts. It
// refuses errors whose rules neither the folder's own overrides nor those that the plan
// has recorded name, and counts the warnings on stderr, the first time.
func (f *folder) vet(p *process, recorded []campaign.Override) error {
	report, first, err := f.examine(p)
	if err != nil {
		return err
	}
	for _, o := range recorded {
		report.Override(o.Rule)
	}
	f.override(p, report, first)
	if report.Refused() {
		return f.refusal(report)
	}
	if n := report.Counts[check.SeverityWarning]; n > 0 && first {
		warning{fmt.Sprintf("about the notices and their configuration: %d", n), "notify check shows what it is"}.show(p)
	}
	return nil
}

// override takes what this command overrides out of the counts of a report, and warns, the
// first time, of what changes nothing.
func (f *folder) override(p *process, report *check.Report, first bool) {
	for _, o := range f.overrides {
		idle := report.Override(o.Rule)
		if len(idle) > 0 && first {
			p.warn("--override %s: no notice breaks this rule", o.Rule)
		}
	}
}

// openToSend is openFolder for the commands that make notices go out. It refuses notices
// that cannot be made use of as vet refuses errors: by their rules.
func openToSend(p *process, g *globals, overrides []campaign.Override) (*folder, error) {
	f, err := openFolder(p, g)
	var content contentError
	switch {
	case errors.As(err, &content):
		return nil, refuseContent(p, g, overrides, content)
	case err != nil:
		return nil, err
	}
	f.overrides = overrides
	return f, nil
}

// refuseContent says by which rules the notices of a folder cannot be made use of.
func refuseContent(p *process, g *globals, overrides []campaign.Override, cause error) error {
	f, err := openUnchecked(p, g)
	if err != nil {
		return err
	}
	f.overrides = overrides
	report, first, err := f.examine(p)
	if err != nil {
		return err
	}
	f.override(p, report, first)
	if !report.Refused() { // whoever refused it knows more than the rules
		return hint.Wrap(say(errRefused, "the notices cannot be made use of: %v", cause), "notify check shows what stands in them")
	}
	return f.refusal(report)
}

// vetPlan is vet for the notices of a plan.
func (f *folder) vetPlan(ctx context.Context, p *process, book *ledger.Reader) error {
	recorded, err := book.Overrides(ctx)
	if err != nil {
		return err
	}
	return f.vet(p, recorded)
}

// examine holds the notices against the offline rules. first is false if that was done
// before.
func (f *folder) examine(p *process) (report *check.Report, first bool, err error) {
	if f.checked != nil {
		return f.checked, false, nil
	}
	s, err := f.subject(p.now())
	if err != nil {
		return nil, false, err
	}
	f.checked, err = check.Run(s)
	return f.checked, true, err
}

// vetTest warns of what would keep the notices from being sent to anybody but the
// operator.
func (f *folder) vetTest(p *process) error {
	report, _, err := f.examine(p)
	if err != nil {
		return err
	}
	if n := report.Counts[check.SeverityError]; n > 0 {
		warning{fmt.Sprintf("errors in the notices or their configuration: %d", n), "notify check shows them; plan and send refuse these"}.show(p)
	}
	return nil
}

// mostShown is how many errors a refusal names, and how many ways to mend them.
const mostShown = 5

// refusal says which errors keep the notices from going out.
func (f *folder) refusal(report *check.Report) error {
	n := report.Counts[check.SeverityError]
	lines := []string{fmt.Sprintf("refused by the check, errors: %d", n)}
	var advice []string
	overridable := false
	findings := slices.Clone(report.Findings)
	slices.SortStableFunc(findings, func(a, b check.Finding) int { return fixedFirst(a) - fixedFirst(b) })
	for _, finding := range findings {
		if finding.Severity != check.SeverityError || finding.Overridden {
			continue
		}
		overridable = overridable || check.Overridable(finding.Rule)
		if len(lines) <= mostShown {
			lines = append(lines, fmt.Sprintf("%s: %s: %s", f.where(finding), finding.Rule, inert(finding.What)))
			advice = append(advice, fmt.Sprintf("%s: %s", finding.Rule, finding.Mend))
		}
	}
	if more := n - (len(lines) - 1); more > 0 {
		lines = append(lines, fmt.Sprintf("and more: %d", more))
	}
	if fixed := f.fixed(report); len(fixed) > 0 {
		lines = append(lines, "cannot be overridden: "+strings.Join(fixed, ", "))
	}
	last := "notify check shows all; nothing can be planned with these errors, so that --override does not help"
	if overridable {
		last = `notify check shows all; a rule that does not hold here: --override RULE --because "…", which is recorded`
	}
	err := hint.Wrap(say(errRefused, "%s", strings.Join(lines, "\n")), "%s", last)
	for _, line := range slices.Backward(advice) { // the last hint comes first
		err = hint.Wrap(err, "%s", line)
	}
	return err
}

// fixedFirst sorts findings so that what has to be mended in any case is not cut off.
func fixedFirst(f check.Finding) int {
	if check.Overridable(f.Rule) {
		return 1
	}
	return 0
}

// fixed returns the rules that this command overrides in vain, since nothing can be planned
// with what breaks them.
func (f *folder) fixed(report *check.Report) []string {
	var ids []string
	for _, o := range f.overrides {
		broken := slices.ContainsFunc(report.Findings, func(found check.Finding) bool { return found.Rule == o.Rule && !found.Overridden })
		if broken && !slices.Contains(ids, o.Rule) {
			ids = append(ids, o.Rule)
		}
	}
	return ids
}

// noticeWarnings are the warnings of a check in the form of those of a plan.
func (f *folder) noticeWarnings() []warning {
	var warnings []warning
	for _, finding := range f.checked.Findings {
		if finding.Severity == check.SeverityWarning && !finding.Overridden {
			warnings = append(warnings, warning{fmt.Sprintf("%s: %s: %s", f.where(finding), finding.Rule, finding.What), finding.Mend})
		}
	}
	return warnings
}
