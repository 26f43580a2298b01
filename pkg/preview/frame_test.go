package preview

import (
	"net/http"
	"strings"
	"testing"
)

func TestFrameIsTheNoticeWithLinksThatLeadNowhere(t *testing.T) {
	s := inside(t, options(t))
	a := s.get("/frame?case=idn")
	a.want(t, http.StatusOK, `<base target="_blank">`, `href="https://example.com/security"`, "&lt;b&gt;Xaver")
	a.lacks(t, "<b>Xaver", "<script", "prefers-color-scheme")
	if !strings.Contains(a.Header.Get("Content-Security-Policy"), "; sandbox") {
		t.Error("a frame that is opened by itself is not in a sandbox")
	}
}

func TestFrameSeesTheColoursThatAreAskedFor(t *testing.T) {
	const page = `<html lang="en"><head><title>T</title><style>:root { color-scheme: light dark; }
@media screen and (prefers-color-scheme: dark) { a { color: red } }
@media ( PREFERS-COLOR-SCHEME:light ) { a { color: blue } }</style></head><body><p>(prefers-color-scheme: dark)</p></body></html>`
	for scheme, want := range map[string][]string{
		"dark":  {"screen and (min-width: 0px)", "@media (max-width: 0px)", "color-scheme: dark !important"},
		"light": {"screen and (max-width: 0px)", "@media (min-width: 0px)", "color-scheme: light !important"},
	} {
		got := framed(page, scheme)
		for _, text := range append(want, "<p>(prefers-color-scheme: dark)</p>") {
			if !strings.Contains(got, text) {
				t.Errorf("%s: %q is not in\n%s", scheme, text, got)
			}
		}
		if back := strings.NewReplacer(
			`<base target="_blank"><style>:root { color-scheme: `+scheme+` !important; }</style>`, "",
		).Replace(got); len(back) >= len(page) || !strings.HasSuffix(back, "</body></html>") {
			t.Errorf("%s: more is changed than the colours:\n%s", scheme, got)
		}
	}
}

func TestLinkIsShownWithItsHost(t *testing.T) {
	for address, want := range map[string]string{
		"https://example.com/reset?x=example.com": "https://|example.com|/reset?x=example.com",
		"mailto:help@example.com":                 "mailto:help@|example.com|",
		"https://example.com":                     "https://|example.com|",
	} {
		l := newLink(address)
		if got := l.Before + "|" + l.Host + "|" + l.Rest; got != want {
			t.Errorf("%s is shown as %s", address, got)
		}
	}
}

func TestNumbersAreGrouped(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d) is %q", n, got)
		}
	}
}
