package bounce

// evidence is all that is known about a message when its kind is decided.
type evidence struct {
	message  message
	notice   notice
	original original
	groups   []fields // of its delivery status
}

// classify decides the kind: what is written for machines first, then what a person
// would read. An automatic answer goes before a bounce in words, unless a mail system
// wrote it.
func classify(e evidence) (Kind, []Recipient) {
	if recipients, ok := readFeedback(e.message, e.original); ok {
		return KindFeedback, recipients
	}
	if recipients, ok := readDisposition(e.message); ok {
		return KindDelivered, recipients
	}
	if recipients := e.reported(); len(recipients) > 0 {
		return kindOf(recipients), recipients
	}
	if event, ok := readSES(e.message); ok {
		return event.kind(), event.recipients()
	}
	if recipients := e.written(); len(recipients) > 0 {
		return kindOf(recipients), recipients
	}
	switch {
	case isChallenge(e.message, e.notice) && !fromSystem(e.message):
		return KindAutoReply, autoReplyRecipients(e.message, ReasonChallenge)
	case isAutoReply(e.message) && !fromSystem(e.message), says(subjectOf(e.message), "auto-reply"):
		return KindAutoReply, autoReplyRecipients(e.message, ReasonVacation)
	case e.isSuccess() && fromSystem(e.message):
		return KindDelivered, eventRecipients(e.original.recipients(), Recipient{Action: ActionDelivered, Permanence: Unknown})
	}
	return KindOther, nil
}

// kindOf returns what the actions of recipients make of a message.
func kindOf(recipients []Recipient) Kind {
	kind := KindDelivered
	for _, r := range recipients {
		switch r.Action {
		case ActionFailed:
			return KindBounce
		case ActionDelayed:
			kind = KindDelay
		}
	}
	return kind
}
