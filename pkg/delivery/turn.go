package delivery

import (
	"cmp"
	"container/heap"
	"time"

	"breachnotify/pkg/throttle"
)

// patience is how long a batch waits for destinations that asked for a pause.
const patience = time.Minute

// firstReady returns the lane at the top of ready, after it has sorted lanes by what
// the pacer says now and by who is engaged. It returns nil if all have to wait.
func (q *queue) firstReady(now time.Time, holding string) *lane {
	q.unpark(q.lanes[holding])
	for q.waiting.Len() > 0 && !q.waiting.first().at.After(now) {
		heap.Push(&q.ready, heap.Pop(&q.waiting))
	}
	for q.ready.Len() > 0 {
		l := q.ready.first()
		wait := q.pacer.WaitFor(now, l.domain)
		switch {
		case wait > 0:
			l.at = now.Add(wait)
			heap.Push(&q.waiting, heap.Pop(&q.ready))
		case q.busy(l.domain, holding):
			heap.Pop(&q.ready)
			l.parked, q.crowded = true, l.domain
			q.parked++
		default:
			return l
		}
	}
	return nil
}

// starve notes that every lane has to wait, and returns for how long; 0: until a
// transaction ends.
func (q *queue) starve(now time.Time) time.Duration {
	q.starved = true
	q.ask()
	if q.waiting.Len() == 0 {
		q.bind(now, throttle.LimitConnections+" "+q.crowded, 0)
		return 0
	}
	first := q.waiting.first()
	wait := first.at.Sub(now)
	q.bind(now, q.pacer.LimitFor(now, first.domain), wait)
	return wait
}

// bind notes what holds a notice back, and for how long; 0: until a transaction ends.
func (q *queue) bind(now time.Time, limit string, wait time.Duration) {
	q.limit, q.until = limit, time.Time{}
	q.restraint.hold(now, cmp.Or(wait, attention))
	if wait >= restAfter {
		q.until = now.Add(wait)
	}
}

// busy reports whether no further transaction with domain may begin, once the one with
// holding has ended.
func (q *queue) busy(domain, holding string) bool {
	engaged := q.engaged[domain]
	if domain == holding {
		engaged--
	}
	return q.most > 0 && engaged >= q.most
}

// release says that a transaction has ended.
func (q *queue) release(it item) {
	if q.most == 0 {
		return
	}
	domain := it.notice.To.Domain()
	if q.engaged[domain]--; q.engaged[domain] == 0 {
		delete(q.engaged, domain)
	}
	if l := q.lanes[domain]; l != nil && l.parked && !q.busy(domain, "") {
		q.unpark(l)
		q.broadcast()
	}
}

func (q *queue) unpark(l *lane) {
	if l != nil && l.parked {
		l.parked = false
		q.parked--
		heap.Push(&q.ready, l)
	}
}

// stuck reports whether nothing is under way and all that is held waits for
// destinations that asked for a long pause.
func (q *queue) stuck(now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.flying > 0 || q.parked > 0 || q.ready.Len() > 0 || q.waiting.Len() == 0 {
		return false
	}
	first := q.waiting.first()
	return first.at.Sub(now) > patience && q.pacer.Pause(now, first.domain) > patience
}

// binds returns the limit that holds the run back for most of the time, or does so
// until the moment returned; empty: none does.
func (q *queue) binds(now time.Time) (limit string, until time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.restraint.noticeable(now) && !q.until.After(now) {
		return "", time.Time{}
	}
	return q.limit, q.until
}

// slow, ease and the others that follow are those of the pacer.
func (q *queue) slow(now time.Time, domain string, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pacer.Slow(now, domain, wait)
}

func (q *queue) slowAll(now time.Time, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pacer.SlowAll(now, wait)
}

func (q *queue) ease(domain string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pacer.Ease(domain)
}

func (q *queue) pause(now time.Time, domain string) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pacer.Pause(now, domain)
}

func (q *queue) ramped() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pacer.Ramped()
}
