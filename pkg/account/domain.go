package account

import (
	"strings"

	"golang.org/x/net/idna"
)

// profile is IDNA 2008 as used for look-ups (RFC 5891), strict about the
// characters of host names. Hyphens in places three and four are left alone:
// such domains exist.
var profile = idna.New(
	idna.MapForLookup(),
	idna.BidiRule(),
	idna.Transitional(false),
	idna.StrictDomainName(true),
	idna.CheckHyphens(false),
)

// parseDomain returns the domain in lower-case A-labels. Address literals,
// dotless names and bare IP addresses are refused: a notice to one of them is a
// mistake in the export.
func parseDomain(s string) (string, error) {
	switch {
	case s == "":
		return "", invalid("no domain")
	case s[0] == '[':
		return "", invalid("an address literal instead of a domain")
	case len(s) > 4*maxDomain:
		return "", invalid("the domain is longer than %d octets", maxDomain)
	}
	domain := strings.ToLower(s)
	if !isASCII(domain) || strings.Contains(domain, "xn--") {
		var err error
		if domain, err = profile.ToASCII(s); err != nil {
			return "", invalid("the domain is no internationalised name")
		}
	}
	if len(domain) > maxDomain {
		return "", invalid("the domain is longer than %d octets", maxDomain)
	}
	return domain, checkLabels(domain)
}

func checkLabels(domain string) error {
	dot := strings.LastIndexByte(domain, '.')
	if dot < 0 {
		return invalid("the domain has no dot")
	}
	for label := range strings.SplitSeq(domain, ".") {
		if !isLabel(label) {
			return invalid("a label of the domain is malformed")
		}
	}
	if strings.Trim(domain[dot+1:], "0123456789") == "" {
		return invalid("an IP address instead of a domain")
	}
	return nil
}

// isLabel holds a label against RFC 1123 section 2.1: letters, digits and inner
// hyphens, 63 octets at most.
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
