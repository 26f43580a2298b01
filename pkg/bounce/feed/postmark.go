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

// postmarkTypes are the types of bounces by their codes
// (postmarkapp.com/developer/api/bounce-api, "Bounce types"). Postmark counts as bounces
// also what people and programs answer, which are none here.
var postmarkTypes = map[text]verdict{
	"1":      permanent, // HardBounce
	"2":      delayed,   // Transient: "message delayed"
	"16":     other,     // Unsubscribe: a reply that asks for it
	"32":     other,     // Subscribe
	"64":     {kind: bounce.KindAutoReply, reason: bounce.ReasonVacation},
	"128":    {kind: bounce.KindAutoReply, reason: bounce.ReasonMoved}, // AddressChange: a reply that tells a new one
	"256":    delayed.because(bounce.ReasonNetwork),                    // DnsError: "a temporary DNS error"
	"512":    failed.because(bounce.ReasonSpam),                        // SpamNotification: blocked, or its content rejected
	"1024":   other,                                                    // OpenRelayTest
	"2048":   failed,                                                   // Unknown
	"4096":   transient,                                                // SoftBounce
	"8192":   permanent.because(bounce.ReasonVirus),                    // VirusNotification
	"16384":  {kind: bounce.KindAutoReply, reason: bounce.ReasonChallenge},
	"100000": permanent.because(bounce.ReasonNoMailbox),    // BadEmailAddress
	"100001": complaint,                                    // SpamComplaint
	"100002": permanent.because(bounce.ReasonUnsubscribed), // ManuallyDeactivated
	"100003": permanent.because(bounce.ReasonUnsubscribed), // Unconfirmed
	"100006": transient.because(bounce.ReasonReputation),   // Blocked: by the receiving provider
	"100007": failed.because(bounce.ReasonSystem),          // SMTPApiError
	"100008": other,                                        // InboundError: of mail that comes in
	"100009": permanent.because(bounce.ReasonAuth),         // DMARCPolicy
	"100010": permanent.because(bounce.ReasonContent),      // TemplateRenderingFailed
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

func (e postmarkEvent) report() bounce.Report {
	v, at := other, instant(e.BouncedAt, e.DeliveredAt, e.ChangedAt)
	switch e.RecordType {
	case "Delivery":
		v = delivered
	case "Bounce", "SpamComplaint", "":
		known := false
		if v, known = postmarkTypes[e.TypeCode]; !known {
			v = failed
		}
	}
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
