package check

import (
	"cmp"
	"fmt"
	"slices"
)

// rule is a Rule with what carries it out.
type rule struct {
	Rule
	check func(s *inspected, report reporter)
}

// reporter takes what breaks a rule: the place, and what was found, built as
// fmt.Sprintf builds it.
type reporter func(at place, what string, args ...any)

// all returns every rule, in the order in which they are documented.
func all() []rule {
	return slices.Concat(problemRules(), linkRules(), actionRules(), wordRules(), messageRules(), pageRules(), languageRules(), planRules(), jurisdictionRules())
}

// Rules documents every rule, in a fixed order.
func Rules() []Rule {
	var rules []Rule
	for _, r := range all() {
		rules = append(rules, r.Rule)
	}
	return rules
}

// Report is what a check found.
type Report struct {
	Findings      []Finding        `json:"findings"`   // the worst first
	Counts        map[Severity]int `json:"counts"`     // with a 0 for severities without a finding
	Overridden    int              `json:"overridden"` // findings that are not in Counts, see Override
	Jurisdictions []Standing       `json:"jurisdictions"`
	Disclaimer    string           `json:"disclaimer"`
}

// Disclaimer stands beside everything that is said about a jurisdiction.
const Disclaimer = "this is no legal advice: it says what stands in the notices and what was declared, not what a law demands in this case"

// Refused reports whether there is an error among the findings that nobody has
// overridden.
func (r *Report) Refused() bool { return r.Counts[SeverityError] > 0 }

// Run holds s against every rule. The error is that of Validate.
func Run(s *Subject) (*Report, error) {
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("check the notices: %w", err)
	}
	in := inspect(s)
	report := &Report{Findings: []Finding{}, Counts: map[Severity]int{}, Jurisdictions: in.standings, Disclaimer: Disclaimer}
	for _, r := range all() {
		report.Findings = append(report.Findings, r.findings(in)...)
	}
	slices.SortFunc(report.Findings, Finding.compare)
	report.count()
	return report, nil
}

// OfPlan holds the numbers of a plan against the rules about plans alone. It returns the
// findings in the order of a Report.
func OfPlan(p *Plan) []Finding {
	in := &inspected{Subject: &Subject{Plan: p}}
	var found []Finding
	for _, r := range planRules() {
		found = append(found, r.findings(in)...)
	}
	slices.SortFunc(found, Finding.compare)
	return found
}

// Add puts findings of rules that are not of this package among those of r.
func (r *Report) Add(found ...Finding) {
	r.Findings = append(r.Findings, found...)
	slices.SortFunc(r.Findings, Finding.compare)
	r.count()
}

// fixedRules are those about what nothing can be planned with, so that to override them is
// of no use: notice.Load, campaign.Config.Validate and campaign.Config.CheckLink refuse
// what breaks them.
var fixedRules = []string{
	RuleUnusable, "link-scheme", "link-host", "link-lookalike", "link-ip", "link-userinfo", "link-trailing-dot", "link-port", "link-parts",
	"password-reset", "sso-sign-out", "sso-reset", "sender-domain", "remote-content", "script", "form", "page-title",
}

// Overridable reports whether overriding a rule helps.
func Overridable(id string) bool { return !slices.Contains(fixedRules, id) }

// Override takes the findings of rules that somebody has overridden out of the counts,
// so that they refuse nothing; those of a rule that is not Overridable stay. It returns the
// rules of which there is no finding.
func (r *Report) Override(rules ...string) (idle []string) {
	for _, id := range rules {
		found := false
		for i := range r.Findings {
			if r.Findings[i].Rule == id {
				r.Findings[i].Overridden, found = Overridable(id), true
			}
		}
		if !found && !slices.Contains(idle, id) {
			idle = append(idle, id)
		}
	}
	r.count()
	return idle
}

func (r *Report) count() {
	r.Overridden = 0
	for _, severity := range Severities() {
		r.Counts[severity] = 0
	}
	for _, f := range r.Findings {
		if f.Overridden {
			r.Overridden++
			continue
		}
		r.Counts[f.Severity]++
	}
}

// findings returns what breaks r, each once: several readers get the same sentence.
func (r rule) findings(in *inspected) []Finding {
	seen := map[Finding]bool{}
	var found []Finding
	r.check(in, func(at place, what string, args ...any) {
		f := Finding{
			Rule: r.ID, Severity: r.Severity, File: at.file, Line: at.line,
			What: fmt.Sprintf(what, args...), Mend: cmp.Or(at.mend, r.Mend),
		}
		if !seen[f] {
			seen[f] = true
			found = append(found, f)
		}
	})
	return found
}

// eachLinked is each for a check of links alone, which also looks at what could not be
// rendered.
func eachLinked(check func(v *view, report reporter)) func(*inspected, reporter) {
	return func(in *inspected, report reporter) {
		each(check)(in, report)
		for _, v := range in.sources {
			check(v, report)
		}
	}
}

// each makes a check of everything out of one of a single rendered notice.
func each(check func(v *view, report reporter)) func(*inspected, reporter) {
	return func(in *inspected, report reporter) {
		for _, v := range in.views {
			check(v, report)
		}
	}
}
