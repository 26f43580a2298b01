package notice

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"maps"
	"net/mail"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
	"breachnotify/templates"
)

// builtIn returns a copy of the built-in folder to be spoilt.
func builtIn(t testing.TB) fstest.MapFS {
	t.Helper()
	folder := fstest.MapFS{}
	err := fs.WalkDir(templates.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(templates.FS, name)
		folder[name] = &fstest.MapFile{Data: content}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestLocaleFindsTheNearestLanguage(t *testing.T) {
	folder := builtIn(t)
	folder["pt-BR/password.md"], folder["pt-BR/sso.md"] = folder["en/password.md"], folder["en/sso.md"]
	s, err := loadWith(folder)
	if err != nil {
		t.Fatal(err)
	}
	for preferred, want := range map[string]string{
		"de": "de", "DE": "de", "de-AT": "de", "de_AT.UTF-8": "de", "de-Latn-AT": "de", "de@euro": "de", " de ": "de",
		"pt-BR": "pt-BR", "pt_br": "pt-BR", "pt-br-x": "pt-BR", "pt": "en", "pt-PT": "en",
		"en-GB": "en", "": "en", "fr": "en", "C": "en", "POSIX": "en", "../de": "en", "deutsch": "en", "\x00": "en",
	} {
		if got, ok := s.Locale(account.SSO, preferred); got != want || !ok {
			t.Errorf("Locale(%q) = %q, %v, want %q", preferred, got, ok, want)
		}
	}
	if got, ok := s.Locale("", "de"); ok || got != "" {
		t.Errorf("Locale of no class = %q, %v", got, ok)
	}
	if got := s.Locales(account.Password); !slices.Equal(got, []string{"de", "en", "pt-BR"}) {
		t.Errorf("Locales = %q", got)
	}
	if s.Locales("") != nil || s.Subject("", "en") != "" {
		t.Error("no class has languages or a subject")
	}
}

func TestWordingsAndDigestsAreThoseOfTheFiles(t *testing.T) {
	s := testSet(t)
	wordings, digests := s.Wordings(), s.Digests()
	want := []string{"templates/de/password.md", "templates/de/sso.md", "templates/en/password.md", "templates/en/sso.md", "templates/layout.html"}
	if got := slices.Sorted(maps.Keys(wordings)); !slices.Equal(got, want) || len(digests) != len(want) {
		t.Errorf("Wordings has %q, want %q", got, want)
	}
	for name, content := range wordings {
		file, err := fs.ReadFile(templates.FS, strings.TrimPrefix(name, "templates/"))
		if err != nil || string(file) != string(content) {
			t.Errorf("%s is not the bytes of the file (%v)", name, err)
		}
		if sum := sha256.Sum256(content); digests[name] != hex.EncodeToString(sum[:]) {
			t.Errorf("the digest of %s is %s", name, digests[name])
		}
	}
}

func TestLinksListsEveryLinkWithItsPlace(t *testing.T) {
	folder := folderWith("# T\n\n- [x]({{.Links.reset}})\n- {{.Links.reset}}\n- a\n  <https://a.test/x>\n\n" +
		"{{if eq (len .Accounts) 7}}[rare](https://rare.test){{end}} y\n\n{{.Incident.contact}}\n")
	folder["layout.html"].Data = []byte(strings.Replace(plainLayout, "<body>", "<body>\n<a href=\"https://b.test/?a&amp;b\">x</a>", 1))
	folder["en/sso.md"].Data = []byte(frontLines + "[x]({{.Links.sign_out}}) `https://b.test/?a&b`\n")
	folder["en/password.md"].Data = append(folder["en/password.md"].Data, "`https://b.test/?a&b`\n"...)
	s, err := loadWith(folder, func(o *Options) {
		o.Facts.Incident["contact"] = "Not in English."
		o.Facts.Incident["contact_en"] = "Write\nto dpo@example.com or see [the list](https://c.test/x)."
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []Link{
		{"https://a.test/x", "templates/en/password.md:9"},
		{"https://b.test/?a&b", "templates/layout.html:2"},
		{"https://c.test/x", "incident.contact_en:2"},
		{"https://example.com/reset", "links.reset"},
		{"https://example.com/security", "links.sign_out"},
		{"https://rare.test", "templates/en/password.md:11"},
		{"mailto:dpo@example.com", "incident.contact_en:2"},
	}
	if got := s.Links(); !slices.Equal(got, want) {
		t.Errorf("Links = %q, want %q", got, want)
	}
}

func TestFolderMistakesAreFound(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(fstest.MapFS)
		want   string
	}{
		{"one class", func(f fstest.MapFS) { delete(f, "de/sso.md") }, "templates/de/sso.md is missing"},
		{"unknown notice", func(f fstest.MapFS) { f["en/both.md"] = f["en/sso.md"] }, "templates/en/both.md is no notice"},
		{"unknown notice alone", func(f fstest.MapFS) { f["fr/passwort.md"] = f["en/sso.md"] }, "templates/fr/passwort.md is no notice"},
		{"outside of a folder", func(f fstest.MapFS) { f["sso.md"] = f["en/sso.md"] }, "templates/sso.md stands outside"},
		{"no language", func(f fstest.MapFS) { f["de_AT/sso.md"] = f["en/sso.md"] }, "templates/de_AT holds notices"},
		{"twice", func(f fstest.MapFS) { f["DE/sso.md"], f["DE/password.md"] = f["de/sso.md"], f["de/password.md"] }, "are the same language"},
		{"no layout", func(f fstest.MapFS) { delete(f, "layout.html") }, "templates/layout.html"},
		{"no notices", func(f fstest.MapFS) {
			maps.DeleteFunc(f, func(name string, _ *fstest.MapFile) bool { return name != "layout.html" })
		}, "holds no notice"},
		{"too large", func(f fstest.MapFS) { f["en/sso.md"] = &fstest.MapFile{Data: make([]byte, maxFile+1)} }, "larger than"},
		{"no default", func(f fstest.MapFS) { delete(f, "en/sso.md"); delete(f, "en/password.md") }, "notice.locale is en"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := builtIn(t)
			c.change(folder)
			_, err := loadWith(folder)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("Load = %v, want %q", err, c.want)
			}
			if c.name != "too large" && c.name != "twice" && len(hint.Of(err)) == 0 {
				t.Error("no hint")
			}
		})
	}
}

func TestOtherFilesAreIgnored(t *testing.T) {
	folder := builtIn(t)
	for _, name := range []string{"README.md", "en/notes.txt", "en/.sso.md.swp", ".git/x.md", "drafts/idea.md", "img/x.png"} {
		folder[name] = &fstest.MapFile{Data: []byte("x")}
	}
	if _, err := loadWith(folder); err != nil {
		t.Error(err)
	}
}

func TestFrontMatterIsStrict(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"none", "# T", "no front matter"},
		{"not closed", "---\nsubject: x\n", "no front matter"},
		{"unknown key", "---\nsubject: x\nsubjct: y\n---\n# T", "[3:1]"},
		{"twice", "---\nsubject: x\nsubject: y\n---\n# T", "[3:1]"},
		{"wrong type", "---\nsubject: [x]\n---\n# T", "[2:10]"},
		{"no subject", "---\nsubject:\n---\n# T", "the subject is empty"},
		{"account data", "---\nsubject: \"x {{.Name}}\"\n---\n# T", "render the subject"},
		{"two lines", "---\nsubject: \"x\\ny\"\n---\n# T", "the subject holds a control character"},
		{"header", "---\nsubject: \"x\\r\\nBcc: a@b.test\"\n---\n# T", "the subject holds a control character"},
		{"braces", "---\nsubject: \"{{\\\"{{\\\"}}\"\n---\n# T", "braces that are no action"},
		{"syntax", "---\nsubject: \"{{if}}\"\n---\n# T", "templates/en/sso.md: read the subject"},
		{"too long", "---\nsubject: " + strings.Repeat("x", maxLine+1) + "\n---\n# T", "longer than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := folderWith(needs)
			folder["en/sso.md"] = &fstest.MapFile{Data: []byte(c.content)}
			if _, err := loadWith(folder); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Load = %v, want %q", err, c.want)
			}
		})
	}
}

func TestWindowsFilesAreRead(t *testing.T) {
	folder := builtIn(t)
	for name, file := range folder {
		if strings.HasSuffix(name, ".md") {
			folder[name] = &fstest.MapFile{Data: []byte("\ufeff" + strings.ReplaceAll(string(file.Data), "\n", "\r\n"))}
		}
	}
	s, err := loadWith(folder)
	if err != nil {
		t.Fatal(err)
	}
	r := testRecipient(t, account.Password, "de", account.Account{ID: "17"})
	if string(compose(t, s, r).Bytes) != string(compose(t, testSet(t), r).Bytes) {
		t.Error("line ends change the notice")
	}
}

func TestEveryProblemOfTheTemplatesIsReported(t *testing.T) {
	folder := folderWith(needs + "<b>")
	folder["en/sso.md"] = &fstest.MapFile{Data: []byte(frontLines + "<i>")}
	_, err := loadWith(folder)
	if err == nil || !strings.Contains(err.Error(), "templates/en/password.md:8: raw") || !strings.Contains(err.Error(), "templates/en/sso.md:4: raw") {
		t.Errorf("Load = %v", err)
	}
}

func TestFactsAreValidated(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"no folder", func(o *Options) { o.FS = nil }, "no templates"},
		{"no domain", func(o *Options) { o.MessageIDDomain = "localhost" }, "the domain of Message-ID"},
		{"no locale", func(o *Options) { o.DefaultLocale = "" }, "notice.locale"},
		{"no organisation", func(o *Options) { o.Facts.Organisation = " " }, "organisation is empty"},
		{"organisation of two lines", func(o *Options) { o.Facts.Organisation = "a\nb" }, "organisation holds a control"},
		{"no sender", func(o *Options) { o.Facts.From = nil }, "notice.from is missing"},
		{"bad sender", func(o *Options) { o.Facts.From = &mail.Address{Address: "x"} }, "notice.from: "},
		{"sender that needs SMTPUTF8", func(o *Options) { o.Facts.From = &mail.Address{Address: "jörg@example.com"} }, "not ASCII"},
		{"name of two lines", func(o *Options) { o.Facts.ReplyTo = &mail.Address{Name: "a\r\nb", Address: "a@example.com"} }, "notice.reply_to holds"},
		{"fact key", func(o *Options) { o.Facts.Incident["What"] = "x" }, `"What" is no key`},
		{"link key", func(o *Options) { o.Facts.Links["home"] = "https://example.com" }, "links.home is no link"},
		{"http", func(o *Options) { o.Facts.Links["help"] = "http://example.com/" }, "links.help: not an https link"},
		{"no host", func(o *Options) { o.Facts.Links["help"] = "https:///x" }, "links.help: a link needs a host"},
		{"a port alone", func(o *Options) { o.Facts.Links["help"] = "https://:443/x" }, "links.help: a link needs a host"},
		{"user name", func(o *Options) { o.Facts.Links["help"] = "https://example.com@evil.test/" }, "links.help: a link needs a host"},
		{"no URL", func(o *Options) { o.Facts.Links["help"] = "https://exa mple.com/" }, "links.help: not a URL"},
		{"quote", func(o *Options) { o.Facts.Links["help"] = `https://example.com/"x` }, "links.help: the link holds a character"},
		{"the same twice", func(o *Options) { o.Facts.Links["reset"] = o.Facts.Links["sign_out"] }, "are the same page"},
		{"the same in another spelling", func(o *Options) { o.Facts.Links["sign_out"] = "https://EXAMPLE.com:443/%72eset/?to=out#x" }, "are the same page"},
	} {
		t.Run(c.name, func(t *testing.T) {
			options := testOptions()
			c.change(&options)
			if _, err := Load(options); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Load = %v, want %q", err, c.want)
			}
		})
	}
	if err := (Options{}).Validate(); len(strings.Split(err.Error(), "\n")) != 5 {
		t.Errorf("Validate reports %v, not everything", err)
	}
}

func TestLayoutMayFetchAndRunNothing(t *testing.T) {
	for insert, want := range map[string]string{
		`<img src="https://example.com/x.png">`:                   "<img> is not allowed",
		`<script>1</script>`:                                      "<script> is not allowed",
		`<form action="https://example.com/">x</form>`:            "<form> is not allowed",
		`<link rel="stylesheet" href="https://example.com/">`:     "<link> is not allowed",
		`<p onclick="x">x</p>`:                                    "attribute onclick",
		`<table background="https://example.com/x"></table>`:      "attribute background",
		`<p style="background: url(https://example.com/x)">x</p>`: "a style holds url(",
		`<style>@import "x";</style>`:                             "a style holds @import",
		`<style>p { background: u\72l(x) }</style>`:               `a style holds \`,
		`<p href="https://example.com/">x</p>`:                    "<p> has a href",
		`<a href="">x</a>`:                                        "its address is empty",
		`<a href="{{.Links.announcement}}">x</a>`:                 "its address is empty",
		`<a href="http://example.com/">x</a>`:                     "not an https link",
		`<a href="https://example.com/x"></a>`:                    "an empty <a>",
		`<a href="https://example.com/x">x</a>`:                   "the text part lacks the link https://example.com/x",
		`<p>x`:                                                    "closes nothing",
		`</div>`:                                                  "closes nothing",
		`{{.Nope}}`:                                               "Nope",
		`{{nope}}`:                                                "read the layout",
	} {
		folder := builtIn(t)
		layout := strings.Replace(string(folder["layout.html"].Data), "</body>", insert+"</body>", 1)
		folder["layout.html"] = &fstest.MapFile{Data: []byte(layout)}
		_, err := loadWith(folder)
		if err == nil || !strings.Contains(err.Error(), want) || len(hint.Of(err)) == 0 {
			t.Errorf("%s: Load = %v with %q, want %q and a hint", insert, err, hint.Of(err), want)
		} else if strings.Contains(err.Error(), "\n") != strings.Contains(want, "the text part") {
			t.Errorf("%s: a mistake of the layout is not reported once: %v", insert, err)
		}
	}
}

func TestLayoutMustFrameTheNotice(t *testing.T) {
	const content = `{{template "content" .}}`
	for _, c := range []struct{ name, old, new, want string }{
		{"empty", plainLayout, "", "it lacks <title> or the lang"},
		{"no language", "{{.Locale}}", "", "it lacks <title> or the lang"},
		{"no notice", content, "", "it shows the notice 0 times"},
		{"the notice twice", content, content + content, "it shows the notice 2 times"},
		{"the notice in a link", content, `<a href="` + content + `">x</a>`, "a link: not an https link"},
	} {
		folder := builtIn(t)
		folder["layout.html"] = &fstest.MapFile{Data: []byte(strings.Replace(plainLayout, c.old, c.new, 1))}
		_, err := loadWith(folder)
		if want := "templates/layout.html: " + c.want; err == nil || !strings.HasPrefix(err.Error(), want) || len(hint.Of(err)) == 0 {
			t.Errorf("%s: Load = %v with %q, want %q", c.name, err, hint.Of(err), want)
		}
	}
}

func TestMistakesInOneClassOfTheLayoutNameTheNotice(t *testing.T) {
	folder := builtIn(t)
	folder["layout.html"] = &fstest.MapFile{Data: []byte(strings.Replace(plainLayout, "<body>", `<body>{{if eq .Class "sso"}}<img>{{end}}`, 1))}
	_, err := loadWith(folder)
	want := []string{"templates/de/sso.md: the HTML part: <img> is not allowed", "templates/en/sso.md: the HTML part: <img> is not allowed"}
	if err == nil {
		t.Fatal("the layout was taken")
	}
	lines := strings.Split(err.Error(), "\n")
	if !slices.EqualFunc(lines, want, strings.HasPrefix) {
		t.Errorf("Load = %q, want %q", lines, want)
	}
}

func TestUnknownFieldsHaveAHintThatNamesAllFields(t *testing.T) {
	for _, body := range []string{"{{.Nothing}}", "{{range .Accounts}}{{.Nothing}}{{end}}", "{{nothing .Name}}", "{{if}}x{{end}}"} {
		_, err := loadWith(folderWith(needs + body))
		if advice := strings.Join(hint.Of(err), "\n"); advice != actionAdvice {
			t.Errorf("%s: Load = %v with the hint %q", body, err, advice)
		}
	}
	for _, value := range []any{data{}, accountData{}} {
		for field := range reflect.TypeOf(value).Fields() {
			if !strings.Contains(actionAdvice, "."+field.Name) {
				t.Errorf("the advice does not name .%s", field.Name)
			}
		}
	}
}

func TestSamplesShowEveryKind(t *testing.T) {
	s := testSet(t)
	samples := s.Samples(account.Password, "en", noticeDate)
	if len(samples) != 3 {
		t.Fatalf("%d samples", len(samples))
	}
	for i, want := range []string{"Hello Jane Doe,", "Hello,", "these accounts"} {
		if m := compose(t, s, samples[i]); !strings.Contains(m.Text, want) {
			t.Errorf("sample %d lacks %q", i, want)
		}
	}
}

func TestDatesInWords(t *testing.T) {
	for locale, want := range map[string]string{
		"en": "3 March 2026", "en-US": "3 March 2026", "de": "3. März 2026", "de-AT": "3. März 2026", "fr": "2026-03-03",
	} {
		if got := longDate(time.Date(2026, time.March, 3, 0, 0, 0, 0, time.UTC), locale); got != want {
			t.Errorf("longDate in %s = %q, want %q", locale, got, want)
		}
	}
}
