package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/smtptest"
)

var killSeed = flag.Uint64("kill.seed", 0, "repeat the moments of the kills with this seed; 0: a new one")

// What TestKill does. All kills together use up fewer notices than there are, so that
// each strikes a process that sends.
const (
	kills       = 20
	leastTotal  = 2000 // notices
	maxMessages = 80   // between the start of a run and its kill
	maxSpare    = 10   // that get a reply after the kill was decided on
	// serverPause keeps every session busy with a reply that has yet to come, so that
	// a kill at any moment strikes notices on their way.
	serverPause = 300 * time.Microsecond
)

// tripwire goes off at a moment of the server's progress: with the last of some events
// of a stage, or a fraction of a millisecond later. From then on it lets only a few more
// messages pass, so that a kill that is late on a busy machine does not use up the
// campaign.
type tripwire struct {
	mu      sync.Mutex
	conns   int // there were before the run: what is left of a dead one does not count
	stage   smtptest.Stage
	events  int // still to come; 0: it goes off or has
	after   time.Duration
	spare   int
	tripped chan struct{}
	freed   chan struct{} // closed when nothing is to be held any more
}

// set sets the wire at a random moment, and returns the moment in words. Most are some
// messages further on. Others are when the program has seen that the relay answers,
// and moves to in doubt what the run before has left; and when it opens a session.
func (w *tripwire) set(random *rand.Rand, conns int) string {
	after := time.Duration(random.Int64N(int64(time.Millisecond)))
	switch random.IntN(6) {
	case 0:
		return w.setAt(conns, smtptest.Quit, 1, after)
	case 1:
		return w.setAt(conns, smtptest.EHLO, 1+random.IntN(2), after)
	}
	return w.setAt(conns, smtptest.Dot, 1+random.IntN(maxMessages), after)
}

// setAt sets the wire at the last of some events of a stage, or somewhat later, and
// returns the moment in words.
func (w *tripwire) setAt(conns int, stage smtptest.Stage, events int, after time.Duration) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns, w.stage, w.events, w.after, w.spare = conns, stage, events, after, maxSpare
	w.tripped, w.freed = make(chan struct{}), make(chan struct{})
	return fmt.Sprintf("%s %d and %s", stage, events, after)
}

func (w *tripwire) script(e smtptest.Event) smtptest.Action {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case e.Conn <= w.conns:
	case w.events > 0 && e.Stage == w.stage:
		if w.events--; w.events == 0 {
			tripped := w.tripped
			time.AfterFunc(w.after, func() { close(tripped) })
		}
	case w.events == 0 && e.Stage == smtptest.Dot:
		if w.spare == 0 {
			return smtptest.Action{Until: w.freed}
		}
		w.spare--
	}
	return smtptest.Action{}
}

func (w *tripwire) free() { close(w.freed) }

// newKillRandom is where the moments of the kills come from.
func newKillRandom(t *testing.T) *rand.Rand {
	t.Helper()
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("to repeat: -kill.seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// TestKill kills the sender again and again, each time at another moment, and holds
// what the ledger says against what the mail server took: nobody is missing, nobody is
// mailed twice, and a kill leaves at most one notice a session in doubt.
func TestKill(t *testing.T) {
	t.Parallel()
	random := newKillRandom(t)
	world := newDemoWorld(2400)
	if n := world.notices(); n < leastTotal {
		t.Fatalf("the campaign has %d notices, want %d or more", n, leastTotal)
	}
	wire := &tripwire{}
	pause := smtptest.Action{Delay: serverPause}
	c := newTrial(t, world, trialSessions, wire.script, world.script(), smtptest.On(smtptest.Dot, pause), smtptest.On(smtptest.Data, pause))
	var before int64
	for n := range kills {
		moment := wire.set(random, c.server.Conns())
		c.killAt(t, wire, "send")
		status, _ := c.audit(t)
		struck := struckBy(t, status.Notices, before)
		t.Logf("kill %d at %s: %d mailed, %d more in doubt", n+1, moment, c.counted, struck-before)
		before = struck
	}
	if before == 0 {
		t.Error("no kill has struck a notice on its way: nothing is shown")
	}
	c.resume(t, exitFailures) // some mailboxes refuse their notice
	c.checkEnd(t, before)
}

// struckBy returns how many notices the kills so far have struck on their way: before,
// and at most one a session more by the last.
func struckBy(t *testing.T, n campaign.NoticeCounts, before int64) int64 {
	t.Helper()
	struck := n.InDoubt + n.Sending
	if more := struck - before; more < 0 || more > trialSessions || n.Sending > trialSessions {
		t.Fatalf("%d more are in doubt or sending, want 0 to %d: %+v", more, trialSessions, n)
	}
	return struck
}

// killAt sends by a command until the wire goes off, and kills the process.
func (c *trial) killAt(t *testing.T, wire *tripwire, command ...string) {
	t.Helper()
	p := c.start(t, append(command, "--yes", "--quiet")...)
	await(t, p, wire.tripped, "the moment of its kill has come")
	p.kill(t)
	wire.free()
}

// TestKillWhileTheReplyIsHeld kills the sender at the moment when the server has read
// something and the reply is due. Only after the final dot is it not known whether the
// server takes the notice; before, it is certainly not taken and goes out later.
func TestKillWhileTheReplyIsHeld(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		stage   smtptest.Stage
		inDoubt int64
		code    int
	}{
		"to the recipient": {smtptest.Rcpt, 0, exitDone},
		"to DATA":          {smtptest.Data, 0, exitDone},
		"to the final dot": {smtptest.Dot, 1, exitFailures},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			point := newCheckpoint(test.stage, holdFirst)
			c := newTrial(t, kindWorld(60), 1, point.script)
			p := c.send(t)
			held := p.reach(t, point, 1)
			p.kill(t)
			status, states := c.audit(t)
			if n := status.Notices; n.Sending != test.inDoubt || n.Pending != n.Total-test.inDoubt {
				t.Fatalf("%+v, want %d sending and all others pending", n, test.inDoubt)
			}
			said := c.run(t, exitDone, "status").stdout.String()
			if left := fmt.Sprintf("%d sending: by a process that died", test.inDoubt); status.Notices.Sending != status.Abandoned ||
				strings.Contains(said, left) != (test.inDoubt > 0) {
				t.Errorf("%d of %d sending are abandoned; status says:\n%s", status.Abandoned, status.Notices.Sending, said)
			}
			struck := inState(states, campaign.Sending)
			for _, n := range struck {
				if n.mailbox != strings.ToLower(held.To) {
					t.Errorf("%+v is sending, want the notice to %s", n, held.To)
				}
			}
			point.open() // the server takes it, and tells nobody
			c.resume(t, test.code)
			c.checkEnd(t, test.inDoubt)
			for _, n := range struck {
				if c.taken[n] != 1 {
					t.Errorf("the server saw %+v %d times, want once", n, c.taken[n])
				}
			}
		})
	}
}
