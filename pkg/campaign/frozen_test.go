package campaign

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func load(t *testing.T, text, dir string) *Config {
	t.Helper()
	c, err := Load([]byte(text), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPartsGoByMeaning(t *testing.T) {
	base := minimal + "incident:\n  what: one\n  why: two\n"
	same := map[string]string{
		"comments and quotes": strings.Replace(base, "campaign: acme", "# hello\ncampaign: 'acme' # again", 1),
		"the order of keys":   strings.Replace(base, "  what: one\n  why: two\n", "  why: two\n  what: one\n", 1),
		"a default spelt out": base + "classify: {both: password}\n",
		"case of a domain":    strings.Replace(base, "[example.com]", "[EXAMPLE.com, example.com]", 1),
		"another path":        strings.Replace(base, "accounts.csv", "./x/../accounts.csv", 1),
		"the relay":           strings.Replace(base, "smtp.example.com", "other.example.com", 1),
		"the pace":            base + "throttle: {rate: 1/h, batch: 7, canary: 1}\nretry: {attempts: 1}\nhalt: {after: 1}\n",
		"a resolver":          base + "check: {resolver: 192.0.2.53}\n",
		"an envelope sender":  strings.Replace(base, "  host:", "  envelope_from: a@example.com\n  host:", 1),
		"a limit":             strings.Replace(base, "source:", "max_unpacked: 1TB\n  max_record: 1MB\n  source:", 1),
		"an empty list":       base + "jurisdictions: []\nfurnished_mail_domains: []\nattest: {}\n",
		"a templates folder":  strings.Replace(base, "  from:", "  templates: t\n  from:", 1),
	}
	want := load(t, base, "/srv/acme").Parts()
	for name, text := range same {
		if got := Changed(want, load(t, text, "/srv/acme").Parts()); len(got) > 0 {
			t.Errorf("%s changes %q", name, got)
		}
	}
	if got := Changed(want, load(t, base, "/elsewhere").Parts()); len(got) > 0 {
		t.Errorf("moving the folder changes %q", got)
	}
}

func TestPartsNameWhatChanged(t *testing.T) {
	base := minimal + "incident:\n  what: one\n"
	cases := []struct{ old, with, want string }{
		{"campaign: acme", "campaign: other", "campaign"},
		{"Example Media", "Example Inc.", "organisation"},
		{"[example.com]", "[example.com, example.org]", "official_domains"},
		{"accounts.csv", "other.csv", "export.source"},
		{"accounts.csv", "'-'", "export.source"},
		{"source:", "preset: auth0\n  source:", "export.preset"},
		{"source:", "table: a\n  source:", "export.table"},
		{"source:", "tables: {a: b.csv}\n  source:", "export.tables.a"},
		{"source:", "where: id > 1\n  source:", "export.where"},
		{"source:", "query: SELECT 1\n  source:", "export.query"},
		{"source:", "columns: {id: a}\n  source:", "export.columns.id"},
		{"source:", "columns: {locale: a}\n  source:", "export.columns.locale"},
		{"export:", "classify: {both: sso}\nexport:", "classify.both"},
		{"export:", "classify: {neither: sso}\nexport:", "classify.neither"},
		{"security@example.com", "A <security@example.com>", "notice.from"},
		{"  from:", "  reply_to: help@example.com\n  from:", "notice.reply_to"},
		{"  from:", "  locale: de\n  from:", "notice.locale"},
		{"what: one", "what: two", "incident.what"},
		{"what: one", "what: one\n  why: two", "incident.why"},
		{"example.com/reset", "example.com/reset2", "links.reset"},
		{"  reset:", "  two_factor: https://example.com/2fa\n  reset:", "links.two_factor"},
		{"export:", "suppress: a.txt\nexport:", "suppress"},
		{"export:", "jurisdictions: [eu]\nexport:", "jurisdictions"},
		{"export:", "attest: {us-ca.PLAIN: Jane Doe}\nexport:", "attest.us-ca.PLAIN"},
		{"export:", "furnished_mail_domains: [users.example.com]\nexport:", "furnished_mail_domains"},
	}
	frozen := load(t, base, "/srv").Parts()
	for _, c := range cases {
		now := load(t, strings.Replace(base, c.old, c.with, 1), "/srv").Parts()
		if got := Changed(frozen, now); !slices.Equal(got, []string{c.want}) {
			t.Errorf("%q for %q changes %q, want %q", c.with, c.old, got, c.want)
		}
		if got := Changed(now, frozen); !slices.Equal(got, []string{c.want}) {
			t.Errorf("the way back changes %q, want %q", got, c.want)
		}
	}
}

func TestPartsLeaveOutTheDatabasePassword(t *testing.T) {
	one := load(t, replace("accounts.csv", "postgres://u:one@db/x"), "").Parts()
	two := load(t, replace("accounts.csv", "postgres://u:two@db/x"), "").Parts()
	other := load(t, replace("accounts.csv", "postgres://u:one@db/y"), "").Parts()
	if got := Changed(one, two); len(got) > 0 {
		t.Errorf("another password changes %q", got)
	}
	if got := Changed(one, other); !slices.Equal(got, []string{"export.source"}) {
		t.Errorf("another database changes %q", got)
	}
}

// wordings is a Templates without any meaning.
type wordings map[string][]byte

func (w wordings) Wordings() map[string][]byte { return w }
func (w wordings) Digests() map[string]string {
	digests := map[string]string{}
	for name, text := range w {
		digests[name] = digest(string(text))
	}
	return digests
}

func TestFreezeBindsTheTemplates(t *testing.T) {
	c := load(t, minimal+"incident: {what: one}\n", "")
	templates := wordings{"templates/en/sso.md": []byte("hello")}
	frozen := c.Freeze(templates)
	want := maps.Clone(c.Parts())
	want["templates/en/sso.md"] = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" // sha256sum of hello
	if !reflect.DeepEqual(frozen.Parts, want) {
		t.Errorf("parts are %v, want %v", frozen.Parts, want)
	}
	if frozen.Campaign != "acme" || frozen.BatchSize != 1000 || frozen.Canary != 100 {
		t.Errorf("frozen is %+v", frozen)
	}
	for _, name := range []string{"templates/en/sso.md", "organisation", "notice.from", "incident.what", "links.reset"} {
		if text, kept := frozen.Wordings[name]; !kept || digest(string(text)) != frozen.Parts[name] {
			t.Errorf("the wording %s is %q, with the digest %s", name, text, frozen.Parts[name])
		}
	}
	if _, kept := frozen.Wordings["export.source"]; kept {
		t.Error("the source of the export is kept as if a notice showed it")
	}
	changed := c.Freeze(wordings{"templates/en/sso.md": []byte("Hello")})
	if got := Changed(frozen.Parts, changed.Parts); !slices.Equal(got, []string{"templates/en/sso.md"}) {
		t.Errorf("another wording changes %q", got)
	}
}

func TestFactsAreThoseOfTheConfiguration(t *testing.T) {
	c := load(t, minimal+"incident: {what: one}\n", "")
	facts := c.Facts()
	if facts.Organisation != "Example Media" || facts.From.Address != "security@example.com" || facts.ReplyTo != nil ||
		facts.Incident["what"] != "one" || len(facts.Links) != 3 || facts.Links["reset"] != "https://example.com/reset" {
		t.Errorf("facts are %+v", facts)
	}
	if got := c.MessageIDDomain(); got != "example.com" {
		t.Errorf("the domain of Message-ID is %q", got)
	}
}
