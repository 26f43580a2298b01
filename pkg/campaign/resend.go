package campaign

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"breachnotify/pkg/account"
)

// Resend says which notices get a new generation. Ledger.Resend makes it.
//
// A generation is made of accounts, not of messages: of each notice that is chosen
// those accounts go over that can be worth it, and the others stay where they are. The
// new notices are grouped as the plan groups them, one for each mailbox and class, and
// list only accounts that go over: those that the mailbox was told about before are not
// repeated.
type Resend struct {
	// States are those of the notices to choose from: Bounced, Rejected, InDoubt.
	States []State
	// Corrections maps the id of an account to the address that it has in truth. One
	// that leads to the same mailbox as before is no correction.
	Corrections map[string]account.Address
	// Force takes also those that will most likely fail again.
	Force bool
	// DryRun changes nothing and tells what would be.
	DryRun bool
	At     time.Time
	By     string // who asks for it, for the record
}

// Validate returns an error for a resend that cannot be made: without a state, a moment
// or a name, or of notices that may still go out or were taken.
func (r Resend) Validate() error {
	switch {
	case len(r.States) == 0:
		return errors.New("no state is given: want bounced, rejected or in_doubt")
	case r.At.IsZero():
		return errors.New("it has no time")
	case r.By == "":
		return errors.New("nobody is named who asks for it")
	}
	for _, s := range r.States {
		if !slices.Contains(Resendable(), s) {
			return fmt.Errorf("notices that are %s are not sent again", s)
		}
	}
	for id, to := range r.Corrections {
		if to.IsZero() {
			return fmt.Errorf("the correction for account %q has no address", account.MaskText(id))
		}
	}
	return nil
}

// Resendable lists the states from which a notice can get a new generation.
func Resendable() []State { return []State{Rejected, Bounced, InDoubt} }

// Refusal is why an account gets no new notice, or why a correction is of no use.
type Refusal string

// The refusals. Force overrides the first three.
const (
	RefusedPermanent Refusal = "permanent_failure"  // the address failed for good, and there is no correction
	RefusedUnknown   Refusal = "unknown_permanence" // the bounce does not say whether it could arrive later
	RefusedTried     Refusal = "tried_before"       // the correction leads back to an address that the account had before
	RefusedAccount   Refusal = "no_such_account"    // of a correction
	RefusedExcluded  Refusal = "excluded"           // of a correction: the account gets no notice at all
	RefusedState     Refusal = "not_chosen"         // of a correction: the account's notice is in none of the states
)

// Refusals lists the refusals in the order in which they are shown.
func Refusals() []Refusal {
	return []Refusal{RefusedPermanent, RefusedUnknown, RefusedTried, RefusedAccount, RefusedExcluded, RefusedState}
}

// Failure is what is known about an account whose notice did not get through, for Worth.
type Failure struct {
	State      State      // Rejected, Bounced or InDoubt
	Permanence Permanence // of the failure
	Corrected  bool       // there is an address that leads to another mailbox
	Tried      bool       // the account has had that mailbox before
}

// Worth says whether to send again: the empty Refusal is yes. A correction is worth it
// unless it goes back. Without one, what is in doubt always is; a bounce is if it was
// transient; a rejection is unless it was permanent.
func (f Failure) Worth() Refusal {
	switch {
	case f.Corrected && f.Tried:
		return RefusedTried
	case f.Corrected || f.State == InDoubt:
		return ""
	case f.Permanence == Permanent:
		return RefusedPermanent
	case f.State == Bounced && f.Permanence != Transient:
		return RefusedUnknown
	}
	return ""
}

// Resent is what came of a resend, or in a dry run would. Where nothing was worth it,
// nothing changed and Number is 0: this is also what a second call gives.
type Resent struct {
	Number    int64                   `json:"number"`    // of this resend, from 1; 0: there is none
	Notices   int64                   `json:"notices"`   // made
	ByClass   map[account.Class]int64 `json:"by_class"`  // of Notices
	Accounts  int64                   `json:"accounts"`  // in them
	Corrected int64                   `json:"corrected"` // of Accounts, at a new address
	Replaced  int64                   `json:"replaced"`  // notices that are not current any more
	Batches   int64                   `json:"batches"`
	Refused   map[Refusal]int64       `json:"refused"`  // accounts, or corrections
	Examples  map[Refusal][]string    `json:"examples"` // up to MaxExamples account ids of each
}

// MaxExamples bounds the account ids of each refusal that Resent holds.
const MaxExamples = 20

// Refuse counts an account that gets no new notice.
func (r *Resent) Refuse(why Refusal, id string) {
	r.Refused[why]++
	if len(r.Examples[why]) < MaxExamples {
		r.Examples[why] = append(r.Examples[why], id)
	}
}
