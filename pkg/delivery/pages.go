package delivery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"breachnotify/pkg/campaign"
)

// Prober asks the pages that notices lead to.
type Prober interface {
	// Ask returns the pages that do not answer, always in the same order; none: all do.
	// It is bounded in time, and returns at once when ctx ends; what it returns then says
	// nothing.
	Ask(ctx context.Context) []campaign.PageFailure
}

// silence is which pages do not answer.
type silence []campaign.PageFailure

// limit names what holds the run back.
func (s silence) limit() string {
	links := make([]string, len(s))
	for i, page := range s {
		links[i] = page.Link
	}
	return campaign.LimitProbe + " " + strings.Join(links, ", ")
}

// probe asks the pages until the run ends: at once, and then Options.ProbeEvery after the
// question before began. One that takes long leaves half of that time to the pages. The
// queue is mute until the first answer.
func (r *run) probe() {
	for !r.ending() {
		asked := r.now()
		silent := r.Prober.Ask(r.dialing)
		if r.ending() {
			return
		}
		r.hear(silent)
		now := r.now()
		r.waitUntil(later(asked.Add(r.ProbeEvery), now.Add(r.ProbeEvery/2)))
	}
}

// hear takes in which pages do not answer. Notices stop before that is recorded and go on
// after: the ledger never has the run wait for less time than it did.
func (r *run) hear(silent silence) {
	if len(silent) > 0 {
		r.queue.mute() // again and again, so that idle workers may close their sessions
	}
	now := r.now()
	r.mu.Lock()
	before := r.silent
	changed := !slices.Equal(before, silent)
	if changed {
		r.rested = r.restedLocked(now)
		r.silent, r.entered = silent, now
	}
	r.mu.Unlock()
	if changed {
		if err := r.Ledger.Probed(r.durable, r.Clock.Now(), silent); err != nil {
			r.fail(fmt.Errorf("record in the ledger which pages answer: %w", err))
			return
		}
		r.tellPages(silent)
	}
	if changed || len(silent) > 0 { // a rate of before the pause is not to be told for ever
		r.announce()
	}
	if len(silent) == 0 {
		r.queue.unmute(r.now(), len(before) > 0)
	}
}

func (r *run) tellPages(silent silence) {
	if len(silent) == 0 {
		r.Log.Info("the pages answer again: notices go on")
		return
	}
	r.Log.Warn(campaign.Silence{Pages: silent}.String())
}

// mute lets no notice be begun until unmute.
func (q *queue) mute() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.muted = true
	q.broadcast()
}

// unmute takes mute back. After a pause, what the pacer has saved up meanwhile is gone, so
// that a page that has just come back is not overrun.
func (q *queue) unmute(now time.Time, paused bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.muted {
		return
	}
	q.muted = false
	if paused {
		q.pacer.Forfeit(now)
	}
	q.broadcast()
}

func (q *queue) isMute() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.muted
}
