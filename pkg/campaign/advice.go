package campaign

// Advice says what to do about a state, for the operator, where Meaning says what it is. It
// is for every screen and page, so that none says something else.
type Advice struct {
	Name   string // of the state, as humans write it
	Upshot string // what it comes to
	Next   string // what to do, mostly as commands of notify
	Brief  string // Next in a few words, for a line of a screen; empty: nothing needs to be done
}

var stateAdvice = map[State]Advice{
	Pending: {Name: "pending", Upshot: "not tried yet", Next: "notify send"},
	Sending: {Name: "sending", Upshot: "on their way now", Next: "wait for the reply of the relay"},
	Accepted: {Name: "accepted", Upshot: "the relay took these; that is not the same as received",
		Next: "notify bounces import, once bounces have come"},
	Deferred: {Name: "deferred", Upshot: "put off by the relay, and tried again with growing waits",
		Next:  "leave notify send running, or run it again later",
		Brief: "tried again by itself, with growing waits"},
	Rejected: {Name: "rejected", Upshot: "these people were not told",
		Next:  "notify resend --rejected, with --corrections where the address is wrong",
		Brief: "not told: afterwards notify resend --rejected"},
	Bounced: {Name: "bounced", Upshot: "these people were not told",
		Next:  "notify resend --bounced, with --corrections where the address is wrong",
		Brief: "not told: afterwards notify resend --bounced"},
	InDoubt: {Name: "in doubt", Upshot: "the relay may or may not have taken these",
		Next: "its log settles it: notify bounces import --postfix-log FILE, or look there for their Message-ID " +
			"(notify accounts --state in_doubt)",
		Brief: "not sent again: the relay's log tells"},
}

// Advice returns what to do about notices in state s; nothing for none of States.
func (s State) Advice() Advice { return stateAdvice[s] }

var phaseAdvice = map[Phase]Advice{
	PhasePlanned: {Name: "planned", Upshot: "nothing was sent yet",
		Next: "notify preview, then notify send --dry-run, then notify send"},
	PhaseSending: {Name: "sending", Upshot: "a process sends now",
		Next: "notify status --watch follows it; Ctrl-C where it runs stops it safely"},
	PhasePaused: {Name: "paused", Upshot: "a process waits, and goes on by itself",
		Next: "notify status --watch follows it; Ctrl-C where it runs stops it safely"},
	PhaseHalted:     {Name: "halted", Upshot: "the last run stopped itself", Next: "mend the cause, then notify send to go on"},
	PhaseIncomplete: {Name: "incomplete", Upshot: "notices are left", Next: "notify send to go on; nobody is mailed twice"},
	PhaseComplete: {Name: "complete", Upshot: "every notice is accepted",
		Next: "notify bounces import, once bounces have come; notify report for the evidence"},
	PhaseFailed: {Name: "failed", Upshot: "nothing is left to send, and some were not accepted",
		Next: "each state says what to do about its notices"},
}

// Advice returns what to do about a campaign in phase p; nothing for no phase.
func (p Phase) Advice() Advice { return phaseAdvice[p] }
