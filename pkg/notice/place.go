package notice

import (
	"net/url"
	"path"
	"regexp"
	"strings"

	"breachnotify/pkg/account"
)

// A place is the page that a web address leads to, the same for all the ways to
// spell it: query and fragment do not count, nor do escapes, slashes at the end, the
// case of letters (some servers ignore it in a path as well) and the port of https.
type place struct{ host, path string }

// BUG(notice): to an application that keeps all of its pages behind a # or a ? every
// link is to one place, so that its reset cannot be told from its sign-out. Such a
// campaign is refused: both need an address of their own.

// placeOf returns where an https address leads, with its scheme or without. ok is
// false for what is no web address.
func placeOf(address string) (p place, ok bool) {
	if len(address) >= len(https) && strings.EqualFold(address[:len(https)], https) {
		address = address[len(https):]
	}
	u, err := url.Parse(https + address)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return place{}, false
	}
	p.host = canonicalHost(u.Hostname())
	if port := u.Port(); port != "" && port != "443" {
		p.host += ":" + port
	}
	p.path = strings.ToLower(path.Clean("/" + u.Path))
	return p, true
}

const https = "https://"

// CanonicalURL returns a web address in the one spelling of those that all mean the same:
// the scheme and the host in lower case, no port of https, no slash at the end. What is no
// web address stays as it is.
func CanonicalURL(address string) string {
	u, err := url.Parse(strings.TrimSpace(address)) // which writes the scheme in lower case
	if err != nil || u.Host == "" {
		return address
	}
	u.Host = strings.ToLower(u.Host)
	if u.Scheme == "https" {
		u.Host = strings.TrimSuffix(u.Host, ":443")
	}
	if u.RawPath == "" {
		u.Path = strings.TrimSuffix(u.Path, "/")
	}
	return u.String()
}

// canonicalHost returns a host in lower-case A-labels, by the rules for the domains
// of addresses, without the dot that DNS allows at its end.
func canonicalHost(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if address, err := account.ParseAddress("host@" + host); err == nil {
		return address.Domain()
	}
	return host
}

// samePlace reports whether two links lead to one page.
func samePlace(a, b string) bool {
	here, ok := placeOf(a)
	there, also := placeOf(b)
	return ok && also && here == there
}

// webWord finds what a reader could type into a browser: a host, and what follows
// it. Around an @ it takes both sides, so that the host of a mail address is none.
var webWord = regexp.MustCompile(`[\pL\pN@%_-]+(?:\.[\pL\pN@%_-]+)+\.?(?::[0-9]+)?(?:[/?#][A-Za-z0-9._~:/?#@!$&*+,;=%\[\]-]*)?`)

// wordFor returns the first word of running text that leads where link does, or
// nothing.
func wordFor(link, text string) string {
	for _, word := range webWord.FindAllString(text, -1) {
		if word = strings.TrimRight(word, ".,;:!?"); samePlace(word, link) {
			return word
		}
	}
	return ""
}
