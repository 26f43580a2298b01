package campaign

import (
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/notice"
)

// Notice is one message to one mailbox about all of its accounts of one class, as
// the ledger knows it.
type Notice struct {
	Seq        int64  // its place in the order of sending, from 1; unique in the campaign
	ID         string // the token of Key.NoticeID: Message-ID, X-Notice-ID and VERP are made of it
	Class      account.Class
	Locale     string // the language of the notice, one that has a template
	To         account.Address
	Accounts   []account.Account // in the order of the export, at least one
	Batch      int               // from 1
	Generation int               // 1; a resend is the next
	State      State
	Attempts   int       // counted attempts so far
	Tries      int       // all attempts so far: more than Attempts where one was no fault of its own
	Planned    time.Time // when this generation was made
	Dated      time.Time // its Date header, once its body was on its way; zero before
}

// dateFresh is how long the moment of planning may stand in the Date header.
// Filters distrust a Date that lies three hours or more in the past.
const dateFresh = time.Hour

// Date returns the Date header of n if its body leaves at now: what it bore before,
// so that a retry is the same to the byte; else the moment of planning while that
// is fresh, so that a dry run shows the very bytes; else now. Whole seconds, UTC.
func (n Notice) Date(now time.Time) time.Time {
	switch {
	case !n.Dated.IsZero():
		now = n.Dated
	case now.Sub(n.Planned) < dateFresh:
		now = n.Planned
	}
	return now.UTC().Truncate(time.Second)
}

// Recipient returns what makes the message of n if its body leaves at now.
func (n Notice) Recipient(now time.Time) notice.Recipient {
	return notice.Recipient{
		ID: n.ID, To: n.To, Class: n.Class, Locale: n.Locale, Accounts: n.Accounts, Date: n.Date(now),
	}
}

// Attempt is what happened to one try at sending one notice.
type Attempt struct {
	At       time.Time
	Stage    string // the SMTP stage that decided: rcpt, data, body, dot …; restart after a crash
	Code     int    // the reply's code; 0 where there was none
	Enhanced string // the enhanced status code (RFC 3463), where there was one
	Reply    string // one line, bounded, without control characters; may hold an address
	Relay    string // host:port
}

// Move takes one notice from one state to another, with what caused it.
type Move struct {
	Seq      int64
	From, To State
	At       time.Time
	Dated    time.Time // on the move to Sending: its Date header from now on
	Next     time.Time // on the move to Deferred: not before
	Attempt  *Attempt  // nil on the move to Sending
	Counted  bool      // whether Attempt counts against retry.attempts
}

// Precedent is what is known of a notice that meets a complaint about the run.
type Precedent struct {
	Last     Attempt   // the last one of the notice; zero: there was none
	Accepted time.Time // when any notice was accepted last; zero: none was, or nobody knows
	// Alone says that others were accepted, and that of those that are left each has met
	// an attempt that did not count.
	Alone bool
}

// Batch is the unit in which notices are handed out: a run of neighbours in the
// order of sending.
type Batch struct {
	Number      int   // from 1
	First, Last int64 // Seq of its first and last notice
	Canary      bool  // the first batch, when throttle.canary is set
}
