package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/smtptest"
)

// How TestKillWhileResending strikes: first about the time that it takes to make the
// generation, then as TestKill does. All kills together use up fewer notices than come
// back.
const (
	resendKills     = 6
	generationKills = 2
	generationTime  = 30 * time.Millisecond
)

// TestKillWhileResending brings every notice back and kills what sends them again, at
// one moment after the other: when the new generation is made, too, which is made of all
// or nothing. In the end everybody has one more notice, but for what is in doubt.
func TestKillWhileResending(t *testing.T) {
	t.Parallel()
	random := newKillRandom(t)
	wire := &tripwire{}
	pause := smtptest.Action{Delay: serverPause}
	c := newTrial(t, kindWorld(900), trialSessions, wire.script, smtptest.On(smtptest.Dot, pause), smtptest.On(smtptest.Data, pause))
	if n, most := len(c.expected), resendKills*(maxMessages+maxSpare+trialSessions); n < most {
		t.Fatalf("the campaign has %d notices, want %d or more", n, most)
	}
	c.resume(t, exitDone)
	c.comeBack(t)

	var before int64
	for n := range resendKills {
		moment := wire.set(random, c.server.Conns())
		if n < generationKills { // it is made when the program has seen that the relay answers
			moment = wire.setAt(c.server.Conns(), smtptest.Quit, 1, time.Duration(random.Int64N(int64(generationTime))))
		}
		c.killAt(t, wire, "resend", "--bounced")
		status, _ := c.audit(t)
		if back, all := status.Notices.Bounced, status.Notices.Total; back != 0 && back != all {
			t.Fatalf("kill %d: %d of %d notices have a new generation", n+1, all-back, all)
		}
		struck := struckBy(t, status.Notices, before)
		t.Logf("kill %d at %s: %d without a new generation, %d mailed, %d more in doubt", n+1, moment, status.Notices.Bounced, c.counted, struck-before)
		before = struck
	}
	code := exitDone
	if before > 0 {
		code = exitFailures
	}
	for range 2 { // the second time there is nothing to send
		c.run(t, code, "resend", "--bounced", "--yes", "--quiet")
		c.checkEnd(t, before)
	}
}

// comeBack imports a bounce for each notice that the server took, and counts anew from
// there.
func (c *trial) comeBack(t *testing.T) {
	t.Helper()
	messages := c.server.Messages()
	folder := filepath.Join(c.dir, "returned")
	noError(t, os.Mkdir(folder, 0o700))
	for i, m := range messages {
		header, _, _ := bytes.Cut(m.Data, []byte("\r\n\r\n"))
		noError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.eml", i)), bounceMail(time.Now(), m.From, m.To, "failed", "4.2.2", string(header)), 0o600))
	}
	c.run(t, exitDone, "bounces", "import", folder)
	c.counted, c.taken = len(messages), map[demoNotice]int{}
	_, states := c.audit(t)
	if n := len(inState(states, campaign.Bounced)); n != len(c.expected) {
		t.Fatalf("%d notices have bounced, want all %d", n, len(c.expected))
	}
}
