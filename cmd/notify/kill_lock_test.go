package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/smtptest"
)

// held is a sender that holds its ledger: every session waits for the reply to a final
// dot.
type held struct {
	*trial
	process *child
	dots    *checkpoint
}

func newHeld(t *testing.T) held {
	t.Helper()
	const passed = 20
	dots := newCheckpoint(smtptest.Dot, holdAfter(passed))
	c := newTrial(t, kindWorld(300), trialSessions, dots.script)
	p := c.send(t)
	p.reach(t, dots, passed+trialSessions)
	return held{trial: c, process: p, dots: dots}
}

// refused starts a second sender, which must be refused before it goes near the relay.
func (h held) refused(t *testing.T) {
	t.Helper()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	before := h.server.Conns()
	second := h.send(t)
	second.exits(t, exitRefused)
	want := fmt.Sprintf("pid %d on %s\n", h.process.cmd.Process.Pid, host)
	if got := second.stderr.String(); !strings.Contains(got, want) || !strings.Contains(got, "hint: ") {
		t.Errorf("stderr is %q, want the holder, %q, and a hint", got, want)
	}
	if second.stdout.Len() > 0 {
		t.Errorf("stdout is %q, want nothing", &second.stdout)
	}
	if after := h.server.Conns(); after != before {
		t.Errorf("the second process opened %d connections", after-before)
	}
}

func TestSecondSendIsRefusedAndDisturbsNothing(t *testing.T) {
	h := newHeld(t)
	h.refused(t)
	status := h.status(t)
	if status.State != campaign.PhaseSending || status.Notices.Sending != trialSessions {
		t.Errorf("%s, %+v, want it sending, with %d on their way", status.State, status.Notices, trialSessions)
	}
	h.dots.open()
	h.process.exits(t, exitDone)
	h.checkEnd(t, 0)
}

// TestDeadHolderDoesNotBlock starts the next sender as soon as the system has taken
// the dead one away, with nothing in between that could clean up.
func TestDeadHolderDoesNotBlock(t *testing.T) {
	h := newHeld(t)
	h.refused(t)
	h.process.kill(t)
	next := h.send(t)
	h.dots.open()
	next.exits(t, exitFailures)
	h.checkEnd(t, trialSessions)
}
