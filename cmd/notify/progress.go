package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

const (
	drawEvery = 250 * time.Millisecond // on a terminal
	sayEvery  = 10 * time.Second       // elsewhere
)

// reading is how far something has come at one moment.
type reading struct {
	done, total int64  // total 0: nobody knows
	text        string // what to say besides; holds no address
}

// progress shows a reading again and again on stderr until it is stopped: as a bar
// on a terminal, as a line every ten seconds elsewhere, not at all with --quiet.
type progress struct {
	done   chan struct{}
	ended  sync.WaitGroup
	finish func()
}

// showProgress starts to show what read returns. read is called from another
// goroutine.
func showProgress(p *process, g *globals, read func() reading) *progress {
	pr := &progress{done: make(chan struct{}), finish: func() {}}
	if g.quiet {
		return pr
	}
	every, show := sayEvery, func() { sayProgress(p.stderr, read()) }
	if p.draws {
		bar := newBar(p.stderr)
		every, show = drawEvery, func() { draw(bar, read()) }
		pr.finish = func() { _ = bar.Clear() }
	}
	pr.ended.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-pr.done:
				return
			case <-ticker.C:
				show()
			}
		}
	})
	return pr
}

// stop ends the display and waits for it.
func (pr *progress) stop() {
	close(pr.done)
	pr.ended.Wait()
	pr.finish()
}

func newBar(w io.Writer) *progressbar.ProgressBar {
	return progressbar.NewOptions64(1,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(24),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionClearOnFinish(),
	)
}

// draw is best effort: a terminal that cannot be written to is no reason to stop.
func draw(bar *progressbar.ProgressBar, r reading) {
	bar.ChangeMax64(max(r.total, 1))
	bar.Describe(r.text)
	_ = bar.Set64(min(r.done, r.total))
}

func sayProgress(w io.Writer, r reading) {
	if r.total == 0 {
		fmt.Fprintf(w, "notify: %s\n", r.text)
		return
	}
	fmt.Fprintf(w, "notify: %.1f%%, %s\n", floorPercent(r.done, r.total), r.text)
}
