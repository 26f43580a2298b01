package notice

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

// Link is one place of a notice that leads somewhere.
type Link struct {
	URL string // https, or mailto and one address
	// Where is what a human has to change for another link: the file and line of a
	// template, the key of a fact and the line of its value, or the key of a link,
	// such as templates/en/sso.md:12, incident.contact:1 and links.help.
	Where string
}

// A mention is a link in a template or a fact.
type mention struct {
	url  string
	key  string // of the configured link that it is; empty: it is written out
	file string
	line int
}

// at returns where m stands.
func (m mention) at() string { return fmt.Sprintf("%s:%d", m.file, m.line) }

// link returns m as Set.Links has it.
func (m mention) link() Link {
	if m.key != "" {
		return Link{m.url, "links." + m.key}
	}
	return Link{m.url, m.at()}
}

const mailto = "mailto:"

// webURL is https and the characters of RFC 3986 that need no escaping in HTML
// nor in running text, where mail readers end a link at quotes, brackets and
// parentheses.
var webURL = regexp.MustCompile(`^(?i:https)://[A-Za-z0-9._~:/?#@!$&*+,;=%\[\]-]+$`)

// checkWeb refuses what is not an absolute https URL with a host.
func checkWeb(link string) error {
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return errors.New("not a URL")
	case u.Scheme != "https":
		return hint.Wrap(errors.New("not an https link"), "write the whole address, beginning with https://")
	case u.Hostname() == "" || u.User != nil:
		return errors.New("a link needs a host and no user name")
	case strings.ContainsFunc(u.Hostname(), notASCII) && strings.ContainsFunc(link, notASCII):
		return hint.Wrap(errors.New("the host of the link is not in ASCII, which mail readers show and compare in different ways"),
			"write it in punycode: https://%s", canonicalHost(u.Hostname()))
	case !webURL.MatchString(link):
		return hint.Wrap(errors.New("the link holds a character that mail readers break links at"),
			"percent-encode it: a space is %%20, an opening parenthesis %%28")
	}
	return nil
}

func notASCII(r rune) bool { return r > unicode.MaxASCII }

// checkDestination refuses a link of a template or a fact that is neither a web
// address nor one mailbox.
func checkDestination(link string) error {
	address, ok := strings.CutPrefix(link, mailto)
	if !ok {
		return checkWeb(link)
	}
	if strings.Contains(address, "?") {
		return hint.Wrap(errors.New("a mailto link that holds more than an address"), "take out the question mark and what follows it: a subject or a text in it is somebody else's words in the reader's mail")
	}
	parsed, err := account.ParseAddress(address)
	if err != nil {
		return fmt.Errorf("a mailto link: %w", err)
	}
	if parsed.Wire() != address || !webURL.MatchString("https://"+address) {
		return errors.New("a mailto link that is not one plain lower-case address")
	}
	return nil
}

// visible returns a link as it is shown to a reader.
func visible(link string) string { return strings.TrimPrefix(link, mailto) }

// bareURL finds what mail readers turn into a link by themselves.
var bareURL = regexp.MustCompile(`(?i)\b(?:https?|ftp)://[^\s<>"'()]+`)

// urlsIn returns the web addresses that stand in running text.
func urlsIn(text string) []string {
	found := bareURL.FindAllString(text, -1)
	for i, u := range found {
		found[i] = strings.TrimRight(u, ".,;:!?")
	}
	return found
}
