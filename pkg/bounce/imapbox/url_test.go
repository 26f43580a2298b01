package imapbox

import (
	"strings"
	"testing"

	"breachnotify/pkg/hint"
)

func TestParseURL(t *testing.T) {
	for raw, want := range map[string]URL{
		"imaps://jane%40acme.example@imap.acme.example/Bounces/2026": {Implicit: true, Host: "imap.acme.example", Port: 993, User: "jane@acme.example", Folder: "Bounces/2026"},
		"imap://jane@localhost:1143":                                 {Host: "localhost", Port: 1143, User: "jane", Folder: "INBOX"},
		"IMAPS://jane@[::1]/Z%C3%BCrich%20x":                         {Implicit: true, Host: "::1", Port: 993, User: "jane", Folder: "Zürich x"},
	} {
		got, err := ParseURL(raw)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", raw, got, err)
		}
		if !IsURL(raw) {
			t.Errorf("%s is no URL", raw)
		}
		if shown := got.String(); strings.Contains(shown, "jane") || !strings.Contains(shown, got.Folder) {
			t.Errorf("shown as %s", shown)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for name, raw := range map[string]string{
		"a password":            "imaps://jane:hunter2@imap.example/INBOX",
		"no user":               "imaps://imap.example/INBOX",
		"no host":               "imaps://jane@/INBOX",
		"another scheme":        "https://jane@imap.example/",
		"a port that is none":   "imaps://jane@imap.example:99999/",
		"parameters":            "imaps://jane@imap.example/INBOX;UIDVALIDITY=1",
		"a query":               "imaps://jane@imap.example/INBOX?x",
		"a line end":            "imaps://jane@imap.example/INBOX%0d%0aT9%20DELETE",
		"a line end in a name":  "imaps://jane%0a@imap.example/",
		"what cannot be parsed": "imaps://jane:hunter2@imap.example:port/",
	} {
		u, err := ParseURL(raw)
		if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "jane") {
			t.Errorf("%s: %+v, %v", name, u, err)
		}
		if name == "a password" && len(hint.Of(err)) == 0 {
			t.Errorf("%v has no hint", err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("imaps://jane%40acme.example@imap.acme.example:993/Bounces")
	f.Add("imap://jane:x@[::1]/%00")
	f.Fuzz(func(t *testing.T, raw string) {
		if u, err := ParseURL(raw); err == nil && (u.Host == "" || u.User == "" || u.Folder == "" || u.Port < 1 || u.Port > 65535) {
			t.Errorf("%q: %+v", raw, u)
		}
	})
}
