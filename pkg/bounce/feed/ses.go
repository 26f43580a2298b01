package feed

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"breachnotify/pkg/bounce"
	"breachnotify/pkg/bounce/internal/event"
)

// sesEvent is an event of Amazon SES. Source: "Amazon SNS notification contents for
// Amazon SES" (notificationType) and "Contents of event data that Amazon SES publishes"
// (eventType), docs.aws.amazon.com/ses/latest/dg/notification-contents.html and
// event-publishing-retrieving-sns-contents.html.
type sesEvent struct {
	NotificationType text `json:"notificationType"`
	EventType        text `json:"eventType"`
	Mail             struct {
		Timestamp   text     `json:"timestamp"`
		MessageID   text     `json:"messageId"` // that of SES
		Source      text     `json:"source"`    // MAIL FROM of who sent it
		Destination []text   `json:"destination"`
		Headers     []header `json:"headers"`
		Common      struct {
			MessageID text `json:"messageId"`
		} `json:"commonHeaders"`
	} `json:"mail"`
	Bounce struct {
		Type       text           `json:"bounceType"`
		SubType    text           `json:"bounceSubType"`
		Recipients []sesRecipient `json:"bouncedRecipients"`
		Timestamp  text           `json:"timestamp"`
		FeedbackID text           `json:"feedbackId"`
	} `json:"bounce"`
	Complaint struct {
		Recipients []sesRecipient `json:"complainedRecipients"`
		Timestamp  text           `json:"timestamp"`
		FeedbackID text           `json:"feedbackId"`
		SubType    text           `json:"complaintSubType"`
		Feedback   text           `json:"complaintFeedbackType"`
	} `json:"complaint"`
	Delivery struct {
		Timestamp  text   `json:"timestamp"`
		Recipients []text `json:"recipients"`
		Reply      text   `json:"smtpResponse"`
	} `json:"delivery"`
	Delay struct {
		Type       text           `json:"delayType"`
		Recipients []sesRecipient `json:"delayedRecipients"`
		Timestamp  text           `json:"timestamp"`
	} `json:"deliveryDelay"`
	Reject struct {
		Reason text `json:"reason"`
	} `json:"reject"`
	Failure struct {
		Message text `json:"errorMessage"`
	} `json:"failure"`
}

type sesRecipient struct {
	Address    text `json:"emailAddress"`
	Action     text `json:"action"`
	Status     text `json:"status"`
	Diagnostic text `json:"diagnosticCode"`
}

// sesBounces are the types and subtypes of bounces (notification-contents.html, "Bounce
// types"). A subtype that is not here has the verdict of its type.
var sesBounces = map[[2]text]verdict{
	{"Undetermined"}:                          failed,
	{"Permanent"}:                             permanent,
	{"Permanent", "NoEmail"}:                  permanent.because(bounce.ReasonNoMailbox),
	{"Permanent", "Suppressed"}:               permanent.because(bounce.ReasonUnsubscribed),
	{"Permanent", "OnAccountSuppressionList"}: permanent.because(bounce.ReasonUnsubscribed),
	{"Permanent", "UnsubscribedRecipient"}:    permanent.because(bounce.ReasonUnsubscribed),
	{"Transient"}:                             transient,
	{"Transient", "MailboxFull"}:              transient.because(bounce.ReasonMailboxFull),
	{"Transient", "MessageTooLarge"}:          transient.because(bounce.ReasonTooLarge),
	{"Transient", "CustomTimeoutExceeded"}:    transient.because(bounce.ReasonExpired),
	{"Transient", "ContentRejected"}:          transient.because(bounce.ReasonContent),
	{"Transient", "AttachmentRejected"}:       transient.because(bounce.ReasonContent),
}

// sesDelays are the types of delays (event-publishing-retrieving-sns-contents.html,
// "Delivery delay object").
var sesDelays = map[text]string{
	"InternalFailure":               bounce.ReasonSystem,
	"MailboxFull":                   bounce.ReasonMailboxFull,
	"SpamDetected":                  bounce.ReasonSpam,
	"RecipientServerError":          bounce.ReasonSystem,
	"IPFailure":                     bounce.ReasonReputation,
	"TransientCommunicationFailure": bounce.ReasonNetwork,
	"SendingDeferral":               bounce.ReasonRate,
}

// readSES reads an event of Amazon SES.
func readSES(names map[string]jsontext.Value, raw jsontext.Value) (bounce.Report, bool, error) {
	if names["mail"] == nil || names["notificationType"] == nil && names["eventType"] == nil {
		return bounce.Report{}, false, nil
	}
	var e sesEvent
	if err := parse(raw, &e); err != nil {
		return bounce.Report{}, false, errors.New("an event of Amazon SES whose fields have other types than documented")
	}
	r := e.report()
	r.Source = bounce.SourceSES
	r.Tokens = event.Tokens(string(e.Mail.Source))
	r.MessageID, r.NoticeID = ours(e.Mail.Headers)
	if r.MessageID == "" && !e.isOwnID(e.Mail.Common.MessageID) {
		r.MessageID = event.MessageID(string(e.Mail.Common.MessageID))
	}
	return r, true, nil
}

// isOwnID reports whether a Message-ID is the one that SES made, which says nothing about
// the message that was handed over.
func (e sesEvent) isOwnID(id text) bool {
	local, _, _ := strings.Cut(event.MessageID(string(id)), "@")
	return local == string(e.Mail.MessageID)
}

func (e sesEvent) report() bounce.Report {
	switch e.NotificationType + e.EventType {
	case "Bounce":
		return e.bounced()
	case "Complaint":
		return e.complained()
	case "Delivery":
		return said(delivered, e.Delivery.Recipients, string(e.Delivery.Reply), e.Delivery.Timestamp)
	case "DeliveryDelay":
		r := told(delayed.because(sesDelays[e.Delay.Type]), e.Delay.Recipients)
		r.At = instant(e.Delay.Timestamp)
		return r
	case "Send": // taken, and not yet delivered
		return said(queued, e.Mail.Destination, "", e.Mail.Timestamp)
	case "Reject": // taken, and then found to hold a virus: nothing was sent
		return said(permanent.because(bounce.ReasonVirus), e.Mail.Destination, string(e.Reject.Reason), e.Mail.Timestamp)
	case "Rendering Failure":
		return said(permanent.because(bounce.ReasonContent), e.Mail.Destination, string(e.Failure.Message), e.Mail.Timestamp)
	}
	return said(other, e.Mail.Destination, "", e.Mail.Timestamp) // Open, Click, Subscription
}

// bounced judges a bounce. SES also reports the answers of people who are away as
// Transient, General ("you might receive this type of notification"): where no report of
// a mail system came with it, so that no recipient has an action, a status or a
// diagnostic, it is taken for such an answer.
func (e sesEvent) bounced() bounce.Report {
	v, ok := sesBounces[[2]text{e.Bounce.Type, e.Bounce.SubType}]
	if !ok {
		v, ok = sesBounces[[2]text{e.Bounce.Type}]
	}
	if !ok {
		v = failed
	}
	if e.Bounce.Type == "Transient" && e.Bounce.SubType == "General" && withoutReport(e.Bounce.Recipients) {
		v = verdict{kind: bounce.KindAutoReply, reason: bounce.ReasonVacation}
	}
	r := told(v, e.Bounce.Recipients)
	r.At = instant(e.Bounce.Timestamp)
	if e.Bounce.FeedbackID != "" {
		r.Digest = event.Digest(bounce.SourceSES, "bounce", string(e.Bounce.FeedbackID))
	}
	return r
}

func withoutReport(recipients []sesRecipient) bool {
	for _, r := range recipients {
		if r.Action != "" || r.Status != "" || r.Diagnostic != "" {
			return false
		}
	}
	return true
}

// complained judges a complaint. With the subtype OnAccountSuppressionList nobody
// complained about this message: SES did not send it, because of an earlier complaint.
func (e sesEvent) complained() bounce.Report {
	v := complaint
	switch {
	case e.Complaint.SubType == "OnAccountSuppressionList":
		v = permanent.because(bounce.ReasonUnsubscribed)
	case e.Complaint.Feedback == "not-spam": // RFC 6430: somebody took it out of the spam folder
		v = other
	}
	r := told(v, e.Complaint.Recipients)
	r.At = instant(e.Complaint.Timestamp)
	if e.Complaint.FeedbackID != "" {
		r.Digest = event.Digest(bounce.SourceSES, "complaint", string(e.Complaint.FeedbackID))
	}
	return r
}

// told says a verdict of recipients that have a diagnostic each.
func told(v verdict, recipients []sesRecipient) bounce.Report {
	r := bounce.Report{Kind: v.kind}
	for _, each := range recipients {
		r.Recipients = append(r.Recipients, v.recipient(string(each.Address), string(each.Status), string(each.Diagnostic)))
	}
	return r
}

// said says a verdict of addresses.
func said(v verdict, addresses []text, diagnostic string, at text) bounce.Report {
	r := bounce.Report{Kind: v.kind, At: instant(at)}
	for _, address := range addresses {
		r.Recipients = append(r.Recipients, v.recipient(string(address), "", diagnostic))
	}
	return r
}
