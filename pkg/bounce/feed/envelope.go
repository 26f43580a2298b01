package feed

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"breachnotify/pkg/bounce"
	"breachnotify/pkg/bounce/internal/event"
)

// maxDepth bounds envelopes within envelopes: a file of SQS with SNS with SES has three.
const maxDepth = 5

// text is a value of JSON that is wanted as text, although some write numbers there.
// What is neither text, a number nor a truth value is empty.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(raw []byte) error {
	*t = ""
	switch jsontext.Value(raw).Kind() {
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s, tolerant(), jsontext.AllowInvalidUTF8(true)); err != nil {
			return err
		}
		*t = text(s)
	case '0', 't', 'f':
		*t = text(raw)
	}
	return nil
}

// texts is an object of JSON with texts. What is no object is empty: PHP writes an empty
// one as an array.
type texts map[string]text

// UnmarshalJSON implements json.Unmarshaler.
func (t *texts) UnmarshalJSON(raw []byte) error {
	if jsontext.Value(raw).Kind() != '{' {
		return nil
	}
	return parse(raw, (*map[string]text)(t))
}

// parse reads an object into a struct. Names are compared with their case.
func parse(raw jsontext.Value, into any) error {
	return json.Unmarshal(raw, into, tolerant(), jsontext.AllowInvalidUTF8(true))
}

// envelope is what events come in.
type envelope struct {
	// Amazon SNS, "HTTP/HTTPS notification JSON format"; Message is the event as text.
	Type     text `json:"Type"`
	TopicARN text `json:"TopicArn"`
	Message  text `json:"Message"`
	// Amazon SQS, ReceiveMessage (Messages, Body), and its events for Lambda (Records, body);
	// Sns is that of SNS for Lambda.
	Messages  []jsontext.Value `json:"Messages"`
	Records   []jsontext.Value `json:"Records"`
	Body      text             `json:"Body"`
	BodyOfSQS text             `json:"body"`
	SNS       jsontext.Value   `json:"Sns"`
	// Amazon EventBridge, "Amazon SES events": the event is the detail.
	DetailType text           `json:"detail-type"`
	Detail     jsontext.Value `json:"detail"`
	// Mailgun: a web hook, and a page of the events API.
	EventData jsontext.Value   `json:"event-data"`
	Items     []jsontext.Value `json:"items"`
	// Postmark: a page of the bounce API.
	Bounces []jsontext.Value `json:"Bounces"`
}

// provider reads the events of one provider. It reports false for what is not its own.
type provider func(names map[string]jsontext.Value, raw jsontext.Value) (bounce.Report, bool, error)

var providers = []provider{readSES, readPostmark, readMailgun, readSendGrid}

// interpret yields the event that a value is, or the events that are in it. It reports
// false where the taker wants no more.
func interpret(place string, raw jsontext.Value, depth int, yield func(statement, error) bool) bool {
	bad := statement{counted: true}
	if raw.Kind() != '{' {
		return yield(bad, unknown(place, "a JSON value that is no object"))
	}
	var names map[string]jsontext.Value
	if err := parse(raw, &names); err != nil {
		return yield(bad, fmt.Errorf("%s: not JSON: %w", place, err))
	}
	for _, read := range providers {
		report, ok, err := read(names, raw)
		if err != nil {
			return yield(bad, fmt.Errorf("%s: %w", place, err))
		}
		if ok {
			return yield(statement{report: complete(report, raw)}, nil)
		}
	}
	var e envelope
	if err := parse(raw, &e); err != nil || depth >= maxDepth {
		return yield(bad, unknown(place, namesOf(names)))
	}
	return open(place, e, names, raw, depth, yield)
}

// open yields what is in an envelope.
func open(place string, e envelope, names map[string]jsontext.Value, raw jsontext.Value, depth int, yield func(statement, error) bool) bool {
	for _, many := range [][]jsontext.Value{e.Messages, e.Records, e.Items, e.Bounces} {
		for i, each := range many {
			if !interpret(fmt.Sprintf("%s: element %d", place, i+1), each, depth+1, yield) {
				return false
			}
		}
		if len(many) > 0 {
			return true
		}
	}
	for _, one := range []jsontext.Value{e.SNS, e.EventData, e.Detail} {
		if one != nil {
			return interpret(place, one, depth+1, yield)
		}
	}
	for _, written := range []text{e.Body, e.BodyOfSQS, e.Message} {
		if inner := jsontext.Value(written); inner.IsValid(tolerant(), jsontext.AllowInvalidUTF8(true)) {
			return interpret(place, inner, depth+1, yield)
		}
	}
	empty := names["items"] != nil || names["Bounces"] != nil || names["Messages"] != nil || names["Records"] != nil
	if empty { // a page of an answer that has nothing
		return true
	}
	if e.TopicARN != "" { // the confirmation of a subscription, or SNS trying the topic out
		return yield(statement{report: complete(bounce.Report{Kind: bounce.KindOther, Source: bounce.SourceSES}, raw)}, nil)
	}
	return yield(statement{counted: true}, unknown(place, namesOf(names)))
}

// complete gives a report its identity, if the provider gave it none, and the addresses
// that it may be matched by.
func complete(r bounce.Report, raw jsontext.Value) bounce.Report {
	if r.Digest == "" {
		canonical := raw.Clone()
		if err := canonical.Canonicalize(tolerant(), jsontext.AllowInvalidUTF8(true)); err != nil {
			canonical = raw // it has been read once, so it is at least the same bytes
		}
		r.Digest = event.Digest(r.Source, string(canonical))
	}
	for _, recipient := range r.Recipients {
		if recipient.Address != "" {
			r.Addresses = append(r.Addresses, recipient.Address)
		}
	}
	return r
}
