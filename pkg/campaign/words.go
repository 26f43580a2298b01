package campaign

// stateWords, exclusionWords and phaseWords are what these mean, for whoever reads a
// report and has never seen this program.
var stateWords = map[State]string{
	Pending:  "planned, and not tried yet",
	Sending:  "on its way at this moment",
	Accepted: "the mail relay took it; that is not the same as received",
	Deferred: "put off by the mail relay; certainly not taken, and tried again later",
	Rejected: "refused for good, or put off too often; not delivered",
	Bounced:  "taken by the mail relay, and came back later; not delivered",
	InDoubt:  "the reply of the mail relay was lost: it may or may not have been delivered, and is not sent again by itself",
}

var exclusionWords = map[Exclusion]string{
	NoAddress:      "the account has no e-mail address",
	InvalidAddress: "what stands in the place of the address is none",
	Unsendable:     "the address has letters that the mail relay does not take",
	Duplicate:      "the same account stands on an earlier line and is counted there",
	Unclassified:   "the account has no sign of a password or of single sign-on",
	Suppressed:     "the address is on the list of those not to be written to",
	Withheld:       "the organisation itself provides the mailbox, which may be broken into; told another way",
}

// Meaning says in words where a notice in state s stands.
func (s State) Meaning() string { return stateWords[s] }

// Meaning says in words why an account is excluded.
func (e Exclusion) Meaning() string { return exclusionWords[e] }

var phaseWords = map[Phase]string{
	PhasePlanned:    "nothing has been sent yet",
	PhaseSending:    "notices are being sent at this moment",
	PhasePaused:     "sending pauses at this moment, and goes on by itself",
	PhaseHalted:     "sending stopped itself, and notices are left",
	PhaseIncomplete: "sending ended, and notices are left",
	PhaseComplete:   "every notice is accepted",
	PhaseFailed:     "nothing is left to send, and some notices were not accepted",
}

// Meaning says in words where a campaign in phase p stands.
func (p Phase) Meaning() string { return phaseWords[p] }
