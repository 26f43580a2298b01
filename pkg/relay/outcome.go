package relay

import (
	"fmt"
	"strings"
	"time"
)

// Stage is the part of an SMTP session that an outcome belongs to.
type Stage string

// The stages, in their order.
const (
	StageConnect  Stage = "connect"
	StageBanner   Stage = "banner"
	StageEHLO     Stage = "ehlo"
	StageSTARTTLS Stage = "starttls"
	StageAuth     Stage = "auth"
	StageMail     Stage = "mail"
	StageRcpt     Stage = "rcpt"
	StageData     Stage = "data"
	StageBody     Stage = "body" // before the final dot
	StageDot      Stage = "dot"  // the final dot was or may have been written
)

// Verdict is what an exchange means for the notice.
type Verdict int

// The verdicts.
const (
	// Untouched: nothing was decided about this notice, and no attempt counts. Its
	// message was certainly not accepted, also where its dot was sent.
	Untouched Verdict = iota
	// Open: the envelope is accepted and DATA got 354. The body may follow.
	Open
	// Accepted: 2xx to the final dot.
	Accepted
	// Deferred: certainly not accepted; try again later.
	Deferred
	// Rejected: certainly not accepted, for good.
	Rejected
	// InDoubt: the final dot was or may have been sent and no reply came.
	InDoubt
)

// Effect is what an exchange means for the session and the run.
type Effect int

// The effects, from the mildest to the gravest.
const (
	// Continue: the session is good for the next notice.
	Continue Effect = iota
	// Reconnect: this session is over; open another at once.
	Reconnect
	// BackOff: this session is over; the run waits before it opens another.
	BackOff
	// Halt: the run stops, since every further notice would fare the same.
	Halt
)

// Reply is what a server said.
type Reply struct {
	Code     int    // 0: no reply
	Enhanced string // RFC 3463, such as 5.1.1; empty where the server gave none
	Text     string // one line, at most 512 octets, valid UTF-8, no control characters
}

// String returns the reply as one line, such as "550 5.1.1 no such user". It may
// hold an address: pass it through account.MaskText before a human sees it.
func (r Reply) String() string {
	switch {
	case r.Code == 0:
		return r.Text
	case r.Enhanced == "":
		return fmt.Sprintf("%d %s", r.Code, r.Text)
	}
	return fmt.Sprintf("%d %s %s", r.Code, r.Enhanced, r.Text)
}

// Permanent reports whether the server will not change its mind.
func (r Reply) Permanent() bool { return r.Code/100 == 5 || strings.HasPrefix(r.Enhanced, "5.") }

// Quota reports whether the reply is about how much the sender may send, by its enhanced
// status code (Gmail, Exchange) or in words.
func (r Reply) Quota() bool {
	return r.Enhanced == "5.4.5" || r.Enhanced == "5.1.90" || limits.MatchString(r.Text)
}

// Outcome is what became of one notice in one exchange, or of an attempt to open a
// session.
type Outcome struct {
	Stage   Stage
	Verdict Verdict
	Effect  Effect
	// Suspect is BackOff or Halt where the reply can be about all notices as well as
	// about this one, its recipient or destination: what the run is to do unless others
	// get through. The session is good for these. Verdict is Untouched then.
	Suspect Effect
	Reply   Reply
	// Wait is how long the server asks to wait before another try; 0: it did not.
	Wait time.Duration
	// Err is the failure of the connection, when there was one. It holds no
	// address. It is ErrOver where the notice's turn did not come: the other notice of
	// the flight ended the session, and Reply is the one to that.
	Err error
}
