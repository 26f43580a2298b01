package preview

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

func TestTokenLetsOneBrowserIn(t *testing.T) {
	s := serve(t, options(t))
	s.get("/").want(t, http.StatusForbidden, "This page is private")
	s.enter().want(t, http.StatusOK, `http-equiv="refresh"`, s.handler.gate.path)
	s.get("/").want(t, http.StatusOK)

	other := &site{tb: t, handler: s.handler, server: s.server}
	second := other.enter()
	second.want(t, http.StatusForbidden, "was used before")
	if other.cookie != nil {
		t.Errorf("the second visit got the cookie %v", other.cookie)
	}
	second.lacks(t, s.handler.gate.path)
	other.get("/").want(t, http.StatusForbidden)
	s.enter().want(t, http.StatusForbidden) // also in the browser that is in
}

func TestTokenIsTakenOnceByVisitsAtTheSameMoment(t *testing.T) {
	h, err := New(options(t))
	must(t, err)
	codes := make([]int, 16)
	var all sync.WaitGroup
	for i := range codes {
		all.Go(func() {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost"+h.Entry(), nil))
			codes[i] = w.Code
		})
	}
	all.Wait()
	in := 0
	for _, code := range codes {
		if code == http.StatusOK {
			in++
		}
	}
	if in != 1 {
		t.Errorf("%d visits were let in", in)
	}
}

func TestWrongTokenIsRefusedAndTakesNothingAway(t *testing.T) {
	s := serve(t, options(t))
	for _, token := range []string{"", "x", s.handler.gate.token + "x", strings.ToUpper(s.handler.gate.token), s.handler.gate.session} {
		a := s.ask(http.MethodGet, "/?token="+token)
		a.want(t, http.StatusForbidden)
		if len(a.Cookies()) > 0 {
			t.Errorf("the token %q gives a cookie", token)
		}
	}
	s.enter().want(t, http.StatusOK)
}

func TestSecretsDiffer(t *testing.T) {
	a, b := serve(t, options(t)).handler.gate, serve(t, options(t)).handler.gate
	seen := map[string]bool{}
	for _, secret := range []string{a.token, a.session, a.path, b.token, b.session, b.path} {
		if len(secret) < secretSize || seen[secret] {
			t.Errorf("the secret %q is short or comes twice", secret)
		}
		seen[secret] = true
	}
}

func TestCookieIsForThePageAlone(t *testing.T) {
	s := inside(t, options(t))
	c := s.cookie
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != s.handler.gate.path+"/" || c.MaxAge != 0 || !c.Expires.IsZero() {
		t.Errorf("the cookie is %v", c)
	}
	s.cookie = &http.Cookie{Name: cookieName, Value: "guessed"}
	for _, path := range []string{"/", "/frame", "/style.css", "/script.js", "/no-such-thing"} {
		s.get(path).want(t, http.StatusForbidden, "This page is private")
	}
}

func TestNothingBesideThePageIsServed(t *testing.T) {
	s := inside(t, options(t))
	for _, path := range []string{"/", "/style.css", "/frame", "/favicon.ico", s.handler.gate.path, s.handler.gate.path + "x/"} {
		s.ask(http.MethodGet, path).want(t, http.StatusForbidden)
	}
	for _, path := range []string{"/page.html", "/assets/page.html", "/..%2fpreview.go", "/frame/"} {
		s.get(path).want(t, http.StatusNotFound)
	}
}

func TestEveryOtherMethodIsRefused(t *testing.T) {
	s := serve(t, options(t))
	for _, method := range []string{http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodTrace, "LOOK"} {
		a := s.ask(method, s.handler.Entry())
		if a.StatusCode != http.StatusMethodNotAllowed || a.Header.Get("Allow") != http.MethodGet || len(a.Cookies()) > 0 {
			t.Errorf("%s gives %s, Allow %q, cookies %v", method, a.Status, a.Header.Get("Allow"), a.Cookies())
		}
	}
	s.enter().want(t, http.StatusOK) // the token is as good as it was
	if a := s.ask(http.MethodPost, s.handler.gate.path+"/"); a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST with the cookie gives %s", a.Status)
	}
}

func TestForeignHostsAreRefused(t *testing.T) {
	s := serve(t, options(t))
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	for _, name := range []string{"evil.test", "evil.test:8025", "localhost.evil.test", "127.0.0.1.evil.test", "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80", "0.0.0.0:80"} {
		s.ask(http.MethodGet, s.handler.Entry(), host(name)).want(t, http.StatusMisdirectedRequest)
	}
	s.enter()
	for _, name := range []string{"evil.test", "evil.test:8025"} {
		s.get("/", host(name)).want(t, http.StatusMisdirectedRequest)
	}
	for _, name := range []string{"localhost", "LOCALHOST:9000", "127.0.0.1", "127.0.0.1:9000", "[::1]", "[::1]:9000", "127.0.0.2:80"} {
		s.get("/", host(name)).want(t, http.StatusOK)
	}
}

func TestPagesOfOtherOriginsAreRefused(t *testing.T) {
	s := inside(t, options(t))
	from := func(site string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", site) }
	}
	for _, site := range []string{"same-site", "cross-site"} {
		s.get("/frame", from(site)).want(t, http.StatusForbidden)
	}
	for _, site := range []string{"same-origin", "none"} {
		s.get("/frame", from(site)).want(t, http.StatusOK)
	}
}

func TestEveryAnswerIsHardened(t *testing.T) {
	s := serve(t, options(t))
	answers := map[string]answer{
		"refused": s.get("/"), "entered": s.enter(), "page": s.get("/"), "frame": s.get("/frame"), "style": s.get("/style.css"),
		"script": s.get("/script.js"), "icon": s.get("/icon.svg"), "missing": s.get("/x"), "method": s.ask(http.MethodPost, "/"),
	}
	for name, a := range answers {
		for header, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := a.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
		policy := a.Header.Get("Content-Security-Policy")
		want := pagePolicy
		if name == "frame" {
			want = framePolicy
		}
		if policy != want || !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "script-src 'unsafe") {
			t.Errorf("%s: Content-Security-Policy is %q", name, policy)
		}
		if a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: other origins may read it", name)
		}
	}
	answers["page"].want(t, http.StatusOK, `<iframe class="paper light" sandbox title=`)
}
