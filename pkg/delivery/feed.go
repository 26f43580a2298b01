package delivery

import (
	"context"
	"sync"
	"time"

	"breachnotify/pkg/campaign"
)

// feed reads the ledger into the queue, one batch at a time. It is used by one
// goroutine, except for deferred.
type feed struct {
	ledger Ledger
	queue  *queue
	after  int64             // the last pending notice that was read
	batch  int               // under way; 0: none yet
	ahead  []campaign.Notice // the beginning of the next batch
	behind []campaign.Notice // due before the first batch began, to go after those ahead
	dry    bool              // the ledger holds no pending notice above after

	mu   sync.Mutex
	next time.Time // when the next deferred notice is due; zero: none is known
}

// load fills the queue: deferred notices that are due, then what is left of the batch
// under way.
func (f *feed) load(ctx context.Context, now time.Time) error {
	if next := f.nextDue(); !next.IsZero() && !next.After(now) && len(f.behind) == 0 && f.queue.wantsRetries() {
		if err := f.loadDue(ctx, now); err != nil {
			return err
		}
	}
	for !f.dry && len(f.ahead) == 0 && f.queue.wants() {
		if err := f.loadPending(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (f *feed) loadDue(ctx context.Context, now time.Time) error {
	// What is deferred from here on may be missing in the answer, and adds itself.
	f.mu.Lock()
	f.next = time.Time{}
	f.mu.Unlock()
	due, next, err := f.ledger.Due(ctx, now, pageSize)
	if err != nil {
		return err
	}
	if len(due) == pageSize {
		next = now // there may be more
	}
	f.deferred(next)
	if f.batch == 0 {
		due, f.behind = apart(due)
	}
	f.queue.add(due, true)
	return nil
}

// apart sets those aside that met what may be about all notices. When a run begins with
// them, only they are asked about, and nobody learns whether others get through.
func apart(due []campaign.Notice) (others, aside []campaign.Notice) {
	for _, n := range due {
		if n.Tries > n.Attempts {
			aside = append(aside, n)
		} else {
			others = append(others, n)
		}
	}
	return others, aside
}

// loadPending reads a page. One that begins the next batch is kept for begin.
func (f *feed) loadPending(ctx context.Context) error {
	page, err := f.ledger.Pending(ctx, f.after, pageSize)
	if err != nil {
		return err
	}
	if len(page) == 0 {
		f.dry = true
		return nil
	}
	f.after = page[len(page)-1].Seq
	if page[0].Batch != f.batch {
		f.ahead = page
		return nil
	}
	f.queue.add(page, false)
	return nil
}

// begin starts the next batch, or what is left behind it. It reports false if there is
// neither.
func (f *feed) begin() bool {
	if len(f.ahead)+len(f.behind) == 0 {
		return false
	}
	if len(f.ahead) > 0 {
		f.batch = f.ahead[0].Batch
		f.queue.add(f.ahead, false)
	}
	f.queue.add(f.behind, true)
	f.ahead, f.behind = nil, nil
	return true
}

// deferred says that a notice is due at next; zero says nothing.
func (f *feed) deferred(next time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !next.IsZero() && (f.next.IsZero() || next.Before(f.next)) {
		f.next = next
	}
}

func (f *feed) nextDue() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.next
}
