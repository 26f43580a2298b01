package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

const (
	readEvery = time.Second // how old a scene gets
	// readShare bounds the part of the time that is spent in reading scenes: a ledger
	// of millions takes longer to count.
	readShare = 20
)

// How a terminal is spoken to (ECMA-48, and the private modes of DEC and others). Mode
// 2026 holds drawing back until all is there; where it is not known it is passed over.
// Without folding a block has as many lines as rows also where the terminal has become
// narrower and has not said so yet.
const (
	beginDrawing = "\x1b[?2026h"
	endDrawing   = "\x1b[?2026l"
	foldNot      = "\x1b[?7l"
	foldAgain    = "\x1b[?7h"
	eraseLine    = "\x1b[K" // from the cursor on
	eraseBelow   = "\x1b[J"
	// eraseBlock erases from the beginning of a line on. Terminals that are told to erase
	// all of what they show at once keep it in the scrollback (tmux: scroll-on-clear), and a
	// block may begin in the first line: so that line goes by itself.
	eraseBlock = eraseLine + "\x1b[B" + eraseBelow + "\x1b[A"
)

// screen keeps a block of rows at the end of what a terminal shows, and draws it anew in
// its place. Between two writes the cursor stands below it and the modes of the terminal are
// as they were, so that there is nothing to clean up however the process ends. What is written
// to a screen scrolls by above the block.
//
// BUG(screen): a terminal that is made narrower folds what stands there, and may move the
// head of the block out of sight, where it stays in the scrollback. So does a line that
// somebody types while the block is shown.
type screen struct {
	mu    sync.Mutex
	out   io.Writer
	size  func() (columns, lines int)
	inks  inks
	rows  func(columns, lines int) []row // nil: nothing is shown
	drawn []int                          // columns of the rows of the block as it stands
}

var _ io.Writer = (*screen)(nil)

// show draws rows in the place of what is shown. A terminal that cannot be written to is
// no reason to stop sending.
func (s *screen) show(rows func(columns, lines int) []row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = rows
	_ = s.draw(nil)
}

// Write puts whole lines above the block.
func (s *screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.draw(text); err != nil {
		return 0, err
	}
	return len(text), nil
}

// again draws the block for another size of the terminal.
func (s *screen) again() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.draw(nil) // as in show
}

// resume draws the block at the cursor: somebody else has used the terminal.
func (s *screen) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drawn = nil
	_ = s.draw(nil) // as in show
}

// clear takes the block away.
func (s *screen) clear() { s.show(nil) }

// draw writes text where the block stands, and the block below it, all in one write.
func (s *screen) draw(text []byte) error {
	columns, lines := s.size()
	var b bytes.Buffer
	b.WriteString(beginDrawing + "\r")
	if up := s.height(columns); up > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", up)
		if len(text) > 0 || s.rows == nil {
			b.WriteString(eraseBlock)
		}
	}
	if len(text) > 0 {
		b.Write(bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")))
	}
	s.drawn = s.drawn[:0]
	if s.rows != nil {
		b.WriteString(foldNot)
		for _, r := range s.rows(columns, lines) {
			width := columns - 1
			if columns <= 0 {
				width = 79
			}
			b.WriteString(r.line(s.inks, width) + eraseLine + "\r\n")
			s.drawn = append(s.drawn, min(r.columns(), width))
		}
	}
	b.WriteString(eraseBelow + foldAgain + endDrawing)
	_, err := s.out.Write(b.Bytes())
	return err
}

// height is how many lines the block takes in a terminal of so many columns, which folds
// what was drawn when it was wider.
func (s *screen) height(columns int) int {
	var n int
	for _, drawn := range s.drawn {
		n++
		if columns > 0 && drawn > 0 {
			n += (drawn - 1) / columns
		}
	}
	return n
}

// showScenes shows what read returns on a screen, again and again until it is stopped.
// What the returned process says on stderr goes above it.
func showScenes(p *process, g *globals, read func(context.Context) (scene, error)) (*process, *progress) {
	s := &screen{out: p.stderr, size: p.size, inks: p.inks}
	aside := *p
	aside.stderr = s
	aside.log = newLog(&aside, g)
	ctx, cancel := context.WithCancel(context.Background())
	pr := &progress{done: make(chan struct{}), finish: s.clear}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGWINCH, syscall.SIGCONT)
	pr.ended.Go(func() {
		<-pr.done
		cancel()
		signal.Stop(signals)
	})
	pr.ended.Go(func() { s.follow(ctx, signals) })
	pr.ended.Go(func() { s.refresh(ctx, p.now, read) })
	return &aside, pr
}

// follow draws the block again when the terminal has changed.
func (s *screen) follow(ctx context.Context, signals <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case sig := <-signals:
			if sig == syscall.SIGCONT {
				s.resume()
			} else {
				s.again()
			}
		}
	}
}

// refresh shows new scenes. One that cannot be read leaves the one before in its place:
// sending is not to end for that, and says what is wrong itself.
func (s *screen) refresh(ctx context.Context, now func() time.Time, read func(context.Context) (scene, error)) {
	for {
		began := now()
		if scene, err := read(ctx); err == nil {
			s.show(scene.rows)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(readEvery, readShare*now().Sub(began))):
		}
	}
}
