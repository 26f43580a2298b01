package relay

import (
	"errors"
	"os"
	"slices"
	"time"
)

// event is one command, or one body with its dot, and what came of it.
type event struct {
	stage Stage // StageDot where the dot was or may have been written, else StageBody
	reply Reply // Code 0: none came, and err says why
	err   error
	// first says that the session has had no transaction before this one, so that
	// its relay cannot just have had enough of the session.
	first bool
	sized bool // MAIL said how large the message is, so that a refusal can be about that
}

func (e event) lost() bool             { return e.reply.Code == 0 }
func (e event) positive() bool         { return e.reply.Code/100 == 2 }
func (e event) transient() bool        { return e.reply.Code/100 == 4 }
func (e event) permanent() bool        { return e.reply.Code/100 == 5 }
func (e event) code(codes ...int) bool { return slices.Contains(codes, e.reply.Code) }

// late says that the relay holds the connection and does not answer.
func (e event) late() bool { return e.lost() && errors.Is(e.err, os.ErrDeadlineExceeded) }

// rule is one row of the table of outcomes.
type rule struct {
	stages  []Stage
	name    string
	applies func(event) bool
	verdict Verdict
	effect  Effect
	suspect Effect // Continue: none
}

var (
	anywhere = []Stage{StageMail, StageRcpt, StageData, StageDot}
	onMail   = []Stage{StageMail}
	onRcpt   = []Stage{StageRcpt}
	onData   = []Stage{StageData}
	onBody   = []Stage{StageBody}
	onDot    = []Stage{StageDot}
	midway   = []Stage{StageRcpt, StageData}
)

// rules is the table of outcomes of a transaction. The first row that applies
// decides, so that the rows about the sender and the session stand before those
// about the recipient. The last column is what the reply asks of the run unless it is
// about this notice alone, where it can be either.
var rules = []rule{
	{onDot, "taken", event.positive, Accepted, Continue, Continue},
	{onData, "go ahead", func(e event) bool { return e.reply.Code == 354 }, Open, Continue, Continue},

	// Nothing came, or nothing that is an answer.
	{onDot, "no answer to the dot", event.lost, InDoubt, Reconnect, Continue},
	{onBody, "broken off before the dot", always, Deferred, Reconnect, Continue},
	{onMail, "a relay that is silent", event.late, Untouched, BackOff, Continue},
	{onMail, "dropped at once", func(e event) bool { return e.lost() && e.first }, Untouched, BackOff, Continue},
	{onMail, "dropped between messages", event.lost, Untouched, Reconnect, Continue},
	{midway, "dropped", event.lost, Deferred, Reconnect, Continue},

	// About the recipient, though the code alone says otherwise.
	{anywhere, "no way for SMTPUTF8", func(e event) bool { return e.reply.Enhanced == "5.6.7" }, Rejected, Continue, Continue},

	// About the sender: every other notice would fare the same. Or about a destination or
	// a recipient, since a relay passes on what these say.
	{onRcpt, "throttled, perhaps by the destination", func(e event) bool { return e.transient() && slowedAt(e.reply) }, Untouched, Continue, BackOff},
	{anywhere, "throttled", func(e event) bool { return e.transient() && throttled(e.reply) }, Untouched, BackOff, Continue},
	{midway, "refuses the sender", func(e event) bool { return e.permanent() && refusesSender(e.reply) }, Untouched, Halt, Continue},
	{onRcpt, "policy", func(e event) bool { return e.permanent() && policy(e.reply) }, Untouched, Continue, Halt},
	{onDot, "refuses the sender", func(e event) bool { return e.permanent() && refusesSender(e.reply) }, Untouched, Halt, Continue},
	{onMail, "too large", func(e event) bool { return e.sized && e.permanent() && refusesSize(e.reply) }, Untouched, Continue, Halt},
	{onMail, "closing at once", func(e event) bool { return e.code(421) && e.first }, Untouched, BackOff, Continue},
	{onMail, "closing between messages", func(e event) bool { return e.code(421) }, Untouched, Reconnect, Continue},
	{onMail, "put off", event.transient, Untouched, BackOff, Continue},
	{onMail, "refused", event.permanent, Untouched, Halt, Continue},

	// About the session: it has had enough of it, unless it has not even begun.
	{onRcpt, "session is full", func(e event) bool { return e.code(421, 452, 552) && !mailbox(e.reply) && !e.first }, Untouched, Reconnect, Continue},
	{onRcpt, "full at once", func(e event) bool { return e.code(421, 452, 552) && !mailbox(e.reply) }, Deferred, Reconnect, Continue},
	{onData, "session is full", func(e event) bool { return e.code(421) && !e.first }, Untouched, Reconnect, Continue},
	{[]Stage{StageRcpt, StageData, StageDot}, "closing", func(e event) bool { return e.code(421) }, Deferred, Reconnect, Continue},
	{onRcpt, "out of step", func(e event) bool { return e.code(503) }, Deferred, Reconnect, Continue},

	// About the notice.
	{onRcpt, "put off", event.transient, Deferred, Continue, Continue},
	{onRcpt, "refused", event.permanent, Rejected, Continue, Continue},
	{onData, "put off or refused", always, Deferred, Continue, Continue},
	{onDot, "put off", event.transient, Deferred, Continue, Continue},
	{onDot, "refused", event.permanent, Rejected, Continue, Continue},
}

func always(event) bool { return true }

// judge says what an event of a transaction means. One that no row foresees is
// treated as a connection that broke before the dot.
func judge(e event) Outcome {
	out := Outcome{Stage: e.stage, Reply: e.reply, Err: e.err, Verdict: Deferred, Effect: Reconnect}
	if i := row(e); i >= 0 {
		out.Verdict, out.Effect, out.Suspect = rules[i].verdict, rules[i].effect, rules[i].suspect
	}
	out.Wait = wait(out)
	return out
}

// row returns the index of the row that decides; -1: there is none.
func row(e event) int {
	return slices.IndexFunc(rules, func(r rule) bool { return slices.Contains(r.stages, e.stage) && r.applies(e) })
}

// wait returns how long the relay asks to wait: where the run is slowed or
// stopped, also the span of the quota that it names.
func wait(o Outcome) time.Duration {
	switch {
	case max(o.Effect, o.Suspect) >= BackOff:
		return quotaWait(o.Reply.Text)
	case o.Reply.Code >= 400:
		return askedWait(o.Reply.Text)
	}
	return 0
}

// judgeOpening says what a failure to open a session means: nobody is touched, and
// the question is only whether another try could fare better.
func judgeOpening(stage Stage, reply Reply, err error) Outcome {
	out := Outcome{Stage: stage, Reply: reply, Err: err, Verdict: Untouched, Effect: BackOff}
	secured := stage == StageSTARTTLS || stage == StageAuth
	switch {
	case errors.Is(err, errUnsafe):
		out.Effect = Halt
	case secured && reply.Code != 0 && reply.Code/100 != 4:
		out.Effect = Halt
	case secured && reply.Code == 0 && !broken(err):
		out.Effect = Halt // a certificate, a TLS version, a mechanism, a password
	}
	out.Wait = wait(out)
	return out
}
