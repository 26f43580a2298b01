package delivery

import (
	"context"
	"fmt"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/notice"
	"breachnotify/pkg/relay"
)

// job is a notice that a worker has taken.
type job struct {
	item
	recipient notice.Recipient
	message   notice.Message
	err       error         // of composing
	composed  chan struct{} // closed when message and err are set
}

// compose makes the messages of jobs while the ledger commits what came of the ones
// before: a commit is mostly waiting for the disk. One goroutine makes all of a
// worker's, because templates need a deep stack, which would otherwise be grown anew for
// each.
func compose(c Composer, jobs <-chan *job) {
	for j := range jobs {
		j.message, j.err = c.Compose(j.recipient)
		close(j.composed)
	}
}

// worker owns one session at a time. In the steady state each of its flights carries
// the body of one notice and the envelope of the next, and is followed by one write to
// the ledger.
type worker struct {
	run     *run
	jobs    chan<- *job // to compose
	session Session     // nil: none
	proven  bool        // the session has decided on a notice
	carried int         // notices that it has opened
	open    *job        // its envelope is open and its intent is recorded; nil: none
	ahead   *job        // taken to follow open; nil: none
	dialed  int         // incident of run.dial when that gate was last looked at
	passed  int         // incident of run.pass, likewise
}

// work sends until the run ends. A session that waits for its next notice has no open
// envelope.
func (w *worker) work(ctx context.Context) {
	jobs := make(chan *job, 1)
	defer close(jobs)
	go compose(w.run.Composer, jobs)
	w.jobs = jobs
	defer w.hangUp()
	for {
		if w.open != nil && (w.run.broken.Load() || ctx.Err() != nil) {
			w.abandon()
			return
		}
		next := w.next()
		if next == nil && w.open == nil {
			return
		}
		if w.session == nil && !w.dial() {
			w.putBack(next)
			continue
		}
		if next != nil && w.run.queue.isMute() { // since it was taken
			w.putBack(next)
			if next = nil; w.open == nil {
				continue
			}
		}
		w.fly(ctx, next)
	}
}

// next takes the next notice and waits for its message. Where one is open it does not
// wait for a notice: nil then means that the open one is to be finished by itself.
// Otherwise nil means that the run has ended.
func (w *worker) next() *job {
	switch {
	case w.ahead != nil:
	case w.open == nil:
		w.ahead = w.await()
	default:
		w.follow(w.open, w.carried)
	}
	next := w.ahead
	if next == nil {
		return nil
	}
	w.ahead = nil
	<-next.composed
	if next.err != nil {
		w.run.finish(Failed, fmt.Errorf("compose notice %s: %w", next.notice.ID, next.err))
	}
	if w.run.ending() {
		w.putBack(next)
		return nil
	}
	return next
}

// follow takes the notice that is to go after open, which is the last of as many as the
// session has carried then, if one may go. MAIL says how large its message is, so that
// it has to be there before.
func (w *worker) follow(open *job, carried int) {
	r := w.run
	now := r.now()
	if r.ending() || w.full(carried) || w.barred(now) > 0 {
		return
	}
	if it, ok, _, _ := r.queue.take(now, open.notice.To.Domain()); ok {
		w.ahead = w.begin(it)
	}
}

// begin has the message of a notice composed.
func (w *worker) begin(it item) *job {
	j := &job{item: it, recipient: it.notice.Recipient(w.run.Clock.Now()), composed: make(chan struct{})}
	w.jobs <- j
	return j
}

func (w *worker) putBack(j *job) { w.run.queue.putBack(w.run.now(), j.item) }

// await waits until a notice may go and takes it. A session that would lie idle for
// long is closed.
func (w *worker) await() *job {
	r := w.run
	for !r.ending() {
		now := r.now()
		if wait := w.barred(now); wait > 0 {
			r.stall(now, wait)
			w.rest(wait > restAfter)
			r.sleep(wait, nil)
			continue
		}
		r.unstall()
		it, ok, wait, changed := r.queue.take(now, "")
		if ok {
			return w.begin(it)
		}
		if wait > restAfter {
			r.announce()
		}
		w.rest(wait > restAfter || wait == 0 && r.resting(now))
		r.sleep(wait, changed)
	}
	return nil
}

// barred returns how long the relay keeps the worker waiting; 0: it does not. What
// fails from now on is a new incident only if nobody else fails before.
func (w *worker) barred(now time.Time) time.Duration {
	r := w.run
	r.mu.Lock()
	defer r.mu.Unlock()
	w.dialed, w.passed = r.dial.Incident(), r.pass.Incident()
	wait := r.pass.Wait(now)
	if w.session == nil {
		wait = max(wait, r.dial.Wait(now))
	}
	return wait
}

func (w *worker) rest(long bool) {
	if long {
		w.hangUp()
	}
}

// dial opens a session, once. It reports whether there is one.
func (w *worker) dial() bool {
	r := w.run
	session, outcome := r.Sender.Open(r.dialing)
	if session != nil {
		w.session, w.proven, w.carried = session, false, 0
		r.countSession(1)
		if !r.opened(session.Link()) {
			w.hangUp()
			return false
		}
		return true
	}
	if !r.ending() { // else the run itself gave the dialing up
		w.observe(outcome, nil)
	}
	return false
}

// full reports whether a session that has carried so many notices may carry no more. It
// is replaced before the relay closes it in the middle of a flight.
func (w *worker) full(carried int) bool {
	most := w.run.PerSession
	return most > 0 && carried >= most
}

// hangUp closes the session, if there is one. How the goodbye went changes nothing of
// what is recorded, so its error is of no use to anybody.
func (w *worker) hangUp() {
	if w.session == nil {
		return
	}
	_ = w.session.Close()
	w.session = nil
	w.run.countSession(-1)
}

// fly sends what is open, opens next (nil: nothing), and records what came of both in
// one write. Only then is next open, and its body may leave.
func (w *worker) fly(ctx context.Context, next *job) {
	var body *notice.Message
	if w.open != nil {
		body = &w.open.message
	}
	done, opened := w.session.Flight(ctx, body, w.envelope(next))
	over := w.judge(done, opened, next)

	var moves []campaign.Move
	if w.open != nil {
		if m, decided := w.run.settle(w.open.notice, done, w.session.Peer()); decided {
			moves = append(moves, m)
		}
	}
	m, decided, carried := w.decide(next, opened, over)
	if decided {
		moves = append(moves, m)
	}
	if carried {
		w.follow(next, w.carried+1)
	}
	recorded := w.run.record(moves)
	carried = carried && recorded
	w.land(next, carried, decided)
	if over || !recorded || opened.Verdict == relay.Open && !carried || w.open == nil && w.full(w.carried) {
		w.hangUp() // an envelope that is open stays without a dot
	}
}

// judge takes in what the outcomes of a flight say about the relay. It reports whether
// the session is over. Where the first ended it, the second says so once more, which
// the gates know for the same incident.
func (w *worker) judge(done, opened relay.Outcome, next *job) bool {
	over := false
	if w.open != nil {
		w.observe(done, next)
		w.run.heed(w.open.notice, done)
		over = done.Effect != relay.Continue
	}
	if next != nil {
		w.observe(opened, next)
		w.run.heed(next.notice, opened)
		over = over || opened.Effect != relay.Continue
	}
	return over
}

// decide returns what to record of next and whether it is carried on, which is its
// intent. Not decided, it goes back to the queue.
func (w *worker) decide(next *job, opened relay.Outcome, over bool) (m campaign.Move, decided, carried bool) {
	r := w.run
	switch {
	case next == nil:
		return m, false, false
	case opened.Verdict != relay.Open:
		m, decided = r.settle(next.notice, opened, w.session.Peer())
		return m, decided, false
	case over || r.ending():
		return m, false, false
	}
	return intent(next.notice, r.Clock.Now(), next.recipient.Date), true, true
}

// envelope returns the envelope of next; nil for none.
func (w *worker) envelope(next *job) *relay.Envelope {
	if next == nil {
		return nil
	}
	return &relay.Envelope{
		ID: next.notice.ID, From: w.run.Options.Envelope(next.notice), To: next.notice.To,
		Size: len(next.message.Bytes),
	}
}

// land settles with the queue what was recorded: the notice that was open, and next.
func (w *worker) land(next *job, carried, decided bool) {
	q := w.run.queue
	if w.open != nil {
		q.settle(w.open.item)
		w.open = nil
	}
	switch {
	case next == nil:
	case carried:
		next.notice.State = campaign.Sending
		w.open = next
		w.carried++
	case decided:
		q.settle(next.item)
	default:
		w.putBack(next)
	}
}

// abandon leaves the open notice without its final dot and records that it is still
// to be sent. Where the ledger has failed that may fail too; the notice is then found
// on its way by the next run, which takes it for in doubt.
func (w *worker) abandon() {
	r := w.run
	if w.ahead != nil {
		w.putBack(w.ahead)
		w.ahead = nil
	}
	outcome := relay.Outcome{Stage: relay.StageBody, Verdict: relay.Untouched}
	if m, decided := r.settle(w.open.notice, outcome, w.session.Peer()); decided {
		r.record([]campaign.Move{m})
	}
	w.land(nil, false, false)
}

// observe takes in what an outcome of the open notice or of next (nil: none) says about
// the relay. It may end the run.
func (w *worker) observe(o relay.Outcome, next *job) {
	r := w.run
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	// Where other sessions stand, one that is refused is one too many, whatever the rate.
	if relayComplains(o) && (w.session != nil || r.sessions == 0) {
		r.queue.slowAll(now, asked(o))
	}
	state := healthOf(o, w.proven)
	said := ""
	if state == ill || o.Verdict == relay.Rejected || o.Effect == relay.Halt {
		said = describe(o, w.about(next)...)
	}
	if state == ill || o.Verdict == relay.Rejected {
		r.bad = said
	}
	switch state {
	case well:
		w.proven = true
		r.passedLocked(now, o.Verdict == relay.Accepted)
	case neutral:
		w.proven = w.proven || o.Verdict == relay.Deferred
	case ill:
		if w.incidentLocked(now, o) {
			r.breaker.Failed()
			r.Log.Warn("the relay fails " + r.bad)
		}
	}
	r.tripLocked(o, said)
}

// about returns the notices that a reply may name: where the first outcome of a flight
// ends the session, the second repeats its reply.
func (w *worker) about(next *job) []campaign.Notice {
	var about []campaign.Notice
	for _, j := range []*job{w.open, next} {
		if j != nil {
			about = append(about, j.notice)
		}
	}
	return about
}

// incidentLocked closes the gate that the outcome asks for, if any. It reports whether
// the outcome counts as an error: it does unless it cost no notice an attempt and is
// one more sign of what another worker has seen.
func (w *worker) incidentLocked(now time.Time, o relay.Outcome) bool {
	r := w.run
	counts := o.Verdict != relay.Untouched
	switch {
	case w.session == nil, o.Effect == relay.Reconnect && !w.proven:
		return r.dial.Fail(now, w.dialed, o.Wait, r.Random()) || counts
	case o.Effect == relay.BackOff:
		return r.pass.Fail(now, w.passed, o.Wait, r.Random()) || counts
	}
	return true
}
