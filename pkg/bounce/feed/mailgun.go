package feed

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"breachnotify/pkg/bounce"
	"breachnotify/pkg/bounce/internal/event"
)

// mailgunEvent is the event-data of a web hook of Mailgun, or an item of its events API.
// Source: documentation.mailgun.com/docs/mailgun/user-manual/events/event-structure and
// …/tracking-messages/tracking-failures.
type mailgunEvent struct {
	Event     text  `json:"event"`
	ID        text  `json:"id"`
	Timestamp text  `json:"timestamp"`
	Recipient text  `json:"recipient"`
	Severity  text  `json:"severity"`
	Reason    text  `json:"reason"`
	Variables texts `json:"user-variables"`
	Envelope  struct {
		Sender text `json:"sender"`
	} `json:"envelope"`
	Message struct {
		Headers texts `json:"headers"`
	} `json:"message"`
	Status struct {
		Code        text `json:"code"`
		Enhanced    text `json:"enhanced-code"`
		Message     text `json:"message"`
		Description text `json:"description"`
	} `json:"delivery-status"`
	Reject struct {
		Reason text `json:"reason"`
	} `json:"reject"`
}

// mailgunEvents are the types of events other than failed.
var mailgunEvents = map[text]verdict{
	"accepted":   queued,
	"delivered":  delivered,
	"complained": complaint,
	"rejected":   failed.because(bounce.ReasonPolicy), // Mailgun would not send it
}

// mailgunReasons are the reasons of failures that Mailgun decides by itself; of others
// the codes tell.
var mailgunReasons = map[text]verdict{
	"suppress-bounce":      permanent.because(bounce.ReasonNoMailbox), // its list holds what failed for good
	"suppress-complaint":   permanent.because(bounce.ReasonUnsubscribed),
	"suppress-unsubscribe": permanent.because(bounce.ReasonUnsubscribed),
	"old":                  transient.because(bounce.ReasonExpired), // tried for too long
	"espblock":             transient.because(bounce.ReasonReputation),
	"greylisted":           transient.because(bounce.ReasonRate),
}

// mailgunCodes are the codes that Mailgun uses beside those of SMTP.
var mailgunCodes = map[text]verdict{
	"602": transient.because(bounce.ReasonExpired),      // too old
	"605": permanent.because(bounce.ReasonNoMailbox),    // bounced before
	"606": permanent.because(bounce.ReasonUnsubscribed), // unsubscribed
	"607": permanent.because(bounce.ReasonUnsubscribed), // complained before
}

// readMailgun reads an event of Mailgun.
func readMailgun(names map[string]jsontext.Value, raw jsontext.Value) (bounce.Report, bool, error) {
	if names["event"] == nil || names["email"] != nil ||
		names["recipient"] == nil && names["log-level"] == nil && names["delivery-status"] == nil && names["reject"] == nil {
		return bounce.Report{}, false, nil
	}
	var e mailgunEvent
	if err := parse(raw, &e); err != nil {
		return bounce.Report{}, false, errors.New("an event of Mailgun whose fields have other types than documented")
	}
	v := e.verdict()
	address := e.Recipient
	if address == "" {
		address = e.Message.Headers["to"]
	}
	r := bounce.Report{Kind: v.kind, At: instant(e.Timestamp), Source: bounce.SourceMailgun, Tokens: event.Tokens(string(e.Envelope.Sender)),
		Recipients: []bounce.Recipient{v.recipient(string(address), string(e.Status.Enhanced), e.words())}}
	r.MessageID, r.NoticeID = tagged(e.Message.Headers)
	if _, notice := tagged(e.Variables); notice != "" {
		r.NoticeID = notice
	}
	if e.ID != "" { // "guaranteed to be unique within a day"
		r.Digest = event.Digest(bounce.SourceMailgun, string(e.ID), r.At.Format("2006-01-02"))
	}
	return r, true, nil
}

// verdict judges an event. A failure of severity temporary is tried again; a permanent one is
// final, and whether it is permanent the code tells: Mailgun gives up after a number of 4xx
// replies too.
func (e mailgunEvent) verdict() verdict {
	if e.Event != "failed" {
		if v, ok := mailgunEvents[e.Event]; ok {
			return v
		}
		return other // opened, clicked, unsubscribed, stored
	}
	v, ok := mailgunReasons[e.Reason]
	if !ok {
		v, ok = mailgunCodes[e.Status.Code]
	}
	switch {
	case e.Severity == "temporary":
		return delayed.because(v.reason)
	case ok:
		return v
	case strings.HasPrefix(string(e.Status.Code), "5"):
		return permanent
	case strings.HasPrefix(string(e.Status.Code), "4"):
		return transient
	}
	return failed
}

// words returns what the server said, or else what Mailgun says.
func (e mailgunEvent) words() string {
	for _, words := range []text{e.Status.Message, e.Status.Description, e.Reject.Reason, e.Reason} {
		if words != "" {
			return string(words)
		}
	}
	return ""
}
