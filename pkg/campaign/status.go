package campaign

import (
	"time"

	"breachnotify/pkg/account"
)

// Phase is where a campaign as a whole stands.
type Phase string

// The phases.
const (
	PhasePlanned    Phase = "planned"    // nothing was sent yet
	PhaseSending    Phase = "sending"    // a process sends now
	PhasePaused     Phase = "paused"     // a process waits: between batches, or for a retry
	PhaseHalted     Phase = "halted"     // the last run stopped itself; Halted says why
	PhaseIncomplete Phase = "incomplete" // the last run ended with notices left
	PhaseComplete   Phase = "complete"   // every current notice is accepted
	PhaseFailed     Phase = "failed"     // nothing is left to send, and some were not accepted
)

// Status is the numbers of a campaign, read at one moment. It is the one source of
// every screen, and its JSON is a contract: selected = noticed + excluded, and
// total is the sum of the states, over current notices.
type Status struct {
	Campaign    string                         `json:"campaign"`
	Plan        string                         `json:"plan"` // sha256:…
	State       Phase                          `json:"state"`
	Accounts    AccountCounts                  `json:"accounts"`
	Notices     NoticeCounts                   `json:"notices"`
	ByClass     map[account.Class]NoticeCounts `json:"by_class"`
	Batches     BatchCounts                    `json:"batches"`
	RatePerS    float64                        `json:"rate_per_s"`
	ETA         *time.Time                     `json:"eta"`
	NextAttempt *time.Time                     `json:"next_attempt"`
	Halted      *string                        `json:"halted"`
	// Limit is what holds the run back now, as in Activity, and LimitedUntil when
	// that is over; null where nothing is sent or nothing holds it back, and where it
	// goes on.
	Limit        *string    `json:"limit"`
	LimitedUntil *time.Time `json:"limited_until"`
}

// AccountCounts counts accounts, that is, selected rows of the export.
type AccountCounts struct {
	Read       int64               `json:"read"`
	Selected   int64               `json:"selected"`
	Noticed    int64               `json:"noticed"`
	Excluded   int64               `json:"excluded"`
	ExcludedBy map[Exclusion]int64 `json:"excluded_by"`
}

// NoticeCounts counts current notices by state.
type NoticeCounts struct {
	Total    int64 `json:"total"`
	Pending  int64 `json:"pending"`
	Sending  int64 `json:"sending"`
	Accepted int64 `json:"accepted"`
	Deferred int64 `json:"deferred"`
	Rejected int64 `json:"rejected"`
	Bounced  int64 `json:"bounced"`
	InDoubt  int64 `json:"in_doubt"`
}

// BatchCounts counts batches; done are those with no notice left to send.
type BatchCounts struct {
	Total int64 `json:"total"`
	Done  int64 `json:"done"`
}

// Add counts n notices in state s.
func (c *NoticeCounts) Add(s State, n int64) {
	c.Total += n
	if field := c.field(s); field != nil {
		*field += n
	}
}

// Of returns the number of notices in state s.
func (c NoticeCounts) Of(s State) int64 {
	if field := c.field(s); field != nil {
		return *field
	}
	return 0
}

// Left returns the number of notices that are still to be sent.
func (c NoticeCounts) Left() int64 { return c.Pending + c.Deferred + c.Sending }

// Failed returns the number of notices that ended without being accepted.
func (c NoticeCounts) Failed() int64 { return c.Rejected + c.Bounced + c.InDoubt }

func (c *NoticeCounts) field(s State) *int64 {
	switch s {
	case Pending:
		return &c.Pending
	case Sending:
		return &c.Sending
	case Accepted:
		return &c.Accepted
	case Deferred:
		return &c.Deferred
	case Rejected:
		return &c.Rejected
	case Bounced:
		return &c.Bounced
	case InDoubt:
		return &c.InDoubt
	}
	return nil
}
