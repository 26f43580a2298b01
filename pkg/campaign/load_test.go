package campaign

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/classify"
	"breachnotify/pkg/hint"
)

// minimal is the least that a configuration must say.
const minimal = `campaign: acme
organisation: Example Media
official_domains: [example.com]
export:
  source: accounts.csv
notice:
  from: security@example.com
links:
  reset: https://example.com/reset
  sign_out: https://example.com/security
  help: https://example.com/help
smtp:
  host: smtp.example.com
`

func environment(pairs ...string) func(string) (string, bool) {
	values := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

func mustLoad(t *testing.T, text string, env ...string) *Config {
	t.Helper()
	c, err := Load([]byte(text), Options{Dir: "/srv/acme", Env: environment(env...)})
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return c
}

func sender(t *testing.T, text string) Sender {
	t.Helper()
	var s Sender
	if err := s.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFullExampleIsReadAsItIsMeant(t *testing.T) {
	got, err := ReadFile("testdata/full.yaml", environment("SMTP_PASSWORD", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Campaign: "acme-2026-09", Organisation: "Example Media", OfficialDomains: []string{"example.com"},
		Export: Export{
			Source: "testdata/accounts.csv", Table: "users",
			Tables:  map[string]string{"affected": "testdata/lists/affected.csv"},
			Where:   "id IN (SELECT id FROM affected)",
			Columns: Columns{"user_id", "mail", "display_name", "password_hash", "provider", "lang"},
		},
		Classify: Classify{Both: account.SSO, Neither: classify.NeitherPassword},
		Notice: NoticeConfig{
			From: sender(t, "Example Security <security@example.com>"), ReplyTo: sender(t, "help@example.com"),
			Templates: "testdata/templates", Locale: "de",
		},
		Incident: map[string]string{
			"what_happened":     "On 2 September a third party read a part of our customer data.\n\nWe closed the hole on the same day.\n",
			"what_information":  "E-mail addresses and *hashed* passwords.",
			"what_we_are_doing": "We review every system.",
			"discovered":        "2026-09-08", "version": "1.10",
		},
		Links: Links{"https://example.com/reset", "https://example.com/security", "https://help.example.com/",
			"https://example.com/incident", "https://example.com/2fa"},
		SMTP: SMTP{
			Host: "smtp.example.com", Port: 2525, TLS: ImplicitTLS, CAFile: "testdata/ca.pem", Username: "notify",
			Secret: Secret{PasswordEnv: "SMTP_PASSWORD"}, Connections: 4, PerConnection: 100, PerDomain: 2, EnvelopeFrom: sender(t, "bounces@example.com"),
			SMTPUTF8: true, LocalName: "notify.example.com", DKIM: &DKIM{"example.com", "s1", "/etc/dkim.pem"},
			Timeouts: Timeouts{
				Connect: Duration(10 * time.Second), Banner: minute, EHLO: minute, STARTTLS: minute, Auth: minute, Mail: minute,
				Rcpt: minute, Data: minute, Block: minute, Dot: 5 * minute, Quit: Duration(time.Second),
			},
		},
		Throttle: Throttle{
			Rate: Rate{3000, time.Hour}, Batch: 500, Pause: Duration(90 * time.Second), Canary: 50,
			PerDomain: map[string]Rate{"default": {15, time.Second}, "GMAIL.com": {10, time.Minute}},
			Ramp:      &Ramp{Rate{60, time.Hour}, 10 * minute},
		},
		Retry:                Retry{3, minute, 60 * minute},
		Halt:                 Halt{2.5, 10, 7, &Probe{[]string{"sign_out", "help"}, minute, Duration(2 * time.Second), "testdata/pages.pem"}},
		Bounces:              Bounces{"testdata/imap.pem", Secret{PasswordFile: "testdata/imap.pw"}},
		Suppress:             "testdata/suppress.txt",
		Check:                Check{Resolver: "192.0.2.53:53"},
		FurnishedMailDomains: []string{"users.example.com"}, Jurisdictions: []string{"eu", "us-ca"},
		Attest: map[string]string{"PLAIN": "Jane Doe", "us-ca.PLAIN": "Joe Bloggs"},
	}
	got.dir, got.source = "", nil
	for _, secret := range []*Secret{&got.SMTP.Secret, &got.Bounces.Secret} {
		secret.section, secret.env, secret.dir = "", nil, ""
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("ReadFile:\n%+v\nwant\n%+v", got, want)
	}
}

const minute = Duration(time.Minute)

func TestFullExampleHasEveryKey(t *testing.T) {
	c, err := ReadFile("testdata/full.yaml", environment())
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	var walk func(prefix string, typ reflect.Type)
	walk = func(prefix string, typ reflect.Type) {
		for field := range typ.Fields() {
			name, tagged := field.Tag.Lookup("yaml")
			if field.Anonymous {
				walk(prefix, field.Type)
			}
			if !tagged {
				continue
			}
			key := join(prefix, name)
			if _, ok := c.source.places[key]; !ok {
				missing = append(missing, key)
			}
			inner := field.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				walk(key, inner)
			}
		}
	}
	walk("", reflect.TypeFor[Config]())
	want := []string{"export.preset", "export.query", "export.max_record", "export.max_unpacked", "smtp.password_file", "smtp.password_command",
		"bounces.password_env", "bounces.password_command"}
	if !slices.Equal(missing, want) {
		t.Errorf("keys that the example lacks: %q, want %q", missing, want)
	}
}

func TestDefaults(t *testing.T) {
	c := mustLoad(t, minimal)
	want := defaults()
	want.SMTP.Port = 587
	if !reflect.DeepEqual(c.Throttle, want.Throttle) || c.Retry != want.Retry || !reflect.DeepEqual(c.Halt, want.Halt) ||
		c.Classify != want.Classify || c.Notice.Locale != "en" {
		t.Errorf("a minimal configuration has other defaults: %+v", c)
	}
	if s := c.SMTP; s.Port != 587 || s.TLS != StartTLS || s.Connections != 10 || !s.VERP || s.SMTPUTF8 {
		t.Errorf("smtp has other defaults: %+v", s)
	}
	if got := mustLoad(t, minimal+"throttle: {batch: 30}\n").Throttle.Canary; got != 30 {
		t.Errorf("beside a batch of 30 the canary is %d by default", got)
	}
	for text, port := range map[string]int{"  tls: implicit\n": 465, "  tls: starttls\n": 587, "  port: 26\n": 26} {
		if got := mustLoad(t, minimal+text).SMTP.Port; got != port {
			t.Errorf("with %q the port is %d, want %d", text, got, port)
		}
	}
}

func TestEmptyKeyKeepsTheDefault(t *testing.T) {
	c := mustLoad(t, minimal+"  tls:\n  dkim:\nthrottle:\nretry: {attempts: }\nhalt: ~\n")
	if c.SMTP.TLS != StartTLS || c.SMTP.DKIM != nil || c.Throttle.Batch != 1000 || c.Retry.Attempts != 6 || c.Halt.After != 100 {
		t.Errorf("an empty key changes a default: %+v", c)
	}
}

func TestPerDomainKeepsItsDefaultBesideOthers(t *testing.T) {
	own, other := mustLoad(t, minimal+"throttle: {per_domain: {BÜCHER.example: 1/s}}\n").Throttle.DomainRates()
	if want := (Rate{20, time.Second}); other != want {
		t.Errorf("the rate of other domains is %v, want %v", other, want)
	}
	if want := map[string]Rate{"xn--bcher-kva.example": {1, time.Second}}; !reflect.DeepEqual(own, want) {
		t.Errorf("own rates are %v, want %v", own, want)
	}
}

func TestPathsAreRelativeToTheConfiguration(t *testing.T) {
	c := mustLoad(t, strings.Replace(minimal, "accounts.csv", "../x.csv", 1)+"  ca_file: /etc/ca.pem\n")
	if c.Export.Source != "/srv/x.csv" || c.SMTP.CAFile != "/etc/ca.pem" || c.LedgerPath() != "/srv/acme/acme.ledger" {
		t.Errorf("paths: %q, %q, %q", c.Export.Source, c.SMTP.CAFile, c.LedgerPath())
	}
	if got := mustLoad(t, minimal).TemplateFS(os.DirFS("/built-in")); got != os.DirFS("/built-in") {
		t.Errorf("without notice.templates the file system is %v, want the built-in one", got)
	}
	c = mustLoad(t, strings.Replace(minimal, "accounts.csv", "postgres://db/users", 1))
	if c.Export.Source != "postgres://db/users" {
		t.Errorf("the address of a database is taken for a path: %q", c.Export.Source)
	}
}

func TestEnvironment(t *testing.T) {
	text := strings.NewReplacer("Example Media", `${ORG} $${X} $5 '${ORG}'`, "smtp.example.com", "${HOST}").Replace(minimal) +
		"  port: ${PORT}\n  verp: \"${VERP}\"\n" +
		"throttle: {rate: \"${N}/s\", pause: \"${PAUSE}\"}\nhalt: {rejected: \"${P}%\"}\nretry:\n  attempts: ${N}\n"
	c := mustLoad(t, text, "ORG", "a: [b] # ${HOST}\nx: y", "HOST", "mail.example.com", "PORT", "26",
		"VERP", "false", "N", "7", "PAUSE", "2m", "P", "0.5")
	org := "a: [b] # ${HOST}\nx: y"
	if want := org + " ${X} $5 '" + org + "'"; c.Organisation != want {
		t.Errorf("organisation is %q, want %q: a value is taken literally, once", c.Organisation, want)
	}
	if c.SMTP.Host != "mail.example.com" || c.SMTP.Port != 26 || c.SMTP.VERP || c.Retry.Attempts != 7 ||
		c.Throttle.Rate != (Rate{7, time.Second}) || c.Throttle.Pause != 2*minute || c.Halt.Rejected != 0.5 {
		t.Errorf("values from the environment are not retyped: %+v", c)
	}
}

func TestEnvironmentInBlockText(t *testing.T) {
	c := mustLoad(t, minimal+"incident:\n  what: |\n    On ${DAY}\n    nothing.\n", "DAY", "Monday")
	if want := "On Monday\nnothing.\n"; c.Incident["what"] != want {
		t.Errorf("incident is %q, want %q", c.Incident["what"], want)
	}
}

// mistakes are configurations that are not well formed, each with the start of its
// error.
var mistakes = []struct {
	name, text, want, hint string
}{
	{"empty", "", "notify.yaml: the configuration is empty", "notify init"},
	{"only a comment", "# nothing\n", "notify.yaml: the configuration is empty", "notify init"},
	{"only null", "~\n", "notify.yaml:1:1: want keys", ""},
	{"a word", "hello\n", "notify.yaml:1:1: want keys", ""},
	{"a list", "- a\n- b\n", "notify.yaml:1:1: want keys", ""},
	{"not UTF-8", "campaign: \xff\n", "notify.yaml: not UTF-8 text", ""},
	{"NUL", "campaign: \x00\n", "notify.yaml: not UTF-8 text", ""},
	{"too large", strings.Repeat("#", maxBytes+1), "notify.yaml: larger than", ""},
	{"too many values", strings.Repeat("- a\n", maxTokens), "notify.yaml: too many values", ""},
	{"two documents", "campaign: a\n---\ncampaign: b\n", "notify.yaml:2:1: more than one document", ""},
	{"an unknown key", "campaign: a\ncampain: b\n", "notify.yaml:2:1: campain: unknown key\n    2 | campain: b\n      | ^", "did you mean campaign"},
	{"an unknown key below another", "export:\n  source: a\n  tabel: b\n", "notify.yaml:3:3: export.tabel: unknown key\n    3 |   tabel: b\n      |   ^", "did you mean table"},
	{"an unknown key far from all", "retry: {zzzzzz: 1}\n", "notify.yaml:1:9: retry.zzzzzz: unknown key", "the keys here are attempts, first, max"},
	{"a key twice", "campaign: a\ncampaign: b\n", "notify.yaml:2:1: mapping key", ""},
	{"a key twice, once in quotes", "campaign: a\n'campaign': b\n", "notify.yaml:2:1: ", ""},
	{"a key twice in braces", "retry: {first: 1m, first: 2m}\n", "notify.yaml:1:20: ", ""},
	{"broken syntax", "campaign: a\n  b: c\n", "notify.yaml:", ""},
	{"a tab", "export:\n\tsource: a\n", "notify.yaml:2:", ""},
	{"a variable in braces without quotes", "links: {help: ${HELP}}\n", "notify.yaml:1:", "needs quotes"},
	{"an unset variable", "campaign: a\norganisation: ${NOPE}\n", "notify.yaml:2:15: organisation: the environment has no NOPE", "set the variable"},
	{"an unset variable in a list", "official_domains:\n- a.example\n- ${NOPE}\n", "notify.yaml:3:3: official_domains[1]: the environment has no NOPE", ""},
	{"a broken reference", "campaign: ${a-b}\n", "notify.yaml:1:11: campaign: a ${ without a variable", ""},
	{"a number for a section", "export: 5\n", "notify.yaml:1:9: export: want keys", ""},
	{"a section for text", "campaign: {a: b}\n", "notify.yaml:1:11: campaign: want one value", ""},
	{"a list for text", "campaign: [a]\n", "notify.yaml:1:11: campaign: want one value", ""},
	{"text for a list", "official_domains: example.com\n", "notify.yaml:1:19: official_domains: want a list", ""},
	{"a bool for text", "campaign: true\n", "notify.yaml:1:11: campaign: want text", ""},
	{"text for a number", "smtp:\n  port: smtp\n", "notify.yaml:2:9: smtp.port: want a whole number", ""},
	{"a quoted number", "smtp: {port: '25'}\n", "notify.yaml:1:14: smtp.port: want a whole number", ""},
	{"a fraction for a number", "smtp: {port: 25.0}\n", "notify.yaml:1:14: smtp.port: want a whole number", ""},
	{"a number out of range", "smtp: {port: 99999999999999999999}\n", "notify.yaml:1:14: smtp.port: want a whole number", ""},
	{"yes for a bool", "smtp: {verp: yes}\n", "notify.yaml:1:14: smtp.verp: want true or false", ""},
	{"a rate without a unit", "throttle: {rate: 50}\n", "notify.yaml:1:18: throttle.rate: want a rate", ""},
	{"a rate for a domain", "throttle: {per_domain: {gmail.com: fast}}\n", "notify.yaml:1:36: throttle.per_domain.gmail.com: want a rate", ""},
	{"a duration without a unit", "throttle: {pause: 30}\n", "notify.yaml:1:19: throttle.pause: want a duration", ""},
	{"a share without a sign", "halt: {rejected: 5}\n", "notify.yaml:1:18: halt.rejected: want a share", ""},
	{"two senders", "notice: {from: 'a@example.com, b@example.com'}\n", "notify.yaml:1:16: notice.from: want one address", ""},
	{"an anchor", "campaign: &a x\norganisation: *a\n", "notify.yaml:1:11: anchors", ""},
	{"a merge", "export:\n  <<: {source: a}\n", "notify.yaml:2:3: anchors", ""},
	{"a tag", "campaign: !!binary aGk=\n", "notify.yaml:1:11: anchors", ""},
	{"a directive", "%YAML 1.2\n---\ncampaign: a\n", "notify.yaml:1:1: anchors", ""},
	{"a complex key", "? [a]\n: b\n", "notify.yaml:1:1: anchors", ""},
	{"too deep in brackets", "campaign: " + strings.Repeat("[", 10_000), "notify.yaml:1:26: nested too deep", ""},
	{"too deep in lists", strings.Repeat("- ", 10_000), "notify.yaml:1:33: nested too deep", ""},
	{"a password", "smtp:\n  password: hunter2\n", "notify.yaml:2:3: smtp.password: unknown key", "use password_env"},
}

func TestMistakesShowTheirPlace(t *testing.T) {
	for _, c := range mistakes {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load([]byte(c.text), Options{})
			if err == nil {
				t.Fatal("Load accepts it")
			}
			if !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error:\n%v\nwant it to begin with\n%s", err, c.want)
			}
			if got := strings.Join(hint.Of(err), "\n"); !strings.Contains(got, c.hint) {
				t.Errorf("hint %q, want %q in it", got, c.hint)
			}
			var mistake *ConfigError
			if !errors.As(err, &mistake) {
				t.Errorf("%T is no *ConfigError", err)
			}
		})
	}
}

func TestMistakesAreReportedTogether(t *testing.T) {
	_, err := Load([]byte("campain: a\nsmtp: {port: x, verp: y}\nofficial_domains: z\n"), Options{})
	if err == nil {
		t.Fatal("Load accepts it")
	}
	for _, want := range []string{"campain: unknown key", "smtp.port: want", "smtp.verp: want", "official_domains: want"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error\n%v\nlacks %q", err, want)
		}
	}
}

func TestErrorsShowNoPassword(t *testing.T) {
	for _, text := range []string{
		"smtp:\n  password: hunter2\n",
		"smtp: {host: a, password: \"hunter2, x@y\"}\n",
		"export: {source: \"postgres://u:hunter2@db/x\", bad: 1}\n",
		"export: {source: \"postgres://u:a/hunter2@db/x\", bad: 1}\n",
		"export: {source: \"postgres://u:a@hunter2@db/x\", bad: 1}\n",
		"smtp: {password: hunter2\n",
		"smtp: {port: x, 'password': hunter2}\n",
	} {
		_, err := Load([]byte(text), Options{})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("of %q the error is\n%v", text, err)
		}
	}
}

func TestByteOrderMarkAndCarriageReturnsAreNoPartOfValues(t *testing.T) {
	c := mustLoad(t, "\ufeff"+strings.ReplaceAll(minimal, "\n", "\r\n")+"incident:\r\n  what: |\r\n    one\r\n    two\r\n")
	if c.Campaign != "acme" || c.SMTP.Host != "smtp.example.com" || c.Incident["what"] != "one\ntwo\n" {
		t.Errorf("values are %q, %q, %q", c.Campaign, c.SMTP.Host, c.Incident["what"])
	}
}

func TestReadFileNamesAMissingFileWithAHint(t *testing.T) {
	_, err := ReadFile(filepath.Join(t.TempDir(), "notify.yaml"), environment())
	if !errors.Is(err, fs.ErrNotExist) || len(hint.Of(err)) == 0 {
		t.Errorf("error is %v with hints %q", err, hint.Of(err))
	}
	if _, err := ReadFile(t.TempDir(), environment()); err == nil {
		t.Error("a folder is read as a configuration")
	}
}

func FuzzLoad(f *testing.F) {
	full, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(full))
	f.Add(minimal)
	for _, c := range mistakes {
		if len(c.text) < 1000 {
			f.Add(c.text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			return
		}
		c, err := Load([]byte(text), Options{Env: environment("A", "x", "SMTP_PASSWORD", "secret")})
		var mistake *ConfigError
		switch {
		case err == nil && c.Validate() != nil:
			t.Fatal("Load returns what does not validate")
		case err != nil && !errors.As(err, &mistake):
			t.Fatalf("%T is no *ConfigError", err)
		case err != nil && !strings.Contains(err.Error(), mistake.Problem):
			t.Fatalf("error %q lacks its problem %q", err, mistake.Problem)
		case err == nil && filepath.Base(c.LedgerPath()) != c.Campaign+".ledger":
			t.Fatalf("the campaign's name %q is no file name", c.Campaign)
		}
	})
}
