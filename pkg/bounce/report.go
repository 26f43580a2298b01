package bounce

import (
	"log/slog"
	"time"
)

// Kind is what a message, or an event of a provider's feed, is about. Only
// KindBounce says that a notice did not arrive.
type Kind string

// The kinds. Exactly one holds for each message.
const (
	KindBounce    Kind = "bounce"     // at least one recipient failed for good (RFC 3464, action failed)
	KindDelay     Kind = "delay"      // the mail system still tries (RFC 3464, action delayed)
	KindFeedback  Kind = "feedback"   // a recipient called the message spam (RFC 5965)
	KindAutoReply Kind = "auto_reply" // a vacation notice, a challenge, any automatic answer (RFC 3834)
	KindDelivered Kind = "delivered"  // delivered, relayed, expanded or read (RFC 3464, RFC 8098)
	KindOther     Kind = "other"      // anything else, above all ordinary mail
)

// Permanence is whether the same message to the same address can arrive if it is
// sent again later. It is apart from finality: a mail system that gives up after
// five days of 4.4.1 reports a final failure that is transient.
type Permanence string

// The permanences.
const (
	Permanent Permanence = "permanent"
	Transient Permanence = "transient"
	Unknown   Permanence = "unknown"
)

// The actions of RFC 3464, section 2.3.3. An event that is no report about a
// delivery (feedback, an automatic answer) has none.
const (
	ActionFailed    = "failed"
	ActionDelayed   = "delayed"
	ActionDelivered = "delivered"
	ActionRelayed   = "relayed"
	ActionExpanded  = "expanded"
)

// The sources of a Report: where its bytes came from.
const (
	SourceMail     = "mail"
	SourceSES      = "ses"
	SourcePostmark = "postmark"
	SourceMailgun  = "mailgun"
	SourceSendGrid = "sendgrid"
	SourcePostfix  = "postfix"
)

// Report is what one message or event says. The zero value says nothing.
// Everything in it was written by strangers and is bounded in size, and none of it
// is trusted: whether a token or a Message-ID is ours is for the ledger to tell.
type Report struct {
	Kind       Kind
	Recipients []Recipient // whom it is about, each address once, in the order of the message
	MessageID  string      // of the original message, without angle brackets; empty if not told
	NoticeID   string      // X-Notice-ID of the original message; empty if not told
	Tokens     []string    // candidates for a VERP token, the most trusted first
	Addresses  []string    // addresses found in the text, for a match of last resort
	Sender     string      // the address in the From of the original message; empty if it is not quoted
	Truncated  bool        // it is a bounce or a delay of more recipients than Recipients holds
	At         time.Time   // when the message says that it was made; zero if it does not
	Digest     string      // sha256 of the raw message, in hexadecimal: the same bytes twice are one report
	Source     string      // SourceMail and the like
}

// Recipient is what a report says about one address.
type Recipient struct {
	Address    string     // as it stands in the report, without angle brackets; empty if the report names nobody
	Action     string     // ActionFailed and the like; empty where the report is about no delivery
	Status     string     // enhanced status code (RFC 3463) where the report tells one: 5.1.1
	Permanence Permanence // Unknown where no failure or delay is reported
	Final      bool       // the mail system that wrote the report has given up
	Reason     string     // one of the Reason constants, or empty
	Diagnostic string     // what the server or the mail system said, on one line
}

// LogValue hides the address and the diagnostic, which often repeats it, from a
// log.
func (r Recipient) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("action", r.Action), slog.String("status", r.Status),
		slog.String("permanence", string(r.Permanence)), slog.String("reason", r.Reason))
}

// Line is a Report as `notify bounces parse --json` prints it. It shows addresses
// in full, because they are its result.
type Line struct {
	File       string          `json:"file"`
	Kind       Kind            `json:"kind"`
	Recipients []RecipientLine `json:"recipients"`
	MessageID  string          `json:"message_id,omitempty"`
	Token      string          `json:"token,omitempty"`
	Truncated  bool            `json:"truncated,omitempty"`
}

// RecipientLine is a Recipient within a Line.
type RecipientLine struct {
	Address    string     `json:"address"`
	Action     string     `json:"action"`
	Status     string     `json:"status"`
	Permanence Permanence `json:"permanence"`
	Reason     string     `json:"reason"`
	Diagnostic string     `json:"diagnostic"`
}

// Line returns the report in the form of the command line. The name of the file is
// the caller's; the token is the most trusted candidate.
func (r Report) Line(file string) Line {
	line := Line{File: file, Kind: r.Kind, Recipients: make([]RecipientLine, 0, len(r.Recipients)),
		MessageID: r.MessageID, Truncated: r.Truncated}
	for _, each := range r.Recipients {
		line.Recipients = append(line.Recipients, RecipientLine{
			Address: each.Address, Action: each.Action, Status: each.Status,
			Permanence: each.Permanence, Reason: each.Reason, Diagnostic: each.Diagnostic,
		})
	}
	if len(r.Tokens) > 0 {
		line.Token = r.Tokens[0]
	}
	return line
}
