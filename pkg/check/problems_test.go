package check

import (
	"slices"
	"testing"

	"breachnotify/pkg/campaign"
)

func TestWhatCannotBeRenderedIsStillHeldAgainstTheRulesOfLinks(t *testing.T) {
	s := testSubject(t)
	s.Notices, s.Plan = nil, nil
	s.Facts.Links["help"] = "http://example.com/help"
	s.Wordings = map[string][]byte{
		"templates/en/sso.md": []byte("---\nsubject: Hello\n---\n# Notice\n\nSee [our page](https://example.com.evil.org/a).\n"),
	}
	s.Problems = []Problem{
		{File: "links.help", What: "not an https link"},
		{File: "templates/en/sso.md", Line: 9, What: "an action is not closed", Mend: "close it"},
	}
	report := run(t, s)
	want := map[string]string{
		"link-scheme": "links.help", "link-lookalike": "templates/en/sso.md:6", RuleUnusable: "templates/en/sso.md:9",
	}
	for _, f := range report.Findings {
		if want[f.Rule] != f.Where() {
			t.Errorf("%s at %s: %s", f.Rule, f.Where(), f.What)
		}
		if f.Rule == RuleUnusable && f.Mend != "close it" {
			t.Errorf("the advice is %q", f.Mend)
		}
		delete(want, f.Rule)
	}
	if len(want) > 0 || !report.Refused() {
		t.Errorf("not found: %v", want)
	}
}

func TestOverriddenRulesRefuseNothing(t *testing.T) {
	s := testSubject(t)
	both(link("https://example.com/a?utm_source=x"), say("It was yesterday."))(s)
	report := run(t, s)
	if !report.Refused() {
		t.Fatal("a link that tracks refuses nothing")
	}
	before := report.Counts[SeverityError]
	if idle := report.Override("link-tracking", "contrast", "contrast"); len(idle) != 1 || idle[0] != "contrast" {
		t.Errorf("without a finding: %v", idle)
	}
	if report.Refused() || report.Overridden != before || report.Counts[SeverityWarning] == 0 {
		t.Errorf("overridden are %d of %d, counts %v", report.Overridden, before, report.Counts)
	}
	for _, f := range report.Findings {
		if f.Overridden != (f.Rule == "link-tracking") {
			t.Errorf("%s is overridden: %t", f.Rule, f.Overridden)
		}
	}
}

func TestWhatNothingCanBePlannedWithIsNotOverridden(t *testing.T) {
	s := testSubject(t)
	link("https://unrelated.org/a")(s)
	report := run(t, s)
	if idle := report.Override("link-host"); len(idle) > 0 || !report.Refused() || report.Overridden > 0 {
		t.Errorf("idle are %v, counts %v, overridden %d", idle, report.Counts, report.Overridden)
	}
	for _, id := range fixedRules {
		if !slices.ContainsFunc(Rules(), func(r Rule) bool { return r.ID == id }) {
			t.Errorf("%s is no rule", id)
		}
	}
	if Overridable("link-host") || !Overridable("link-tracking") {
		t.Error("Overridable tells rules apart wrongly")
	}
}

func TestOfPlanKnowsTheNumbersAlone(t *testing.T) {
	s := testSubject(t)
	s.Plan.Status.Accounts.ExcludedBy = map[campaign.Exclusion]int64{campaign.Unclassified: 900}
	found := OfPlan(s.Plan)
	if len(found) != 1 || found[0].Rule != "plan-excluded" || found[0].Severity != SeverityWarning {
		t.Errorf("found %+v", found)
	}
}
