package delivery

import (
	"container/heap"
	"time"

	"breachnotify/pkg/campaign"
)

// item is a notice on its way through a run.
type item struct {
	notice campaign.Notice
	turn   int64 // its place in the order of arrival
	retry  bool  // it came as a deferred one
}

// lane is the waiting notices of one domain, in their order. It is in one of the
// queue's two heaps or parked, and is never empty there.
type lane struct {
	domain string
	items  []item
	at     time.Time // when the domain may go again
	parked bool      // until a transaction with the domain ends
}

// lanes is a heap of lanes.
type lanes struct {
	list []*lane
	less func(a, b *lane) bool
}

var _ heap.Interface = (*lanes)(nil)

func byTurn(a, b *lane) bool { return a.items[0].turn < b.items[0].turn }
func byTime(a, b *lane) bool { return a.at.Before(b.at) }

// Len is part of heap.Interface.
func (l *lanes) Len() int { return len(l.list) }

// Less is part of heap.Interface.
func (l *lanes) Less(i, j int) bool { return l.less(l.list[i], l.list[j]) }

// Swap is part of heap.Interface.
func (l *lanes) Swap(i, j int) { l.list[i], l.list[j] = l.list[j], l.list[i] }

// Push is part of heap.Interface.
func (l *lanes) Push(x any) { l.list = append(l.list, x.(*lane)) }

// Pop is part of heap.Interface.
func (l *lanes) Pop() any {
	last := l.list[len(l.list)-1]
	l.list[len(l.list)-1] = nil
	l.list = l.list[:len(l.list)-1]
	return last
}

func (l *lanes) first() *lane { return l.list[0] }
