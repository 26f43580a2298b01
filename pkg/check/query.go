package check

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// redirectors are hosts that lead elsewhere: shorteners, and the click counters of mail
// services.
var redirectors = strings.Fields(`bit.ly t.co goo.gl tinyurl.com ow.ly is.gd v.gd buff.ly rb.gy cutt.ly rebrand.ly lnkd.in
	t.ly shorturl.at tiny.cc s.id bl.ink short.io short.gy trib.al dlvr.it youtu.be fb.me amzn.to aka.ms
	l.facebook.com lm.facebook.com safelinks.protection.outlook.com urldefense.com urldefense.proofpoint.com
	sendgrid.net mandrillapp.com list-manage.com awstrack.me mailchi.mp hubspotlinks.com createsend.com mailgun.org`)

func checkRedirect(link *url.URL) string {
	host := canonicalHost(link.Hostname())
	for _, known := range redirectors {
		if host == known || strings.HasSuffix(host, "."+known) {
			return "goes through " + known
		}
	}
	for _, p := range parameters(link) {
		value := strings.ToLower(strings.TrimSpace(p.value))
		if strings.HasPrefix(value, "http://") || strings.HasPrefix(value, "https://") || strings.HasPrefix(value, "//") {
			return "names another address to go on to, in " + p.key
		}
	}
	return ""
}

// parameter is one key of a query with its value.
type parameter struct{ key, value string }

// parameters returns what a query and a fragment that has the form of one hold, parted at
// semicolons too, as some servers do.
func parameters(link *url.URL) []parameter {
	fragment := link.EscapedFragment()
	fragment = fragment[strings.IndexByte(fragment, '?')+1:]
	if !strings.Contains(fragment, "=") {
		fragment = ""
	}
	var all []parameter
	for part := range strings.FieldsFuncSeq(link.RawQuery+"&"+fragment, func(r rune) bool { return r == '&' || r == ';' }) {
		key, value, _ := strings.Cut(part, "=")
		all = append(all, parameter{unescaped(key), unescaped(value)})
	}
	slices.SortStableFunc(all, func(a, b parameter) int { return strings.Compare(a.key, b.key) })
	return all
}

// unescaped returns text of a query as it was before it was escaped, or else as it is.
func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// tracking finds the parameters of a query by which services follow readers.
var tracking = regexp.MustCompile(`(?i)^(?:utm_.*|mtm_.*|pk_.*|hsa_.*|vero_.*|_hs.*|oly_.*|gclid|dclid|gbraid|wbraid|fbclid|msclkid|yclid|twclid|igshid|mc_cid|mc_eid|mkt_tok|wickedid|trk|trkid|cmpid|campaign_?id|click_?id|email_?id|open_?id|subscriber_?id|recipient_?id)$`)

func checkTracking(link *url.URL) string {
	for _, p := range parameters(link) {
		if tracking.MatchString(p.key) {
			return "tracks its reader by " + p.key
		}
	}
	return ""
}

// maybeTracking finds parameters that some follow readers by, and others do not.
var maybeTracking = regexp.MustCompile(`(?i)^(?:ref|referr?er|src|source|medium|campaign|camp|uid|cid|rid|sid|user_?id|user|member|aff(?:id|iliate)?)$`)

func checkMaybeTracking(link *url.URL) string {
	for _, p := range parameters(link) {
		if p.value != "" && maybeTracking.MatchString(p.key) {
			return "may track its reader by " + p.key
		}
	}
	return ""
}

// somebody finds a mail address.
var somebody = regexp.MustCompile(`[^\s/?&=;:@#]+@(?:[\pL\pN-]+\.)+\pL{2,}`)

// checkToken finds what a link for one reader alone has: an address, or what reads like a
// key that was made at random.
func checkToken(link *url.URL) string {
	rest := unescaped(link.Path + "?" + unescaped(link.RawQuery) + "#" + link.Fragment) // some escape twice
	if somebody.MatchString(rest) {
		return "holds a mail address"
	}
	for _, piece := range strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("/?&=;#.:,+~", r) }) {
		if isToken(piece) {
			return "holds what reads like a token"
		}
	}
	return ""
}

var (
	uuid        = regexp.MustCompile(`(?i)^[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$`)
	hexadecimal = regexp.MustCompile(`(?i)^[0-9a-f]*[0-9][0-9a-f]*$`)
	alphabetic  = regexp.MustCompile(`(?i)[a-f]`)
)

const (
	leastToken   = 16 // letters and digits
	leastChanges = 4  // between letters and digits; words with a date have fewer
)

// isToken reports whether a piece of a link reads like a key that was made at random, and
// not like words with numbers.
func isToken(piece string) bool {
	if uuid.MatchString(piece) {
		return true
	}
	changes, length := 0, 0
	var last rune
	for _, r := range piece {
		kind := 'a'
		switch {
		case r == '-' || r == '_':
			continue
		case r >= '0' && r <= '9':
			kind = '0'
		}
		if last != 0 && kind != last {
			changes++
		}
		last = kind
		length++
	}
	hex := hexadecimal.MatchString(piece) && alphabetic.MatchString(piece)
	return length >= leastToken && (hex || changes >= leastChanges)
}
