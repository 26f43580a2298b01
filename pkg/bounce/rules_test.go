package bounce

import (
	"slices"
	"strings"
	"testing"
)

func TestRulesAreWellFormed(t *testing.T) {
	reasons := []string{
		ReasonNoMailbox, ReasonNoDomain, ReasonInactive, ReasonMoved, ReasonMailboxFull, ReasonRefused, ReasonSpam, ReasonVirus,
		ReasonReputation, ReasonAuth, ReasonPolicy, ReasonTooLarge, ReasonRate, ReasonRelay, ReasonNetwork, ReasonSystem,
		ReasonExpired, ReasonLoop, ReasonContent, ReasonUnsubscribed,
	}
	for _, w := range wordings().meanings {
		line := strings.Join(w.phrase, "*")
		if !slices.Contains(reasons, w.reason) {
			t.Errorf("%q: %q is no reason", line, w.reason)
		}
		if w.permanence != Permanent && w.permanence != Transient && w.permanence != Unknown {
			t.Errorf("%q: %q is no permanence", line, w.permanence)
		}
	}
	seen := map[string]bool{}
	for _, text := range []string{wordingText, phrasesText} {
		for section, line := range ruleLines(text) {
			if bare := strings.ReplaceAll(line, "{}", "@"); normalise(bare) != bare && section != "address" {
				t.Errorf("%q can never be found: want lower case and single spaces", line)
			}
			if strings.HasPrefix(line, "*") || strings.HasSuffix(line, "*") {
				t.Errorf("%q begins or ends with a star", line)
			}
			if section == "address" != strings.Contains(line, "{}") {
				t.Errorf("%q: {} belongs into the section [address]", line)
			}
			if key := section + "/" + line; seen[key] {
				t.Errorf("%q stands twice in [%s]", line, section)
			} else {
				seen[key] = true
			}
		}
	}
}

func TestPhrasesBeginAtTheBeginningOfAWord(t *testing.T) {
	for text, want := range map[string]bool{
		"the mailbox of jo is full":                          true,
		"mailbox" + strings.Repeat(" so", 40) + " is full":   false,
		"submailbox is full":                                 false,
		"mailbox mailbox" + strings.Repeat(".", 70) + "full": true,
	} {
		if got := newPhrase("mailbox*full").in(text); got != want {
			t.Errorf("%.40q: got %t, want %t", text, got, want)
		}
	}
}

func TestEntriesOfListsAreTold(t *testing.T) {
	for line, want := range map[string]entry{
		"<jo@example.org>: host said no":              {address: "jo@example.org", rest: ": host said no"},
		"  jo@example.org":                            {address: "jo@example.org"},
		`"jo@example.org":`:                           {address: "jo@example.org", rest: ":"},
		"  * jo@example.org":                          {address: "jo@example.org"},
		">>> jo@example.org <jo@example.org>":         {address: "jo@example.org", rest: "<jo@example.org>"},
		"1. jo@example.org":                           {address: "jo@example.org"},
		"jo@example.org [User unknown]":               {address: "jo@example.org", rest: "[User unknown]"},
		"Jo Doe <jo@example.org>":                     {address: "jo@example.org"},
		"Jo (jo@example.org)<mailto:jo@example.org>":  {address: "jo@example.org", rest: "<mailto:jo@example.org>"},
		"please write to jo@example.org for help":     {},
		"contact Jo Doe <jo@example.org> for details": {},
	} {
		got, _ := parseEntry(line)
		if got != want {
			t.Errorf("%q: got %+v, want %+v", line, got, want)
		}
	}
}
