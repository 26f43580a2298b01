package notice

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

// plainLayout is as little of a page as a layout can be.
const plainLayout = `<html lang="{{.Locale}}"><head><title>{{.Subject}}</title></head><body>{{template "content" .}}</body></html>`

const (
	frontLines = "---\nsubject: Hello\n---\n"
	// needs is what every password notice must hold, so that a test can be about
	// the rest.
	needs = "# T\n\n<https://example.com/reset>\n\n"
)

// folderWith returns a template folder whose English password notice is body.
func folderWith(body string) fstest.MapFS {
	return fstest.MapFS{
		"layout.html":    {Data: []byte(plainLayout)},
		"en/password.md": {Data: []byte(frontLines + body)},
		"en/sso.md":      {Data: []byte(frontLines + "# T\n\n<https://example.com/security>\n")},
	}
}

func loadWith(folder fs.FS, change ...func(*Options)) (*Set, error) {
	options := testOptions()
	options.FS = folder
	for _, f := range change {
		f(&options)
	}
	return Load(options)
}

// renderBody returns what a body becomes, without what needs adds.
func renderBody(t *testing.T, body string, change ...func(*Options)) (text, page string) {
	t.Helper()
	s, err := loadWith(folderWith(needs+body), change...)
	if err != nil {
		t.Fatal(err)
	}
	m := compose(t, s, testRecipient(t, account.Password, "en",
		account.Account{ID: "17", Name: "Jane <b>"}, account.Account{ID: "18"}))
	_, page, _ = strings.Cut(m.HTML, "https://example.com/reset</a></p>\n")
	page, _, _ = strings.Cut(page, "</body>")
	_, text, _ = strings.Cut(m.Text, "https://example.com/reset\n")
	return strings.TrimSpace(text), strings.TrimSpace(page)
}

func TestMarkdownBecomesBothParts(t *testing.T) {
	for _, c := range []struct{ name, body, text, page string }{
		{"paragraph with emphasis", "a *b* **c** `d`\ne", "a b c d e", "<p>a <em>b</em> <strong>c</strong> <code>d</code> e</p>"},
		{"hard break", "a\\\nb", "a\nb", "<p>a<br>b</p>"},
		{"escapes and references", `\*a\* &lt; &#x41; "q"`, `*a* < A "q"`, "<p>*a* &lt; A &#34;q&#34;</p>"},
		{"a brace is no action", `{ \{ &#123; } "{"`, `{ { { } "{"`, "<p>{ { { } &#34;{&#34;</p>"},
		{"headings", "## A\n\n### B", "A\n-\n\nB", "<h2>A</h2>\n<h3>B</h3>"},
		{"heading with an action", "## A {{.Organisation}}", "A Example Media\n---------------", "<h2>A Example Media</h2>"},
		{"quotation", "> a\n> b\n>\n> - c", "> a b\n\n> - c", "<blockquote>\n<p>a b</p>\n<ul>\n<li>c</li>\n</ul>\n</blockquote>"},
		{"code", "a\n\n```\n<a>  {{.Organisation}}\n  b\n```", "a\n\n    <a>  Example Media\n      b", "<p>a</p>\n<pre><code>&lt;a&gt;  Example Media\n  b\n</code></pre>"},
		{"thematic break", "a\n\n***\n\nb", "a\n\n* * *\n\nb", "<p>a</p>\n<hr>\n<p>b</p>"},
		{"inline link", "see [x]({{.Links.help}}).", "see x <https://example.com/help?topic=breach&from=mail>.",
			`<p>see <a href="https://example.com/help?topic=breach&amp;from=mail">x</a>.</p>`},
		{"link that reads its address", "see [{{.Links.reset}}]({{.Links.reset}})", "see https://example.com/reset",
			`<p>see <a href="https://example.com/reset">https://example.com/reset</a></p>`},
		{"link of a link that reads its address", "[https://example.com/a](https://example.com/a)!", "https://example.com/a!",
			`<p><a href="https://example.com/a">https://example.com/a</a>!</p>`},
		{"bare addresses are links", "see https://example.com/x, help@example.com", "see https://example.com/x, help@example.com",
			`<p>see <a href="https://example.com/x">https://example.com/x</a>, <a href="mailto:help@example.com">help@example.com</a></p>`},
		{"bare link is a link", "at {{.Links.reset}}.", "at https://example.com/reset.",
			`<p>at <a href="https://example.com/reset">https://example.com/reset</a>.</p>`},
		{"name of a host", "see www.example.com/x.", "see www.example.com/x.", "<p>see www.example.com/x.</p>"},
		{"words that are the address in another spelling", "at [https://Example.com](https://example.com/)", "at https://Example.com <https://example.com/>",
			`<p>at <a href="https://example.com/">https://Example.com</a></p>`},
		{"link in capitals", "at [x](HTTPS://EXAMPLE.COM/x)", "at x <HTTPS://EXAMPLE.COM/x>", `<p>at <a href="HTTPS://EXAMPLE.COM/x">x</a></p>`},
		{"mail link", "ask <help@example.com> or [us](mailto:dpo@example.com)", "ask help@example.com or us <dpo@example.com>",
			`<p>ask <a href="mailto:help@example.com">help@example.com</a> or <a href="mailto:dpo@example.com">us</a></p>`},
		{"link definition", "see [x].\n\n[x]: https://example.com/x", "see x <https://example.com/x>.", `<p>see <a href="https://example.com/x">x</a>.</p>`},
		{"link that is a paragraph", "[Do it]({{.Links.reset}})", "Do it:\nhttps://example.com/reset",
			`<p class="button"><a href="https://example.com/reset">Do it</a><br><span class="address">https://example.com/reset</span></p>`},
		{"tight list", "- a\n- b\n  - c\n- d", "- a\n- b\n  - c\n- d", "<ul>\n<li>a</li>\n<li>b<ul>\n<li>c</li>\n</ul>\n</li>\n<li>d</li>\n</ul>"},
		{"loose list", "1. a\n\n   b\n\n2. c", "1. a\n\n   b\n\n2. c", "<ol>\n<li><p>a</p>\n<p>b</p>\n</li>\n<li><p>c</p>\n</li>\n</ol>"},
		{"list with a start", "3. a\n4. b", "3. a\n4. b", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>"},
		{"range makes one list", "{{range .Accounts}}\n- {{.ID}}\n{{end}}", "- 17\n- 18", "<ul>\n<li>17</li>\n<li>18</li>\n</ul>"},
		{"range makes one numbered list", "{{range .Accounts}}\n1. {{.ID}}\n{{end}}\n2. x", "1. 17\n2. 18\n3. x", "<ol>\n<li>17</li>\n<li>18</li>\n<li>x</li>\n</ol>"},
		{"an item that is left out", "1. a\n{{if .Links.announcement}}\n2. b\n{{end}}\n3. c", "1. a\n2. c", "<ol>\n<li>a</li>\n<li>c</li>\n</ol>"},
		{"an item that is there", "1. a\n{{if .Links.reset}}\n2. b\n{{end}}\n3. c", "1. a\n2. b\n3. c", "<ol>\n<li>a</li>\n<li>b</li>\n<li>c</li>\n</ol>"},
		{"a list that is left out", "a\n\n{{if .Links.announcement}}\n- b\n{{else}}\n- c\n{{end}}", "a\n\n- c", "<p>a</p>\n<ul>\n<li>c</li>\n</ul>"},
		{"control lines make no paragraphs", "{{if .Name}}\nyes\n{{else if .Organisation}}\nno\n{{end}}", "no", "<p>no</p>"},
		{"control line that begins an item", "- {{if .Name}}\n  a\n  {{else}}\n  b\n  {{end}}\n- 1. c", "- b\n- 1. c",
			"<ul>\n<li>b</li>\n<li><ol>\n<li>c</li>\n</ol>\n</li>\n</ul>"},
		{"control line in an item", "- a\n\n  {{if .Organisation}}\n  b\n  {{end}}", "- a\n\n  b", "<ul>\n<li><p>a</p>\n<p>b</p>\n</li>\n</ul>"},
		{"inline control flow", "{{if .Name}}Dear {{.Name}}{{else}}Hello{{end}},", "Hello,", "<p>Hello,</p>"},
		{"trim markers and comments mean nothing", "a {{- /* x */ -}} b {{- if .Organisation -}} c {{- end -}}", "a b c", "<p>a  b  c </p>"},
		{"comments hold anything", "{{/* don't \"\n\n }} */}}a", "a", "<p>a</p>"},
		{"data is escaped by its place", "{{range .Accounts}}{{.Name}};{{end}}", "Jane <b>;;", "<p>Jane &lt;b&gt;;;</p>"},
		{"braces inside of an action's quotes", "a {{printf \"}}%s\" \"b\" | len}} c", "a 3 c", "<p>a 3 c</p>"},
		{"fact in place of its paragraph", "{{.Incident.what_information}}", "", "<p>These data were involved:</p>\n<ul>\n<li>e-mail"},
		{"fact in a sentence", "Now: {{.Incident.what_we_are_doing}}", "Now: We closed the hole on 8 September 2026. Further reviews of our\nsystems are under way.", ""},
		{"fact in a list", "- {{.Incident.what_happened}}\n- b", "- A third party", "<ul>\n<li><p>A third party"},
		{"date", "on {{.Incident.discovered}}", "on 8 September 2026", "<p>on 8 September 2026</p>"},
		{"nobreak long words", strings.Repeat("x", 100) + " b", strings.Repeat("x", 100) + "\nb", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, page := renderBody(t, c.body)
			if !strings.HasPrefix(text, c.text) || !strings.HasPrefix(page, c.page) {
				t.Errorf("text %q\nwant %q\npage %q\nwant %q", text, c.text, page, c.page)
			}
		})
	}
}

func TestActionsAreRefusedWhereTheyCutAnElement(t *testing.T) {
	for _, c := range []struct{ name, body, where string }{
		{"end outside of emphasis", "*a {{if .Name}} b* {{end}}", "templates/en/password.md:8"},
		{"if in a paragraph, end on a line", "a {{if .Name}} b\n{{end}}", "templates/en/password.md:9"},
		{"end in an item", "{{if .Name}}\n- a {{end}}", "templates/en/password.md:8"},
		{"if on a line, end in a list", "{{if .Name}}\n\n- a\n\n  {{end}}", "templates/en/password.md:8"},
		{"end without if", "a\n\n{{end}}", "templates/en/password.md:10"},
		{"else without if", "{{else}}", "templates/en/password.md:8"},
		{"if without end", "{{if .Name}}\na", "templates/en/password.md:8"},
		{"in code", "```\n{{if .Name}}\n```", "templates/en/password.md:9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := loadWith(folderWith(needs + c.body))
			if !errors.Is(err, errCut) || !strings.HasPrefix(err.Error(), c.where+": ") {
				t.Errorf("Load = %v, want %s and errCut", err, c.where)
			}
		})
	}
}

func TestWhatATemplateMayNotHold(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"HTML block", "a\n\n<div>x</div>", "templates/en/password.md:10: raw HTML"},
		{"HTML in a line", "a\nb <b>x</b>", "templates/en/password.md:9: raw HTML"},
		{"HTML comment", "<!-- x -->", "templates/en/password.md:8: raw HTML"},
		{"image", "![x](https://example.com/x.png)", "templates/en/password.md:8: images are not allowed"},
		{"http link", "[x](http://example.com)", "templates/en/password.md:8: not an https link"},
		{"http link in angle brackets", "<http://example.com>", "templates/en/password.md:8: not an https link"},
		{"other scheme", "[x](javascript:alert)", "templates/en/password.md:8: not an https link"},
		{"relative link", "[x](/help)", "templates/en/password.md:8: not an https link"},
		{"link with a title", `[x](https://example.com "t")`, "templates/en/password.md:8: the title"},
		{"bare http address", "a\nsee http://example.com/x", "templates/en/password.md:9: not an https link"},
		{"mailto with a subject", "[x](mailto:help@example.com?subject=x)", "templates/en/password.md:8: a mailto link that holds more than an address"},
		{"host that is not ASCII", "[x](https://bücher.example/x)", "templates/en/password.md:8: the host of the link is not in ASCII"},
		{"words that are another address", "[https://example.com/b](https://example.com/a)", "https://example.com/b stands in the text"},
		{"address that is no link", "see \"https://example.com/x\"", "https://example.com/x stands in the text"},
		{"account data in a link", "[x](https://example.com/{{.Name}})", "templates/en/password.md:8: a link leads to more"},
		{"account data as a link", "[x]({{.Name}})", "templates/en/password.md:8: a link leads to more"},
		{"unknown link", "{{.Links.home}}", `templates/en/password.md:8: there is no link "home"`},
		{"missing link", "[x]({{.Links.announcement}})", "templates/en/password.md:8: links.announcement is missing"},
		{"missing link as a paragraph", "a\n\n[x]({{.Links.announcement}})", "templates/en/password.md:10: links.announcement is missing"},
		{"missing link in a sentence", "at {{.Links.announcement}}", "templates/en/password.md:8: links.announcement is missing"},
		{"missing fact", "a\n\n{{.Incident.nothing}}", "templates/en/password.md:10: incident.nothing is missing"},
		{"fact of several paragraphs in a sentence", "a {{.Incident.what_happened}}", "templates/en/password.md:8: incident.what_happened is more"},
		{"unknown field", "a\n\n{{.Nothing}}", "templates/en/password.md:10:"},
		{"unknown field after a list", "{{range .Accounts}}\n- a\n{{end}}\n\nb {{.Nothing}}", "templates/en/password.md:12:"},
		{"unknown function", "{{nothing .Name}}", "templates/en/password.md:8: function"},
		{"syntax", "{{if}}x{{end}}", "templates/en/password.md:8: missing value for if"},
		{"unknown field after a comment", "{{/* a\nb */}}\n{{.Nothing}}", "templates/en/password.md:10:"},
		{"HTML after a comment", "{{/* a\nb */}}\n\n<b>", "templates/en/password.md:11: raw HTML"},
		{"unclosed action", "a {{.Name\n}}", "templates/en/password.md:8: an action is not closed"},
		{"definition", `{{define "x"}}{{end}}`, "templates/en/password.md:8: {{define}}"},
		{"control character", "a\x07", "templates/en/password.md:8: character U+0007"},
		{"private-use character", "\ue0000\ue001", "templates/en/password.md:8: character U+E000"},
		{"bidi control", "a \u202e b", "templates/en/password.md:8: character U+202E"},
		{"not UTF-8", "a\n\xff", "templates/en/password.md:9: not UTF-8"},
		{"braces that are no action", `\{\{.Name}}`, "an unresolved action"},
		{"empty paragraph", "{{if .Links.announcement}}x{{end}}", "an empty <p>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := loadWith(folderWith(needs + c.body))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Load = %v, want %q", err, c.want)
			}
		})
	}
}

func TestWhatAFactMayNotHold(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"action", "a {{.Name}}", "incident.x holds {{"},
		{"HTML", "a\n\nb <i>c</i>", "incident.x:3: raw HTML"},
		{"image", "![a](https://example.com/x)", "incident.x:1: images"},
		{"heading", "a\n\n# B", "incident.x:3: a heading"},
		{"underlined heading", "a\n---", "incident.x:1: a heading"},
		{"http link", "[a](http://example.com)", "incident.x:1: not an https link"},
		{"control character", "a\n\x1eb", "incident.x:2: character U+001E"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := loadWith(folderWith(needs), func(o *Options) { o.Facts.Incident = map[string]string{"x": c.value} })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Load = %v, want %q", err, c.want)
			}
		})
	}
}

func TestAFactIsNamedByTheKeyItIsWrittenUnder(t *testing.T) {
	_, err := loadWith(folderWith(needs), func(o *Options) { o.Facts.Incident = map[string]string{"x": "a", "x_en": "<b>"} })
	if err == nil || !strings.HasPrefix(err.Error(), "incident.x_en:1: raw HTML") || strings.Contains(err.Error(), "\n") {
		t.Errorf("Load = %v", err)
	}
}

func TestAFactKeepsToItself(t *testing.T) {
	for _, value := range []string{"```\nopen", "> quoted", "- item", "[a]: https://example.com/a", "    code", "*open", "[open"} {
		t.Run(value, func(t *testing.T) {
			text, page := renderBody(t, "{{.Incident.x}}\n\n## After *it*\n\n[a]", func(o *Options) { o.Facts.Incident = map[string]string{"x": value} })
			if !strings.HasSuffix(text, "After it\n--------\n\n[a]") || !strings.HasSuffix(page, "<h2>After <em>it</em></h2>\n<p>[a]</p>") {
				t.Errorf("the fact reaches beyond its place:\n%s\n%s", text, page)
			}
		})
	}
}

func TestFactsInTheLanguageOfTheNotice(t *testing.T) {
	folder := builtIn(t)
	folder["de-AT/password.md"], folder["de-AT/sso.md"] = folder["de/password.md"], folder["de/sso.md"]
	s, err := loadWith(folder, func(o *Options) {
		o.Facts.Incident["what_we_are_doing_de"] = "Wir haben die Lücke geschlossen."
		o.Facts.Incident["what_we_are_doing_de_at"] = "Die Lücke ist zu."
		o.Facts.Incident["contact_de"] = "Nur auf Deutsch."
	})
	if err != nil {
		t.Fatal(err)
	}
	for locale, want := range map[string][]string{
		"de":    {"Wir haben die Lücke geschlossen.", "am 8. September 2026.", "Nur auf Deutsch."},
		"de-AT": {"Die Lücke ist zu.", "am 8. September 2026.", "Nur auf Deutsch."},
		"en":    {"We closed the hole", "on 8 September 2026."},
	} {
		m := compose(t, s, testRecipient(t, account.SSO, locale, account.Account{ID: "17"}))
		for _, words := range want {
			if !strings.Contains(m.Text, words) || !strings.Contains(m.HTML, words) {
				t.Errorf("%s: %q is missing", locale, words)
			}
		}
		if locale == "en" && strings.Contains(m.Text, "Deutsch") {
			t.Error("a German fact stands in the English notice")
		}
	}
}

// A key that looks like the German form of a German form is one, whatever is read first.
func TestFactsInALanguageOfALanguage(t *testing.T) {
	for range 20 { // the order of a map
		s, err := loadWith(testOptions().FS, func(o *Options) {
			o.Facts.Incident["contact_de"], o.Facts.Incident["contact_de_de"] = "Rufen Sie uns an.", "Doppelt."
		})
		if err != nil {
			t.Fatal(err)
		}
		m := compose(t, s, testRecipient(t, account.SSO, "de", account.Account{ID: "17"}))
		if !strings.Contains(m.Text, "Rufen Sie uns an.") || strings.Contains(m.Text, "Doppelt.") {
			t.Fatalf("the contact is not that of contact_de:\n%s", m.Text)
		}
	}
}

func TestMissingFactsHaveAHint(t *testing.T) {
	for _, key := range []string{"what_happened", "what_information", "what_we_are_doing"} {
		_, err := loadWith(testOptions().FS, func(o *Options) { delete(o.Facts.Incident, key) })
		if err == nil || !strings.Contains(err.Error(), "incident."+key+" is missing") || len(hint.Of(err)) == 0 {
			t.Errorf("Load without %s = %v, %q", key, err, hint.Of(err))
		}
	}
	if _, err := loadWith(testOptions().FS, func(o *Options) { delete(o.Facts.Incident, "discovered") }); err != nil {
		t.Errorf("discovered is optional, but %v", err)
	}
}

// FuzzTemplate looks for Markdown with actions that breaks the page: whatever
// Load takes must be well formed for every sample, which its Check asserts, and
// whatever it refuses must be an error.
func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{
		"{{range .Accounts}}\n- {{.Label}}\n{{end}}", "*a {{if .Name}}b* c{{end}}", "1. a\n{{if .Name}}\n2. b\n{{else}}\n- c\n{{end}}",
		"> {{with .Name}}\n> x\n> {{end}}", "[x]({{.Links.help}})\n\n```\n{{.Name}}\n```", "{{if .Name}}\n{{range .Accounts}}\n1. {{.ID}}\n{{end}}\n{{end}}",
		"a\\\n{{.Incident.what_happened}}", "{{/* x */}}&#123;\\{", "[a]: {{.Links.help}}\n\n[a] [b][a]", "\t{{.Name}}\n\t\tx",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		s, err := loadWith(folderWith(needs + body))
		if err != nil {
			return
		}
		for _, name := range []string{"", "Jane", `<i>"`} {
			m := compose(t, s, testRecipient(t, account.Password, "en", account.Account{ID: "1", Name: name}, account.Account{ID: "2"}))
			if _, err := readPage(m.HTML); err != nil {
				t.Errorf("%q gives a page with %v:\n%s", body, err, m.HTML)
			}
		}
	})
}
