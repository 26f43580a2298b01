package campaign

import (
	"context"
	"time"

	"breachnotify/pkg/account"
)

// Exclusion is the reason why an account gets no notice. The empty Exclusion is an
// account that gets one.
type Exclusion string

// The reasons.
const (
	NoAddress      Exclusion = "no_address"
	InvalidAddress Exclusion = "invalid_address"
	Unsendable     Exclusion = "unsendable" // a non-ASCII local part, and the relay takes none
	Duplicate      Exclusion = "duplicate"  // the same account again, with the same data
	Unclassified   Exclusion = "unclassified"
	Suppressed     Exclusion = "suppressed"
	Withheld       Exclusion = "withheld" // a mailbox of the organisation itself: told another way
)

// Exclusions lists the reasons in the order in which they are shown.
func Exclusions() []Exclusion {
	return []Exclusion{NoAddress, InvalidAddress, Unsendable, Duplicate, Unclassified, Suppressed, Withheld}
}

// MaxWritten bounds Planned.Written, in octets: more than any address has.
const MaxWritten = 512

// Planned is one record after everything that can be said of it by itself.
type Planned struct {
	Line     int64
	ID       string
	Name     string
	To       account.Address // zero where there is none
	Written  string          // what stands where an address should, of an InvalidAddress alone; at most MaxWritten octets
	Class    account.Class   // empty where there is none
	Reason   string          // why this class, or why this exclusion
	Locale   string          // of the notice
	Excluded Exclusion
}

// Frozen is what a plan binds. Everything in it is fixed when the plan is made.
type Frozen struct {
	Campaign string
	At       time.Time
	Key      Key
	// Parts maps the name of each part of the configuration and of each template
	// to its SHA-256 in hexadecimal, so that a refusal can name what changed.
	Parts map[string]string
	// Wordings maps the name of each template, and of each fact that the notices show
	// (IsFact), to its bytes: the evidence of what was said. The SHA-256 of each is in
	// Parts under the same name.
	Wordings  map[string][]byte
	Deadline  Deadline // zero: there is none
	Read      int64    // rows that the export holds, selected or not
	BatchSize int
	Canary    int // size of the first batch; 0: as the others
	// Overrides are the rules that were overridden for the plan to be made. They are
	// recorded with it, and no part of its digest; ledger.Reader.Overrides has them.
	Overrides []Override
}

// Unmatched is a key of a further table of the export (export.tables) that matches no
// account: somebody who should perhaps be told and is not.
type Unmatched struct {
	Table string
	Value string // as it stands there; may be an address
}

// Reason is a decision about accounts that many of them share, for a human who looks
// for a wrong mapping before anything goes out.
type Reason struct {
	Class    account.Class // empty where there is none
	Excluded Exclusion     // empty: they get a notice
	Reason   string        // why this class, or why this exclusion
	Accounts int64
	Examples []Example // the first ones, at most three; fewer where some of them came twice
}

// Same reports whether two reasons are one, whatever their accounts.
func (r Reason) Same(other Reason) bool {
	return r.Class == other.Class && r.Excluded == other.Excluded && r.Reason == other.Reason
}

// Example is an account of a Reason.
type Example struct {
	ID string
	To account.Address // zero where there is none
}

// Draft takes the records of a plan in the order of the export and then seals
// them. ledger implements it.
type Draft interface {
	// Add takes one record.
	Add(ctx context.Context, p Planned) error
	// AddUnmatched takes a key that matches no account, after the last record.
	AddUnmatched(ctx context.Context, u Unmatched) error
	// Seal finds accounts that come twice, groups accounts into notices, deals
	// these into batches, and makes the plan durable. An account id that comes
	// twice with different data is a *DuplicateError.
	Seal(ctx context.Context, f Frozen) error
}
