package check

import (
	"cmp"
	"strconv"
	"strings"
)

// Severity is what a finding means for the campaign.
type Severity string

// The severities, the worst first.
const (
	SeverityError   Severity = "error"   // nothing goes out before it is mended or overridden
	SeverityWarning Severity = "warning" // a human has to look at it
	SeverityInfo    Severity = "info"    // good to know
)

// Severities lists the severities in the order in which they are shown.
func Severities() []Severity { return []Severity{SeverityError, SeverityWarning, SeverityInfo} }

func (s Severity) rank() int {
	for i, other := range Severities() {
		if s == other {
			return i
		}
	}
	return len(Severities())
}

// Rule is one thing that a check looks for.
type Rule struct {
	ID       string   `json:"id"` // lower-case words with hyphens; it never changes
	Severity Severity `json:"severity"`
	Summary  string   `json:"summary"` // what breaks the rule
	Why      string   `json:"why"`     // what comes of it
	Mend     string   `json:"mend"`    // what to do about it
}

// Finding is one place that breaks a rule.
type Finding struct {
	Rule     string   `json:"rule"` // Rule.ID
	Severity Severity `json:"severity"`
	// File is what has to be changed: a template as notice.Set.Wordings names it, or a
	// key of the configuration, such as incident.contact or links.help.
	File string `json:"file"`
	Line int    `json:"line"` // of the template, or of the value of the key; from 1; 0: all of it
	What string `json:"what"` // what was found, in lower case and without a full stop
	Mend string `json:"mend"`
	// Overridden says that somebody has decided to leave it as it is, see Report.Override.
	Overridden bool `json:"overridden"`
}

// Where returns the place of f, such as templates/en/sso.md:12 or links.help.
func (f Finding) Where() string {
	if f.Line == 0 {
		return f.File
	}
	return f.File + ":" + strconv.Itoa(f.Line)
}

// compare puts the worst findings first and keeps those of one rule together.
func (f Finding) compare(g Finding) int {
	return cmp.Or(
		cmp.Compare(f.Severity.rank(), g.Severity.rank()),
		strings.Compare(f.Rule, g.Rule),
		strings.Compare(f.File, g.File),
		cmp.Compare(f.Line, g.Line),
		strings.Compare(f.What, g.What),
	)
}
