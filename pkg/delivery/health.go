package delivery

import "breachnotify/pkg/relay"

// health is what an outcome says about the relay.
type health int

const (
	neutral health = iota // nothing
	well                  // it decides on notices
	ill                   // it fails, whoever the notice is for
)

// healthOf judges the relay by an outcome on a session that did or did not decide on
// a notice before. A session that did may end between two messages: relays close
// after so many, or after a time of silence.
func healthOf(o relay.Outcome, proven bool) health {
	switch {
	case o.Verdict == relay.Accepted, o.Verdict == relay.Rejected:
		return well
	case o.Verdict == relay.InDoubt, o.Effect >= relay.BackOff:
		return ill
	case o.Verdict == relay.Open, putAside(o):
		return neutral
	case o.Verdict == relay.Untouched && o.Effect == relay.Reconnect && proven:
		return neutral
	case o.Verdict == relay.Deferred && o.Effect == relay.Continue && aboutNotice(o.Stage):
		return neutral
	}
	return ill
}

// aboutNotice reports whether a reply at stage is about the mailbox or the message.
// A refused DATA is about neither.
func aboutNotice(stage relay.Stage) bool {
	return stage == relay.StageRcpt || stage == relay.StageDot
}
