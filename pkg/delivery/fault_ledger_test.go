package delivery_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/delivery"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/ledger"
	"breachnotify/pkg/smtptest"
	"breachnotify/pkg/throttle"
)

// resumes sends what a broken run has left, and holds the end against what was lost in
// the crash: whatever was on its way is in doubt, and everybody else is told once.
func (c *trial) resumes(at string, connections int) {
	c.t.Helper()
	c.fault = nil
	lost := c.audit().status.Notices.Sending
	if lost > int64(connections) {
		c.t.Errorf("%s: %d are on their way over %d connections", at, lost, connections)
	}
	_, b := c.mustSend(delivery.Done)
	b.want(states{campaign.Accepted: int64(c.notices) - lost, campaign.InDoubt: lost})
	if c.t.Failed() {
		c.t.Fatalf("broken %s", at)
	}
}

// TestFault23 breaks a run at each of its writes in turn: before the commit, so that it
// has not happened, and after it, so that nobody learns that it has.
func TestFault23RunThatBreaksAtAnyWriteIsResumedWithNobodyLostOrToldTwice(t *testing.T) {
	everyWay(t, func(t *testing.T, w way) {
		const connections = 3
		for n := 1; ; n++ {
			c := newTrial(t, w, setting{notices: 9})
			c.run.Clock = throttle.System{} // else it notes its activity all the time
			points, broke := 0, ""
			c.fault = func(point string) error {
				if points++; points >= n {
					broke = fmt.Sprintf("%s, point %d", point, n)
					return syscall.EIO
				}
				return nil
			}
			_, err := c.send(func(o *delivery.Options) { o.Connections = connections })
			if broke == "" {
				check(t, err)
				c.audit().all(campaign.Accepted)
				if n < 10 { // as few as that if all sessions share each commit
					t.Errorf("the run has %d points only", n-1)
				}
				return
			}
			if !errors.Is(err, syscall.EIO) || !errors.Is(err, ledger.ErrStopped) {
				t.Fatalf("%s: the run ends with %v", broke, err)
			}
			c.resumes(broke, connections)
			check(t, c.server.Close())
		}
	})
}

// TestFault23 goes on with processes that die as in a power cut, at a sample of their
// writes.
func TestFault23KilledProcessIsResumedWithNobodyLostOrToldTwice(t *testing.T) {
	const connections = 3
	for _, n := range []int{1, 2, 3, 4, 5, 6, 8, 9, 11, 14, 17, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			c := newTrial(t, inClear, setting{notices: 24}) // more than 17 points, however well commits are shared
			said := orders{Path: c.path, Port: c.relay.Port, Connections: connections, KillAt: n}.start(t).last()
			if want := map[bool]string{true: "done"}[n == 1000]; said != want {
				t.Fatalf("the process says %q, want %q", said, want)
			}
			c.resumes(fmt.Sprint("killed at point ", n), connections)
		})
	}
}

// TestFault24 has the disk fail at a commit: also fsync says EIO (fsync(2)).
func TestFault24DiskThatFailsStopsTheRunBeforeTheNextDot(t *testing.T) {
	for _, cause := range []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EROFS} {
		for _, point := range []string{ledger.BeforeCommit, ledger.AfterCommit} {
			for _, connections := range []int{1, 4} {
				t.Run(fmt.Sprint(cause, " ", point, " ", connections), func(t *testing.T) {
					everyWay(t, func(t *testing.T, w way) { diskFails(t, w, cause, point, connections) })
				})
			}
		}
	}
}

func diskFails(t *testing.T, w way, cause error, point string, connections int) {
	c := newTrial(t, w, setting{notices: 20})
	dots := -1 // when the disk failed
	c.fault = func(at string) error {
		if at != point || dots < 0 && len(c.server.Messages()) < 5 {
			return nil
		}
		if dots < 0 {
			dots = len(c.seen.of(smtptest.Dot, ""))
		}
		return cause
	}
	sum, err := c.send(func(o *delivery.Options) { o.Connections = connections })
	if sum.End != delivery.Failed || !errors.Is(err, cause) || len(hint.Of(err)) == 0 {
		t.Errorf("the run ended %s with %v, hints %q", sum.End, err, hint.Of(err))
	}
	// What was on the wire then is not called back.
	if after := len(c.seen.of(smtptest.Dot, "")); after > dots+connections-1 {
		t.Errorf("%d dots when the disk failed, %d in the end", dots, after)
	}
	c.resumes(cause.Error(), connections)
}

// TestFault24 goes on with a write that the system itself refuses: the log of the ledger
// may not grow beyond a limit.
func TestFault24FileThatCannotGrowStopsTheRun(t *testing.T) {
	for _, room := range []int64{64 << 10, 200 << 10} {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			t.Parallel()
			c := newTrial(t, inClear, setting{notices: 60})
			info, err := os.Stat(c.path)
			check(t, err)
			said := orders{Path: c.path, Port: c.relay.Port, Connections: 2, Room: room}.start(t).last()
			if !strings.Contains(said, "the disk f") { // is full, or failed
				t.Fatalf("the process says %q; the ledger has %d octets", said, info.Size())
			}
			if got := len(c.server.Messages()); got == 60 {
				t.Fatal("the process sent everything")
			}
			c.resumes(said, 2)
		})
	}
}

// TestFault25 damages the ledger of a campaign that is half sent.
func TestFault25DamagedLedgerIsRefusedAndNobodyIsTold(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"cut off":         func(b []byte) []byte { return b[:len(b)-4096] },
		"cut in a page":   func(b []byte) []byte { return b[:len(b)/2+100] },
		"empty":           func([]byte) []byte { return nil },
		"another file":    func(b []byte) []byte { return bytes.Repeat([]byte("no ledger "), len(b)/10) },
		"zeroed":          func(b []byte) []byte { clear(b[4096 : len(b)/2]); return b },
		"another mailbox": func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("user4"), []byte("evil4")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newTrial(t, inClear, setting{notices: 40})
			c.mustSend(delivery.Limited, func(o *delivery.Options) { o.Limit = 7 })
			whole, err := os.ReadFile(c.path)
			check(t, err)
			lock, err := os.ReadFile(c.path + ".lock")
			check(t, err)
			check(t, os.WriteFile(c.path, damage(bytes.Clone(whole)), 0o600))
			if _, err := c.send(); !errors.Is(err, ledger.ErrCorrupt) || len(hint.Of(err)) == 0 {
				t.Errorf("the run ends with %v, want ErrCorrupt with a hint", err)
			}
			if got := len(c.server.Received()); got != 7 {
				t.Fatalf("%d notices went out, want the 7 from before the damage", got)
			}
			check(t, os.WriteFile(c.path, whole, 0o600))
			check(t, os.WriteFile(c.path+".lock", lock, 0o600)) // it knows of the run that was refused
			_, b := c.mustSend(delivery.Done)
			b.all(campaign.Accepted).attempts(1, nil)
		})
	}
}

// TestFault25 goes on with the log beside a ledger, which holds what was sent last by a
// process that died.
func TestFault25LedgerWithoutItsLogIsRefusedAndNobodyIsToldTwice(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"missing": nil,
		"empty":   func([]byte) []byte { return nil },
		"in half": func(b []byte) []byte { return b[:len(b)/2] },
		"zeroed":  func(b []byte) []byte { clear(b[len(b)/2:]); return b },
		"one bit": func(b []byte) []byte { b[len(b)/3] ^= 1; return b },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newTrial(t, inClear, setting{notices: 40})
			if said := (orders{Path: c.path, Port: c.relay.Port, Connections: 1, KillAt: 60}).start(t).last(); said != "" {
				t.Fatalf("the process says %q, want it killed", said)
			}
			sent := len(c.server.Received())
			if sent < 10 || sent > 35 {
				t.Fatalf("%d notices went out before the kill: nothing is shown", sent)
			}
			log, err := os.ReadFile(c.path + "-wal")
			check(t, err)
			check(t, os.Remove(c.path+"-wal"))
			if damage != nil {
				check(t, os.WriteFile(c.path+"-wal", damage(bytes.Clone(log)), 0o600))
			}
			for range 2 {
				if _, err := c.send(); !errors.Is(err, ledger.ErrCorrupt) || len(hint.Of(err)) == 0 {
					t.Errorf("the run ends with %v, want ErrCorrupt with a hint", err)
				}
			}
			if got := len(c.server.Received()); got != sent {
				t.Fatalf("%d notices went out over a damaged ledger", got-sent)
			}
			check(t, os.WriteFile(c.path+"-wal", log, 0o600))
			c.resumes(name, 1)
		})
	}
}

func TestFault26SecondProcessIsRefusedAndADeadOneDoesNotBlock(t *testing.T) {
	taken, release := make(chan struct{}), make(chan struct{})
	c := newTrial(t, inClear, setting{script: smtptest.Chain(
		func(e smtptest.Event) smtptest.Action {
			if e.Stage == smtptest.Dot && e.Taken == 3 {
				close(taken)
				return smtptest.Action{Until: release}
			}
			return smtptest.Action{}
		},
	)})
	first := orders{Path: c.path, Port: c.relay.Port, Connections: 1}.start(t)
	<-taken
	_, err := c.send()
	var held *ledger.HeldError
	host, _ := os.Hostname()
	if !errors.As(err, &held) || held.PID != first.cmd.Process.Pid || held.Host != host {
		t.Errorf("the second process gets %v, want pid %d on %s", err, first.cmd.Process.Pid, host)
	}
	if n := c.audit().status.Notices; n.Accepted != 3 || n.Sending != 1 {
		t.Errorf("the second process disturbs: %+v", n)
	}
	first.kill()
	c.mend()
	close(release)
	_, b := c.mustSend(delivery.Done)
	b.want(states{campaign.Accepted: 9, campaign.InDoubt: 1})
}
