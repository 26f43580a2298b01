package feed

import (
	"strconv"
	"strings"
	"time"

	"breachnotify/pkg/bounce"
	"breachnotify/pkg/bounce/internal/event"
)

// verdict is what an event means, as its provider documents it.
type verdict struct {
	kind       bounce.Kind
	permanence bounce.Permanence // of a bounce; empty: the reply tells
	reason     string
	queued     bool // of KindOther: the provider took the message
}

var (
	permanent = verdict{kind: bounce.KindBounce, permanence: bounce.Permanent}
	transient = verdict{kind: bounce.KindBounce, permanence: bounce.Transient}
	failed    = verdict{kind: bounce.KindBounce}
	delayed   = verdict{kind: bounce.KindDelay}
	delivered = verdict{kind: bounce.KindDelivered}
	complaint = verdict{kind: bounce.KindFeedback, reason: bounce.ReasonComplaint}
	queued    = verdict{kind: bounce.KindOther, queued: true}
	other     = verdict{kind: bounce.KindOther}
)

// because returns the verdict with a reason.
func (v verdict) because(reason string) verdict {
	v.reason = reason
	return v
}

// recipient says the verdict of an address. The status may be empty or hold more than a
// code.
func (v verdict) recipient(address, status, diagnostic string) bounce.Recipient {
	r := bounce.Recipient{Address: strings.Trim(strings.TrimSpace(address), "<>"), Status: event.Status(status),
		Permanence: bounce.Unknown, Reason: v.reason, Diagnostic: event.OneLine(diagnostic)}
	switch v.kind {
	case bounce.KindBounce:
		r.Action = bounce.ActionFailed
		r = bounce.Judge(r)
		switch {
		case v.permanence != "":
			r.Permanence = v.permanence
		case status == "" && diagnostic == "": // nobody says anything
			r.Permanence = bounce.Unknown
		}
	case bounce.KindDelay:
		r.Action = bounce.ActionDelayed
		r = bounce.Judge(r)
	case bounce.KindDelivered:
		r.Action, r.Final = bounce.ActionDelivered, true
		if r.Status == "" {
			r.Status = event.Status(diagnostic)
		}
	case bounce.KindOther:
		if v.queued {
			r.Action = ActionQueued
		}
	}
	return r
}

// instants are the forms of dates, beside seconds since 1970.
var instants = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999 -0700 MST", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", time.RFC1123, time.RFC1123Z}

// instant reads a date; zero where it has none of the forms. Dates without a zone are in
// UTC, as the providers write them.
func instant(values ...text) time.Time {
	for _, value := range values {
		s := strings.TrimSpace(string(value))
		if seconds, err := strconv.ParseFloat(s, 64); err == nil && seconds > 0 && seconds < 1e11 {
			return time.UnixMicro(int64(seconds * 1e6)).UTC()
		}
		for _, layout := range instants {
			if at, err := time.Parse(layout, s); err == nil {
				return at.UTC()
			}
		}
	}
	return time.Time{}
}

// header is a field of the original message, as providers repeat it.
type header struct {
	Name  text `json:"name,case:ignore"`
	Value text `json:"value,case:ignore"`
}

// ours finds the identity of the original message among its header fields.
func ours(headers []header) (messageID, noticeID string) {
	for _, h := range headers {
		switch {
		case strings.EqualFold(string(h.Name), "Message-ID"):
			messageID = event.MessageID(string(h.Value))
		case strings.EqualFold(string(h.Name), "X-Notice-ID"):
			noticeID = event.MessageID(string(h.Value))
		}
	}
	return messageID, noticeID
}

// tagged finds our identity among what a sender attached to a message: names are
// compared without case, and without - and _.
func tagged(attached texts) (messageID, noticeID string) {
	for name, value := range attached {
		switch strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(name)) {
		case "messageid":
			messageID = event.MessageID(string(value))
		case "noticeid", "xnoticeid":
			noticeID = event.MessageID(string(value))
		}
	}
	return messageID, noticeID
}
