package check

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

func TestTheBuiltInNoticesBreakNoRule(t *testing.T) {
	s := testSubject(t)
	s.render(t) // for every reader
	report := run(t, s)
	for _, f := range report.Findings {
		t.Errorf("%s %s: %s", f.Where(), f.Rule, f.What)
	}
	if report.Refused() || report.Findings == nil || len(report.Counts) != len(Severities()) {
		t.Errorf("the report is %+v", report)
	}
}

func TestTheBuiltInNoticesBreakNoRuleWithEveryOptionalFact(t *testing.T) {
	s := testSubject(t)
	s.DefaultLocale = "en"
	s.Facts.Links["two_factor"], s.Facts.Links["announcement"] = "https://example.com/2fa", "https://example.com/incident"
	s.Facts.Incident["breach_date"] = "2026-11-05"
	for _, key := range slices.Collect(maps.Keys(s.Facts.Incident)) {
		if key != "breach_date" && key != "discovered" {
			s.Facts.Incident[key+"_de"] = "Das steht hier auf Deutsch."
		}
	}
	for _, key := range []string{
		"third_party", "law_enforcement_delay", "late_reason", "consequences", "credit_bureaus", "security_freeze", "police_report",
		"identity_protection", "agencies",
	} {
		s.Facts.Incident[key], s.Facts.Incident[key+"_de"] = "This is said here in short words.", "Das steht hier in kurzen Worten."
	}
	s.render(t)
	for _, f := range run(t, s).Findings {
		t.Errorf("%s %s: %s", f.Where(), f.Rule, f.What)
	}
}

// pair is a change of a Subject that breaks a rule, and one that comes close and does
// not.
type pair struct {
	breaks, holds func(*Subject)
	at            string // what the finding has to name; empty: anything
}

func pairs(t *testing.T) map[string]pair {
	nothing := func(*Subject) {}
	plan := func(change func(*Plan)) func(*Subject) { return func(s *Subject) { change(s.Plan) } }
	long := strings.Repeat("word ", 210)
	hard := strings.Repeat("Notwithstanding unavoidable organisational considerations regarding administrative responsibilities, we communicate information. ", 12)
	harder := strings.Repeat("Additional confidential information was regrettably involved in the incident. ", 20)
	eu := law("eu", "WHAT", "CONSEQ", "MEAS", "PLAIN")
	euFacts := fact(t, "consequences", "Somebody may try the password at other services.")
	defaults := func(locale string) func(*Subject) { return func(s *Subject) { s.DefaultLocale = locale } }
	inGerman := fact(t, "what_happened_de", "Ein Dritter drang in eine Datenbank ein.", "what_information_de", "Namen und Hashes.",
		"what_we_are_doing_de", "Die Lücke ist zu.", "contact_de", "Rufen Sie uns an: +1 555 010 0199.", "residents", "4,210", "agencies", "Unseen words stand here.", "agencies_de", "Ämter.")
	return map[string]pair{
		RuleUnusable: {problem(Problem{File: "templates/en/sso.md", Line: 7, What: "an action is not closed"}),
			both(problem(Problem{File: "links.help", What: "not an https link"}), func(s *Subject) { s.Facts.Links["help"] = "http://example.com/help" }), "templates/en/sso.md:7"},

		"link-scheme":         {link("http://example.com/a"), link("mailto:help@example.com"), ""},
		"link-host":           {link("https://unrelated.org/a"), link("https://www.example.com/a"), ""},
		"link-lookalike":      {link("https://example.com.evil.org/a"), link("https://unrelated.org/a"), ""},
		"link-ip":             {link("https://192.168.1.1/a"), link("https://example.com/192.168.1.1"), ""},
		"link-userinfo":       {link("https://example.com@evil.org/a"), link("https://example.com/@evil.org"), ""},
		"link-trailing-dot":   {link("https://example.com./a"), link("https://example.com/a."), ""},
		"link-port":           {link("https://example.com:8443/a"), link("https://example.com:443/a"), ""},
		"link-shortener":      {link("https://bit.ly/a"), link("https://example.com/bit.ly"), ""},
		"link-text":           {linkAs("https://example.com/b", "https://example.com/a"), linkAs("https://example.com/a", "example.com/a"), ""},
		"link-reader":         {link("https://example.com/a?u=1017"), link("https://example.com/a?u=10170"), ""},
		"link-tracking":       {link("https://example.com/a?utm_source=mail"), link("https://example.com/a?source=mail"), ""},
		"link-tracking-maybe": {link("https://example.com/a?b=1;uid=7"), link("https://example.com/source?uid="), ""},
		"link-token":          {link("https://example.com/a/9f86d081884c7d65"), link("https://example.com/notice-of-data-breach-2026-11-08"), ""},
		"link-parts":          {markup(`<a href="https://example.com/only">Our page</a>`), link("https://example.com/only"), ""},

		"link-bare": {say("See evil.org/more for more."), say("See www.example.com, write to help@evil.org, or read notes.txt, e.g. the end.Das ist z.B. so."), ""},

		"password-reset":    {swap("https://example.com/reset", "https://example.com/other"), nothing, "templates/en/password.md"},
		"sso-sign-out":      {swap("https://example.com/security", "https://example.com/other"), nothing, "templates/de/sso.md"},
		"sso-reset":         {link("https://example.com/reset/"), link("https://example.com/reset-help"), ""},
		"act-without-click": {both(swap("without clicking", "by clicking"), swap("type the address", "press the link"), swap("own bookmark", "mail")), nothing, "templates/en/sso.md"},
		"never-ask":         {swap("never ask", "may ask"), nothing, "templates/en/sso.md"},
		"asks-secret":       {say("Please send us your password by reply."), say("Do not send anybody your password."), ""},
		"contact":           {both(fact(t, "contact", ""), swap("https://example.com/help?topic=breach", "https://example.com/x"), swap("help?topic=breach", "x"), swap("reply to this e-mail", "wait"), swap("auf diese E-Mail antworten", "warten")), fact(t, "contact", ""), "templates/de/sso.md"},

		"placeholder":      {say("Dear [CUSTOMER NAME],"), say("See section [A] and 100%."), ""},
		"empty-section":    {swap("<h2>What Happened</h2>", "<h2>Before</h2><p> </p><h2>What Happened</h2>"), markup("<h2>Later</h2><h3>More</h3><p>Text.</p>"), ""},
		"relative-date":    {fact(t, "what_we_are_doing", "We closed the hole yesterday."), say("Every week counts."), "incident.what_we_are_doing:1"},
		"encrypted-hashed": {say("The passwords were encrypted."), say("The passwords were not encrypted, they were hashed."), ""},
		"link-words":       {linkAs("https://example.com/a", "Click here"), linkAs("https://example.com/a", "Click here to reset"), ""},
		"reading-grade-12": {say(hard), say(harder), "templates/en/password.md"},
		"reading-grade-8":  {say(harder), nothing, "templates/en/password.md"},
		"language-words":   {language("fr"), nothing, "templates/fr/sso.md"},

		"sender-domain":  {swap("security@example.com", "security@example.org"), swap("security@example.com", "security@mail.example.com"), "notice.from"},
		"subject-length": {func(s *Subject) { s.eachVariant(subject(strings.Repeat("x", 79))) }, func(s *Subject) { s.eachVariant(subject(strings.Repeat("ü", 78))) }, "templates/en/sso.md:2"},
		"html-size":      {markup("<!--" + strings.Repeat("word\n", 16<<10) + "-->"), markup("<!--" + strings.Repeat("word\n", 14<<10) + "-->"), ""},
		"line-length":    {wire(long), markup(long), ""},
		"attachment":     {swap("Content-Type: text/plain", "Content-Disposition: attachment\r\nContent-Type: text/plain"), nothing, ""},

		"remote-content": {markup(`<img src="https://example.com/a.png" alt="">`), markup("<p>url(a)</p>"), ""},
		"script":         {markup(`<p onclick="f()">a</p>`), markup("<p>onclick</p>"), ""},
		"form":           {markup(`<form><input name="password"></form>`), markup("<p>form</p>"), ""},
		"page-language":  {swap(`lang="de"`, `lang="en"`), nothing, "templates/layout.html"},
		"page-title":     {func(s *Subject) { s.eachVariant(titled(" ")) }, func(s *Subject) { s.eachVariant(titled("A")) }, "templates/layout.html"},
		"heading-order":  {markup("<h4>Deep</h4><p>Text.</p>"), markup("<h3>Deep</h3><p>Text.</p>"), ""},
		"contrast":       {swap("color: #1c1c1e;", "color: #777777;"), swap("color: #1c1c1e;", "color: #707070;"), ""},

		"language-sections": {func(s *Subject) { s.inLanguage("en", "<h2>More</h2><p>Text.</p>") }, markup("<h2>More</h2><p>Text.</p>"), "templates/de/sso.md"},
		"language-facts":    {both(defaults("en"), fact(t, "contact", "Call us at +1 555 010 0199, or write.")), both(defaults("en"), inGerman), "incident.contact"},
		"language-links":    {both(func(s *Subject) { s.Facts.Links["announcement"] = "https://example.com/news" }, func(s *Subject) { s.inLanguage("de", `<a href="https://example.com/news">News</a>`) }), nothing, "templates/en/sso.md"},

		"plan-empty-class":    {plan(func(p *Plan) { delete(p.Status.ByClass, account.SSO) }), nothing, "export"},
		"plan-excluded":       {plan(leftOut(campaign.NoAddress, 26, campaign.Unclassified, 25)), plan(leftOut(campaign.NoAddress, 50, campaign.Duplicate, 400)), "export"},
		"plan-domain-share":   {plan(func(p *Plan) { p.Mailboxes.Domains["example.org"] = 300 }), plan(func(p *Plan) { p.Mailboxes.Domains["gmail.com"] = 700 }), "export"},
		"plan-lookalikes":     {plan(tallied("a.b@example.org", "ab+x@example.org")), plan(tallied("ab@example.org", "ab@example.net", "AB@example.org")), "export"},
		"plan-role-accounts":  {plan(tallied("info@example.org")), plan(tallied("info.jane@example.org")), "export"},
		"plan-typos":          {plan(tallied("a@gmial.com")), plan(tallied("a@gmail.com", "b@mail.com", "c@googlemail.com")), "export"},
		"plan-furnished-mail": {plan(leftOut(campaign.Withheld, 3)), plan(leftOut(campaign.Suppressed, 3)), "furnished_mail_domains"},

		"jurisdiction-unknown":     {law("mars"), law("us-tx"), "jurisdictions"},
		"jurisdiction-missing":     {law("br"), law("au"), "incident.consequences"},
		"jurisdiction-conditional": {law("us-wa"), both(law("us-wa", "D_BREACH"), fact(t, "credit_bureaus", "x")), "incident.breach_date"},
		"jurisdiction-recommended": {both(eu, euFacts, swap("What You Can Do", "Steps")), both(eu, euFacts), ""},
		"jurisdiction-prohibited":  {both(eu, euFacts, say("Here is a discount for you.")), both(eu, euFacts), ""},
		"jurisdiction-conflict":    {law("eu us-ma"), law("eu uk"), "jurisdictions"},
		"jurisdiction-unattested":  {both(law("eu"), euFacts), both(eu, euFacts), "attest"},
		"attest-unknown":           {law("eu", "us-ca.PLAIN"), law("eu", "eu.PLAIN"), "attest.us-ca.PLAIN"},
		"discovered-future":        {discovered("2026-11-23"), discovered("2026-11-22"), "incident.discovered"},
		"jurisdiction-late":        {law("br"), law("us-hipaa"), "incident.discovered"},
	}
}

func subject(text string) func(account.Class, *Variant) {
	return func(_ account.Class, v *Variant) { v.Message.Subject = text }
}

var title = regexp.MustCompile(`<title>[^<]*</title>`)

func titled(text string) func(account.Class, *Variant) {
	return func(_ account.Class, v *Variant) {
		v.Message.HTML = title.ReplaceAllString(v.Message.HTML, "<title>"+text+"</title>")
	}
}

// inLanguage puts HTML at the end of the pages in one language.
func (s *Subject) inLanguage(locale, source string) {
	s.eachVariant(func(_ account.Class, v *Variant) {
		if v.Recipient.Locale == locale {
			v.Message.HTML = strings.Replace(v.Message.HTML, "</body>", source+"</body>", 1)
		}
	})
}

func leftOut(pairs ...any) func(*Plan) {
	return func(p *Plan) {
		p.Status.Accounts.ExcludedBy = map[campaign.Exclusion]int64{}
		for i := 0; i < len(pairs); i += 2 {
			p.Status.Accounts.ExcludedBy[pairs[i].(campaign.Exclusion)] = int64(pairs[i+1].(int))
		}
	}
}

// wire puts text at the end of every message as it goes out.
func wire(text string) func(*Subject) {
	return func(s *Subject) {
		s.eachVariant(func(_ account.Class, v *Variant) { v.Message.Bytes = append(slices.Clone(v.Message.Bytes), text...) })
	}
}

func problem(p Problem) func(*Subject) {
	return func(s *Subject) { s.Problems = append(s.Problems, p) }
}

func tallied(addresses ...string) func(*Plan) {
	return func(p *Plan) {
		tally := NewTally()
		for _, text := range addresses {
			to, err := account.ParseAddress(text)
			if err != nil {
				panic(err)
			}
			tally.Add(to)
		}
		p.Mailboxes = tally.Mailboxes()
	}
}

func TestEachRuleFindsWhatBreaksItAndNothingElse(t *testing.T) {
	cases := pairs(t)
	for _, r := range all() {
		c, ok := cases[r.ID]
		if !ok {
			t.Errorf("%s has no notice that breaks it and one that does not", r.ID)
			continue
		}
		delete(cases, r.ID)
		t.Run(r.ID, func(t *testing.T) {
			broken := testSubject(t)
			c.breaks(broken)
			found := r.findings(inspect(broken))
			if len(found) == 0 {
				t.Fatal("it does not find what breaks it")
			}
			named := false
			for _, f := range found {
				named = named || c.at == "" || f.Where() == c.at
				if f.File == "" || f.What == "" || f.Mend != r.Mend || f.Severity != r.Severity {
					t.Errorf("the finding is %+v", f)
				}
				if strings.Contains(f.What, sampleReader) {
					t.Errorf("the finding shows an address: %s", f.What)
				}
			}
			if !named {
				t.Errorf("no finding is at %s: %+v", c.at, found)
			}
			sound := testSubject(t)
			c.holds(sound)
			for _, f := range r.findings(inspect(sound)) {
				t.Errorf("it finds %s: %s, where nothing is wrong", f.Where(), f.What)
			}
		})
	}
	for id := range cases {
		t.Errorf("there is a test for %s, which is no rule", id)
	}
}

func TestRulesAreDocumented(t *testing.T) {
	form := regexp.MustCompile(`^[a-z]+(?:-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, r := range Rules() {
		if !form.MatchString(r.ID) || seen[r.ID] || r.Summary == "" || r.Why == "" || r.Mend == "" || r.Severity.rank() >= len(Severities()) {
			t.Errorf("the rule %+v is not whole, or comes twice", r)
		}
		seen[r.ID] = true
		for _, text := range []string{r.Summary, r.Why, r.Mend} {
			if strings.HasSuffix(text, ".") {
				t.Errorf("%s: %q ends in a full stop", r.ID, text)
			}
		}
	}
}

func TestReportCountsAndRefuses(t *testing.T) {
	s := testSubject(t)
	both(link("http://example.com/a"), say("It was yesterday."), law("au"))(s)
	report := run(t, s)
	if !report.Refused() || report.Counts[SeverityError] == 0 || report.Counts[SeverityWarning] == 0 {
		t.Errorf("counts are %v", report.Counts)
	}
	total := 0
	for _, n := range report.Counts {
		total += n
	}
	if total != len(report.Findings) || report.Findings[0].Severity != SeverityError {
		t.Errorf("%d findings are counted of %d, the first is %+v", total, len(report.Findings), report.Findings[0])
	}
	encoded, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"findings":[{"rule":`, `"counts":{`, `"jurisdictions":[{"name":"au"`, `no legal advice`} {
		if !strings.Contains(string(encoded), want) {
			t.Errorf("the JSON lacks %s", want)
		}
	}
	if strings.Contains(strings.ToLower(string(encoded)), "complian") {
		t.Error("the report speaks of compliance")
	}
}

func TestRunNeedsNoticesAndADate(t *testing.T) {
	for name, change := range map[string]func(*Subject){
		"no notice":  func(s *Subject) { s.Notices = nil },
		"no variant": func(s *Subject) { s.Notices[0].Variants = nil },
		"no date":    func(s *Subject) { s.At = time.Time{} },
	} {
		s := testSubject(t)
		change(s)
		if _, err := Run(s); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func discovered(day string) func(*Subject) {
	return func(s *Subject) {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			panic(err)
		}
		s.Discovered = at
	}
}

func TestNamesThatAreNoHosts(t *testing.T) {
	s := testSubject(t)
	say("See readme.md, accounts.zip and log.py, or ask Amazon.com or Booking.com.")(s)
	for _, f := range findingsOf(run(t, s), "link-bare") {
		t.Errorf("%s", f.What)
	}
	for _, text := range []string{"amazon.com", "Amazon.com/reset", "www.readme.md", "Evil.org", "readme.md/x", "Examp1e.com"} {
		s := testSubject(t)
		say("See " + text + " for more.")(s)
		if len(findingsOf(run(t, s), "link-bare")) == 0 {
			t.Errorf("%s is not found", text)
		}
	}
}

func TestWhatALinkMayHold(t *testing.T) {
	for target, rule := range map[string]string{
		"https://example.com/a?email=jane@example.org":                      "link-token",
		"https://example.com/a/jane%40example.org":                          "link-token",
		"https://example.com/a?m=jane%2540example.org":                      "link-token",
		"https://example.com/#jane@example.org":                             "link-token",
		"https://example.com/a?t=k3J9xQ2mZ7pL4vB8":                          "link-token",
		"https://example.com/f47ac10b-58cc-4372-a567-0e02b2c3d479/a":        "link-token",
		"https://example.com/a;uid=1":                                       "",
		"https://example.com/a?x=1;utm_source=mail":                         "link-tracking",
		"https://example.com/a#utm_source=mail":                             "link-tracking",
		"https://example.com/a#/b?utm_source=mail":                          "link-tracking",
		"https://example.com/a?ref=mail":                                    "link-tracking-maybe",
		"https://example.com/a?campaign=breach":                             "link-tracking-maybe",
		"https://example.com/a?cid=4711":                                    "link-tracking-maybe",
		"https://example.com/security-incident-november-2026-faq?topic=one": "",
		"https://example.com/articles/360012345678901-What-happened":        "",
		"https://example.com/a#source":                                      "",
	} {
		s := testSubject(t)
		link(target)(s)
		found := map[string]bool{}
		for _, f := range run(t, s).Findings {
			found[f.Rule] = true
			if strings.Contains(f.What, "jane") {
				t.Errorf("%s: the finding shows an address: %s", target, f.What)
			}
		}
		if rule == "" && len(found) > 0 || rule != "" && (len(found) != 1 || !found[rule]) {
			t.Errorf("%s: found %v, want %q", target, found, rule)
		}
	}
}

func TestANameOfAHostIsNoLink(t *testing.T) {
	s := testSubject(t)
	fact(t, "contact", "Look at www.example.com, or call +1 555 010 0199.")(s)
	for _, f := range run(t, s).Findings {
		t.Errorf("%s %s: %s", f.Where(), f.Rule, f.What)
	}
	fact(t, "contact", "Look at www.unrelated.org, or call +1 555 010 0199.")(s)
	report := run(t, s)
	if found := findingsOf(report, "link-bare"); len(found) != 1 || found[0].Where() != "incident.contact:1" || report.Refused() {
		t.Errorf("found %+v", report.Findings)
	}
}

func TestOneLinkInTwoSpellingsIsOne(t *testing.T) {
	for _, words := range []string{"https://example.com", "https://Example.com/", "example.com", "HTTPS://EXAMPLE.COM:443/"} {
		s := testSubject(t)
		linkAs("https://example.com/", words)(s)
		for _, f := range run(t, s).Findings {
			t.Errorf("%s: %s: %s", words, f.Rule, f.What)
		}
	}
	s := testSubject(t)
	linkAs("https://example.com/", "https://example.com/b")(s)
	if report := run(t, s); len(findingsOf(report, "link-text")) == 0 || len(findingsOf(report, "link-parts")) == 0 {
		t.Errorf("another page: %+v", report.Findings)
	}
}

func TestAddressesOfMarkdownEndAtTheirWords(t *testing.T) {
	got := addressesIn("See [https://example.com](https://example.com/), [https://example.org/a] and https://[::1]/x.")
	want := "https://example.com https://example.com/ https://example.org/a https://[::1]/x"
	if strings.Join(got, " ") != want {
		t.Errorf("they are %q, want %s", got, want)
	}
}

func TestALinkInPunycodeIsOnItsDomain(t *testing.T) {
	for _, own := range []string{"bücher.example", "xn--bcher-kva.example", "BÜCHER.EXAMPLE"} {
		s := testSubject(t)
		s.OfficialDomains = append(s.OfficialDomains, own)
		both(link("https://xn--bcher-kva.example/a"), link("HTTPS://EXAMPLE.COM/b"))(s)
		for _, f := range run(t, s).Findings {
			t.Errorf("%s: %s: %s", own, f.Rule, f.What)
		}
	}
}

func TestWhatIsAPlaceholder(t *testing.T) {
	for _, text := range []string{
		"[insert date]", "[Company Name]", "[your name]", "[Organization]", "${name}", "{name}", "*|FNAME|*", "%NAME%", "______", "XX/XX/2026",
		"INSERT DATE HERE", "???", "<NAME>", "TODO", "[NAME]", "[DATE]", "[CUSTOMER NAME]", "[Ihr Name]", "{{.Name}}", "TODO: say what", "[TODO]",
	} {
		s := testSubject(t)
		say("We wrote on " + text + " to all.")(s)
		if len(findingsOf(run(t, s), "placeholder")) == 0 {
			t.Errorf("%s is none", text)
		}
	}
	s := testSubject(t)
	both(say("See the guide [PDF] about [GDPR], [HIPAA] and the TODO-list; 100%, a_b, 20% OFF, snake_case, really? 12/31/2026."), link("https://example.com/a%DATA%20____b"))(s)
	for _, f := range findingsOf(run(t, s), "placeholder") {
		t.Errorf("%s", f.What)
	}
}

func TestWhatAsksForASecret(t *testing.T) {
	for _, text := range []string{
		"Do not hesitate to send us your password.", "Forward the six-digit code to us.", "Read the code out to our agent on the telephone.",
		"Please fill in your password in the form that we send.", "Never mind; send us your password now.", "Please send us your password.",
		"Don't forget to tell us your PIN.",
	} {
		s := testSubject(t)
		say(text)(s)
		if len(findingsOf(run(t, s), "asks-secret")) == 0 {
			t.Errorf("%q does not", text)
		}
	}
	for _, text := range []string{
		"Tell your family to change their password too.", "Tell your colleagues to reset their passwords.", "Never send us your password.",
		"Do not give your password to anybody; we never ask for it.", "Read the page about your password on our website.",
		"Forward any message that asks for your password to us.", "Please enter the code from your app on our website.",
	} {
		s := testSubject(t)
		say(text)(s)
		for _, f := range findingsOf(run(t, s), "asks-secret") {
			t.Errorf("%q: %s", text, f.What)
		}
	}
	s := testSubject(t)
	both(only("de"), say("Zögern Sie nicht, uns Ihr Passwort zu senden."))(s)
	if len(findingsOf(run(t, s), "asks-secret")) == 0 {
		t.Error("it does not in German")
	}
}
