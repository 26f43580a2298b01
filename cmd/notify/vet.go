package main

import (
	"context"
	"fmt"
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
	for _, o := range f.overrides {
		if idle := report.Override(o.Rule); len(idle) > 0 && first {
			p.warn("--override %s: no notice breaks this rule", o.Rule)
		}
	}
	if report.Refused() {
		return f.refusal(report)
	}
	if n := report.Counts[check.SeverityWarning]; n > 0 && first {
		warning{fmt.Sprintf("about the notices and their configuration: %d", n), "notify check shows what it is"}.show(p)
	}
	return nil
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
	for _, finding := range report.Findings {
		if finding.Severity != check.SeverityError || finding.Overridden {
			continue
		}
		if len(lines) <= mostShown {
			lines = append(lines, fmt.Sprintf("%s: %s: %s", f.where(finding), finding.Rule, inert(finding.What)))
			advice = append(advice, fmt.Sprintf("%s: %s", finding.Rule, finding.Mend))
		}
	}
	if more := n - (len(lines) - 1); more > 0 {
		lines = append(lines, fmt.Sprintf("and more: %d", more))
	}
	err := hint.Wrap(say(errRefused, "%s", strings.Join(lines, "\n")),
		`notify check shows all; a rule that does not hold here: --override RULE --because "…", which is recorded`)
	for i := len(advice) - 1; i >= 0; i-- { // the last hint comes first
		err = hint.Wrap(err, "%s", advice[i])
	}
	return err
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
