package relay

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Whether a refusal is about the sender or about the recipient decides between
// stopping a run and marking one notice. The enhanced status code says it best;
// several large providers say it in words only.
var (
	// limits is the wording of quotas and throttles.
	limits = regexp.MustCompile(`(?i)throttl|` +
		`\b(?:sending|send|sender|message|messages|daily|hourly|submission|outbound|rate|connection|relay)s? (?:\w+ )?(?:limit|quota|rate)\b|` +
		`\brate[- ]?limit|\blimits? (?:has been |was |is )?(?:exceeded|reached)|exceeded (?:[\w-]+ ){0,6}(?:limit|quota|rate|threshold|per (?:minute|hour|day))\b|` +
		`\btoo (?:many|much) (?:messages|mails?|e-?mails|recipients|connections|requests)\b|\bslow(?:ing)? down\b|reached (?:\w+ ){0,3}limit`)
	// senders is the wording of a relay that refuses the envelope's sender.
	senders = regexp.MustCompile(`(?i)sender (?:address )?(?:rejected|denied|refused|not allowed|blocked)`)
	// standing is the wording of a relay that refuses whoever connects.
	standing = regexp.MustCompile(`(?i)relay(?:ing)?(?: access)? (?:is )?(?:denied|not permitted|not allowed|prohibited)|unable to relay|` +
		`not (?:authori[sz]ed|allowed|permitted) to (?:send|relay)|authentication (?:is )?required|` +
		`\b(?:DMARC|SPF|DKIM)\b|unauthenticated|reputation|(?:black|block|deny)[- ]?list|\bblocked\b`)
	// boxes is the wording of a mailbox that is full.
	boxes = regexp.MustCompile(`(?i)\b(?:mail ?box|inbox|user'?s? (?:is )?(?:over|has exceeded))`)
	// sizes is the wording of a message that is too large.
	sizes = regexp.MustCompile(`(?i)\bsize\b|\btoo (?:big|large|long)\b`)
	// sessions is the wording of a limit that another connection does not have.
	sessions = regexp.MustCompile(`(?i)\b(?:this|per|one|in|on|the) (?:single |same )?(?:session|connection)\b|\btoo many recipients\b`)
)

// recipientPolicy is what RFC 7372, RFC 7293, the registry of RFC 5248 and
// Exchange say of one recipient although it stands under X.7: a list that is
// closed, an account that is disabled, a mailbox that takes mail from inside only.
var recipientPolicy = []string{"5.7.2", "5.7.13", "5.7.17", "5.7.18", "5.7.19", "5.7.124", "5.7.129", "5.7.133", "5.7.134", "5.7.135", "5.7.136"}

// mailbox reports whether a reply is about the recipient's mailbox (RFC 3463
// section 3.3, or in words).
func mailbox(r Reply) bool {
	return subject(r) == 2 || r.Enhanced == "" && boxes.MatchString(r.Text)
}

// sessionFull reports whether a reply is about how much one session or transaction
// may hold (RFC 3463, X.5.3; RFC 5321 section 4.5.3.1.10): a new one starts afresh.
// Postfix counts recipients over sessions, but says so with 450.
func sessionFull(r Reply) bool {
	return slices.Contains([]int{421, 452, 552}, r.Code) && (subject(r) == 5 && detail(r) == 3 || sessions.MatchString(r.Text))
}

// tooLarge reports whether a permanent reply is about the size of the message (RFC 3463,
// X.3.4 and X.2.3; RFC 1870 section 6). A quota has the same code and other words.
func tooLarge(r Reply) bool {
	return r.Enhanced == "5.3.4" || r.Enhanced == "5.2.3" || r.Code == 552 && sizes.MatchString(r.Text)
}

// refusesSize reports whether a permanent reply to a MAIL with SIZE is about that: by
// what it says, or because 552 without a reason has no other meaning there.
func refusesSize(r Reply) bool {
	return tooLarge(r) || r.Code == 552 && r.Enhanced == "" && !refusesSender(r) && !mailbox(r)
}

// throttled reports whether a transient reply is about the sender's pace, quota or
// standing, or about the relay as a whole, and no recipient's.
func throttled(r Reply) bool {
	if mailbox(r) || sessionFull(r) {
		return false
	}
	switch r.Enhanced {
	case "4.4.5", "4.7.28", "4.1.8": // congested, Gmail's rate, sender's domain
		return true
	case "4.3.2": // not accepting: with 421 it is this connection only
		return r.Code != 421
	}
	return r.Code == 432 || r.Code == 454 || subject(r) == 7 && detail(r) >= 500 ||
		limits.MatchString(r.Text) || senders.MatchString(r.Text)
}

// slowedAt reports whether a throttled reply to RCPT may be the destination's: X.7 is what
// providers say there, while a relay that takes nothing says so under X.3.
func slowedAt(r Reply) bool { return throttled(r) && subject(r) == 7 }

// refusesSender reports whether a permanent reply is about the sender's quota,
// authentication or reputation, wherever in a transaction it comes.
func refusesSender(r Reply) bool {
	if slices.Contains(recipientPolicy, r.Enhanced) || tooLarge(r) {
		return false
	}
	if slices.Contains([]int{530, 534, 535, 538}, r.Code) {
		return true
	}
	switch r.Enhanced {
	case "5.3.2", "5.4.5", "5.1.7", "5.1.8", "5.1.90": // not accepting, quota (Gmail), sender's address (twice), quota (Exchange)
		return true
	}
	if subject(r) == 7 && detail(r) >= 20 || senders.MatchString(r.Text) {
		return true
	}
	if mailbox(r) || sessionFull(r) {
		return false
	}
	// X.1 is about an address: a recipient can be blocked or listed too.
	return limits.MatchString(r.Text) || subject(r) != 1 && standing.MatchString(r.Text)
}

// policy reports whether a permanent reply to RCPT is about policy (X.7), which
// asks for a human and not for the next recipient.
func policy(r Reply) bool {
	return subject(r) == 7 && !slices.Contains(recipientPolicy, r.Enhanced)
}

// subject and detail are the second and third number of an enhanced status code;
// -1 where there is none.
func subject(r Reply) int { return part(r.Enhanced, 1) }
func detail(r Reply) int  { return part(r.Enhanced, 2) }

func part(enhanced string, i int) int {
	parts := strings.Split(enhanced, ".")
	if len(parts) != 3 {
		return -1
	}
	n, err := strconv.Atoi(parts[i])
	if err != nil {
		return -1
	}
	return n
}
