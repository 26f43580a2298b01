package bounce

import (
	"cmp"
	"strings"
	"sync"
)

// reported returns the recipients of a delivery status, completed with what the text
// says about them.
func (e evidence) reported() []Recipient {
	recipients := deliveryRecipients(e.groups)
	if len(recipients) == 0 {
		return nil
	}
	inText := e.find()
	general := generalPermanence(e.notice)
	nameless := sync.OnceValue(func() string { return e.nameless(inText) })
	for i, r := range recipients {
		if !isWhole(r.Address) {
			r.Address = cmp.Or(nameless(), r.Address)
		}
		r.Action = e.actionOf(r)
		switch r.Action {
		case ActionFailed, ActionDelayed:
			r.Permanence = general
			r = judge(r, e.diagnosticFor(r.Address, inText, len(recipients) == 1))
		default:
			r.Permanence, r.Final = Unknown, r.Action == ActionDelivered
		}
		recipients[i] = r
	}
	return recipients
}

// actionOf returns the action of a group that may tell none: a status tells it as
// well, and a group without either is a failure.
func (e evidence) actionOf(r Recipient) string {
	switch {
	case r.Action != "":
		return r.Action
	case strings.HasPrefix(r.Status, "2"):
		return ActionDelivered
	case strings.HasPrefix(r.Status, "4") && e.isDelay():
		return ActionDelayed
	}
	return ActionFailed
}

// nameless returns whom a group is about that names a local user, a file or nobody:
// the only one that the rest of the report names, or else nobody.
func (e evidence) nameless(inText findings) string {
	if failed := e.failedByField(); len(failed) == 1 {
		return failed[0]
	}
	if len(inText.addresses) > 0 && isWhole(inText.addresses[0]) {
		return inText.addresses[0]
	}
	if to := e.original.recipients(); len(to) == 1 {
		return to[0]
	}
	return ""
}

// failedByField returns the addresses of X-Failed-Recipients, which Exim and Google
// write.
func (e evidence) failedByField() []string {
	return findAddresses(strings.Join(e.message.header.all("x-failed-recipients"), ","), enoughRecipients)
}

// written returns the recipients of a report in words. It wants signs that a mail
// system wrote the message, and trouble in it. A report that names nobody has one
// recipient without an address: the token may still tell whom it means.
func (e evidence) written() []Recipient {
	failed := e.failedByField()
	if len(failed) == 0 && (!isSystemReport(e.message, e.notice) || e.isAnswer() && !fromSystem(e.message)) {
		return nil
	}
	inText := e.find()
	if len(failed) == 0 {
		failed = e.failedByText(inText)
	}
	if len(failed) == 0 && fromSystem(e.message) && says(subjectOf(e.message), "subject") && !e.isSuccess() {
		failed = []string{""}
	}
	all := Recipient{Action: ActionFailed, Permanence: generalPermanence(e.notice)}
	if e.isDelay() {
		all.Action = ActionDelayed
	}
	var recipients []Recipient
	for _, address := range failed {
		all.Address = address
		recipients = append(recipients, judgeWritten(all, e.diagnosticFor(address, inText, len(failed) == 1)))
	}
	return recipients
}

// isAnswer reports whether a message is an automatic answer. Challenges like to say that
// the message was not delivered, which is so until somebody confirms it; but none has the
// code of a server. Services that report for a mail system mark their reports as automatic
// answers as well; those have the subject of a report and a code.
func (e evidence) isAnswer() bool {
	if says(subjectOf(e.message), "auto-reply") {
		return true
	}
	coded := hasCode(e.notice.plain)
	return isMarkedReply(e.message.header) && !(coded && says(subjectOf(e.message), "subject")) ||
		isChallenge(e.message, e.notice) && !coded
}

// judgeWritten returns what a report in words says about r, of which that is known which
// holds for all recipients.
func judgeWritten(r Recipient, said string) Recipient {
	c := findCodes(said)
	if strings.HasPrefix(c.status, "2") || c.status == "" && strings.HasPrefix(c.reply, "2") {
		return Recipient{Address: r.Address, Action: ActionDelivered, Status: c.status, Permanence: Unknown, Final: true, Diagnostic: said}
	}
	return judge(r, said)
}

// isSuccess reports whether the subject confirms a delivery.
func (e evidence) isSuccess() bool { return says(subjectOf(e.message), "delivered") }

// failedByText decides who failed where no field tells: those whom the text names, or
// else the recipients of the original.
func (e evidence) failedByText(inText findings) []string {
	if len(inText.addresses) > 0 {
		return inText.addresses
	}
	if bare := distinct(e.withoutSenders(findBare(e.notice))); len(bare) > 0 {
		return bare
	}
	if !says(e.notice.plain, "failed") && !tellsTrouble(e.notice.plain) {
		return nil
	}
	if to := e.original.recipients(); len(to) > 0 {
		return to
	}
	return distinct(e.withoutSenders(e.findAddressed()))
}

// findAddressed reads to whom the original went from the lines about it within the words
// of the report ("To: …"), or else from the subject ("Rejected posting to …").
func (e evidence) findAddressed() []finding {
	var about fields
	for _, line := range e.notice.lines {
		if name, value, ok := cutField(strings.TrimSpace(line)); ok {
			about = append(about, field{name, value})
		}
	}
	addresses := findAddresses(strings.Join(about.all("to"), ", "), enoughRecipients)
	if len(addresses) == 0 {
		addresses = findAddresses(e.message.header.text("subject"), enoughRecipients)
	}
	var found []finding
	for _, address := range addresses {
		found = append(found, finding{address: address})
	}
	return found
}

// isDelay reports whether a report in words is the warning of a mail system that
// still tries.
func (e evidence) isDelay() bool {
	if says(e.notice.plain, "final") {
		return false
	}
	return says(e.notice.plain, "delay") || says(subjectOf(e.message), "delay-subject")
}
