package check

import (
	"fmt"
	"html"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/notice"
	"breachnotify/templates"
)

var testDate = time.Date(2026, time.November, 22, 9, 30, 0, 0, time.UTC)

// testSubject returns the built-in notices for one reader each with facts and a plan in
// which no rule finds anything.
func testSubject(t testing.TB) *Subject {
	t.Helper()
	s := &Subject{
		OfficialDomains: []string{"example.com"}, At: testDate,
		Discovered: time.Date(2026, time.November, 8, 0, 0, 0, 0, time.UTC),
		Facts: notice.Facts{
			Organisation: "Acme",
			From:         &mail.Address{Name: "Acme Security", Address: "security@example.com"},
			ReplyTo:      &mail.Address{Address: "help@example.com"},
			Incident: map[string]string{
				"what_happened":     "A third party got into one of our databases. It reached a *part* of it.",
				"what_information":  "These data were involved:\n\n- names and addresses\n- passwords, stored as hashes only",
				"what_we_are_doing": "We closed the hole on 8 November 2026.",
				"discovered":        "2026-11-08",
				"contact":           "Write to our data protection officer at <dpo@example.com>, or call +1 555 010 0199.",
			},
			Links: map[string]string{
				notice.LinkReset: "https://example.com/reset", notice.LinkSignOut: "https://example.com/security",
				notice.LinkHelp: "https://example.com/help?topic=breach",
			},
		},
		Plan: &Plan{
			Status: campaign.Status{
				Accounts: campaign.AccountCounts{Selected: 1000, Noticed: 960, Excluded: 40},
				Notices:  campaign.NoticeCounts{Total: 900},
				ByClass:  map[account.Class]campaign.NoticeCounts{account.Password: {Total: 600}, account.SSO: {Total: 300}},
			},
			Mailboxes: Mailboxes{Domains: map[string]int64{"gmail.com": 500, "example.org": 200}},
		},
	}
	base := rendered(t, s)
	s.Wordings = base.Wordings
	for _, n := range base.Notices {
		n.Variants = slices.Clone(n.Variants[:1]) // one reader will do, and is quicker
		s.Notices = append(s.Notices, n)
	}
	return s
}

var (
	renderOnce sync.Once
	renderedOf Subject
)

// rendered returns s with its notices, which are composed for the first s alone: it is
// always the same.
func rendered(t testing.TB, s *Subject) Subject {
	renderOnce.Do(func() {
		renderedOf = *s
		renderedOf.render(t)
	})
	return renderedOf
}

// render composes the notices of s anew.
func (s *Subject) render(t testing.TB) {
	t.Helper()
	set, err := notice.Load(notice.Options{FS: templates.FS, Facts: s.Facts, MessageIDDomain: "example.com", DefaultLocale: "en"})
	if err != nil {
		t.Fatal(err)
	}
	if s.Notices, err = Samples(set, testDate); err != nil {
		t.Fatal(err)
	}
	s.Wordings = set.Wordings()
}

// eachVariant changes every rendered notice.
func (s *Subject) eachVariant(change func(class account.Class, v *Variant)) {
	for _, n := range s.Notices {
		for i := range n.Variants {
			change(n.Class, &n.Variants[i])
		}
	}
}

// swap changes both parts and the bytes of every notice as text.
func swap(old, with string) func(*Subject) {
	return func(s *Subject) {
		s.eachVariant(func(_ account.Class, v *Variant) {
			m := &v.Message
			m.HTML, m.Text = strings.ReplaceAll(m.HTML, old, with), strings.ReplaceAll(m.Text, old, with)
			m.Bytes = []byte(strings.ReplaceAll(string(m.Bytes), old, with))
		})
	}
}

// markup puts HTML at the end of every page.
func markup(source string) func(*Subject) {
	return func(s *Subject) {
		s.eachVariant(func(_ account.Class, v *Variant) {
			v.Message.HTML = strings.Replace(v.Message.HTML, "</body>", source+"</body>", 1)
		})
	}
}

// say puts a sentence into both parts of every notice.
func say(sentence string) func(*Subject) {
	return func(s *Subject) {
		markup("<p>" + html.EscapeString(sentence) + "</p>")(s)
		s.eachVariant(func(_ account.Class, v *Variant) { v.Message.Text += "\n" + sentence + "\n" })
	}
}

// link puts a link into both parts of every notice.
func link(target string) func(*Subject) { return linkAs(target, "Our page") }

func linkAs(target, words string) func(*Subject) {
	return func(s *Subject) {
		markup(fmt.Sprintf(`<p><a href="%s">%s</a></p>`, html.EscapeString(target), html.EscapeString(words)))(s)
		s.eachVariant(func(_ account.Class, v *Variant) { v.Message.Text += "\n" + words + " <" + target + ">\n" })
	}
}

// language makes the English notices those of another language.
func language(tag string) func(*Subject) {
	return func(s *Subject) {
		for i := range s.Notices {
			if s.Notices[i].Locale == "en" {
				s.Notices[i].Locale = tag
			}
		}
		swap(`lang="en"`, `lang="`+tag+`"`)(s)
	}
}

// only keeps the notices in one language.
func only(locale string) func(*Subject) {
	return func(s *Subject) {
		var kept []Notice
		for _, n := range s.Notices {
			if n.Locale == locale {
				kept = append(kept, n)
			}
		}
		s.Notices = kept
	}
}

// fact sets facts and renders the notices anew.
func fact(t testing.TB, pairs ...string) func(*Subject) {
	return func(s *Subject) {
		for i := 0; i < len(pairs); i += 2 {
			s.Facts.Incident[pairs[i]] = pairs[i+1]
		}
		s.render(t)
	}
}

// law chooses jurisdictions and the attestations of their elements.
func law(names string, attested ...string) func(*Subject) {
	return func(s *Subject) {
		s.Jurisdictions = strings.Fields(names)
		s.Attested = map[string]string{}
		for _, id := range attested {
			s.Attested[id] = "Jane Doe, counsel"
		}
	}
}

func both(changes ...func(*Subject)) func(*Subject) {
	return func(s *Subject) {
		for _, change := range changes {
			change(s)
		}
	}
}

func run(t testing.TB, s *Subject) *Report {
	t.Helper()
	report, err := Run(s)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// findingsOf returns the findings of one rule.
func findingsOf(report *Report, id string) []Finding {
	var found []Finding
	for _, f := range report.Findings {
		if f.Rule == id {
			found = append(found, f)
		}
	}
	return found
}
