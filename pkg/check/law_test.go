package check

import (
	"strings"
	"testing"
	"time"
)

func TestEveryJurisdictionIsWhole(t *testing.T) {
	want := "au br ca eu in nis2 sg uk us-ca us-ftc us-hipaa us-ma us-ny us-tx us-wa"
	if got := strings.Join(JurisdictionNames(), " "); got != want {
		t.Errorf("the jurisdictions are %s, want %s", got, want)
	}
	used := map[string]bool{}
	for name, j := range jurisdictions() {
		if err := j.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, e := range j.Elements {
			used[e.ID] = true
		}
	}
	for id := range elements {
		if !used[id] {
			t.Errorf("no jurisdiction has %s", id)
		}
	}
}

func TestDataFilesThatAreWrongAreRefused(t *testing.T) {
	const head = "name: x\ntitle: X\nchecked: \"2026\"\ndue: soon\n"
	for name, content := range map[string]string{
		"no element":          head,
		"an unknown key":      head + "colour: red\n",
		"an unknown element":  head + "elements: [{id: NONE, need: required, cite: c, attest: true}]",
		"no citation":         head + "elements: [{id: WHAT, need: required, attest: true}]",
		"no kind of check":    head + "elements: [{id: WHAT, need: required, cite: c}]",
		"an unknown need":     head + "elements: [{id: WHAT, need: wanted, cite: c, attest: true}]",
		"an unknown probe":    head + "elements: [{id: WHAT, need: required, cite: c, computed: none}]",
		"a fact that is none": head + "elements: [{id: WHAT, need: required, cite: c, facts: [links.help]}]",
		"an element twice":    head + "elements: [{id: WHAT, need: required, cite: c, attest: true}, {id: WHAT, need: required, cite: c, attest: true}]",
		"a term that is none": head + "term: soon\nelements: [{id: WHAT, need: required, cite: c, attest: true}]",
	} {
		if _, err := parseJurisdiction([]byte(content)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := parseJurisdiction([]byte(head + "elements: [{id: WHAT, need: required, cite: c, attest: true}]")); err != nil {
		t.Errorf("a file that is right: %v", err)
	}
}

// stateOf returns the state of one element.
func stateOf(t *testing.T, s *Subject, jurisdiction, id string) ElementStands {
	t.Helper()
	for _, standing := range run(t, s).Jurisdictions {
		for _, e := range standing.Elements {
			if standing.Name == jurisdiction && e.ID == id {
				return e
			}
		}
	}
	t.Fatalf("%s has no element %s", jurisdiction, id)
	return ElementStands{}
}

func TestElementsAreFoundDeclaredAttestedMissingOrProhibited(t *testing.T) {
	shown := fact(t, "contact", "Write to <dpo@example.com>. The breach lasted to the end: 5 November 2026.\n\nEquifax answers at 1-888-378-4329.",
		"credit_bureaus", "Equifax answers at 1-888-378-4329.", "breach_date", "2026-11-05", "residents", "Equifax")
	noFact := func(s *Subject) { delete(s.Facts.Incident, "what_happened") } // the notices keep their words
	unheaded := both(swap("What Happened", "What You Must Know"), swap("Was geschehen ist", "Was Sie wissen müssen"))
	unadvised := both(swap("Change the password wherever", "Forget where"), swap("Ändern Sie das Passwort überall", "Vergessen Sie"))
	germanAdvice := func(s *Subject) { s.inLanguage("de", "<p>Bitte ändern Sie das Passwort überall.</p>") }
	for _, c := range []struct {
		name, law, id string
		change        func(*Subject)
		want          State
	}{
		{"a title", "us-ca", "TITLE", nil, StateFound},
		{"a title that is not the first heading", "us-ca", "TITLE", swap("<h1>", "<h1>Hello</h1><h1>"), StateMissing},
		{"a title in another language alone", "us-ca", "TITLE", only("de"), StateMissing},
		{"a heading", "us-ca", "H_WHAT", nil, StateFound},
		{"a heading by another name", "us-ca", "H_WHAT", swap("What Happened", "The Incident"), StateMissing},
		{"a heading with nothing below", "us-ca", "H_WHAT", swap("<h2>What Happened</h2>", "<h2>What Happened</h2><h2>More</h2>"), StateMissing},
		{"headings out of order", "us-ca", "H_DATA", both(swap("What Happened", "@@"), swap("What We Are Doing", "What Happened"), swap("@@", "What We Are Doing")), StateMissing},
		{"the date of the notice", "us-ca", "D_NOTICE", nil, StateFound},
		{"another date", "us-ca", "D_NOTICE", swap("22 November 2026", "23 November 2026"), StateMissing},
		{"type of 16 pixels", "us-ca", "TYPE", nil, StateFound},
		{"type of 8 points", "us-ca", "TYPE", swap("font-size: 16px", "font-size: 8pt"), StateMissing},
		{"plain words", "us-ca", "PLAIN", nil, StateFound},
		{"advice in password notices alone", "us-ca", "PWD", nil, StateFound},
		{"a sentence about somebody else", "us-ca", "PWD", both(unadvised, say("Somebody may try the same password at other services. Somebody may sign in and change the password at other services.")), StateMissing},
		{"what need not be done", "us-ca", "PWD", both(unadvised, say("You need not change it at other services. You do not have to change it everywhere.")), StateMissing},
		{"advice in other words", "us-ca", "PWD", both(unadvised, say("If you use this password at other sites, change it there."), germanAdvice), StateFound},
		{"advice that begins with a wish", "us-ca", "PWD", both(unadvised, say("You should also reset the password everywhere else, since somebody may try it."), germanAdvice), StateFound},
		{"advice over two sentences", "us-ca", "PWD", both(unadvised, say("Did you use the password elsewhere? Please change it there too."), germanAdvice), StateFound},
		{"a fact", "us-ca", "DATA", nil, StateDeclared},
		{"a fact that one part lacks", "us-ca", "DATA", func(s *Subject) {
			m := &s.Notices[0].Variants[0].Message
			m.Text = strings.ReplaceAll(m.Text, "hashes", "secrets")
		}, StateMissing},
		{"the name of the organisation", "us-ca", "ORG", nil, StateDeclared},
		{"a discovery in words", "us-wa", "D_DISC", nil, StateDeclared},
		{"a date that notices show", "us-wa", "D_BREACH", shown, StateDeclared},
		{"a fact that notices show through another", "us-wa", "CRA", shown, StateDeclared},
		{"a fact that nobody declared", "us-wa", "CRA", nil, StateMissing},
		{"a fact that no notice shows", "us-wa", "CRA", both(fact(t, "credit_bureaus", "Call them."), swap("Call them.", "Wait.")), StateMissing},
		{"an attestation of what only a fact shows", "us-wa", "CRA", law("us-wa", "CRA"), StateMissing},
		{"a condition that is attested not to be met", "us-ca", "CRA", law("us-ca", "us-ca.CRA"), StateAttested},
		{"an attestation for another jurisdiction", "us-ca", "CRA", law("us-ca", "us-wa.CRA"), StateMissing},
		{"what only a person can say", "us-tx", "CONSENT", nil, StateMissing},
		{"what a person said", "us-tx", "CONSENT", law("us-tx", "CONSENT"), StateAttested},
		{"a fact and a person", "eu", "WHAT", law("eu", "WHAT"), StateAttested},
		{"a person without the fact", "eu", "CONSEQ", law("eu", "CONSEQ"), StateMissing},
		{"plain words in German", "eu", "PLAIN", only("de"), StateMissing},
		{"plain words in German by a person", "eu", "PLAIN", both(only("de"), law("eu", "PLAIN")), StateAttested},
		{"a section in German", "eu", "SELF", only("de"), StateFound},
		{"no marketing", "eu", "MARKETING", nil, StateAbsent},
		{"marketing", "eu", "MARKETING", say("Buy now."), StateProhibited},
		{"what happened, where it must not stand", "us-ma", "WHAT", nil, StateProhibited},
		{"the number of residents, which is not declared", "us-ma", "RESIDENTS", nil, StateUnjudged},
		{"that no number of residents stands there", "us-ma", "RESIDENTS", law("us-ma", "RESIDENTS"), StateAttested},
		{"a number of residents by hand", "us-ma", "RESIDENTS", both(law("us-ma", "RESIDENTS"), say("This is about 4,210 Massachusetts residents.")), StateProhibited},
		{"a number of people in words", "us-ma", "RESIDENTS", say("It concerns about two thousand people."), StateProhibited},
		{"a number in German", "us-ma", "RESIDENTS", both(only("de"), say("Betroffen sind 4.210 Einwohner.")), StateProhibited},
		{"a number of something else", "us-ma", "RESIDENTS", say("In 2026 we moved 12 servers, and our people help you."), StateUnjudged},
		{"what happened by hand", "us-ma", "WHAT", both(law("us-ma", "WHAT"), noFact, say("Nothing.")), StateProhibited},
		{"what happened by hand in German", "us-ma", "WHAT", both(only("de"), noFact), StateProhibited},
		{"what happened, which cannot be seen", "us-ma", "WHAT", both(noFact, unheaded), StateUnjudged},
		{"that it does not stand there", "us-ma", "WHAT", both(law("us-ma", "us-ma.WHAT"), noFact, unheaded), StateAttested},
		{"a language that nobody knows", "eu", "MARKETING", both(only("en"), language("fr")), StateUnjudged},
		{"the number of residents", "us-ma", "RESIDENTS", shown, StateProhibited},
		{"furnished mailboxes before anybody said which", "us-ca", "FURNISHED", nil, StateMissing},
		{"furnished mailboxes that are withheld", "us-ca", "FURNISHED", func(s *Subject) { s.FurnishedMailDomains = []string{"mail.example.com"} }, StateFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := testSubject(t)
			law(c.law)(s)
			if c.change != nil {
				c.change(s)
			}
			if got := stateOf(t, s, c.law, c.id); got.State != c.want {
				t.Errorf("it is %s, want %s: %+v", got.State, c.want, got)
			}
		})
	}
}

func TestAConflictIsOneOfAMatterByWhateverElement(t *testing.T) {
	s := testSubject(t)
	law("us-ca us-ma")(s)
	found := findingsOf(run(t, s), "jurisdiction-conflict")
	if len(found) != 1 || !strings.Contains(found[0].What, "WHAT, what happened: required by us-ca, prohibited by us-ma") {
		t.Errorf("found %+v", found)
	}
	law("us-ca us-ny")(s)
	if found := findingsOf(run(t, s), "jurisdiction-conflict"); len(found) > 0 {
		t.Errorf("found %+v", found)
	}
}

func TestNothingIsMissingInNoticesThatCouldNotBeRendered(t *testing.T) {
	s := testSubject(t)
	both(law("eu us-ca us-ma"), problem(Problem{File: "templates/en/sso.md", What: "cut"}))(s)
	s.Notices, s.Plan = nil, nil
	report := run(t, s)
	for _, standing := range report.Jurisdictions {
		for _, e := range standing.Elements {
			if e.State != StateUnjudged {
				t.Errorf("%s %s is %s", standing.Name, e.ID, e.State)
			}
		}
	}
	for _, id := range []string{"jurisdiction-missing", "jurisdiction-conditional"} {
		if found := findingsOf(report, id); len(found) > 0 {
			t.Errorf("found %+v", found)
		}
	}
}

func TestTermsEnd(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	friday := time.Date(2026, time.November, 20, 15, 0, 0, 0, zone)
	for term, want := range map[string]time.Time{
		"72h": time.Date(2026, time.November, 23, 15, 0, 0, 0, zone),
		"30d": time.Date(2026, time.December, 21, 0, 0, 0, 0, zone),
		"3wd": time.Date(2026, time.November, 26, 0, 0, 0, 0, zone), // Monday, Tuesday, Wednesday
	} {
		if got, ok := termEnd(term, friday); !ok || !got.Equal(want) {
			t.Errorf("%s ends %v, want %v", term, got, want)
		}
	}
	if _, ok := termEnd("", friday); ok {
		t.Error("no term ends")
	}
}

func TestALateNoticeNamesTheLastDayOfTheTerm(t *testing.T) {
	s := testSubject(t)
	both(law("us-ca br"), discovered("2026-09-08"))(s)
	var got []string
	for _, f := range findingsOf(run(t, s), "jurisdiction-late") {
		got = append(got, f.What[strings.LastIndex(f.What, " ")+1:])
	}
	if want := "2026-09-11 2026-10-08"; strings.Join(got, " ") != want { // br: 3 working days
		t.Errorf("the last days are %v, want %s", got, want)
	}
	friday := time.Date(2026, time.November, 20, 15, 0, 0, 0, time.UTC)
	for term, want := range map[string]string{"3wd": "2026-11-25", "30d": "2026-12-20", "72h": "2026-11-23 15:00 +00:00"} {
		if end, _ := termEnd(term, friday); lastOf(term, end) != want {
			t.Errorf("the last of %s is %s, want %s", term, lastOf(term, end), want)
		}
	}
}
