package main

import (
	"sync"
	"testing"

	"breachnotify/pkg/smtptest"
)

// checkpoint tells the test of every event of a stage, and lets the server hold its
// reply to chosen ones until it is opened: a moment that a test can act in.
type checkpoint struct {
	stage  smtptest.Stage
	holds  func(nth int) bool // from 1
	came   chan smtptest.Event
	opened chan struct{}

	mu  sync.Mutex
	nth int
}

func newCheckpoint(stage smtptest.Stage, holds func(nth int) bool) *checkpoint {
	const plenty = 1 << 14 // events of any trial, so that the server never waits for the test
	return &checkpoint{stage: stage, holds: holds, came: make(chan smtptest.Event, plenty), opened: make(chan struct{})}
}

func (p *checkpoint) script(e smtptest.Event) smtptest.Action {
	if e.Stage != p.stage {
		return smtptest.Action{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nth++
	p.came <- e
	if !p.holds(p.nth) {
		return smtptest.Action{}
	}
	return smtptest.Action{Until: p.opened}
}

func (p *checkpoint) open() { close(p.opened) }

// reach waits until the process has brought the server to a checkpoint n more times,
// and returns the last event.
func (p *child) reach(t *testing.T, point *checkpoint, n int) (last smtptest.Event) {
	t.Helper()
	for range n {
		last = await(t, p, point.came, "the server has come to "+string(point.stage))
	}
	return last
}

// What a checkpoint can hold.
func holdNone(int) bool              { return false }
func holdFirst(nth int) bool         { return nth == 1 }
func holdAfter(n int) func(int) bool { return func(nth int) bool { return nth > n } }
