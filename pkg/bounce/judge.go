package bounce

import (
	"cmp"
	"strings"
)

// statusReasons are the reasons of enhanced status codes (RFC 3463, RFC 7372, RFC 7504,
// RFC 7505) without their class, for reports that say nothing else.
var statusReasons = map[string]string{
	"1.0": ReasonNoMailbox, "1.1": ReasonNoMailbox, "1.2": ReasonNoDomain, "1.3": ReasonNoMailbox, "1.4": ReasonNoMailbox,
	"1.6": ReasonMoved, "1.7": ReasonRefused, "1.8": ReasonRefused, "1.10": ReasonNoDomain,
	"2.0": ReasonInactive, "2.1": ReasonInactive, "2.2": ReasonMailboxFull, "2.3": ReasonTooLarge, "2.4": ReasonRefused,
	"3.0": ReasonSystem, "3.1": ReasonSystem, "3.2": ReasonSystem, "3.3": ReasonSystem, "3.4": ReasonTooLarge, "3.5": ReasonSystem,
	"4.0": ReasonNetwork, "4.1": ReasonNetwork, "4.2": ReasonNetwork, "4.3": ReasonNetwork, "4.4": ReasonNoDomain,
	"4.5": ReasonSystem, "4.6": ReasonLoop, "4.7": ReasonExpired,
	"5.0": ReasonSystem, "5.1": ReasonSystem, "5.2": ReasonContent, "5.3": ReasonRate, "5.4": ReasonSystem, "5.5": ReasonSystem,
	"6.0": ReasonContent, "6.1": ReasonContent, "6.2": ReasonContent, "6.3": ReasonContent, "6.4": ReasonContent, "6.5": ReasonContent,
	"7.0": ReasonPolicy, "7.1": ReasonPolicy, "7.2": ReasonRefused, "7.8": ReasonAuth,
	"7.20": ReasonAuth, "7.21": ReasonAuth, "7.22": ReasonAuth, "7.23": ReasonAuth, "7.24": ReasonAuth, "7.25": ReasonReputation,
	"7.26": ReasonAuth, "7.27": ReasonNoDomain,
}

// Judge completes what is said about a recipient that failed or is delayed: the status
// and the reason that stand in its diagnostic, the permanence, and Final. A reason that is
// given stays.
//
// Where a report contradicts itself, the permanence is that of the first of these that is
// told:
//
//   - the reply of the server, if it has both codes: the field Status repeats or maps it;
//   - the reply code alone, where Status is a class alone (5.0.0): Exim writes that whatever
//     the server said;
//   - the class of Status (RFC 3463, section 3.1), whatever the words and the detail are: a
//     full mailbox behind 5.2.2 or 5.1.1 is permanent, time that ran out behind 4.4.7 is
//     transient though it is final, a loop (5.4.6), a refusal by policy (5.7.x) or of the
//     size (5.3.4, 5.2.3) is permanent. A list counts it in the same way, since nobody but
//     that server knows whether it will take another message;
//   - the words about this recipient, then r.Permanence, which may hold what was said about
//     all of them;
//   - the reason: see usual.
func Judge(r Recipient) Recipient { return judge(r, "") }

// judge is Judge with what the text of the report says, which counts where the fields
// say little.
func judge(r Recipient, inText string) Recipient {
	said := findCodes(r.Diagnostic)
	if said.isFull() {
		r.Status = said.status // the server's own words, which the field repeats or maps
	} else {
		r.Status = moreSpecific(r.Status, said.status)
	}
	class := classOf(r.Status)
	if isClassAlone(r.Status) && said.reply != "" {
		class = classOf(said.reply)
	}
	if isVague(r.Status) || weight(r.Diagnostic) == 0 {
		more := findCodes(inText)
		r.Status = moreSpecific(r.Status, more.status)
		class = firstKnown(class, classOf(r.Status))
		r.Diagnostic = joinDiagnostics(r.Diagnostic, inText)
		said.reply = cmp.Or(said.reply, more.reply)
	}
	reason, words := understand(r.Diagnostic)
	if coded := statusReasons[subjectDetail(r.Status)]; isWeak(reason) && coded != "" {
		reason = coded
	}
	r.Reason = cmp.Or(r.Reason, reason)
	r.Final = r.Action == ActionFailed
	if r.Action == ActionDelayed {
		r.Permanence = Transient
		return r
	}
	r.Permanence = firstKnown(class, classOf(said.reply), words, r.Permanence, usual(r.Reason))
	return r
}

func firstKnown(permanences ...Permanence) Permanence {
	for _, p := range permanences {
		if p != Unknown && p != "" {
			return p
		}
	}
	return Unknown
}

// usual returns the permanence of a failure whose report leaves it open: networks and
// systems recover, mailboxes are tidied up (RFC 3463 calls X.2.2, X.4.1 and X.4.7 useful
// as transient errors above all, and lists count them so), and whoever gives up for
// another reason and says no more means it.
func usual(reason string) Permanence {
	switch reason {
	case ReasonNetwork, ReasonSystem, ReasonRate, ReasonExpired, ReasonMailboxFull:
		return Transient
	}
	return Permanent
}

// subjectDetail returns a status code without its class: 1.1 of 5.1.1.
func subjectDetail(status string) string {
	_, rest, _ := strings.Cut(status, ".")
	return rest
}

// isWeak reports whether a reason that words tell says less than a status code would.
func isWeak(reason string) bool {
	switch reason {
	case "", ReasonRefused, ReasonPolicy, ReasonNetwork, ReasonSystem:
		return true
	}
	return false
}

// joinDiagnostics puts what the text says after what the report says, unless one of
// them says it all.
func joinDiagnostics(reported, inText string) string {
	switch {
	case reported == "" || strings.Contains(inText, reported):
		return inText
	case inText == "" || strings.Contains(reported, inText):
		return reported
	}
	return clip(reported + "; " + inText)
}

// generalPermanence returns what a report says about all of its recipients.
func generalPermanence(n notice) Permanence {
	switch {
	case says(n.plain, "permanent"):
		return Permanent
	case says(n.plain, "transient"):
		return Transient
	}
	return Unknown
}
