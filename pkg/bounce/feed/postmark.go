package feed

import (
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"breachnotify/pkg/bounce"
	"breachnotify/pkg/bounce/internal/event"
)

// postmarkEvent is a web hook of Postmark, or an element of the answers of its bounce
// API. Source: postmarkapp.com/developer/webhooks/bounce-webhook,
// …/spam-complaint-webhook, …/delivery-webhook, and postmarkapp.com/developer/api/bounce-api.
type postmarkEvent struct {
	RecordType  text     `json:"RecordType"` // missing in the answers of the API
	ID          text     `json:"ID"`
	Type        text     `json:"Type"`
	TypeCode    text     `json:"TypeCode"`
	MessageID   text     `json:"MessageID"` // that of Postmark, no header field
	Description text     `json:"Description"`
	Details     text     `json:"Details"`
	Email       text     `json:"Email"`
	Recipient   text     `json:"Recipient"` // of a delivery
	From        text     `json:"From"`
	BouncedAt   text     `json:"BouncedAt"`
	DeliveredAt text     `json:"DeliveredAt"`
	ChangedAt   text     `json:"ChangedAt"`
	Metadata    texts    `json:"Metadata"`
	Headers     []header `json:"Headers"`
}

// postmarkTypes are the types of bounces (postmarkapp.com/developer/api/bounce-api, "Bounce
// types"), each by its name and by its code. Postmark counts as bounces also what people
// and programs answer, which are none here.
var postmarkTypes = byNameAndCode(map[[2]text]verdict{
	{"HardBounce", "1"}:                   permanent,
	{"Transient", "2"}:                    delayed, // "message delayed"
	{"Unsubscribe", "16"}:                 other,   // a reply that asks for it
	{"Subscribe", "32"}:                   other,
	{"AutoResponder", "64"}:               {kind: bounce.KindAutoReply, reason: bounce.ReasonVacation},
	{"AddressChange", "128"}:              {kind: bounce.KindAutoReply, reason: bounce.ReasonMoved}, // a reply that tells a new one
	{"DnsError", "256"}:                   delayed.because(bounce.ReasonNetwork),                    // "a temporary DNS error"
	{"SpamNotification", "512"}:           failed.because(bounce.ReasonSpam),                        // blocked, or its content rejected
	{"OpenRelayTest", "1024"}:             other,
	{"Unknown", "2048"}:                   failed,
	{"SoftBounce", "4096"}:                transient,
	{"VirusNotification", "8192"}:         permanent.because(bounce.ReasonVirus),
	{"ChallengeVerification", "16384"}:    {kind: bounce.KindAutoReply, reason: bounce.ReasonChallenge},
	{"BadEmailAddress", "100000"}:         permanent.because(bounce.ReasonNoMailbox),
	{"SpamComplaint", "100001"}:           complaint,
	{"ManuallyDeactivated", "100002"}:     permanent.because(bounce.ReasonUnsubscribed),
	{"Unconfirmed", "100003"}:             permanent.because(bounce.ReasonUnsubscribed),
	{"Blocked", "100006"}:                 transient.because(bounce.ReasonReputation), // by the receiving provider
	{"SMTPApiError", "100007"}:            failed.because(bounce.ReasonSystem),
	{"InboundError", "100008"}:            other, // of mail that comes in
	{"DMARCPolicy", "100009"}:             permanent.because(bounce.ReasonAuth),
	{"TemplateRenderingFailed", "100010"}: permanent.because(bounce.ReasonContent),
})

// byNameAndCode returns a table with each verdict under its name and under its code.
func byNameAndCode(types map[[2]text]verdict) map[text]verdict {
	table := make(map[text]verdict, 2*len(types))
	for names, v := range types {
		table[names[0]], table[names[1]] = v, v
	}
	return table
}

// readPostmark reads an event of Postmark.
func readPostmark(names map[string]jsontext.Value, raw jsontext.Value) (bounce.Report, bool, error) {
	if names["RecordType"] == nil && (names["TypeCode"] == nil || names["Email"] == nil) {
		return bounce.Report{}, false, nil
	}
	var e postmarkEvent
	if err := parse(raw, &e); err != nil {
		return bounce.Report{}, false, errors.New("an event of Postmark whose fields have other types than documented")
	}
	r := e.report()
	r.Source = bounce.SourcePostmark
	r.Tokens = event.Tokens(string(e.From))
	r.MessageID, r.NoticeID = tagged(e.Metadata)
	if id, notice := ours(e.Headers); id+notice != "" {
		r.MessageID, r.NoticeID = id, notice
	}
	return r, true, nil
}

// verdict judges an event. What kind of record it is goes before its type, and the name
// of the type before the code: the documentation itself shows a complaint with the code of
// another type.
func (e postmarkEvent) verdict() verdict {
	switch e.RecordType {
	case "Delivery":
		return delivered
	case "SpamComplaint":
		return complaint
	case "Bounce", "":
		for _, key := range []text{e.Type, e.TypeCode} {
			if v, known := postmarkTypes[key]; known {
				return v
			}
		}
		return failed
	}
	return other // Open, Click, SubscriptionChange
}

func (e postmarkEvent) report() bounce.Report {
	v, at := e.verdict(), instant(e.BouncedAt, e.DeliveredAt, e.ChangedAt)
	address := e.Email
	if address == "" {
		address = e.Recipient
	}
	words := string(e.Details)
	if words == "" && v.kind != bounce.KindOther {
		words = string(e.Description)
	}
	r := bounce.Report{Kind: v.kind, At: at, Recipients: []bounce.Recipient{v.recipient(string(address), "", words)}}
	if e.ID != "" && e.RecordType != "Delivery" {
		r.Digest = event.Digest(bounce.SourcePostmark, "bounce", string(e.ID)) // in a web hook and in the API
	}
	return r
}
