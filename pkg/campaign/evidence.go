package campaign

import (
	"time"

	"breachnotify/pkg/account"
)

// Evidence is everything that a ledger tells of a campaign as a whole, read at one
// moment: Status and what lies behind its numbers. Nothing in it names an account or an
// address. All times are UTC.
//
// What is counted here is counted from the notices themselves, not from the tally that
// Status reads, so that the one can be held against the other.
type Evidence struct {
	Status   Status
	Frozen   Frozen // the Key is left out
	Kinds    []KindCounts
	Domains  []DomainCounts // the destinations with the most notices, those first
	Others   NoticeCounts   // of all other destinations
	Accepted []MinuteCount  // when the notices that are accepted became so, by rising time
	First    time.Time      // when the first of these became accepted; zero: none is
	Last     time.Time      // and the last of them
	Attempts []AttemptCount // by rising number of attempts
	// Bounces are the bounced notices by what came back, and Rejections the rejected ones
	// by the last reply; the most frequent come first.
	Bounces    []BounceCount
	Rejections []RejectionCount
	Runs       []RunRecord
	Sessions   []Session // the first one of each relay, address and encryption
	Pauses     []Pause   // for pages that did not answer, by when they began
	Resends    []ResendRecord
	Overrides  []Override // in the order in which they were recorded
}

// KindCounts counts the current notices of a class in one language.
type KindCounts struct {
	Class  account.Class
	Locale string
	NoticeCounts
}

// DomainCounts counts the current notices to a destination.
type DomainCounts struct {
	Domain string
	NoticeCounts
}

// MinuteCount counts what happened in a minute.
type MinuteCount struct {
	At time.Time // its beginning
	N  int64
}

// AttemptCount counts the current notices with so many counted attempts.
type AttemptCount struct {
	Attempts int
	Notices  int64
}

// BounceCount counts bounced notices by the bounce that decides about a resend.
type BounceCount struct {
	Reason     string // one of the reasons of package bounce; empty: not told
	Permanence Permanence
	Notices    int64
}

// RejectionCount counts rejected notices by their last reply, without its words.
type RejectionCount struct {
	Code     int    // 0: there was no reply
	Enhanced string // enhanced status code (RFC 3463); may be empty
	Notices  int64
}

// RunRecord is a run of send.
type RunRecord struct {
	Number      int64
	Started     time.Time
	Ended       time.Time // zero: it has not, or died without a word
	Running     bool
	Host        string    // where it ran
	Halted      string    // why it stopped itself; empty: it did not
	Interrupted bool      // somebody stopped it before its end
	Last        time.Time // when it recorded its last attempt; zero: it recorded none
}

// ResendRecord is a resend that was made.
type ResendRecord struct {
	Number    int64
	At        time.Time
	By        string
	States    []State // of the notices that it chose from
	Forced    bool
	Notices   int64
	Corrected int64 // accounts that got a new address
	Withdrawn int64 // accounts that went back before it was tried, see ResendCounts
}
