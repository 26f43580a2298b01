package report

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

var (
	//go:embed page.html
	pageSource string
	//go:embed style.css
	styleSource string
)

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"count":      grouped,
	"share":      share,
	"stamp":      stamp,
	"clock":      clock,
	"rfc3339":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"className":  className,
	"stateName":  func(s campaign.State) string { return stateNames[s] },
	"reason":     func(r string) string { return cmp.Or(reasonWords[r], "no reason was told") },
	"permanence": permanence,
	"pauseEnd":   func(e campaign.PauseEnd) string { return pauseWords[e] },
	"before":     func(by *time.Time, at time.Time) string { return margin(int64(at.Sub(*by) / time.Second)) },
	"add":        func(a, b float64) float64 { return a + b },
	"plain":      func(s any) string { return strings.ReplaceAll(fmt.Sprint(s), "_", " ") },
}).Parse(pageSource))

// pageData is what the template is given.
type pageData struct {
	*Report
	Style        template.CSS
	Policy       string
	Organisation string
	States       []campaign.State
	Exclusions   []exclusion
	Findings     []finding
	ByClass      []Kind
	ClassChart   barChart
	Destination  barChart
	TimeChart    timeChart
	Busy         []Span // the spans in which something was accepted
}

type exclusion struct {
	Reason   campaign.Exclusion
	Accounts int64
}

type finding struct {
	Words string
	N     int64
}

// WriteHTML writes the page. It needs no other file, and holds the same however often it
// is written.
func (r *Report) WriteHTML(w io.Writer) error {
	sum := sha256.Sum256([]byte(styleSource))
	data := pageData{
		Report: r, Style: template.CSS(styleSource), States: campaign.States(),
		// Nothing may be loaded or run, and no other style than this one may apply.
		Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; base-uri 'none'; form-action 'none'",
		ClassChart: r.classChart(), Destination: r.destinationChart(), TimeChart: r.timeChart(),
	}
	for _, f := range r.Facts {
		if f.Name == "organisation" {
			data.Organisation = f.Text
		}
	}
	for _, e := range campaign.Exclusions() {
		data.Exclusions = append(data.Exclusions, exclusion{e, r.Status.Accounts.ExcludedBy[e]})
	}
	for _, k := range campaign.FindingKinds() {
		if n := r.Status.Findings.ByKind[k]; n > 0 {
			data.Findings = append(data.Findings, finding{findingWords[k], n})
		}
	}
	for _, class := range account.Classes() {
		data.ByClass = append(data.ByClass, Kind{Class: class, NoticeCounts: r.Status.ByClass[class]})
	}
	for _, s := range r.Timeline {
		if s.Accepted > 0 {
			data.Busy = append(data.Busy, s)
		}
	}
	if err := page.Execute(w, data); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// grouped writes a number with its thousands apart.
func grouped(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// share writes a part of a whole. What is not all is never rounded to all, nor what is
// something to nothing.
func share(part, whole int64) string {
	percent := 100 * float64(part) / float64(max(whole, 1))
	switch {
	case part == 0:
		return "0 %"
	case part == whole:
		return "100 %"
	case percent < 0.1:
		return "< 0.1 %"
	case percent > 99.9:
		return "> 99.9 %"
	}
	return fmt.Sprintf("%.1f %%", percent)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

func className(c account.Class) string {
	switch c {
	case account.Password:
		return "Password"
	case account.SSO:
		return "Single sign-on"
	}
	return string(c)
}

func permanence(p campaign.Permanence) string {
	switch p {
	case campaign.Permanent:
		return "for good"
	case campaign.Transient:
		return "for now"
	}
	return "not told"
}

// margin writes how far a moment lies before a deadline, or after it.
func margin(seconds int64) string {
	word := "before"
	if seconds < 0 {
		seconds, word = -seconds, "after"
	}
	d := time.Duration(seconds) * time.Second
	if d < 48*time.Hour {
		return fmt.Sprintf("%d h %d min %s", d/time.Hour, d%time.Hour/time.Minute, word)
	}
	return fmt.Sprintf("%d days %d h %s", d/day, d%day/time.Hour, word)
}
