package delivery

import (
	"fmt"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/throttle"
)

// settle returns what to record of an outcome.
func (r *run) settle(n campaign.Notice, o relay.Outcome, peer string) (campaign.Move, bool) {
	r.mu.Lock()
	random := r.Random()
	r.mu.Unlock()
	now := r.now()
	m, decided := settlement{
		notice:  n,
		outcome: o,
		peer:    peer,
		at:      r.Clock.Now(),
		now:     now,
		hold:    r.queue.pause(now, n.To.Domain()),
		retry:   r.Retry,
		random:  random,
	}.move()
	if decided {
		r.Log.Debug("notice "+n.ID, "was", m.From, "is", m.To, "stage", o.Stage, "reply", hide(o.Reply.String(), n), "error", o.Err)
	}
	if m.To == campaign.Rejected && o.Verdict == relay.Deferred {
		r.givenUp(n, o)
	}
	return m, decided
}

// givenUp counts a notice that was put off for the last time as rejected: a relay that
// puts everybody off for ever must not go through the whole campaign.
func (r *run) givenUp(n campaign.Notice, o relay.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.breaker.Rejected()
	r.bad = describe(o, n)
}

// record makes the moves durable, in one write, and counts them. It reports false, and
// ends the run, where the ledger fails.
func (r *run) record(moves []campaign.Move) bool {
	if len(moves) == 0 {
		return true
	}
	if err := r.Ledger.Record(r.durable, moves...); err != nil {
		r.fail(fmt.Errorf("record in the ledger: %w", err))
		return false
	}
	r.mu.Lock()
	for _, m := range moves {
		r.tally.add(m)
		r.lastDue = later(r.lastDue, m.Next)
	}
	r.mu.Unlock()
	for _, m := range moves {
		r.feed.deferred(m.Next)
	}
	r.announce()
	return true
}

// passedLocked counts a notice that the relay decided on.
func (r *run) passedLocked(now time.Time, accepted bool) {
	r.dial.Succeed()
	r.pass.Succeed()
	if !accepted {
		r.breaker.Rejected()
		return
	}
	r.breaker.Accepted()
	r.meter.Add(now)
}

// tripLocked ends the run where the last outcome, which said describes, asks for it.
func (r *run) tripLocked(o relay.Outcome, said string) {
	if o.Effect == relay.Halt {
		r.haltLocked("the relay takes no more notices: "+said, r.haltAdviceLocked(o))
		return
	}
	if reason := r.breaker.Tripped(); reason != "" {
		r.haltLocked(reason+"; the last: "+r.bad, r.tripAdviceLocked())
	}
}

// haltAdviceLocked says what to do about a relay that takes no more.
func (r *run) haltAdviceLocked(o relay.Outcome) string {
	switch {
	case o.Wait > 0:
		return fmt.Sprintf("run `notify send` again: it waits until %s, or goes on at once with --ignore-hold; nobody was passed over",
			r.asked.UTC().Format(time.RFC3339))
	case o.Stage == relay.StageMail && o.Suspect == relay.Halt:
		return "make the notices smaller, or have the relay take larger ones, then run `notify send` again: nobody was passed over"
	}
	return "mend what the relay complains about, then run `notify send` again: nobody was passed over"
}

// tripAdviceLocked says what to do once the breaker has tripped, by what tripped it.
func (r *run) tripAdviceLocked() string {
	switch {
	case !r.breaker.Failing():
		return "find the cause with `notify status` and `notify accounts --state rejected`, then run `notify send` again, or raise the limits under halt"
	case r.tally.InDoubt > 0:
		return "look at the relay, and at smtp in notify.yaml, then run `notify send` again for the others; " +
			"`notify accounts --state in_doubt` lists those whose reply was lost, which are not sent again by themselves"
	}
	return "look at the relay, and at smtp in notify.yaml, then run `notify send` again: nobody was passed over"
}

// checkBatch ends the run where a batch as a whole went badly and more is to come.
func (r *run) checkBatch() {
	if len(r.feed.ahead) == 0 && r.feed.nextDue().IsZero() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if reason := r.breaker.TrippedByBatch(); reason != "" {
		r.haltLocked(fmt.Sprintf("%s, at the end of batch %d; the last: %s", reason, r.batch, r.bad), r.tripAdviceLocked())
	}
}

func (r *run) haltLocked(reason, advice string) {
	if r.end == "" {
		r.halted, r.hint = reason, advice
	}
	r.finishLocked(Halted, nil)
}

// describe says what an outcome was, for humans. about are the notices that it may name.
func describe(o relay.Outcome, about ...campaign.Notice) string {
	if o.Reply.Code == 0 && o.Err != nil {
		return fmt.Sprintf("at %s: %s", o.Stage, hide(o.Err.Error(), about...))
	}
	reply := o.Reply
	reply.Text = hide(reply.Text, about...) // not the codes, which a local part may equal
	return fmt.Sprintf("at %s: %s", o.Stage, reply)
}

// hide takes out of what a server says the people that notices are about: replies repeat
// the recipient in many forms, and some add the name.
func hide(text string, about ...campaign.Notice) string {
	text = account.MaskText(text)
	for _, n := range about {
		text = n.To.HideIn(text)
		for _, a := range n.Accounts {
			text = account.MaskName(text, a.Name)
		}
	}
	return text
}

// opened keeps over what a session goes, once a run: most go over the same. It reports
// false, and ends the run, where the ledger fails.
func (r *run) opened(l relay.Link) bool {
	r.mu.Lock()
	known := r.links[l]
	r.mu.Unlock()
	if known {
		return true
	}
	s := campaign.Session{At: r.Clock.Now(), Host: l.Host, Peer: l.Peer, Encryption: l.Encryption}
	if err := r.Ledger.Opened(r.durable, s); err != nil {
		r.fail(fmt.Errorf("record a session in the ledger: %w", err))
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.links[l] = true
	return true
}

func (r *run) countSession(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sessions += n
}

// stall says that the relay holds the run back, where no other worker can send.
func (r *run) stall(now time.Time, wait time.Duration) {
	if r.queue.idle() {
		return
	}
	r.mu.Lock()
	stalled := r.phase.name == campaign.PhaseSending && (r.sessions == 0 || r.pass.Wait(now) > 0)
	if stalled {
		r.enterLocked(phase{name: campaign.PhasePaused, until: now.Add(wait), limit: throttle.LimitRelay}, now)
	}
	r.mu.Unlock()
	if stalled {
		r.announce()
	}
}

// unstall takes stall back.
func (r *run) unstall() {
	r.mu.Lock()
	stalled := r.phase.limit == throttle.LimitRelay
	if stalled {
		r.enterLocked(phase{name: campaign.PhaseSending}, r.now())
	}
	r.mu.Unlock()
	if stalled {
		r.announce()
	}
}

// sleep waits for d, a nap at most, or until changed is closed or the run ends. A d of
// 0 waits for changed alone.
func (r *run) sleep(d time.Duration, changed <-chan struct{}) {
	var timer <-chan time.Time
	if d > 0 {
		timer = r.Clock.After(min(d, nap))
	}
	select {
	case <-timer:
	case <-changed:
	case <-r.ended:
	}
}
