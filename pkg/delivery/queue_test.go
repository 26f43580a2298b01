package delivery

import (
	"testing"
	"time"

	"breachnotify/pkg/throttle"
)

func TestQueueTakesTheFirstThatMayGo(t *testing.T) {
	now := time.Date(2026, 9, 8, 9, 0, 0, 0, time.UTC)
	pacer := throttle.NewPacer(throttle.Pace{Since: now.Add(-time.Minute), Domains: map[string]float64{
		"slower.example": 0.5, "slow.example": 1,
	}}, now)
	q := newQueue(pacer, 0, 0)
	m := newMemory(t, 100, "u1@slower.example", "u2@slow.example", "u3@a.example", "u4@slower.example", "u5@slow.example", "u6@a.example")
	q.add(m.notices, false)
	began := now
	for _, want := range []struct {
		seq   int64
		after time.Duration
	}{{1, 0}, {2, 0}, {3, 0}, {6, 0}, {5, time.Second}, {4, 2 * time.Second}} {
		it, ok, wait, _ := q.take(now, "")
		for !ok {
			if wait <= 0 {
				t.Fatal("nothing may go, and nothing is waited for")
			}
			now = now.Add(wait)
			it, ok, wait, _ = q.take(now, "")
		}
		if it.notice.Seq != want.seq || now.Sub(began) != want.after {
			t.Errorf("notice %d after %v, want %d after %v", it.notice.Seq, now.Sub(began), want.seq, want.after)
		}
		q.settle(it)
	}
	if !q.idle() {
		t.Error("the queue is not idle")
	}
}

func TestQueuePutsBackBehindTheOthers(t *testing.T) {
	now := time.Now()
	q := newQueue(throttle.NewPacer(throttle.Pace{}, now), 3, 0)
	q.add(newMemory(t, 100, mailboxes(3, "a.example")...).notices, false)
	first, _, _, _ := q.take(now, "")
	q.putBack(now, first)
	for _, want := range []int64{2, 3, 1} {
		it, ok, _, _ := q.take(now, "")
		if !ok || it.notice.Seq != want {
			t.Errorf("notice %d, want %d", it.notice.Seq, want)
		}
		q.settle(it)
	}
	if !q.spent() {
		t.Error("three were taken, and the limit is not reached")
	}
}

func TestQueueWakesWhoWaits(t *testing.T) {
	now := time.Now()
	q := newQueue(throttle.NewPacer(throttle.Pace{}, now), 0, 0)
	_, ok, wait, changed := q.take(now, "")
	if ok || wait != 0 {
		t.Fatalf("an empty queue gives something, or has one wait for %v", wait)
	}
	q.add(newMemory(t, 1, mailboxes(1, "a.example")...).notices, true)
	<-changed
	if q.wantsRetries() {
		t.Error("a deferred notice is held, and more are wanted")
	}
	it, _, _, _ := q.take(now, "")
	if q.idle() || q.wantsRetries() {
		t.Error("what is on its way is forgotten")
	}
	q.settle(it)
	if !q.idle() || !q.wantsRetries() {
		t.Error("what is settled is still held")
	}
}
