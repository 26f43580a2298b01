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
	ready   lanes  // may go as far as was known, by turn
	waiting lanes  // have to wait for their domain, by time
	parked  int    // lanes that wait for a transaction with their domain to end
	crowded string // the domain of the lane that was parked last
	turn    int64
	queued  int
	flying  int   // taken and not settled
	retries int   // deferred ones, queued or flying
	left    int64 // that may be taken; negative: any number
	shut    bool  // nothing may be taken for now
	muted   bool  // nor while a page does not answer
	starved bool  // every lane waits for its domain

	most    int            // transactions with one domain at the same time; 0: any number
	engaged map[string]int // domains to items that were taken and not settled, where most is set

	limit     string // what held the last one back
	restraint restraint
	until     time.Time // when it is over, where that takes long

	changed chan struct{} // closed and replaced when there may be something to take
	hungry  chan struct{} // holds one when the run should look after the queue
}

// newQueue returns a queue from which limit notices can be taken, with up to most
// transactions with one domain at the same time; 0: any number.
func newQueue(pacer *throttle.Pacer, limit int64, most int) *queue {
	if limit == 0 {
		limit = -1
	}
	return &queue{
		pacer:   pacer,
		lanes:   map[string]*lane{},
		ready:   lanes{less: byTurn},
		waiting: lanes{less: byTime},
		left:    limit,
		most:    most,
		engaged: map[string]int{},
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
// notice that the relay cannot bear, the others come first. Its allowance is as if it
// had not been taken.
func (q *queue) putBack(now time.Time, it item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pacer.Refund(now, it.notice.To.Domain())
	q.flying--
	if q.left >= 0 {
		q.left++
	}
	q.push(it)
	q.release(it)
	q.broadcast()
}

// settle says that an item that was taken is through.
func (q *queue) settle(it item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.flying--
	q.release(it)
	if it.retry {
		q.retries--
	}
	if q.flying == 0 {
		q.ask()
	}
}

// take returns the first item that may go now. Otherwise it returns how long to wait
// before it is worth another try; 0: until the returned channel is closed. holding is
// the domain of the notice that the caller's session ends before it begins with this
// one, which makes room for it there; empty: none.
func (q *queue) take(now time.Time, holding string) (it item, ok bool, wait time.Duration, changed <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.queued < lowWater {
		q.ask()
	}
	if q.queued == 0 || q.left == 0 || q.shut || q.muted {
		return item{}, false, 0, q.changed
	}
	if wait = q.pacer.Wait(now); wait > 0 {
		q.bind(now, q.pacer.Limit(now), wait)
		return item{}, false, wait, q.changed
	}
	l := q.firstReady(now, holding)
	if l == nil {
		return item{}, false, q.starve(now), q.changed
	}
	q.pacer.Take(now, l.domain)
	q.until = time.Time{}
	q.restraint.free(now)
	q.flying++
	if q.most > 0 {
		q.engaged[l.domain]++
	}
	if q.left > 0 {
		q.left--
	}
	return q.pop(l), true, 0, nil
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

// hold lets nothing be taken until it is called with false.
func (q *queue) hold(shut bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.shut = shut
	q.broadcast()
}
