package bounce

import "strings"

// readFeedback reads a feedback report (RFC 5965, RFC 6591): somebody called a message
// spam, or its authentication failed. Feedback loops often hide the recipient.
func readFeedback(m message, o original) ([]Recipient, bool) {
	for _, p := range m.parts {
		if p.mediaType == "message/feedback-report" {
			return feedbackRecipients(parseFields(strings.Split(p.text, "\n")), m, o), true
		}
	}
	if fs := looseFeedback(m); fs != nil {
		return feedbackRecipients(fs, m, o), true
	}
	subject := normalise(m.header.text("subject"))
	if says(subject, "feedback") && len(o.header) > 0 { // loops that are older than the format
		return feedbackRecipients(nil, m, o), true
	}
	return nil, false
}

// looseFeedback returns the fields of a feedback report that stands in the text. A bounce
// may hold a copy of one.
func looseFeedback(m message) fields {
	if fromSystem(m) || len(readDeliveryStatus(m)) > 0 {
		return nil
	}
	for _, p := range m.parts {
		if p.mediaType != "text/plain" {
			continue
		}
		if fs := parseFields(strings.Split(p.text, "\n")); fs.has("feedback-type") && fs.has("user-agent") {
			return fs
		}
	}
	return nil
}

// hotmail is the field in which the Junk Mail Reporting Program of Outlook.com names
// the recipient.
const hotmail = "x-hmxmroriginalrecipient"

func feedbackRecipients(report fields, m message, o original) []Recipient {
	values := report.all("original-rcpt-to", "removal-recipient", "x-original-recipient")
	if len(values) == 0 {
		values = append(o.header.all(hotmail), m.header.all(hotmail)...)
	}
	addresses := findAddresses(strings.Join(values, " "), enoughRecipients)
	if len(addresses) == 0 {
		addresses = o.recipients()
	}
	return eventRecipients(addresses, Recipient{Reason: ReasonComplaint, Permanence: Unknown, Diagnostic: clip(report.get("feedback-type"))})
}

// eventRecipients returns one Recipient for each address, otherwise like r.
func eventRecipients(addresses []string, r Recipient) []Recipient {
	var recipients []Recipient
	for _, a := range addresses {
		r.Address = a
		recipients = append(recipients, r)
	}
	return recipients
}
