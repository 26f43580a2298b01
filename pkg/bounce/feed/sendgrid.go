package feed

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"breachnotify/pkg/bounce"
	"breachnotify/pkg/bounce/internal/event"
)

// sendGridEvent is an element of the event web hook of SendGrid, a row of the export of
// the e-mail activity, or an element of a suppression list, which has no event. Source:
// twilio.com/docs/sendgrid/for-developers/tracking-events/event, and …/api-reference/bounces-api,
// …/blocks-api and …/spam-reports-api.
type sendGridEvent struct {
	Event          text `json:"event"`
	Email          text `json:"email"`
	Timestamp      text `json:"timestamp"`
	Created        text `json:"created"`   // of a list
	Processed      text `json:"processed"` // of the export of the activity
	SMTPID         text `json:"smtp-id"`   // the Message-ID
	EventID        text `json:"sg_event_id"`
	Type           text `json:"type"` // of a bounce: bounce or blocked
	Classification text `json:"bounce_classification"`
	Status         text `json:"status"`
	Reason         text `json:"reason"`
	Response       text `json:"response"`
	NoticeID       text `json:"notice_id"` // where the sender attached it
}

// sendGridEvents are the events other than bounce and dropped.
var sendGridEvents = map[text]verdict{
	"processed":  queued,
	"deferred":   delayed,
	"delivered":  delivered,
	"spamreport": complaint,
}

// sendGridDrops are the reasons of dropped, in lower case: SendGrid did not even try.
var sendGridDrops = map[string]verdict{
	"bounced address":                   permanent.because(bounce.ReasonNoMailbox), // its list holds what failed for good
	"unsubscribed address":              permanent.because(bounce.ReasonUnsubscribed),
	"spam reporting address":            permanent.because(bounce.ReasonUnsubscribed),
	"invalid":                           permanent.because(bounce.ReasonNoMailbox),
	"spam content":                      permanent.because(bounce.ReasonSpam),
	"invalid smtpapi header":            permanent.because(bounce.ReasonContent),
	"recipient list over package quota": transient.because(bounce.ReasonRate),
}

// sendGridClasses are the bounce classifications.
var sendGridClasses = map[text]string{
	"Invalid Address":              bounce.ReasonNoMailbox,
	"Technical":                    bounce.ReasonSystem,
	"Technical Failure":            bounce.ReasonSystem,
	"Content":                      bounce.ReasonContent,
	"Reputation":                   bounce.ReasonReputation,
	"Frequency/Volume":             bounce.ReasonRate,
	"Frequency or Volume Too High": bounce.ReasonRate,
	"Mailbox Unavailable":          bounce.ReasonInactive,
}

// readSendGrid reads an event of SendGrid.
func readSendGrid(names map[string]jsontext.Value, raw jsontext.Value) (bounce.Report, bool, error) {
	if names["email"] == nil || names["event"] == nil && names["created"] == nil {
		return bounce.Report{}, false, nil
	}
	var e sendGridEvent
	if err := parse(raw, &e); err != nil {
		return bounce.Report{}, false, errors.New("an event of SendGrid whose fields have other types than documented")
	}
	v := e.verdict(names)
	words := e.Reason
	if words == "" {
		words = e.Response
	}
	r := bounce.Report{Kind: v.kind, At: instant(e.Timestamp, e.Created, e.Processed), Source: bounce.SourceSendGrid,
		MessageID: event.MessageID(string(e.SMTPID)), NoticeID: event.MessageID(string(e.NoticeID)),
		Recipients: []bounce.Recipient{v.recipient(string(e.Email), string(e.Status), string(words))}}
	if e.EventID != "" {
		r.Digest = event.Digest(bounce.SourceSendGrid, string(e.EventID))
	}
	return r, true, nil
}

func (e sendGridEvent) verdict(names map[string]jsontext.Value) verdict {
	switch e.Event {
	case "":
		return listed(names)
	case "bounce":
		if e.Type == "blocked" { // "a temporary failure", the address is not suppressed
			return transient.because(sendGridClasses[e.Classification])
		}
		return permanent.because(sendGridClasses[e.Classification])
	case "dropped":
		reason, _, _ := strings.Cut(strings.ToLower(string(e.Reason)), " (")
		if v, ok := sendGridDrops[strings.TrimSpace(reason)]; ok {
			return v
		}
		return failed
	}
	if v, ok := sendGridEvents[e.Event]; ok {
		return v
	}
	return other // open, click, unsubscribe …
}

// listed judges an element of a list by the names that it has. Bounces and blocks look
// alike, so that the codes tell the permanence; only spam reports have the address of the
// server that reported; the others are those who unsubscribed.
func listed(names map[string]jsontext.Value) verdict {
	switch {
	case names["reason"] != nil || names["status"] != nil:
		return failed
	case names["ip"] != nil:
		return complaint
	}
	return other
}
