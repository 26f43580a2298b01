package campaign

import (
	"errors"
	"strings"
	"testing"

	"breachnotify/pkg/hint"
	"breachnotify/pkg/notice"
)

// replace returns the minimal configuration with one piece replaced.
func replace(old, with string) string { return strings.Replace(minimal, old, with, 1) }

func TestValidateNamesTheKeyAndTheLine(t *testing.T) {
	long := strings.Repeat("a", 40)
	cases := []struct{ name, text, want string }{
		{"no campaign", replace("campaign: acme\n", ""), "notify.yaml: campaign: want 1 to 64"},
		{"a campaign that leaves its folder", replace("acme", "../acme"), "notify.yaml:1:11: campaign: want"},
		{"a hidden campaign", replace("acme", ".acme"), "notify.yaml:1:11: campaign: want"},
		{"a campaign like an option", replace("acme", "-acme"), "notify.yaml:1:11: campaign: want"},
		{"a campaign with a blank", strings.Replace(minimal, "campaign: acme", "campaign: acme two", 1), "campaign: want 1 to 64"},
		{"a campaign with a line break", replace("acme", `"acme\n"`), "notify.yaml:1:11: campaign: want"},
		{"a long campaign", replace("acme", strings.Repeat("a", 65)), "notify.yaml:1:11: campaign: want"},
		{"no organisation", replace("Example Media", "' '"), "notify.yaml:2:15: organisation: missing"},
		{"no official domain", replace("[example.com]", "[]"), "notify.yaml:3:19: official_domains: missing"},
		{"an official domain without a dot", replace("[example.com]", "[example.com, com]"), "notify.yaml:3:33: official_domains[1]: not a domain"},
		{"an official public suffix", replace("[example.com]", "[example.com, co.uk]"), "notify.yaml:3:33: official_domains[1]: anybody"},
		{"an official URL", replace("[example.com]", "[example.com, 'https://a.example']"), "notify.yaml:3:33: official_domains[1]: not a domain"},
		{"a furnished domain that is none", minimal + "furnished_mail_domains: [a b]\n", "notify.yaml:14:26: furnished_mail_domains[0]: a domain holds no spaces"},
		{"everybody's mailboxes", minimal + "furnished_mail_domains: [com, de.com]\n", "notify.yaml:14:26: furnished_mail_domains[0]: not a domain"},
		{"no source", replace("accounts.csv", ""), "notify.yaml:5:3: export.source: missing"},
		{"a preset with columns", replace("source:", "preset: auth0\n  columns: {id: x}\n  source:"), "notify.yaml:5:11: export.preset: given together with columns or query"},
		{"a preset with a query", replace("source:", "preset: auth0\n  query: SELECT 1\n  source:"), "notify.yaml:5:11: export.preset: given together with columns or query"},
		{"another database", replace("accounts.csv", "oracle://u:p@db/x"), "notify.yaml:5:11: export.source: the address of no database"},
		{"a page", replace("accounts.csv", "https://example.com/export.csv"), "notify.yaml:5:11: export.source: the address of no database"},
		{"a record of no size", replace("source:", "max_record: 0MB\n  source:"), "notify.yaml:5:15: export.max_record: want a size"},
		{"a size without a unit", replace("source:", "max_unpacked: 200\n  source:"), "notify.yaml:5:17: export.max_unpacked: want a size"},
		{"where with query", replace("source:", "where: a\n  query: SELECT 1\n  source:"), "notify.yaml:6:10: export.query: given together with where"},
		{"a table without a file", replace("source:", "tables: {a: }\n  source:"), "notify.yaml:5:12: export.tables.a: missing"},
		{"an unknown class", minimal + "classify: {both: oauth}\n", "notify.yaml:14:18: classify.both: want"},
		{"an unknown choice", minimal + "classify: {neither: maybe}\n", "notify.yaml:14:21: classify.neither: want"},
		{"no sender", replace("from: security@example.com", "locale: en"), "notify.yaml:6:1: notice.from: missing"},
		{"a foreign sender", replace("security@example.com", "security@example.org"), "notify.yaml:7:9: notice.from: example.org is not on one"},
		{"a fact with a bad name", minimal + "incident: {What: x}\n", "notify.yaml:14:18: incident.What: want a name"},
		{"an empty fact", minimal + "incident: {what: }\n", "notify.yaml:14:12: incident.what: missing"},
		{"no reset link", replace("  reset: https://example.com/reset\n", ""), "notify.yaml:8:1: links.reset: missing"},
		{"no sign-out link", replace("  sign_out: https://example.com/security\n", ""), "notify.yaml:8:1: links.sign_out: missing"},
		{"no help link", replace("  help: https://example.com/help\n", ""), "notify.yaml:8:1: links.help: missing"},
		{"an http link", replace("https://example.com/reset", "http://example.com/reset"), "notify.yaml:9:10: links.reset: not an https link"},
		{"a mail link", replace("https://example.com/reset", "mailto:help@example.com"), "notify.yaml:9:10: links.reset: not an https link"},
		{"a foreign link", replace("https://example.com/reset", "https://example.org/reset"), "notify.yaml:9:10: links.reset: example.org is not on one"},
		{"no relay", replace("smtp.example.com", ""), "notify.yaml:13:3: smtp.host: want"},
		{"a relay with a port", replace("smtp.example.com", "smtp.example.com:25"), "notify.yaml:13:9: smtp.host: want"},
		{"a port out of range", minimal + "  port: 65536\n", "notify.yaml:14:9: smtp.port: want"},
		{"an unknown tls", minimal + "  tls: ssl\n", "notify.yaml:14:8: smtp.tls: want starttls"},
		{"tls none beyond loopback", minimal + "  tls: none\n", "notify.yaml:14:8: smtp.tls: none is for a relay on loopback only"},
		{"tls none by a like name", replace("smtp.example.com", "localhost.example.com") + "  tls: none\n", "notify.yaml:14:8: smtp.tls: none is"},
		{"no connections", minimal + "  connections: 0\n", "notify.yaml:14:16: smtp.connections: is 0: want 1 or more"},
		{"a negative number of messages", minimal + "  messages_per_connection: -1\n", "notify.yaml:14:28: smtp.messages_per_connection: is -1: want 0 or more"},
		{"a negative number of connections", minimal + "  connections_per_domain: -1\n", "notify.yaml:14:27: smtp.connections_per_domain: is -1: want 0 or more"},
		{"a strange local name", minimal + "  local_name: a b\n", "notify.yaml:14:15: smtp.local_name: want"},
		{"a named envelope sender", minimal + "  envelope_from: A <a@example.com>\n", "notify.yaml:14:18: smtp.envelope_from: want a bare"},
		{"an envelope sender without room", minimal + "  envelope_from: " + long + "@example.com\n", "notify.yaml:14:18: smtp.envelope_from: the local part has no room"},
		{"a quoted envelope sender", minimal + "  envelope_from: '\"a b\"@example.com'\n", "notify.yaml:14:18: smtp.envelope_from: invalid address"},
		{"dkim without a domain", minimal + "  dkim: {selector: s, key_file: k}\n", "notify.yaml:14:9: smtp.dkim.domain: not a domain"},
		{"dkim without a selector", minimal + "  dkim: {domain: a.example, key_file: k}\n", "notify.yaml:14:9: smtp.dkim.selector: want"},
		{"dkim without a key", minimal + "  dkim: {domain: a.example, selector: s}\n", "notify.yaml:14:9: smtp.dkim.key_file: missing"},
		{"a user without a password", minimal + "  username: a\n", "notify.yaml:14:13: smtp.username: given without a password"},
		{"a password without a user", minimal + "  password_env: A\n", "notify.yaml:14:17: smtp.password_env: given without a username"},
		{"two passwords", minimal + "  username: a\n  password_env: A\n  password_file: b\n", "notify.yaml:16:18: smtp.password_file: given together with password_env"},
		{"a ramp from above", minimal + "throttle: {ramp: {from: 51/s, double_every: 10m}}\n", "notify.yaml:14:25: throttle.ramp.from: is 51/s: want no more than throttle.rate, which is 50/s"},
		{"a ramp from nowhere", minimal + "throttle: {ramp: {double_every: 10m}}\n", "notify.yaml:14:18: throttle.ramp.from: want a rate"},
		{"a ramp that stands", minimal + "throttle: {ramp: {from: 5/s}}\n", "notify.yaml:14:18: throttle.ramp.double_every: want a time above zero"},
		{"a rate of a bad domain", minimal + "throttle: {per_domain: {gmail: 1/s}}\n", "notify.yaml:14:32: throttle.per_domain.gmail: not a domain"},
		{"a domain without a rate", minimal + "throttle: {per_domain: {gmail.com: }}\n", "notify.yaml:14:25: throttle.per_domain.gmail.com: want a rate"},
		{"an empty batch", minimal + "throttle: {batch: 0}\n", "notify.yaml:14:19: throttle.batch: is 0: want 1 or more"},
		{"a negative canary", minimal + "throttle: {canary: -1}\n", "notify.yaml:14:20: throttle.canary: is -1"},
		{"a canary larger than a batch", minimal + "throttle: {batch: 50, canary: 60}\n", "notify.yaml:14:31: throttle.canary: is 60: want no more than throttle.batch, which is 50"},
		{"no attempts", minimal + "retry: {attempts: 0}\n", "notify.yaml:14:19: retry.attempts: is 0"},
		{"no first wait", minimal + "retry: {first: 0s}\n", "notify.yaml:14:16: retry.first: want a wait"},
		{"a longest wait below the first", minimal + "retry: {first: 5h}\n", "retry.max: is 4h0m0s: want no less than retry.first, which is 5h0m0s"},
		{"a negative after", minimal + "halt: {after: -1}\n", "notify.yaml:14:15: halt.after: is -1"},
		{"a page that is none", minimal + "halt: {probe: {urls: [reset, signout]}}\n", "notify.yaml:14:30: halt.probe.urls[1]: not the name of a link"},
		{"a page that is not set", minimal + "halt: {probe: {urls: [two_factor]}}\n", "notify.yaml:14:23: halt.probe.urls[0]: links.two_factor is not set"},
		{"a page twice", minimal + "halt: {probe: {urls: [reset, help, reset]}}\n", "notify.yaml:14:36: halt.probe.urls[2]: reset is given twice"},
		{"a page that is asked all the time", minimal + "halt: {probe: {every: 900ms}}\n", "notify.yaml:14:23: halt.probe.every: is 900ms: want 1s or more"},
		{"a page without time", minimal + "halt: {probe: {max_latency: 0s}}\n", "notify.yaml:14:29: halt.probe.max_latency: want a time above zero"},
		{"no consecutive errors", minimal + "halt: {consecutive_errors: 0}\n", "notify.yaml:14:28: halt.consecutive_errors: is 0"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load([]byte(c.text), Options{})
			if err == nil {
				t.Fatal("Load accepts it")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error:\n%v\nwant in it\n%s", err, c.want)
			}
			var joined interface{ Unwrap() []error }
			if !errors.As(err, &joined) || len(joined.Unwrap()) != 1 {
				t.Errorf("more than one problem is found:\n%v", err)
			}
		})
	}
}

func TestValidateFindsAllProblemsAtOnce(t *testing.T) {
	err := (&Config{}).Validate()
	for _, key := range []string{
		"campaign", "organisation", "official_domains", "export.source", "classify.both", "classify.neither", "notice.from",
		"notice.locale", "links.reset", "links.sign_out", "links.help", "smtp.host", "smtp.port", "smtp.tls", "smtp.connections",
		"throttle.rate", "throttle.batch", "retry.attempts", "retry.first", "halt.consecutive_errors",
	} {
		if !strings.Contains(err.Error(), "configuration: "+key+": ") {
			t.Errorf("the error does not name %s:\n%v", key, err)
		}
	}
	var mistake *ConfigError
	if !errors.As(err, &mistake) || mistake.Line != 0 {
		t.Errorf("a configuration without a file has no lines: %+v", mistake)
	}
}

func TestRemediesAreHinted(t *testing.T) {
	for text, want := range map[string]string{
		minimal + "  tls: none\n":                              "ca_file",
		replace("source:", "preset: a\n  query: b\n  source:"): "export.where narrows a preset",
	} {
		_, err := Load([]byte(text), Options{})
		if got := strings.Join(hint.Of(err), "\n"); !strings.Contains(got, want) {
			t.Errorf("hint %q lacks %q", got, want)
		}
	}
}

func TestWhatIsAllowed(t *testing.T) {
	for _, text := range []string{
		replace("smtp.example.com", "localhost") + "  tls: none\n",
		replace("source:", "preset: auth0\n  where: id = 1\n  source:"),
		replace("accounts.csv", "PostgreSQL://db.example/app"),
		replace("accounts.csv", "mysql://db.example/app"),
		replace("accounts.csv", "postgres://db.example/app\n  query: SELECT 1\n  where: id = 1"),
		replace("smtp.example.com", "127.8.9.1") + "  tls: none\n",
		replace("smtp.example.com", "'::1'") + "  tls: none\n",
		replace("security@example.com", "security@mail.example.com"),
		replace("[example.com]", "[EXAMPLE.com, other.example]"),
		minimal + "throttle: {canary: 0, pause: 0s}\nhalt: {after: 0, rejected: 100%}\n",
		minimal + "  envelope_from: " + strings.Repeat("a", 39) + "@bounces.example\n",
		minimal + "  envelope_from: " + strings.Repeat("a", 64) + "@bounces.example\n  verp: false\n",
		minimal + "  local_name: '[127.0.0.1]'\n",
	} {
		mustLoad(t, text)
	}
}

func TestLinksStayOnOfficialDomains(t *testing.T) {
	c := &Config{OfficialDomains: []string{"Example.com", "bücher.example"}}
	for _, link := range []string{
		"https://example.com", "https://example.com/reset?a=b#c", "https://EXAMPLE.com/", "https://a.b.example.com/",
		"https://bücher.example/", "https://www.BÜCHER.example/", "https://xn--bcher-kva.example/",
		"mailto:help@example.com", "mailto:help%2Bx@example.com?subject=x",
	} {
		if err := c.CheckLink(link); err != nil {
			t.Errorf("%s is refused: %v", link, err)
		}
	}
	for _, link := range []string{
		"", "x", "/reset", "//example.com/reset", "http://example.com/", "HTTP://example.com", "javascript:alert(1)",
		"data:text/html,x", "ftp://example.com", "https:example.com", "https:///reset", "https://",
		"https://example.org", "https://notexample.com", "https://example.com.evil.test", "https://com", "https://.example.com",
		"https://example.com./", "https://example.com:443/", "https://example.com:/", "https://user@example.com/",
		"https://user:pw@example.com/", "https://@example.com/", "https://example.com@evil.test/",
		"https://evil.test\\.example.com/", "https://evil.test\\@example.com/", "https://evil.test#.example.com",
		"https://evil.test?.example.com", "https://127.0.0.1/", "https://[::1]/", "https://2130706433/",
		"https://exаmple.com/" /* Cyrillic а */, "https://xn--exmple-4nf.com/", "https://exam\u200bple.com/", "https://exam\u00adple.com/",
		"https://example.com\u2024/", "https://example.com/\n", " https://example.com/", "https://example.com/a b", "https://ex%61mple.com/",
		"https://\u202eexample.com/", "mailto:help@example.org", "mailto:a@example.com,b@evil.test", "mailto:", "mailto:a@evil.test%2C@example.com",
	} {
		if err := c.CheckLink(link); err == nil {
			t.Errorf("%q is accepted", link)
		}
	}
}

func TestCheckLinksNamesEveryForeignLinkAndItsPlace(t *testing.T) {
	c := &Config{OfficialDomains: []string{"example.com"}}
	own := []notice.Link{{URL: "https://example.com/", Where: "links.help"}, {URL: "mailto:help@example.com", Where: "incident.contact:1"}}
	if err := c.CheckLinks(own); err != nil {
		t.Errorf("official links are refused: %v", err)
	}
	err := c.CheckLinks(append(own,
		notice.Link{URL: "https://a.test/", Where: "templates/en/sso.md:12"}, notice.Link{URL: "mailto:jane@b.test", Where: "incident.contact:1"}))
	want := "templates/en/sso.md:12: the link https://a.test/: a.test is not on one of official_domains\n" +
		"incident.contact:1: the link mailto:j***@b.test: b.test is not on one of official_domains"
	if err == nil || err.Error() != want || len(hint.Of(err)) != 1 {
		t.Errorf("error is\n%v\nwith hints %q, want\n%s", err, hint.Of(err), want)
	}
}
