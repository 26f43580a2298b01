package campaign

import (
	"slices"
	"testing"
)

func TestMoves(t *testing.T) {
	legal := map[State][]State{
		Pending:  {Sending, Deferred, Rejected},
		Sending:  {Accepted, Deferred, Rejected, InDoubt},
		Accepted: {Bounced},
		Deferred: {Sending, Deferred, Rejected},
		Rejected: nil,
		Bounced:  nil,
		InDoubt:  {Accepted, Bounced},
	}
	if len(legal) != len(States()) {
		t.Fatalf("the table has %d states of %d", len(legal), len(States()))
	}
	for _, from := range States() {
		for _, to := range States() {
			want := slices.Contains(legal[from], to)
			if got := from.CanMove(to); got != want {
				t.Errorf("%s to %s: CanMove is %v, want %v", from, to, got, want)
			}
			if got := Legal(from, to) == nil; got != want {
				t.Errorf("%s to %s: Legal allows it: %v, want %v", from, to, got, want)
			}
		}
	}
	if State("lost").Valid() || State("lost").CanMove(Sending) || Pending.CanMove("lost") {
		t.Error("a state that does not exist is valid or can be moved from or to")
	}
}

func TestOpenStatesAreThoseThatAreStillToBeSent(t *testing.T) {
	for _, s := range States() {
		want := s == Pending || s == Sending || s == Deferred
		if s.Open() != want || !s.Valid() {
			t.Errorf("%s: open %v, valid %v", s, s.Open(), s.Valid())
		}
	}
}

func TestNoticeCountsAddUp(t *testing.T) {
	var c NoticeCounts
	for i, s := range States() {
		c.Add(s, int64(1)<<i)
	}
	var sum int64
	for i, s := range States() {
		if got := c.Of(s); got != int64(1)<<i {
			t.Errorf("%s is counted %d times, want %d", s, got, int64(1)<<i)
		}
		sum += c.Of(s)
	}
	if c.Total != sum {
		t.Errorf("total is %d, the sum of the states %d", c.Total, sum)
	}
	if got := c.Left() + c.Failed() + c.Accepted; got != c.Total {
		t.Errorf("left, failed and accepted are %d of %d", got, c.Total)
	}
	if got := c.Of("lost"); got != 0 {
		t.Errorf("%d notices are in a state that does not exist", got)
	}
}

func TestPhases(t *testing.T) {
	left := NoticeCounts{Total: 3, Accepted: 1, Pending: 1, Rejected: 1}
	failed := NoticeCounts{Total: 2, Accepted: 1, InDoubt: 1}
	done := NoticeCounts{Total: 2, Accepted: 2}
	paused := Activity{Phase: PhasePaused}
	cases := []struct {
		name             string
		counts           NoticeCounts
		started, running bool
		activity         Activity
		halted           string
		want             Phase
	}{
		{"never started", NoticeCounts{Total: 1, Pending: 1}, false, false, Activity{}, "", PhasePlanned},
		{"sending", left, true, true, Activity{Phase: PhaseSending}, "", PhaseSending},
		{"running, and said nothing yet", left, true, true, Activity{}, "", PhaseSending},
		{"running after a halt", left, true, true, Activity{}, "too many", PhaseSending},
		{"running and done, before its end is recorded", done, true, true, Activity{}, "", PhaseSending},
		{"paused", left, true, true, paused, "", PhasePaused},
		{"died while it paused", left, true, false, paused, "", PhaseIncomplete},
		{"halted", left, true, false, Activity{}, "too many", PhaseHalted},
		{"stopped", left, true, false, Activity{}, "", PhaseIncomplete},
		{"only deferred are left", NoticeCounts{Total: 1, Deferred: 1}, true, false, Activity{}, "", PhaseIncomplete},
		{"died while it sent", NoticeCounts{Total: 1, Sending: 1}, true, false, Activity{}, "", PhaseIncomplete},
		{"one rejected", NoticeCounts{Total: 1, Rejected: 1}, true, false, Activity{}, "", PhaseFailed},
		{"one bounced", NoticeCounts{Total: 1, Bounced: 1}, true, false, Activity{}, "", PhaseFailed},
		{"one in doubt", failed, true, false, Activity{}, "", PhaseFailed},
		{"halted by the last one", failed, true, false, Activity{}, "too many", PhaseFailed},
		{"all accepted", done, true, false, Activity{}, "", PhaseComplete},
		{"all accepted before a halt", done, true, false, Activity{}, "too many", PhaseComplete},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := PhaseOf(c.counts, c.started, c.running, c.activity, c.halted); got != c.want {
				t.Errorf("phase is %s, want %s", got, c.want)
			}
		})
	}
}
