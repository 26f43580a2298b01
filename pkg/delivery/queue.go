package delivery

import (
	"container/heap"
	"sync"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/throttle"
)

// Sizes of the read-ahead, in notices.
const (
	pageSize = 1000         // read from the ledger at once
	lowWater = pageSize / 2 // below this a queue asks for more
	window   = 8 * pageSize // held at most, to find notices to domains that may go
)

// queue is the notices that were read and are not settled yet, in lanes by domain.
// Workers take from it at the pace of the pacer. It is safe for use by several
// goroutines.
type queue struct {
	mu      sync.Mutex
	pacer   *throttle.Pacer
	lanes   map[string]*lane
	ready   lanes // may go as far as was known, by turn
	waiting lanes // have to wait for their domain, by time
	turn    int64
	queued  int
	flying  int   // taken and not settled
	retries int   // deferred ones, queued or flying
	left    int64 // that may be taken; negative: any number
	starved bool  // every lane waits for its domain
	limit   string
	limited time.Time // when limit was found

	changed chan struct{} // closed and replaced when there may be something to take
	hungry  chan struct{} // holds one when the run should look after the queue
}

// newQueue returns a queue from which limit notices can be taken; 0: any number.
func newQueue(pacer *throttle.Pacer, limit int64) *queue {
	if limit == 0 {
		limit = -1
	}
	return &queue{
		pacer:   pacer,
		lanes:   map[string]*lane{},
		ready:   lanes{less: byTurn},
		waiting: lanes{less: byTime},
		left:    limit,
		changed: make(chan struct{}),
		hungry:  make(chan struct{}, 1),
	}
}

// add appends notices, retries if they come as deferred ones.
func (q *queue) add(notices []campaign.Notice, retries bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, n := range notices {
		q.push(item{notice: n, retry: retries})
	}
	if retries {
		q.retries += len(notices)
	}
	q.starved = false
	q.broadcast()
}

// putBack returns an item about which nothing was decided, to the end: should it be the
// notice that the relay cannot bear, the others come first.
func (q *queue) putBack(it item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.flying--
	if q.left >= 0 {
		q.left++
	}
	q.push(it)
	q.broadcast()
}

// settle says that an item that was taken is through.
func (q *queue) settle(it item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.flying--
	if it.retry {
		q.retries--
	}
	if q.flying == 0 {
		q.ask()
	}
}

// take returns the first item that may go now. Otherwise it returns how long to wait
// before it is worth another try; 0: until the returned channel is closed.
func (q *queue) take(now time.Time) (it item, ok bool, wait time.Duration, changed <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.queued < lowWater {
		q.ask()
	}
	if q.queued == 0 || q.left == 0 {
		return item{}, false, 0, q.changed
	}
	if wait = q.pacer.Wait(now); wait > 0 {
		q.limit, q.limited = throttle.LimitRate, now
		return item{}, false, wait, q.changed
	}
	l := q.firstReady(now)
	if l == nil {
		return item{}, false, q.waiting.first().at.Sub(now), q.changed
	}
	q.pacer.Take(now, l.domain)
	q.flying++
	if q.left > 0 {
		q.left--
	}
	return q.pop(l), true, 0, nil
}

// firstReady returns the lane at the top of ready, after it has sorted lanes between
// the heaps by what the pacer says now. It returns nil if all have to wait.
func (q *queue) firstReady(now time.Time) *lane {
	for q.waiting.Len() > 0 && !q.waiting.first().at.After(now) {
		heap.Push(&q.ready, heap.Pop(&q.waiting))
	}
	for q.ready.Len() > 0 {
		l := q.ready.first()
		wait := q.pacer.WaitFor(now, l.domain)
		if wait == 0 {
			return l
		}
		l.at = now.Add(wait)
		heap.Push(&q.waiting, heap.Pop(&q.ready))
	}
	q.starved = true
	q.limit, q.limited = throttle.LimitDomain+" "+q.waiting.first().domain, now
	q.ask()
	return nil
}

// pop takes the first item out of l, which is at the top of ready.
func (q *queue) pop(l *lane) item {
	it := l.items[0]
	l.items = l.items[1:]
	q.queued--
	if len(l.items) == 0 {
		heap.Pop(&q.ready)
		delete(q.lanes, l.domain)
	} else {
		heap.Fix(&q.ready, 0)
	}
	return it
}

// push puts it at the end of the lane of its domain.
func (q *queue) push(it item) {
	q.turn++
	it.turn = q.turn
	q.queued++
	domain := it.notice.To.Domain()
	if l, ok := q.lanes[domain]; ok {
		l.items = append(l.items, it)
		return
	}
	l := &lane{domain: domain, items: []item{it}}
	q.lanes[domain] = l
	heap.Push(&q.ready, l)
}

// ask wakes the run, which looks after the queue.
func (q *queue) ask() {
	select {
	case q.hungry <- struct{}{}:
	default:
	}
}

// wake lets those who wait for a change look again.
func (q *queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.broadcast()
}

func (q *queue) broadcast() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// wants reports whether more of the batch should be read.
func (q *queue) wants() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.queued < lowWater || q.starved && q.queued < window
}

// wantsRetries reports whether no deferred notice is held, so that reading those
// which are due gives none twice.
func (q *queue) wantsRetries() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.retries == 0
}

// idle reports whether everything that was added is settled.
func (q *queue) idle() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.queued == 0 && q.flying == 0
}

// spent reports whether the limit is reached and everything taken is settled.
func (q *queue) spent() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.left == 0 && q.flying == 0
}

// binds returns the limit that held a notice back within the last while; empty:
// none did.
func (q *queue) binds(now time.Time) string {
	const while = 2 * time.Second
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.limit == "" || now.Sub(q.limited) > while {
		return ""
	}
	return q.limit
}
