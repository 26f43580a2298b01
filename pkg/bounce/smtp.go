package bounce

import (
	"regexp"
	"strings"
)

var (
	// An enhanced status code (RFC 3463): a class, a subject and a detail, each
	// without leading zeros and of at most three digits. What stands before and
	// after keeps IP addresses and version numbers out.
	statusPattern = regexp.MustCompile(`(?:^|[^0-9A-Za-z.\-])([245]\.[0-7]\.(?:0|[1-9][0-9]{0,2}))(?:$|[^0-9.]|\.(?:$|[^0-9]))`)
	// A reply code (RFC 5321, section 4.2), where it can be no part of a number, a
	// time or an address.
	replyPattern = regexp.MustCompile(`(?:^|[\s"'(<=:;#>,\[])([245][0-5][0-9])(?:$|[\s"'):;#>,\]-])`)
	// A reply code with an enhanced code after it: the surest sign of a reply.
	fullReplyPattern = regexp.MustCompile(`(?:^|[^0-9.])([245][0-5][0-9])[ \-:#]+\(?#?([245]\.[0-7]\.(?:0|[1-9][0-9]{0,2}))(?:$|[^0-9.]|\.(?:$|[^0-9]))`)
	// What looks like a code and is none: an address in brackets, a port, a size, a time.
	noisePattern = regexp.MustCompile(`\[[0-9A-Fa-f.:]{3,45}\]|\b[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{0,4}){3,7}|\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b|(?i:size=|port |line |id=|v(?:ersion)? ?)[0-9][0-9.]*|\b[0-9]{2,} (?i:sec(?:ond)?s?|min(?:ute)?s?|hours?|days?|bytes|[kmg]i?b)\b|https?://\S+`)
)

// codes are the two codes that a diagnostic holds; either may be empty.
type codes struct {
	reply  string // 550
	status string // 5.1.1
}

// findCodes looks for a reply and its enhanced code in what a mail system said. The
// first reply of a class that tells of trouble holds.
func findCodes(s string) codes {
	s = noisePattern.ReplaceAllString(s, " ")
	var c codes
	for _, m := range fullReplyPattern.FindAllStringSubmatch(s, 8) {
		if m[1][0] != '2' && m[1][0] == m[2][0] {
			return codes{reply: m[1], status: m[2]}
		}
	}
	c.reply = firstTrouble(replyPattern, s)
	c.status = firstTrouble(statusPattern, s)
	return c
}

// firstTrouble returns the first code that is no success, or else the first.
func firstTrouble(pattern *regexp.Regexp, s string) string {
	first := ""
	for s != "" {
		m := pattern.FindStringSubmatchIndex(s)
		if m == nil {
			break
		}
		code := s[m[2]:m[3]]
		if code[0] != '2' {
			return code
		}
		if first == "" {
			first = code
		}
		s = s[m[3]:]
	}
	return first
}

// isFull reports whether the codes are those of one SMTP reply: both are there and
// their classes agree.
func (c codes) isFull() bool {
	return c.reply != "" && c.status != "" && c.reply[0] == c.status[0]
}

// The weights of what tells of a cause. A code goes before all words.
const (
	wordsWeight = 1
	codeWeight  = 2
	replyWeight = 4 // both codes of a reply
)

// weight ranks how much of a cause a text tells: a full reply, a code, words, nothing.
// Of two that tell the same codes, the one with words for them tells more.
func weight(text string) int {
	if text == "" {
		return 0
	}
	sum := 0
	switch c := findCodes(text); {
	case c.isFull():
		sum = replyWeight
	case classOf(c.reply) != Unknown || classOf(c.status) != Unknown:
		sum = codeWeight
	}
	if reason, _ := understand(text); reason != "" {
		sum += wordsWeight
	}
	return sum
}

// hasCode reports whether a text holds a code of trouble.
func hasCode(text string) bool { return weight(text) >= codeWeight }

// moreSpecific returns the status that says more: one that names a cause before one
// that does not, otherwise the first.
func moreSpecific(a, b string) string {
	if a == "" || b != "" && isVague(a) && !isVague(b) && a[0] == b[0] {
		return b
	}
	return a
}

// isVague reports whether a status code names no cause: X.0.0 is its class alone, and
// X.4.7 says that time ran out, whatever held the message up.
func isVague(status string) bool {
	return status == "" || strings.HasSuffix(status, ".0.0") || strings.HasSuffix(status, ".4.7")
}

// isClassAlone reports whether a status code is X.0.0.
func isClassAlone(status string) bool { return strings.HasSuffix(status, ".0.0") }

// classOf returns the permanence that a code's first digit tells.
func classOf(code string) Permanence {
	switch {
	case strings.HasPrefix(code, "5"):
		return Permanent
	case strings.HasPrefix(code, "4"):
		return Transient
	}
	return Unknown
}
