package campaign

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/notice"
)

// defaultDomain is the key of throttle.per_domain for every other destination.
const defaultDomain = "default"

// canonicalDomain returns a domain in lower-case A-labels. A domain is what an
// address can have right of its @, by the same rules and the same code, so that the
// two can be compared.
func canonicalDomain(domain string) (string, error) {
	if strings.ContainsFunc(domain, hidden) {
		return "", errors.New("a domain holds no spaces and no invisible characters")
	}
	address, err := account.ParseAddress("postmaster@" + domain)
	if err != nil {
		return "", errors.New("not a domain, such as example.com")
	}
	return address.Domain(), nil
}

// canonicalDomains returns domains as they are compared, sorted, each once. What is none
// is left out; Validate has refused it.
func canonicalDomains(domains []string) []string {
	var all []string
	for _, domain := range domains {
		if canonical, err := canonicalDomain(domain); err == nil {
			all = append(all, canonical)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Domains is a set of domains in lower-case A-labels, with everything below them.
type Domains []string

// Has reports whether the mailbox of an address is at one of the domains or below one.
func (d Domains) Has(to account.Address) bool {
	for _, domain := range d {
		if within(to.Domain(), domain) {
			return true
		}
	}
	return false
}

// within reports whether a domain is another one or below it, both in lower-case
// A-labels.
func within(domain, other string) bool {
	head, ok := strings.CutSuffix(domain, other)
	return ok && (head == "" || strings.HasSuffix(head, "."))
}

// Furnished returns FurnishedMailDomains as the domains of addresses are compared.
func (c *Config) Furnished() Domains { return canonicalDomains(c.FurnishedMailDomains) }

func hidden(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }

// official reports whether a canonical domain is one of the organisation's own or
// below one.
func (c *Config) official(domain string) bool {
	return slices.ContainsFunc(canonicalDomains(c.OfficialDomains), func(own string) bool { return within(domain, own) })
}

// CheckLink returns an error for a link that must not stand in a notice. An https
// link must have one of the official domains, or a domain below one, as its bare
// host: no port, no user information, no IP address, no dot at the end. Hosts are
// compared in A-labels, so that a look-alike letter is another host. A mailto link
// must have one address at such a domain.
func (c *Config) CheckLink(link string) error {
	parsed, err := url.Parse(link)
	if err != nil || strings.ContainsFunc(link, hidden) {
		return errors.New("not a URL")
	}
	switch parsed.Scheme {
	case "https":
		return c.checkHost(parsed)
	case "mailto":
		return c.checkMailto(parsed)
	}
	return errors.New("not an https link")
}

// CheckLinks returns an error for every one of the notices' links (notice.Set.Links
// lists them) that CheckLink refuses, joined, each with the place where it stands.
func (c *Config) CheckLinks(links []notice.Link) error {
	var errs []error
	for _, link := range links {
		if err := c.CheckLink(link.URL); err != nil {
			errs = append(errs, fmt.Errorf("%s: the link %s: %w", link.Where, account.MaskText(link.URL), err))
		}
	}
	return hint.Wrap(errors.Join(errs...), "change the link in the template or fact, or add its domain to official_domains")
}

func (c *Config) checkHost(link *url.URL) error {
	if link.User != nil || strings.Contains(link.Host, ":") {
		return errors.New("want a host alone: no user name, no port, no IP address")
	}
	host, err := canonicalDomain(link.Host)
	if err != nil {
		return fmt.Errorf("the host is %w", err)
	}
	if !c.official(host) {
		return fmt.Errorf("%s is not on one of official_domains", host)
	}
	return nil
}

func (c *Config) checkMailto(link *url.URL) error {
	written, err := url.PathUnescape(link.Opaque)
	if err != nil {
		return errors.New("not a URL")
	}
	address, err := account.ParseAddress(written)
	if err != nil {
		return errors.New("want one address after mailto")
	}
	if !c.official(address.Domain()) {
		return fmt.Errorf("%s is not on one of official_domains", address.Domain())
	}
	return nil
}

// checkOwn refuses what is no domain, and those under which anybody can have one (such
// as co.uk): they would make every link official, and every mailbox one of the
// organisation.
func checkOwn(domain string) error {
	canonical, err := canonicalDomain(domain)
	if err != nil {
		return err
	}
	if suffix, icann := publicsuffix.PublicSuffix(canonical); icann && suffix == canonical {
		return errors.New("anybody can have a domain below this one")
	}
	return nil
}

// isLoopback reports whether a host of the configuration is this machine for sure.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
