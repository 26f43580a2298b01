package main

import (
	"os"
	"slices"
	"testing"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/smtptest"
)

// TestSignalInFullFlight interrupts the sender while every session waits for the reply
// to a final dot: what is on its way is finished and recorded, and the next run goes on
// where this one stopped.
func TestSignalInFullFlight(t *testing.T) {
	const passed = 40
	dots := newCheckpoint(smtptest.Dot, holdAfter(passed))
	// The pause leaves the process much more time to take the signal in than it needs.
	pause := smtptest.On(smtptest.Dot, smtptest.Action{Delay: serverPause})
	c := newTrial(t, kindWorld(600), trialSessions, dots.script, pause)
	p := c.send(t)
	p.reach(t, dots, passed+trialSessions)
	p.signal(t, os.Interrupt)
	dots.open()
	p.exits(t, exitInterrupted)
	status, _ := c.audit(t)
	n := status.Notices
	if status.State != campaign.PhaseIncomplete || n.Accepted < passed+trialSessions || n.Accepted+n.Pending != n.Total {
		t.Errorf("%s, %+v, want it incomplete, with what was in flight accepted and all else pending", status.State, n)
	}
	if int64(c.counted) != n.Accepted {
		t.Errorf("the server took %d, the ledger says %d", c.counted, n.Accepted)
	}
	c.resume(t, exitDone)
	c.checkEnd(t, 0)
	if got := c.interrupted(t); !slices.Equal(got, []bool{true, false}) {
		t.Errorf("the report calls the runs interrupted: %v, want the first", got)
	}
}

// interrupted is a sender that has taken in a first SIGINT while the server holds the
// reply to one final dot.
type interrupted struct {
	*trial
	process *child
	dots    *checkpoint // holds the reply
}

// newInterrupted brings two notices on their way, each over a session of its own: the
// replies to DATA wait for one another. The session that is not held says goodbye when
// the signal is taken in, which shows that the next signal is the second: two that
// come too close together count as one.
func newInterrupted(t *testing.T) interrupted {
	t.Helper()
	data := newCheckpoint(smtptest.Data, func(nth int) bool { return nth <= 2 })
	dots := newCheckpoint(smtptest.Dot, holdFirst)
	goodbyes := newCheckpoint(smtptest.Quit, holdNone)
	c := newTrial(t, kindWorld(60), 2, data.script, dots.script, goodbyes.script)
	p := c.send(t, "--limit", "2")
	p.reach(t, data, 2)
	data.open()
	p.reach(t, dots, 2)
	p.reach(t, goodbyes, 1) // of the session that only saw whether the relay answers
	p.signal(t, os.Interrupt)
	p.reach(t, goodbyes, 1)
	return interrupted{trial: c, process: p, dots: dots}
}

func TestFirstSignalWaitsForTheReply(t *testing.T) {
	c := newInterrupted(t)
	if n := c.status(t).Notices; n.Sending != 1 || n.Accepted != 1 {
		t.Errorf("%+v, want one notice still on its way and the other accepted", n)
	}
	c.dots.open()
	c.process.exits(t, exitInterrupted)
	status, _ := c.audit(t)
	if n := status.Notices; n.Accepted != 2 || n.Pending != n.Total-2 {
		t.Errorf("%+v, want 2 accepted and the others pending", n)
	}
	c.resume(t, exitDone)
	c.checkEnd(t, 0)
	if got := c.interrupted(t); !slices.Equal(got, []bool{true, false}) {
		t.Errorf("the report calls the runs interrupted: %v, want the first", got)
	}
}

// TestSecondSignalStopsAtOnce does not give the reply before the process has ended: it
// waits for minutes if it waits for the reply.
func TestSecondSignalStopsAtOnce(t *testing.T) {
	c := newInterrupted(t)
	c.process.signal(t, os.Interrupt)
	c.process.exits(t, exitInterrupted)
	status, states := c.audit(t)
	if n := status.Notices; n.InDoubt != 1 || n.Accepted != 1 || n.Pending != n.Total-2 {
		t.Fatalf("%+v, want one in doubt, one accepted and the others pending", n)
	}
	c.dots.open() // the server takes it after all
	c.resume(t, exitFailures)
	c.checkEnd(t, 1)
	if got := c.interrupted(t); !slices.Equal(got, []bool{true, false}) {
		t.Errorf("the report calls the runs interrupted: %v, want the first", got)
	}
	for _, n := range inState(states, campaign.InDoubt) {
		if c.taken[n] != 1 {
			t.Errorf("the server saw %+v %d times, want once", n, c.taken[n])
		}
	}
}
