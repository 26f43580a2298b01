package notice

import (
	"bytes"
	"maps"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"

	"breachnotify/pkg/account"
)

// hostileNames are what an account can be called by somebody who knows that it
// will be printed into mail.
var hostileNames = []string{
	"{{.Organisation}}", "{{range .Accounts}}x{{end}}", "{{", `}}"`, `{{"` + "`",
	"<script>alert(1)</script>", `<img src=x onerror=alert(1)>`, "</p><h1>Paid</h1>", `" onmouseover="x`, "<!-- ", "]]>", "&lt;b&gt;", "&#60;a&#62;",
	"[x](http://evil.test)", "![x](http://evil.test/x.png)", "<http://evil.test>", "# Heading", "* item", "1. item", "---", "> quote", "*bold* _it_ `code`", "```",
	"Bob\r\nBcc: x@y.test", "Bob\nX-Spam: no", "Bob\n\n--notice-aaaaaaaaaeq2kzo5c7d3fghi--", "Bob\u2028\u2029\u0085line", "tab\tfeed\f\v",
	"\u202emoc.live\u202c", "\u2066x\u2069", "zero\u200bwidth\ufeff", "\u3164\u115f", "\u00ad", "\u034f\u0301",
	"http://evil.test", "HTTPS://EVIL.TEST/x?y=z", "www.evil.test", "evil.test/login", "evil.test", "evil。test", "me@evil.test", "me＠evil.test", "mailto:me@evil.test",
	"tel:+15550199", "call +1 (555) 010-0199", `\\evil.test\share`, "//evil.test", "javascript:alert(1)", "data:text/html,x", "ftp://evil.test",
	strings.Repeat("A", 10<<10), strings.Repeat("A ", 5<<10), strings.Repeat("é", 10<<10), strings.Repeat("a\u0301\u0302", 400),
	"👩‍💻 Jane 🎉", "=?utf-8?q?x?=", "=?utf-8?B?PGI+?=", "back\\slash\\", "100%s %n %!d", "a\x00b", "\xff\xfe", "\x1e\x1f\x1d\x1c", "\ue0000\ue001",
	"-- ", ".", "..", "\r\n.\r\n", "From me", "   ", "",
}

// skeleton is what of a page is not text: it must not depend on an account.
func skeleton(t testing.TB, page string) []string {
	t.Helper()
	var tags []string
	for z := html.NewTokenizer(strings.NewReader(page)); z.Next() != html.ErrorToken; {
		if token := z.Token(); token.Type != html.TextToken {
			tags = append(tags, token.String())
		}
	}
	return tags
}

// tameNotices returns the notices that those about hostile accounts are held
// against.
func tameNotices(t testing.TB, s *Set) map[variant]Message {
	t.Helper()
	tame := map[variant]Message{}
	for _, v := range variants() {
		tame[v] = compose(t, s, testRecipient(t, v.class, v.locale, account.Account{ID: "17"}))
	}
	return tame
}

// checkHostile composes a notice about an account of a hostile name and id and
// holds it against the same notice about a tame one.
func checkHostile(t testing.TB, s *Set, tame Message, v variant, name, id string) {
	t.Helper()
	got := compose(t, s, testRecipient(t, v.class, v.locale, account.Account{ID: id, Name: name}))

	if want, have := skeleton(t, tame.HTML), skeleton(t, got.HTML); !slices.Equal(want, have) {
		t.Errorf("the markup depends on the account:\n%q\n%q", want, have)
	}
	want, have := parseMessage(t, tame.Bytes), parseMessage(t, got.Bytes)
	if !maps.EqualFunc(map[string][]string(want.header), map[string][]string(have.header), slices.Equal) {
		t.Errorf("the header depends on the account: %v", have.header)
	}
	if len(have.bodies) != 2 {
		t.Errorf("%d parts", len(have.bodies))
	}
	checkWire(t, got.Bytes)
	// The label is the one item of its list: a line that begins with its mark, and
	// the lines that wrapping makes of it.
	if wantItems, items := paragraphs(tame.Text), paragraphs(got.Text); len(wantItems) != len(items) {
		t.Errorf("the text has %d paragraphs instead of %d:\n%s", len(items), len(wantItems), got.Text)
	}
	for _, text := range []string{got.Text, got.HTML} {
		if i := strings.IndexFunc(text, steers); i >= 0 {
			t.Errorf("a control character: %q", text[max(0, i-20):min(len(text), i+20)])
		}
	}
	if !slices.Equal(urlsIn(tame.Text), urlsIn(got.Text)) {
		t.Errorf("the URLs of the text depend on the account: %q", urlsIn(got.Text))
	}
	checkNoLinks(t, label(account.Account{ID: id, Name: name}))
	checkNoLinks(t, greeting([]account.Account{{ID: id, Name: name}}))
}

func paragraphs(text string) []string { return strings.Split(text, "\n\n") }

func steers(r rune) bool {
	return unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Bidi_Control, r) || r == '\u200b' || r == '\ufeff'
}

// linked is wider than what mail readers make links of.
var linked = regexp.MustCompile(`(?i)[a-z]:[\pL\pN/\\]|[^\s\x{a0}\x{2060}][.。．｡][\pL\pN]{2}|www\.\pL|//|\\\\|[@＠][\pL\pN]`)

func checkNoLinks(t testing.TB, shown string) {
	t.Helper()
	if found := linked.FindString(shown); found != "" {
		t.Errorf("%q can become a link at %q", shown, found)
	}
	if strings.ContainsAny(shown, "\r\n") || len([]rune(shown)) > 4*(2*maxLabel+5) {
		t.Errorf("%q is no short line", shown)
	}
}

func TestHostileAccountsStayText(t *testing.T) {
	s := testSet(t)
	tame := tameNotices(t, s)
	for _, v := range []variant{{account.Password, "en"}, {account.SSO, "de"}} {
		for _, name := range hostileNames {
			checkHostile(t, s, tame[v], v, name, "17")
			checkHostile(t, s, tame[v], v, "Jane Doe", "x"+name)
		}
	}
}

func FuzzHostileAccount(f *testing.F) {
	for i, name := range hostileNames {
		f.Add(name, hostileNames[len(hostileNames)-1-i])
	}
	s := testSet(f)
	v := variant{account.Password, "en"}
	tame := tameNotices(f, s)[v]
	f.Fuzz(func(t *testing.T, name, id string) {
		checkHostile(t, s, tame, v, name, id)
	})
}

// harmless are the hostile names that are nothing but letters and spaces once what
// is invisible is gone.
var harmless = []string{"Bob\u2028\u2029\u0085line", "tab\tfeed\f\v", "\u2066x\u2069", "zero\u200bwidth\ufeff", "a\x00b", "From me"}

func TestHostileNamesGetTheNaturalGreeting(t *testing.T) {
	s := testSet(t)
	for _, name := range hostileNames {
		if slices.Contains(harmless, name) {
			continue
		}
		m := compose(t, s, testRecipient(t, account.Password, "en", account.Account{ID: "17", Name: name}))
		if !strings.Contains(m.Text, "\nHello,\n") || !strings.Contains(m.HTML, "<p>Hello,</p>") {
			t.Errorf("%q is greeted", name)
		}
	}
}

func TestGreeting(t *testing.T) {
	for _, c := range []struct {
		name  string
		names []string
		want  string
	}{
		{"a name", []string{"Jane Doe"}, "Jane Doe"},
		{"white space is folded", []string{"  Jane \t Doe\n"}, "Jane Doe"},
		{"names of many scripts", []string{"Николай Иванов"}, "Николай Иванов"},
		{"marks of a script", []string{"देवनागरी"}, "देवनागरी"},
		{"initials are no host name", []string{"J.R.R. O’Neil-Smith, Jr."}, "J.R.R. O’Neil-Smith, Jr."},
		{"a host name is", []string{"evil.test"}, ""},
		{"no name", []string{""}, ""},
		{"digits", []string{"jane42"}, ""},
		{"only punctuation", []string{"..."}, ""},
		{"too long", []string{strings.Repeat("a", maxGreeting+1)}, ""},
		{"as long as can be", []string{strings.Repeat("a", maxGreeting)}, strings.Repeat("a", maxGreeting)},
		{"the same twice", []string{"Jane Doe", "jane doe", ""}, "jane doe"},
		{"two people", []string{"Jane Doe", "John Doe"}, ""},
		{"one usable of two", []string{"<b>", "John Doe"}, "John Doe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var accounts []account.Account
			for _, n := range c.names {
				accounts = append(accounts, account.Account{Name: n})
			}
			if got := greeting(accounts); got != c.want {
				t.Errorf("greeting = %q, want %q", got, c.want)
			}
		})
	}
}

func TestLabelTellsAccountsApart(t *testing.T) {
	for _, c := range []struct{ name, id, want string }{
		{"Jane Doe", "17", "Jane Doe (17)"},
		{"", "17", "17"},
		{"17", "17", "17"},
		{"Jane", "", "Jane"},
		{"J. Doe", "auth0|18", "J. Doe (auth0|18)"},
		{"evil.test", "17", "evil\u2060.\u2060test (17)"},
		{"a@b", "urn:1", "a\u00a0@\u00a0b (urn\u00a0:\u00a01)"},
		{"x", strings.Repeat("9", 100), "x (" + strings.Repeat("9", maxLabel) + "…)"},
	} {
		if got := label(account.Account{ID: c.id, Name: c.name}); got != c.want {
			t.Errorf("label(%q, %q) = %q, want %q", c.name, c.id, got, c.want)
		}
	}
}

func TestSenderIsQuoted(t *testing.T) {
	s := testSet(t, func(o *Options) {
		o.Facts.From = &mail.Address{Name: `Sécurité, "Example" <x>`, Address: "security@example.com"}
	})
	raw := compose(t, s, testRecipient(t, account.Password, "en", account.Account{ID: "17"})).Bytes
	from, err := parseMessage(t, raw).header.AddressList("From")
	if err != nil || len(from) != 1 || *from[0] != *s.facts.From {
		t.Errorf("From is read as %v, %v", from, err)
	}
	if head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n")); !isASCII(head) {
		t.Error("the header is not ASCII, although the recipient's address is")
	}
}

func isASCII(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c >= 0x80 })
}
