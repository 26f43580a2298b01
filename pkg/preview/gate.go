package preview

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
)

const (
	tokenKey   = "token"
	cookieName = "notify_preview"
	secretSize = 24 // bytes
)

// pagePolicy lets the page load what lies beside it and nothing else, and nobody frame
// it.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// harden sets the headers that every answer has.
func harden(h http.Header) {
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// gate decides who gets in: one browser.
type gate struct {
	token   string
	session string // the value of the cookie
	// path is before every path of the page. The cookie is for it alone: cookies do not
	// know ports, so that every other server on this machine would get it too.
	path string
	used atomic.Bool
}

func newGate(random io.Reader) (*gate, error) {
	var secrets [3]string
	for i := range secrets {
		var b [secretSize]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return nil, fmt.Errorf("make the token of the preview: %w", err)
		}
		secrets[i] = base64.RawURLEncoding.EncodeToString(b[:])
	}
	return &gate{token: secrets[0], session: secrets[1], path: "/" + secrets[2]}, nil
}

// check says why a request is refused whatever it asks for, or nil.
func (g *gate) check(r *http.Request) *refusal {
	switch {
	case r.Method != http.MethodGet:
		return &refusal{http.StatusMethodNotAllowed, "This page can only be looked at", "It takes nothing but GET."}
	case !ownHost(r):
		return &refusal{http.StatusMisdirectedRequest, "This page does not go by that name", "Open the address that notify preview printed."}
	case g.isEntry(r):
		return nil
	case !strings.HasPrefix(r.URL.Path, g.path+"/") || !g.inSession(r) || foreign(r):
		return &refusal{http.StatusForbidden, "This page is private", "Open the address that notify preview printed; it works once, in one browser."}
	}
	return nil
}

// isEntry reports whether a request wants to be let in.
func (g *gate) isEntry(r *http.Request) bool {
	return r.URL.Path == "/" && r.URL.Query().Has(tokenKey)
}

// enter says why a request is not let in, or nil, once.
func (g *gate) enter(r *http.Request) *refusal {
	if !same(r.URL.Query().Get(tokenKey), g.token) {
		return &refusal{http.StatusForbidden, "This address is not the one that notify printed", "Copy all of it."}
	}
	if g.used.Swap(true) {
		return &refusal{http.StatusForbidden, "This address was used before",
			"Go on in the browser where it was opened. If that was not you, end notify preview with Ctrl-C and start it again."}
	}
	return nil
}

func (g *gate) cookie() *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: g.session, Path: g.path + "/",
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

func (g *gate) inSession(r *http.Request) bool {
	cookie, err := r.Cookie(cookieName)
	return err == nil && same(cookie.Value, g.session)
}

// same compares secrets in a time that tells nothing about them.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// foreign reports whether a browser says that a page of another origin makes the
// request; one at another port of this host is of the same site, and gets the cookie.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return true
}

// ownHost reports whether the Host of a request is this machine for sure: localhost, an
// address of the loopback interface, or the one that the request came in at. Any other
// name could be made to point here by whoever owns it. The port is free, so that the page
// can be reached through a tunnel.
func ownHost(r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return false
	}
	if ip.Unmap().IsLoopback() {
		return true
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	at, err := netip.ParseAddrPort(local.String())
	return err == nil && at.Addr().Unmap() == ip.Unmap()
}
