package online

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"breachnotify/pkg/check"
	"breachnotify/pkg/hint"
)

// Report is what was seen, and what breaks a rule.
type Report struct {
	Relay    RelayFacts      `json:"relay"`
	DKIM     *DKIMFacts      `json:"dkim"` // nil: notices are not signed here
	SPF      SPFFacts        `json:"spf"`
	DMARC    DMARCFacts      `json:"dmarc"`
	MX       MXFacts         `json:"mx"`
	Pages    []PageFacts     `json:"pages"` // in the order of their keys
	Findings []check.Finding `json:"-"`     // by their part, in the order above; a check has more of them
}

// findings gathers what breaks rules. File is a key of the configuration.
type findings []check.Finding

func (f *findings) add(r check.Rule, key, what string, args ...any) {
	f.addMend(r, key, r.Mend, what, args...)
}

// addFailure adds what an error says, with its own advice where it has some.
func (f *findings) addFailure(r check.Rule, key, what string, err error) {
	mend := r.Mend
	if advice := hint.Of(err); len(advice) > 0 {
		mend = strings.Join(advice, "; ")
	}
	f.addMend(r, key, mend, "%s", what)
}

func (f *findings) addMend(r check.Rule, key, mend, what string, args ...any) {
	*f = append(*f, check.Finding{Rule: r.ID, Severity: r.Severity, File: key, What: fmt.Sprintf(what, args...), Mend: mend})
}

// soon is how near the end of a certificate is worth a warning.
const soon = 14 * 24 * time.Hour

// endsSoon reports whether a certificate ends so soon that a campaign may outlast it.
func endsSoon(notAfter, now time.Time) bool { return notAfter.Sub(now) < soon }

// maxShown bounds what is shown of something that came from outside, in octets.
const maxShown = 1024

// shown makes foreign text fit for one line of a terminal.
func shown(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) > maxShown {
		text = strings.ToValidUTF8(text[:maxShown], "") + " …"
	}
	return text
}
