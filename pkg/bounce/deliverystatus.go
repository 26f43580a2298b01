package bounce

import (
	"regexp"
	"slices"
	"strings"
)

// statusFields are the fields of a delivery status (RFC 3464, section 2; RFC 6533)
// that tell one wherever it stands.
var statusFields = []string{
	"final-recipient", "original-recipient", "x-actual-recipient", "action", "status", "diagnostic-code",
	"remote-mta", "reporting-mta", "last-attempt-date", "will-retry-until", "arrival-date", "received-from-mta",
	"original-envelope-id", "final-log-id", "dsn-gateway", "x-postfix-sender", "x-postfix-queue-id",
}

var statusFieldPattern = regexp.MustCompile(`(?i)^[\s>*]{0,12}(` + strings.Join(statusFields, "|") + `)\s*:`)

// readDeliveryStatus returns the groups of fields of a report, one for each recipient
// and those about the whole message.
func readDeliveryStatus(m message) []fields {
	var groups []fields
	for _, p := range m.parts {
		if p.mediaType == "message/delivery-status" || p.mediaType == "message/global-delivery-status" {
			groups = append(groups, statusGroups(strings.Split(p.text, "\n"))...)
		}
	}
	return groups
}

// looseDeliveryStatus returns groups that stand in the text, as Amazon WorkMail and
// gateways that flatten reports leave them; in what looks like a copy only if the rest
// has none.
func looseDeliveryStatus(n notice) []fields {
	for _, lines := range [][]string{n.lines, n.copy} {
		if groups := statusGroups(onlyStatusFields(lines)); hasRecipient(groups) {
			return groups
		}
	}
	return nil
}

// isComplete reports whether groups are a whole report: who wrote it, whom it is about
// and what happened. A person who passes one on, quoted, tells of a bounce as well.
func isComplete(groups []fields) bool {
	named := slices.ContainsFunc(groups, func(fs fields) bool { return fs.has("reporting-mta") })
	return named && slices.ContainsFunc(groups, func(fs fields) bool {
		return fs.has("final-recipient") && fs.has("action") && fs.has("status")
	})
}

func hasRecipient(groups []fields) bool {
	return slices.ContainsFunc(groups, isRecipientGroup)
}

func isRecipientGroup(fs fields) bool {
	return fs.has("final-recipient") || fs.has("original-recipient") || fs.has("x-actual-recipient")
}

// onlyStatusFields keeps the fields of a delivery status, their continuations and
// the blank lines between them.
func onlyStatusFields(lines []string) []string {
	var kept []string
	inside := false
	for _, line := range lines {
		folded := inside && isFolded(line)
		isField := statusFieldPattern.MatchString(line)
		switch {
		case isField:
			kept = append(kept, strings.TrimLeft(line, " \t>*"))
		case folded || inside && line == "":
			kept = append(kept, line)
		}
		inside = isField || inside && (folded || line == "")
	}
	return kept
}

// statusGroups splits lines into groups. A group ends at a blank line or, where
// blank lines are missing, before a field that it already holds. Groups torn apart
// by a blank line between their fields are put together again.
func statusGroups(lines []string) []fields {
	var groups []fields
	for _, paragraph := range paragraphs(lines) {
		for _, group := range splitRepeated(parseFields(paragraph)) {
			last := len(groups) - 1
			if last >= 0 && isTorn(groups[last], group) {
				groups[last] = append(groups[last], group...)
				continue
			}
			groups = append(groups, group)
		}
	}
	return groups
}

func paragraphs(lines []string) [][]string {
	var all [][]string
	start := 0
	for i := 0; i <= len(lines); i++ {
		if i < len(lines) && strings.TrimSpace(lines[i]) != "" {
			continue
		}
		if i > start {
			all = append(all, lines[start:i])
		}
		start = i + 1
	}
	return all
}

func splitRepeated(fs fields) []fields {
	var groups []fields
	start := 0
	for i, f := range fs {
		repeats := f.name == "final-recipient" || f.name == "original-recipient" || f.name == "action"
		if repeats && fs[start:i].has(f.name) {
			groups = append(groups, fs[start:i])
			start = i
		}
	}
	if start < len(fs) {
		groups = append(groups, fs[start:])
	}
	return groups
}

// isTorn reports whether b goes on with what a began: a names a recipient and tells
// no outcome, b tells an outcome and names nobody.
func isTorn(a, b fields) bool {
	return isRecipientGroup(a) && !isRecipientGroup(b) && !(a.has("action") && a.has("status")) &&
		(b.has("action") || b.has("status") || b.has("diagnostic-code"))
}

// deliveryRecipients returns the recipients that the groups tell.
func deliveryRecipients(groups []fields) []Recipient {
	var recipients []Recipient
	for _, fs := range groups {
		if !isRecipientGroup(fs) && !(fs.has("action") && fs.has("status")) {
			continue
		}
		if len(recipients) == enoughRecipients {
			break
		}
		r := Recipient{
			Address:    deliveryAddress(fs),
			Action:     parseAction(fs.get("action")),
			Diagnostic: clip(untyped(fs.get("diagnostic-code"))),
			Status:     findCodes(fs.get("status")).status,
		}
		if r.Status == "" {
			r.Status = findCodes(fs.get("action")).status
		}
		recipients = append(recipients, r)
	}
	return recipients
}

// deliveryAddress returns whom a group is about: the final recipient, or the next
// best if that is no address.
func deliveryAddress(fs fields) string {
	best := ""
	for _, value := range fs.all("final-recipient", "original-recipient", "x-actual-recipient") {
		a := recipientAddress(value)
		if isWhole(a) {
			return a
		}
		if best == "" || !strings.Contains(best, "@") && strings.Contains(a, "@") {
			best = a
		}
	}
	return best
}

// untyped takes the type of a Diagnostic-Code off: "smtp; 550 …".
func untyped(value string) string {
	kind, rest, ok := strings.Cut(value, ";")
	if ok && len(kind) < 30 && !strings.ContainsAny(kind, " <@") {
		return rest
	}
	return value
}

// parseAction maps the value of an Action field to one of RFC 3464, or to "".
func parseAction(value string) string {
	value = strings.ToLower(strings.TrimSpace(value))
	for _, known := range []struct{ prefix, action string }{
		{"fail", ActionFailed}, {"undeliver", ActionFailed}, {"bounce", ActionFailed}, {"expired", ActionFailed},
		{"reject", ActionFailed}, {"error", ActionFailed},
		{"delay", ActionDelayed}, {"deliver", ActionDelivered}, {"relay", ActionRelayed}, {"expand", ActionExpanded},
	} {
		if strings.HasPrefix(value, known.prefix) {
			return known.action
		}
	}
	return ""
}
