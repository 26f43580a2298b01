package delivery

import (
	"slices"
	"strings"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/relay"
)

// heed takes in what an outcome says about the destination of n: one that accepts goes
// on as it was, one that complains again and again is slowed.
func (r *run) heed(n campaign.Notice, o relay.Outcome) {
	switch {
	case o.Verdict == relay.Accepted:
		r.queue.ease(n.To.Domain())
	case complains(o):
		r.queue.slow(r.now(), n.To.Domain(), asked(o))
	}
}

// complains reports whether a destination puts off what it gets because of who sends,
// or how much: 421, 450 to 452, or an enhanced code X.7 (RFC 3463 section 3.8).
//
// A status about an address or a mailbox (X.1, X.2: unverified, full, greylisted by
// Postgrey) is not about the others there. A reply that ends a session which had
// already carried notices is about the session: the same notice asks once more over
// another. What slows the run as a whole is not a destination's.
func complains(o relay.Outcome) bool {
	if o.Verdict != relay.Deferred && !putAside(o) || !aboutNotice(o.Stage) || o.Effect >= relay.BackOff {
		return false
	}
	status := o.Reply.Enhanced
	if strings.HasPrefix(status, "4.1.") || strings.HasPrefix(status, "4.2.") {
		return false
	}
	return strings.HasPrefix(status, "4.7.") || slices.Contains([]int{421, 450, 451, 452}, o.Reply.Code)
}

// putAside reports whether a complaint is left to its notice, which waits behind the
// others: neither the session nor the run is over for it.
func putAside(o relay.Outcome) bool { return blames(o) && o.Effect == relay.Continue }

// relayComplains reports whether the relay itself says that it gets too much: in its
// greeting, at MAIL, or by a reply about quotas and throttling wherever that comes.
// A relay that is unreachable says nothing.
func relayComplains(o relay.Outcome) bool {
	return o.Effect == relay.BackOff && o.Reply.Code/100 == 4
}

// asked returns the wait that a reply asks for.
func asked(o relay.Outcome) time.Duration { return min(o.Wait, maxAsked) }
