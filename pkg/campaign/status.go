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
	At       time.Time     `json:"-"` // the moment at which this is so
	Began    time.Time     `json:"-"` // when the run under way began; zero: none is
	Campaign string        `json:"campaign"`
	Plan     string        `json:"plan"` // sha256:…
	State    Phase         `json:"state"`
	Accounts AccountCounts `json:"accounts"`
	Notices  NoticeCounts  `json:"notices"`
	// Abandoned is how many of the notices that are sending nobody sends: the process died,
	// and they become in doubt when the next one begins.
	Abandoned   int64                          `json:"abandoned"`
	ByClass     map[account.Class]NoticeCounts `json:"by_class"`
	Batches     BatchCounts                    `json:"batches"`
	RatePerS    float64                        `json:"rate_per_s"`
	ETA         *time.Time                     `json:"eta"`
	NextAttempt *time.Time                     `json:"next_attempt"`
	Halted      *string                        `json:"halted"`
	// Limit is what holds the run back now, as in Activity, and LimitedUntil when
	// that is over; null where nothing holds it back, and where it goes on. While nothing
	// is sent they are what the last run left for the next one to wait for.
	Limit        *string    `json:"limit"`
	LimitedUntil *time.Time `json:"limited_until"`
	// Probe is what the run waits for while a page of halt.probe does not answer; null
	// where nothing is sent or all answer.
	Probe *Silence `json:"probe"`
	// TakesS is how many seconds it takes at least to send what is left, where that is
	// known; null while a process sends, which has an ETA.
	TakesS *int64 `json:"takes_s"`
	// Batch is the last batch that was begun; null before the first.
	Batch *BatchNow `json:"batch"`
	// Deadline is null where the incident has none.
	Deadline *Due `json:"deadline"`
	// Resends and Findings are about what came after a first run; zero before.
	Resends  ResendCounts  `json:"resends"`
	Findings FindingCounts `json:"findings"`
}

// ResendCounts counts what resends made. Their batches and notices are in the other
// counts as well, where they are current.
type ResendCounts struct {
	Resends   int64 `json:"resends"`
	Notices   int64 `json:"notices"`
	Corrected int64 `json:"corrected"` // accounts that got a new address
	Withdrawn int64 `json:"withdrawn"` // accounts that went back, since the notice before was accepted after all
	Left      int64 `json:"left"`      // of the notices: still to be sent
}

// FindingCounts counts what others said about notices after these were handed over.
type FindingCounts struct {
	Total     int64                 `json:"total"`
	ByKind    map[FindingKind]int64 `json:"by_kind"`
	Unmatched int64                 `json:"unmatched"` // of Total: about no notice that can be told
}

// AccountCounts counts accounts, that is, selected rows of the export.
type AccountCounts struct {
	Read       int64               `json:"read"`
	Selected   int64               `json:"selected"`
	Noticed    int64               `json:"noticed"`
	Excluded   int64               `json:"excluded"`
	ExcludedBy map[Exclusion]int64 `json:"excluded_by"`
	// Unmatched counts keys of further tables that match no account of the export.
	Unmatched int64 `json:"unmatched"`
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

// BatchNow is the batch under way.
type BatchNow struct {
	Number  int64 `json:"number"`
	Notices int64 `json:"notices"`
	Left    int64 `json:"left"` // to be tried for the first time, or on their way
}

// Tried returns how many notices of the batch have a first outcome.
func (b BatchNow) Tried() int64 { return b.Notices - b.Left }

// Foresee adds how long it takes to send what is left, for a campaign that no process
// sends: were it to go on at once, everybody would be told by then. takes is at
// least that of the throttle; negative: nobody can say.
func (s *Status) Foresee(takes time.Duration) {
	if s.Notices.Left() == 0 || s.Running() || takes < 0 {
		return
	}
	seconds := int64((takes + time.Second - 1) / time.Second)
	s.TakesS = &seconds
	if s.Deadline == nil {
		return
	}
	doneBy := s.At.Add(takes)
	if s.NextAttempt != nil && s.NextAttempt.After(doneBy) {
		doneBy = *s.NextAttempt
	}
	s.Deadline.Expect(doneBy)
}

// MeasuredFrom is the age of a run from which on its rate means something.
const MeasuredFrom = 3 * time.Second

// Measuring reports whether the run under way is too young for its rate to mean anything.
func (s *Status) Measuring() bool {
	return s.Running() && s.At.Sub(s.Began) < MeasuredFrom
}

// Running reports whether a process sends now.
func (s *Status) Running() bool { return s.State == PhaseSending || s.State == PhasePaused }

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
