package campaign

import (
	"fmt"
	"slices"
)

// State is where a notice stands. A notice is in exactly one.
type State string

// The states, in the order in which they are shown.
const (
	Pending  State = "pending"  // planned, not tried yet
	Sending  State = "sending"  // its body may be on the wire: intent is durable, the reply is not known
	Accepted State = "accepted" // the relay answered 250 to the final dot; accepted is not received
	Deferred State = "deferred" // certainly not accepted; to be tried again
	Rejected State = "rejected" // certainly not accepted, for good
	Bounced  State = "bounced"  // accepted, and came back later
	InDoubt  State = "in_doubt" // the final dot was or may have been sent and its reply was lost
)

// States lists every state in the order in which they are shown.
func States() []State {
	return []State{Pending, Sending, Accepted, Deferred, Rejected, Bounced, InDoubt}
}

// moves holds the legal moves. Pending and deferred notices can be refused or put
// off before their body is sent (the envelope was refused), and then were never
// Sending. What is in doubt is settled by what others say of it (Finding.Effect), never
// by sending it again: that is a notice of its own.
var moves = map[State][]State{
	Pending:  {Sending, Deferred, Rejected},
	Deferred: {Sending, Deferred, Rejected},
	Sending:  {Accepted, Deferred, Rejected, InDoubt},
	Accepted: {Bounced},
	InDoubt:  {Accepted, Bounced},
}

// CanMove reports whether a notice in state s may go to state to.
func (s State) CanMove(to State) bool { return slices.Contains(moves[s], to) }

// Valid reports whether s is one of States.
func (s State) Valid() bool { return slices.Contains(States(), s) }

// Open reports whether a notice in state s is still to be sent.
func (s State) Open() bool { return s == Pending || s == Deferred || s == Sending }

// Legal returns an error for a move that is not in the table.
func Legal(from, to State) error {
	if from.CanMove(to) {
		return nil
	}
	return fmt.Errorf("a notice cannot go from %s to %s", from, to)
}
