package notice

import (
	"strings"
	"testing"
	"testing/fstest"

	"breachnotify/pkg/hint"
)

func TestClassesKeepToTheirLinks(t *testing.T) {
	const reset, signOut = "[Reset your password]({{.Links.reset}})", "[Open the security page]({{.Links.sign_out}})"
	for _, c := range []struct{ file, old, new, want string }{
		{"en/password.md", reset, "x", "templates/en/password.md: a password notice without the reset link"},
		{"en/password.md", reset, "[x](https://example.com/reset/)", "templates/en/password.md: a password notice without the reset link"},
		{"en/sso.md", signOut, "x", "templates/en/sso.md: an SSO notice without the sign-out link"},
		{"en/sso.md", signOut, "[x]({{.Links.sign_out}})\n   [y]({{.Links.reset}})", "templates/en/sso.md:62: an SSO notice with the reset link"},
		{"en/sso.md", signOut, signOut + "\n\n<https://example.com/reset>", "templates/en/sso.md:63: an SSO notice with the reset link"},
	} {
		folder := builtIn(t)
		if !strings.Contains(string(folder[c.file].Data), c.old) {
			t.Fatalf("%s does not hold %s", c.file, c.old)
		}
		folder[c.file] = &fstest.MapFile{Data: []byte(strings.Replace(string(folder[c.file].Data), c.old, c.new, 1))}
		_, err := loadWith(folder)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || len(hint.Of(err)) == 0 {
			t.Errorf("Load = %v with %q, want %q and a hint", err, hint.Of(err), c.want)
		}
	}
}

// loadSSO loads a folder whose SSO notice has body below the sign-out link, from line 8.
func loadSSO(body string, change ...func(*Options)) error {
	folder := folderWith(needs)
	folder["en/sso.md"].Data = []byte(frontLines + "# T\n\n<https://example.com/security>\n\n" + body + "\n")
	_, err := loadWith(folder, change...)
	return err
}

func TestSSONoticeLeadsToTheResetInNoSpelling(t *testing.T) {
	for _, body := range []string{
		"<https://example.com/reset>", "[x](https://example.com/reset)", "https://example.com/reset", "{{.Links.reset}}",
		"[x](https://example.com/reset?x=1)", "[x](https://example.com/reset#a)", "[x](https://example.com/reset?)", "[x](https://example.com/reset/)",
		"[x](https://example.com/reset//)", "[x](https://EXAMPLE.com/%72eset/)", "[x](https://example.com/reset%2F)", "[x](https://example.com/RESET)",
		"[x](https://example.com:443/reset)", "[x](https://example.com:/reset)", "[x](https://example.com./reset)", "[x](https://example.com//reset)",
		"[x](https://example.com/./reset)", "[x](https://example.com/help/../reset)", "[x](https://example.com/%2e%2e/reset)",
		"[x](https://%EF%BD%85xample.com/reset)", "[x](HTTPS://EXAMPLE.COM/reset)",
		"{{if eq (len .Accounts) 7}}[x](https://example.com/reset?x=1){{end}} y",
		"[https://example.com/reset](https://example.com/security)", "[https://example.com/reset/?a](https://example.com/security)",
		"[example.com/reset](https://example.com/security)", "Type example.com/reset.", "Type \u201eEXAMPLE.COM/reset#a\u201c!", "`example.com:443/reset/`",
		"example.com/*reset*", "{{index .Links \"reset\"}}",
	} {
		err := loadSSO(body)
		if err == nil || !strings.Contains(err.Error(), "an SSO notice with the reset link (") || len(hint.Of(err)) == 0 {
			t.Errorf("%s: Load = %v with %q", body, err, hint.Of(err))
		} else if !strings.HasPrefix(err.Error(), "templates/en/sso.md:") {
			t.Errorf("%s: the error does not name the file: %v", body, err)
		}
	}
}

func TestSSONoticeMayLeadElsewhere(t *testing.T) {
	for _, body := range []string{
		"<https://example.com/resetting>", "<https://example.com/reset/sessions>", "<https://example.com/help?to=/reset>", "<https://www.example.com/reset>",
		"<https://example.com:8443/reset>", "<https://example.com/%2572eset>", "<https://example.org/reset>", "<https://example.com/>",
		"<reset@example.com>", "Type example.com, or example.com/resets.", "the security/reset page, e.g. yours", "<https://example.org/?u=example.com/reset>",
	} {
		if err := loadSSO(body); err != nil {
			t.Errorf("%s: Load = %v", body, err)
		}
	}
	folder := folderWith("# T\n\n{{.Links.reset}}\n")
	folder["en/sso.md"].Data = append(folder["en/sso.md"].Data, "\nhelp@reset.example.com\n"...)
	if _, err := loadWith(folder, func(o *Options) { o.Facts.Links[LinkReset] = "https://reset.example.com/" }); err != nil {
		t.Errorf("a mail address at the host of the reset: Load = %v", err)
	}
}

func TestEveryWayToTheResetIsFound(t *testing.T) {
	const refused = "an SSO notice with the reset link ("
	for _, c := range []struct {
		name, body, want string
		change           func(*Options)
	}{
		{"another configured link", "[x]({{.Links.help}})", "templates/en/sso.md:8: " + refused + "https://example.com/reset?help",
			func(o *Options) { o.Facts.Links[LinkHelp] = "https://example.com/reset?help" }},
		{"a fact", "{{.Incident.contact}}", "templates/en/sso.md: incident.contact:3: " + refused,
			func(o *Options) { o.Facts.Incident["contact"] = "a\n\n[x](https://example.com/reset?x)" }},
		{"a fact of the language", "{{.Incident.contact}}", "templates/en/sso.md: incident.contact_en:1: " + refused,
			func(o *Options) { o.Facts.Incident["contact_en"] = "[x](https://example.com/reset?x)" }},
		{"two places", "<https://example.com/reset#a>\n<https://example.com/reset#b>", "templates/en/sso.md:9: " + refused, nil},
		{"a reset at the root of a host", "Type reset.example.com.", "templates/en/sso.md: " + refused + "reset.example.com)",
			func(o *Options) { o.Facts.Links[LinkReset] = "https://reset.example.com" }},
	} {
		folder := folderWith(needs + "{{.Links.reset}}")
		folder["en/sso.md"].Data = []byte(frontLines + "# T\n\n<https://example.com/security>\n\n" + c.body + "\n")
		var changes []func(*Options)
		if c.change != nil {
			changes = append(changes, c.change)
		}
		if _, err := loadWith(folder, changes...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Load = %v, want %q", c.name, err, c.want)
		}
	}
}

func TestSubjectAndLayoutOfAnSSONoticeLeadToNoReset(t *testing.T) {
	folder := folderWith(needs)
	folder["en/sso.md"].Data = []byte("---\nsubject: Go to example.com/reset\n---\n<https://example.com/security>\n")
	if _, err := loadWith(folder); err == nil || !strings.Contains(err.Error(), "templates/en/sso.md: an SSO notice with the reset link (example.com/reset)") {
		t.Errorf("the subject is taken: %v", err)
	}
	folder = folderWith(needs)
	folder["layout.html"].Data = []byte(strings.Replace(plainLayout, "<body>", `<body><a href="https://example.com/reset?x">x</a>`, 1))
	if _, err := loadWith(folder); err == nil || !strings.Contains(err.Error(), "templates/en/sso.md: an SSO notice with the reset link (https://example.com/reset?x)") {
		t.Errorf("the layout is taken: %v", err)
	}
}

func TestPasswordNoticeMayShowTheResetAsItLikes(t *testing.T) {
	body := needs + "[x](https://example.com/reset?x=1#a), or type example.com/reset."
	if _, err := loadWith(folderWith(body)); err != nil {
		t.Errorf("Load = %v", err)
	}
}

// FuzzPlace looks for links that are accepted and lead nowhere that could be compared,
// and for spellings of one place that differ.
func FuzzPlace(f *testing.F) {
	for _, link := range []string{
		"https://example.com/reset", "https://example.com", "https://EXAMPLE.com:443/%72eset/?x#y", "https://example.com./..//a/", "https://[::1]:8443/",
		"https://xn--bcher-kva.example/", "https://b%C3%BCcher.example/", "https://example.com/%ff", "https://-/", "https://:",
	} {
		f.Add(link)
	}
	f.Fuzz(func(t *testing.T, link string) {
		if checkWeb(link) != nil {
			return
		}
		if !samePlace(link, link) {
			t.Errorf("%q leads nowhere", link)
		}
		bare, _, _ := strings.Cut(link, "#")
		bare, _, _ = strings.Cut(bare, "?")
		if !samePlace(link, bare+"/?x#y") {
			t.Errorf("%q and the same with a slash, a query and a fragment are two places", link)
		}
	})
}
