package check

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
	"golang.org/x/text/unicode/norm"

	"breachnotify/pkg/hint"
)

// hostKind is what a host is to the organisation.
type hostKind int

const (
	hostOfficial  hostKind = iota
	hostForeign            // somebody else's
	hostLookAlike          // somebody else's that can be taken for an official one
	hostLocal              // one that means another machine to each reader
)

// judgeHost says what a host is to the organisation, and why. An empty host is foreign.
func (in *inspected) judgeHost(host string) (judged hostKind, why string) {
	if where := localHost(host); where != "" {
		return hostLocal, where
	}
	canonical := canonicalHost(host)
	for _, own := range in.official {
		if canonical == own || strings.HasSuffix(canonical, "."+own) {
			return hostOfficial, ""
		}
	}
	for _, own := range in.official {
		if why := lookAlike(canonical, own); why != "" {
			return hostLookAlike, why
		}
	}
	if why := oddScript(canonical); why != "" {
		return hostLookAlike, why
	}
	return hostForeign, ""
}

// localNames are what names end in that are resolved near the reader or not at all
// (RFC 6761, RFC 6762, RFC 8375, and what routers and offices make use of).
var localNames = []string{"localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "home.arpa", "invalid", "onion"}

var (
	sharedSpace = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598
	oldAddress  = regexp.MustCompile(`^(?:0[xX][0-9a-fA-F]*|[0-9]+)(?:\.(?:0[xX][0-9a-fA-F]*|[0-9]+)){0,3}$`)
)

// localHost says what a host is that is no name of the public DNS, or nothing. Names
// below .test and .example pass for public ones, so that rehearsals have domains.
func localHost(host string) string {
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if zone := strings.IndexByte(host, '%'); zone >= 0 {
		host = host[:zone]
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return addressKind(ip.Unmap())
	}
	switch {
	case oldAddress.MatchString(host):
		return "an IP address in disguise"
	case host != "" && !strings.Contains(host, "."):
		return "a name without a dot, which is looked up near the reader"
	}
	for _, name := range localNames {
		if strings.HasSuffix(host, "."+name) {
			return "a ." + name + " name, which is another machine for each reader"
		}
	}
	return ""
}

func addressKind(ip netip.Addr) string {
	switch {
	case ip.IsLoopback() || ip.IsUnspecified():
		return "the reader's own machine"
	case ip.IsPrivate() || sharedSpace.Contains(ip):
		return "a private address, such as the reader's own router"
	case ip.IsLinkLocalUnicast():
		return "a link-local address"
	}
	return "an IP address"
}

// lookAlike says how a foreign host can be taken for the official one, or nothing.
func lookAlike(host, own string) string {
	switch {
	case strings.Contains("."+host, "."+own+"."):
		return "it begins like " + own + " and belongs to somebody else"
	case strings.Contains(host, strings.ReplaceAll(own, ".", "-")):
		return "it has " + own + " with hyphens for its dots"
	}
	mine, other := registrable(own), registrable(host)
	switch {
	case mine == other: // not below own, and still of the organisation
		return ""
	case skeleton(mine) == skeleton(other):
		return "its letters look like those of " + mine
	case len(mine) >= leastTypo && hint.Distance(mine, other) == 1:
		return "it is one character away from " + mine
	}
	return ""
}

// leastTypo is the length from which domains that differ in one character are taken
// for each other.
const leastTypo = 8

// registrable returns the domain that somebody registered, such as example.co.uk.
func registrable(host string) string {
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return domain
	}
	return host
}

// oddScript says what is odd about the letters of a host, or nothing.
func oddScript(host string) string {
	shown, err := idna.Display.ToUnicode(host)
	if err != nil {
		shown, _ = idna.Punycode.ToUnicode(host)
	}
	for label := range strings.SplitSeq(shown, ".") {
		if mixed(label) {
			return "a label of it mixes scripts"
		}
	}
	if strings.Contains("."+host, ".xn--") {
		return "it is written in punycode"
	}
	return ""
}

// scripts are those whose letters are taken for each other's. Those of East Asia are
// mixed in ordinary words and are not among them.
var scripts = []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee, unicode.Georgian}

func mixed(label string) bool {
	used := map[int]bool{}
	for _, r := range label {
		for i, script := range scripts {
			if unicode.Is(script, r) {
				used[i] = true
			}
		}
	}
	return len(used) > 1
}

// confusables has the letters that look like those of Latin in most typefaces: the
// lower-case ones of Cyrillic, Greek and Armenian, those of Latin that lack or gain a
// little, and digits. It is a small part of the table of Unicode Technical Standard 39.
var confusables = strings.NewReplacer(
	"а", "a", "с", "c", "ԁ", "d", "е", "e", "һ", "h", "і", "i", "ј", "j", "к", "k", "о", "o", "р", "p", "ԛ", "q",
	"ѕ", "s", "ѵ", "v", "ԝ", "w", "х", "x", "у", "y", "ү", "y", "в", "b", "м", "m", "н", "h", "т", "t", "г", "r", "п", "n",
	"α", "a", "ε", "e", "η", "n", "ι", "i", "κ", "k", "ν", "v", "ο", "o", "ρ", "p", "τ", "t", "υ", "u", "χ", "x", "γ", "y",
	"օ", "o", "ս", "u", "հ", "h", "ո", "n", "ց", "g",
	"ı", "i", "ɩ", "i", "ɑ", "a", "ɡ", "g", "ø", "o", "ł", "l", "đ", "d", "ħ", "h",
	"0", "o", "1", "l", "rn", "m", "vv", "w",
)

// skeleton returns what a host looks like, so that two that look the same are equal.
// An i and an l differ, as in most typefaces in lower case.
func skeleton(host string) string {
	shown, err := idna.Punycode.ToUnicode(host)
	if err != nil {
		shown = host
	}
	bare := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(strings.ToLower(shown)))
	return confusables.Replace(bare)
}

// parseLink reads a link as browsers do. ok is false for what none of them can follow.
func parseLink(target string) (link *url.URL, ok bool) {
	link, err := url.Parse(strings.TrimSpace(target))
	return link, err == nil && link.Scheme != ""
}

// hostOf returns the host that a web link or the mailbox of a mailto link is at; empty
// for others.
func hostOf(target string) string {
	link, ok := parseLink(target)
	switch {
	case !ok:
		return ""
	case link.Scheme == "mailto":
		address, _ := url.PathUnescape(link.Opaque)
		return strings.TrimSpace(address[strings.LastIndexByte(address, '@')+1:])
	}
	return link.Hostname()
}
