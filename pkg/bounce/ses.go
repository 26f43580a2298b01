package bounce

import (
	"encoding/json"
	"strings"
)

// sesEvent is an event of Amazon SES as SNS mails it: the JSON object is the text.
// Source: Amazon SES, "Amazon SNS notification contents". Only what the mail of a
// subscription needs is read here.
type sesEvent struct {
	Message string `json:"Message"` // the event again, where SNS wraps it
	Type    string `json:"notificationType"`
	Event   string `json:"eventType"`
	Mail    struct {
		MessageID string `json:"messageId"`
		Common    struct {
			MessageID string `json:"messageId"`
		} `json:"commonHeaders"`
	} `json:"mail"`
	Bounce struct {
		Type       string         `json:"bounceType"`
		Recipients []sesRecipient `json:"bouncedRecipients"`
	} `json:"bounce"`
	Delay struct {
		Recipients []sesRecipient `json:"delayedRecipients"`
	} `json:"deliveryDelay"`
	Complaint struct {
		Recipients []sesRecipient `json:"complainedRecipients"`
	} `json:"complaint"`
	Delivery struct {
		Recipients []string `json:"recipients"`
		Reply      string   `json:"smtpResponse"`
	} `json:"delivery"`
}

type sesRecipient struct {
	Address    string `json:"emailAddress"`
	Status     string `json:"status"`
	Diagnostic string `json:"diagnosticCode"`
}

// readSES reads the event that a message holds, if it holds one.
func readSES(m message) (event sesEvent, ok bool) {
	for _, p := range m.parts {
		start, end := strings.IndexByte(p.text, '{'), strings.LastIndexByte(p.text, '}')
		if p.mediaType != "text/plain" || start < 0 || end < start {
			continue
		}
		text := p.text[start : end+1]
		for _, candidate := range []string{text, strings.ReplaceAll(text, "\n", "")} { // long lines may have been broken
			if event, ok := parseSES(candidate); ok {
				return event, true
			}
		}
	}
	return sesEvent{}, false
}

// parseSES reads an event, or the notification of SNS around one.
func parseSES(text string) (event sesEvent, ok bool) {
	if json.Unmarshal([]byte(text), &event) != nil {
		return sesEvent{}, false
	}
	if event.kind() == KindOther && event.Message != "" {
		wrapped := event.Message
		event = sesEvent{}
		if json.Unmarshal([]byte(wrapped), &event) != nil {
			return sesEvent{}, false
		}
	}
	return event, event.kind() != KindOther
}

func (e sesEvent) kind() Kind {
	switch e.Type + e.Event {
	case "Bounce":
		return KindBounce
	case "Complaint":
		return KindFeedback
	case "Delivery":
		return KindDelivered
	case "DeliveryDelay":
		return KindDelay
	}
	return KindOther
}

// recipients returns whom the event is about: one without an address if it names
// nobody.
func (e sesEvent) recipients() []Recipient {
	var all []Recipient
	switch e.kind() {
	case KindBounce:
		all = e.failed(e.Bounce.Recipients, ActionFailed)
	case KindDelay:
		all = e.failed(e.Delay.Recipients, ActionDelayed)
	case KindFeedback:
		for _, r := range e.Complaint.Recipients {
			all = append(all, Recipient{Address: firstAddress(r.Address), Reason: ReasonComplaint, Permanence: Unknown})
		}
	case KindDelivered:
		delivered := Recipient{Action: ActionDelivered, Permanence: Unknown, Final: true, Status: findCodes(e.Delivery.Reply).status, Diagnostic: clip(e.Delivery.Reply)}
		all = eventRecipients(findAddresses(strings.Join(e.Delivery.Recipients, " "), maxRecipients), delivered)
	}
	return all
}

func (e sesEvent) failed(recipients []sesRecipient, action string) []Recipient {
	if len(recipients) == 0 {
		recipients = []sesRecipient{{}}
	}
	var all []Recipient
	for _, r := range recipients {
		said := Recipient{Address: firstAddress(r.Address), Action: action, Status: findCodes(r.Status).status, Diagnostic: clip(untyped(r.Diagnostic)), Permanence: e.permanence()}
		all = append(all, Judge(said))
	}
	return all
}

func (e sesEvent) permanence() Permanence {
	switch e.Bounce.Type {
	case "Permanent":
		return Permanent
	case "Transient":
		return Transient
	}
	return Unknown
}
