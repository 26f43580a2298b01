package check

import (
	"slices"
	"strings"
)

// RuleUnusable is the rule that is about Subject.Problems. It is not Overridable: what
// cannot be made use of is not sent.
const RuleUnusable = "unusable"

// problemRules are about what was found before anything could be rendered.
func problemRules() []rule {
	return []rule{
		{Rule{RuleUnusable, SeverityError, "a notice, a fact or a link that cannot be made use of",
			"nothing can be planned with it, so that this rule cannot be overridden",
			"mend what it says"}, checkProblems},
	}
}

// checkProblems tells each problem, unless another rule that cannot be overridden says at
// its place what is wrong.
func checkProblems(in *inspected, report reporter) {
	if len(in.Problems) == 0 {
		return
	}
	var named []Finding
	for _, r := range slices.Concat(linkRules(), actionRules(), wordRules(), messageRules(), pageRules()) {
		if !Overridable(r.ID) {
			named = append(named, r.findings(in)...)
		}
	}
	for _, p := range in.Problems {
		if !slices.ContainsFunc(named, p.isAt) {
			report(place{p.File, p.Line, p.Mend}, "%s", p.What)
		}
	}
}

// isAt reports whether a finding is at the place of p. A place without a line is all of
// its file, and of every notice the layout is a part.
func (p Problem) isAt(f Finding) bool {
	if p.Line == 0 && f.File == layoutFile && strings.HasPrefix(p.File, "templates/") {
		return true
	}
	return f.File == p.File && (f.Line == p.Line || f.Line == 0 || p.Line == 0)
}
