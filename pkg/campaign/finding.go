package campaign

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// FindingKind is what a finding is about. The words are those of bounce.Kind, and
// Queued.
type FindingKind string

// The kinds. Only bounces and what settles a doubt change the state of a notice; the
// others are kept and counted.
const (
	FoundBounce    FindingKind = "bounce"     // it did not arrive, if Final
	FoundDelay     FindingKind = "delay"      // it is still tried
	FoundFeedback  FindingKind = "feedback"   // its reader called it spam (RFC 5965)
	FoundAutoReply FindingKind = "auto_reply" // a vacation notice, a challenge (RFC 3834)
	FoundDelivered FindingKind = "delivered"  // the next system, or the mailbox, has it
	FoundQueued    FindingKind = "queued"     // the relay's log says that the relay took it
	FoundOther     FindingKind = "other"      // anything else, above all ordinary mail
)

// FindingKinds lists the kinds in the order in which they are shown.
func FindingKinds() []FindingKind {
	return []FindingKind{FoundBounce, FoundDelay, FoundFeedback, FoundAutoReply, FoundDelivered, FoundQueued, FoundOther}
}

// Permanence is whether the same message to the same address could arrive later. The
// words are those of bounce.Permanence.
type Permanence string

// The permanences. The empty Permanence is read as PermanenceUnknown.
const (
	Permanent         Permanence = "permanent"
	Transient         Permanence = "transient"
	PermanenceUnknown Permanence = "unknown"
)

// Finding is what somebody else says about a notice after it was handed over: a bounce
// mail, an event of a provider, a line of the relay's log, each about one recipient at
// most. Everything in it was written by strangers; Ledger.Import bounds its size and
// trusts only what the campaign's key has signed.
//
// A report about several recipients is a finding for each, with the same Digest; one
// about nobody is one with an empty Recipient.
type Finding struct {
	Digest     string // what makes it itself: a hash of the raw bytes, or the provider's id of the event; not empty
	Source     string // mail, ses, postmark, mailgun, sendgrid, postfix …
	Kind       FindingKind
	Tokens     []string // candidates for a VERP token, the most trusted first
	MessageID  string   // of the notice it is about, with angle brackets or without; empty: not told
	NoticeID   string   // X-Notice-ID of that notice; empty: not told
	Sender     string   // From of the message that it is about, unless that is our own; empty: not told
	Addresses  []string // addresses in its text, for a match of last resort, without the organisation's own
	Recipient  string   // whom it is about, as it says; empty: not told
	Action     string   // RFC 3464, section 2.3.3; may be empty
	Status     string   // enhanced status code (RFC 3463); may be empty
	Permanence Permanence
	Final      bool   // who says so has given up; a bounce that is not final changes nothing
	Reason     string // one of the reasons of package bounce, such as no_mailbox; may be empty
	Diagnostic string // what the server said; may hold an address
	At         time.Time
	Place      Place
}

// Place is where a finding was read, for whoever wants to look at it again.
type Place struct {
	File   string // as the operator named it
	Number int64  // of the message, event or line in that file, from 1; 0: the file is one
}

// String returns the place as a human finds it again: the file, and # with the number.
func (p Place) String() string {
	if p.Number == 0 {
		return p.File
	}
	return fmt.Sprintf("%s#%d", p.File, p.Number)
}

// Effect returns what a finding does to the notice that it is about: the state to which
// it goes (empty: it stays), or wait where what became of the notice is not known yet,
// so that the finding is to be kept and asked again.
//
//   - A final bounce takes a notice that was accepted or is in doubt to Bounced.
//   - A delivery, or the relay's word that it took the notice, takes one that is in
//     doubt to Accepted.
//   - Everything else changes nothing.
//
// A notice that bounced stays so, whatever comes later: a delivery to a second
// recipient, behind an alias, does not tell that the first was reached, and to write to
// somebody by post who was told already harms nobody. So the order in which findings
// come does not matter.
func (f Finding) Effect(on State) (to State, wait bool) {
	var fits []State
	switch {
	case f.Kind == FoundBounce && f.Final:
		to, fits = Bounced, []State{Accepted, InDoubt}
	case f.Kind == FoundDelivered || f.Kind == FoundQueued:
		to, fits = Accepted, []State{InDoubt}
	default:
		return "", false
	}
	switch {
	case on.Open():
		return "", true
	case slices.Contains(fits, on):
		return to, false
	}
	return "", false
}

// gone are the reasons of package bounce that say of a mailbox that no mail at all
// reaches it, and goneStatus the enhanced status codes (RFC 3463, sections 3.2 and 3.3;
// RFC 7505 for 5.1.10).
var (
	gone       = []string{"no_mailbox", "no_domain", "inactive", "moved"}
	goneStatus = []string{"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}
)

// Gone reports whether a bounce says that no message at all can reach the mailbox, not
// just this one: then it is true of every notice to that mailbox.
func (f Finding) Gone() bool {
	return f.Kind == FoundBounce && f.Final && f.Permanence == Permanent &&
		(slices.Contains(gone, f.Reason) || slices.Contains(goneStatus, f.Status))
}

// Match is how a finding was brought together with a notice.
type Match string

// The matches, the surest first. The first three rest on the HMAC of Key.NoticeID.
const (
	MatchToken     Match = "token"      // VERP: the address to which it came back
	MatchMessageID Match = "message_id" // the Message-ID of the notice
	MatchNoticeID  Match = "notice_id"  // X-Notice-ID
	MatchAddress   Match = "address"    // an address of the ledger; see Ledger.Import
)

// Mismatch is why a finding was brought together with no notice.
type Mismatch string

// The reasons, for the list that a human goes through.
const (
	NoMatch         Mismatch = "no_match"         // nothing in it is known here
	ForeignToken    Mismatch = "foreign_token"    // its token is forged or of another campaign
	OtherMessage    Mismatch = "other_message"    // its address is known, but it is about another message
	AmbiguousNotice Mismatch = "ambiguous_notice" // several notices fit
	MissingNotice   Mismatch = "missing_notice"   // signed with our key, for a notice that this ledger lacks
)

// Imported is what came of one import. Its JSON is a contract of `bounces import`.
type Imported struct {
	Read      int64                 `json:"read"`      // findings
	New       int64                 `json:"new"`       // of these, kept for the first time
	Known     int64                 `json:"known"`     // imported before: nothing changed
	Unrelated int64                 `json:"unrelated"` // deliveries of other mail: not kept
	ByKind    map[FindingKind]int64 `json:"by_kind"`   // of New
	Bounced   int64                 `json:"bounced"`   // notices that went to bounced
	Earlier   int64                 `json:"earlier"`   // of Bounced: of an earlier generation, which no count of notices has
	Confirmed int64                 `json:"confirmed"` // notices in doubt that turned out accepted
	Withdrawn int64                 `json:"withdrawn"` // accounts of these, taken out of later notices that had not been tried
	Waiting   int64                 `json:"waiting"`   // findings kept until their notice's reply is known
	Foreign   int64                 `json:"foreign"`   // with a token that is forged or of another campaign
	Unmatched int64                 `json:"unmatched"` // of New: about no notice that can be told
}

// RejectionPermanence says whether a notice that a server refused could be taken later.
// code is that of the SMTP reply (0: there was none) and enhanced its status code, which
// decides where there is one (RFC 3463, section 3).
func RejectionPermanence(code int, enhanced string) Permanence {
	switch {
	case strings.HasPrefix(enhanced, "4.") || code/100 == 4:
		return Transient // put off too often
	case enhanced == "5.1.7" || enhanced == "5.1.8":
		return PermanenceUnknown // about the sender, who can be mended
	case strings.HasPrefix(enhanced, "5.1.") || strings.HasPrefix(enhanced, "5.2.") || enhanced == "5.4.4":
		return Permanent
	case enhanced == "" && slices.Contains([]int{550, 551, 553}, code):
		return Permanent
	}
	return PermanenceUnknown
}
