package delivery

import (
	"errors"
	"fmt"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/relay"
)

// crowd is how many notices in a row have to be met by a reply that can be about each of
// them alone, to two destinations or more, before it is taken to be about the run.
const crowd = 5

// complaints is what a run has heard against itself: replies to one notice that seem to be
// about all. It grows with the notices that met one, of which there are few.
type complaints struct {
	accepted int64            // notices that the relay took in this run
	met      map[int64]int64  // by number of the notice: accepted when it met its last one
	row      map[int64]string // notices that met one since the last acceptance, with their domains
}

func newComplaints() complaints {
	return complaints{met: map[int64]int64{}, row: map[int64]string{}}
}

// vouch takes in that the relay took a notice.
func (c *complaints) vouch() {
	c.accepted++
	clear(c.row)
}

// hear takes in that n met a complaint.
func (c *complaints) hear(n campaign.Notice) {
	c.met[n.Seq] = c.accepted
	c.row[n.Seq] = n.To.Domain()
}

// hearsay is what a run knows when n meets a complaint.
type hearsay struct {
	met            bool // n met one in this run
	crowded        bool // others met one after the other
	gettingThrough bool // others were accepted, and were not crowded since
	refuted        bool // others were accepted after n had met its last one
}

// about returns what is known before the complaint is heard; most is as in crowded.
func (c *complaints) about(n campaign.Notice, most int) hearsay {
	then, met := c.met[n.Seq]
	crowded := c.crowded(most)
	through := c.accepted > 0 && !crowded
	return hearsay{met: met, crowded: crowded, gettingThrough: through, refuted: through && met && c.accepted > then}
}

// crowded reports whether too many met a complaint in a row for it to be about each of
// them. Those to one destination alone are its own, up to most.
func (c *complaints) crowded(most int) bool {
	domains := map[string]bool{}
	for _, domain := range c.row {
		domains[domain] = true
	}
	return len(c.row) >= crowd && len(domains) > 1 || len(c.row) >= most
}

// blames reports whether a reply to a notice seems to be about all notices: it asks for
// more than patience with this one, at a stage where it may be about this one after all.
func blames(o relay.Outcome) bool {
	switch {
	case o.Verdict != relay.Untouched, errors.Is(o.Err, relay.ErrOver):
		return false
	case o.Suspect >= relay.BackOff:
		return true
	}
	return o.Effect >= relay.BackOff && o.Reply.Code >= 400 &&
		(o.Stage == relay.StageRcpt || o.Stage == relay.StageData || o.Stage == relay.StageDot)
}

// asks is what a complaint asks of the run.
func asks(o relay.Outcome) relay.Effect { return max(o.Effect, o.Suspect) }

// weigh returns what an outcome of n means once it is known how others fare. One that is
// no complaint stays as it is. Of a complaint,
//   - the first leaves n untouched: it is put behind the others (settlement), and the run
//     is slowed or stopped; or goes on, where the reply can be about n alone, others got
//     through in this run, and too few met such a reply in a row;
//   - another one, after others got through, is about n alone, and so is a refusal of its
//     size while others get through: n is rejected, or where the reply may change or is
//     about a quota, put off by an attempt that counts;
//   - any, where nobody is left who could get through, puts n off likewise.
func (r *run) weigh(n campaign.Notice, o relay.Outcome) relay.Outcome {
	if o.Verdict == relay.Accepted {
		r.mu.Lock()
		r.complaints.vouch()
		r.mu.Unlock()
	}
	if !blames(o) {
		return o
	}
	r.mu.Lock()
	heard := r.complaints.about(n, r.Halt.Consecutive)
	r.mu.Unlock()
	whose, err := r.isAbout(n, o, heard)
	switch {
	case err != nil:
		r.fail(fmt.Errorf("look up an earlier attempt: %w", err))
		return o
	case whose == itself && o.Reply.Permanent() && !o.Reply.Quota() && o.Err == nil:
		return charge(o, relay.Rejected)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.complaints.hear(n)
	if whose != others { // and still one of a row, should it be the relay after all
		return charge(o, relay.Deferred)
	}
	if r.complaints.accepted == 0 || r.complaints.crowded(r.Halt.Consecutive) {
		o.Effect = asks(o)
	}
	return o
}

// weigh holds both outcomes of a flight against what happened to others. Where the first
// ended the session, the second says no more than that.
func (w *worker) weigh(done, opened relay.Outcome, next *job) (weighedDone, weighedOpened relay.Outcome) {
	r := w.run
	if w.open != nil {
		done = r.weigh(w.open.notice, done)
	}
	switch {
	case next == nil:
	case errors.Is(opened.Err, relay.ErrOver):
		opened.Effect = max(done.Effect, relay.Reconnect)
	default:
		opened = r.weigh(next.notice, opened)
	}
	return done, opened
}

// subject is whom a complaint is about.
type subject int

const (
	others     subject = iota // perhaps: all notices
	itself                    // the notice that met it, since others got through
	itselfLeft                // nobody can tell, and none is left but notices that met one
)

// isAbout says whom a complaint that n met is about. The ledger is asked where what this
// run has seen does not tell.
func (r *run) isAbout(n campaign.Notice, o relay.Outcome, heard hearsay) (subject, error) {
	if heard.refuted || heard.gettingThrough && o.Stage == relay.StageMail { // a size
		return itself, nil
	}
	before, err := r.Ledger.Precedent(r.durable, n.Seq)
	again := n.Tries > n.Attempts && before.Last.Code == o.Reply.Code && before.Last.Enhanced == o.Reply.Enhanced
	switch {
	case err != nil:
		return others, err
	case again && !heard.met && (heard.gettingThrough || before.Accepted.After(before.Last.At) && !heard.crowded):
		return itself, nil // its last one was in an earlier run, and others were accepted in this one or before
	case before.Alone:
		return itselfLeft, nil
	}
	return others, nil
}

// charge makes a complaint one about its notice alone.
func charge(o relay.Outcome, v relay.Verdict) relay.Outcome {
	o.Verdict, o.Effect, o.Suspect = v, relay.Continue, relay.Continue
	return o
}
