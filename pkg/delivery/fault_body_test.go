package delivery_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/delivery"
	"breachnotify/pkg/ledger"
	"breachnotify/pkg/notice"
	"breachnotify/pkg/smtptest"
)

// bulky makes one message larger than what the kernel takes off a writer whose peer
// does not read.
type bulky struct {
	delivery.Composer
	to string
}

func (c bulky) Compose(r notice.Recipient) (notice.Message, error) {
	m, err := c.Composer.Compose(r)
	if r.To.Wire() == c.to {
		m.Bytes = append(m.Bytes, bytes.Repeat([]byte(strings.Repeat("word ", 190)+"\r\n"), 12<<10)...)
	}
	return m, err
}

func TestFault13PeerThatStopsReadingIsLeftAndTheNoticeRetried(t *testing.T) {
	for _, w := range []way{inClear, overTLS} {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			once := smtptest.Once(smtptest.Body, 1, smtptest.Action{Then: smtptest.Stall})
			unlimited := smtptest.Options{Extensions: []string{"PIPELINING", "ENHANCEDSTATUSCODES"}}
			c := newTrial(t, w, setting{server: unlimited, script: func(e smtptest.Event) smtptest.Action {
				if e.To == mailbox(4) {
					return once(e)
				}
				return smtptest.Action{}
			}})
			c.relay.Timeouts.Block = 2 * time.Second
			c.run.Composer = bulky{c.run.Composer, mailbox(4)}
			_, b := c.mustSend(delivery.Done)
			b.all(campaign.Accepted).attempts(1, map[string]int{mailbox(4): 2})
		})
	}
}

func TestFault14MessageThatIsPutOffIsDeferred(t *testing.T) {
	reply := smtptest.Action{Reply: "451 4.3.0 local error"}
	t.Run("once", func(t *testing.T) {
		everyWay(t, func(t *testing.T, w way) {
			c := newTrial(t, w, setting{script: smtptest.Once(smtptest.Dot, 3, reply)})
			sum, b := c.mustSend(delivery.Done)
			b.all(campaign.Accepted).attemptsInAll(11)
			if sum.Tally.Deferred != 1 || len(c.server.Received()) != 11 {
				t.Errorf("%d deferred, %d dots", sum.Tally.Deferred, len(c.server.Received()))
			}
		})
	})
	t.Run("for good", func(t *testing.T) {
		everyWay(t, func(t *testing.T, w way) {
			c := newTrial(t, w, setting{script: smtptest.For(mailbox(2), smtptest.Dot, reply)})
			_, b := c.mustSend(delivery.Done, func(o *delivery.Options) { o.Retry.Attempts = 3 })
			b.want(states{campaign.Accepted: 9, campaign.Rejected: 1}).attempts(1, map[string]int{mailbox(2): 3})
			b.reply(mailbox(2), "451 4.3.0 local error")
		})
	})
	t.Run("without waiting", func(t *testing.T) {
		t.Parallel()
		c := newTrial(t, inClear, setting{script: smtptest.For(mailbox(2), smtptest.Dot, reply)})
		sum, b := c.mustSend(delivery.Waiting, func(o *delivery.Options) { o.NoWait = true })
		b.want(states{campaign.Accepted: 9, campaign.Deferred: 1}).reply(mailbox(2), "451")
		if b.status.NextAttempt == nil || !sum.Next.After(c.run.Clock.Now().Add(-time.Hour)) {
			t.Errorf("the next attempt is at %v and %v", b.status.NextAttempt, sum.Next)
		}
	})
}

func TestFault15MessageThatIsRefusedIsRejectedAndTheSessionGoesOn(t *testing.T) {
	everyWay(t, func(t *testing.T, w way) {
		c := newTrial(t, w, setting{script: smtptest.For(mailbox(2), smtptest.Dot, smtptest.Action{Reply: "554 5.6.0 content"})})
		_, b := c.mustSend(delivery.Done, one)
		b.want(states{campaign.Accepted: 9, campaign.Rejected: 1}).attempts(1, nil).reply(mailbox(2), "554 5.6.0").conns(1)
		if b.dots[mailbox(2)] != 1 {
			t.Errorf("a refused message was sent %d times", b.dots[mailbox(2)])
		}
	})
}

func TestFault16LostReplyToTheDotIsInDoubtAndNeverResent(t *testing.T) {
	for name, a := range map[string]smtptest.Action{
		"reset":        {Silent: true, Then: smtptest.Abort},
		"EOF":          {Silent: true, Then: smtptest.Drop},
		"time-out":     {Silent: true, Then: smtptest.Stall},
		"half a reply": {Reply: "250-2.0.0 queued", Then: smtptest.Drop},
	} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, w way) { lostReply(t, w, a, 5) })
		})
		for _, nth := range []int{1, 10} {
			t.Run(fmt.Sprint(name, " of number ", nth), func(t *testing.T) {
				t.Parallel()
				lostReply(t, inClear, a, nth)
			})
		}
	}
	t.Run("every session at once", func(t *testing.T) {
		everyWay(t, func(t *testing.T, w way) {
			c := newTrial(t, w, setting{notices: 40, script: func(e smtptest.Event) smtptest.Action {
				if e.Stage == smtptest.Dot && e.Conn <= 4 && e.Taken == 2 {
					return smtptest.Action{Silent: true, Then: smtptest.Abort}
				}
				return smtptest.Action{}
			}})
			_, b := c.mustSend(delivery.Done, func(o *delivery.Options) { o.Connections = 4 })
			b.want(states{campaign.Accepted: 36, campaign.InDoubt: 4}).attempts(1, nil)
		})
	})
}

// lostReply loses the reply to the nth dot of ten.
func lostReply(t *testing.T, w way, a smtptest.Action, nth int) {
	c := newTrial(t, w, setting{script: smtptest.Once(smtptest.Dot, nth, a)})
	if a.Then == smtptest.Stall {
		c.relay.Timeouts.Dot = time.Second
	}
	sum, b := c.mustSend(delivery.Done, one)
	b.want(states{campaign.Accepted: 9, campaign.InDoubt: 1}).attempts(1, nil).conns(2 - nth/10)
	if sum.Tally.InDoubt != 1 {
		t.Errorf("the run counts %d in doubt", sum.Tally.InDoubt)
	}
	_, again := c.mustSend(delivery.Done)
	again.want(states{campaign.Accepted: 9, campaign.InDoubt: 1})
	if got := len(c.server.Received()); got != 10 {
		t.Errorf("%d messages came in all, want 10", got)
	}
}

// TestFault17 has the time-outs of every other stage pass while the relay thinks: the
// minutes of RFC 5321 section 4.5.3.2.6, in tenths of a second.
func TestFault17DotThatIsAnsweredAfterMinutesIsAccepted(t *testing.T) {
	everyWay(t, func(t *testing.T, w way) {
		c := newTrial(t, w, setting{script: smtptest.Once(smtptest.Dot, 3, smtptest.Action{Delay: 1500 * time.Millisecond})})
		short := 800 * time.Millisecond
		c.relay.Timeouts.Mail, c.relay.Timeouts.Rcpt, c.relay.Timeouts.Data, c.relay.Timeouts.Block = short, short, short, short
		_, b := c.mustSend(delivery.Done, one)
		b.all(campaign.Accepted).attempts(1, nil).conns(1)
	})
}

// TestFault18 lets the process end after the relay has said 250 and before that is
// durable. How a real death looks is in TestFault23.
func TestFault18EndBetween250AndTheRecordLeavesOneInDoubt(t *testing.T) {
	everyWay(t, func(t *testing.T, w way) {
		c := newTrial(t, w, setting{})
		died := errors.New("the process ends here")
		c.fault = func(point string) error {
			if point == ledger.BeforeCommit && len(c.server.Messages()) == 4 {
				return died
			}
			return nil
		}
		if _, err := c.send(one); !errors.Is(err, died) {
			t.Fatalf("the run ends with %v", err)
		}
		c.audit().want(states{campaign.Accepted: 3, campaign.Sending: 1, campaign.Pending: 6})
		c.fault = nil
		_, b := c.mustSend(delivery.Done)
		b.want(states{campaign.Accepted: 9, campaign.InDoubt: 1}).attempts(1, nil)
		if got := len(c.server.Received()); got != 10 {
			t.Errorf("%d messages came in all, want 10", got)
		}
	})
}

func TestFault19FateOfTheGoodbyeChangesNothing(t *testing.T) {
	for name, a := range map[string]smtptest.Action{
		"EOF":      {Silent: true, Then: smtptest.Drop},
		"reset":    {Silent: true, Then: smtptest.Abort},
		"time-out": {Silent: true, Then: smtptest.Stall},
		"refused":  {Reply: "500 5.5.1 no"},
		"nonsense": {Reply: strings.Repeat("bye ", 1000)},
	} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, w way) {
				c := newTrial(t, w, setting{script: smtptest.On(smtptest.Quit, a)})
				c.relay.Timeouts.Quit = 100 * time.Millisecond
				_, b := c.mustSend(delivery.Done)
				b.all(campaign.Accepted).attempts(1, nil)
				if len(c.seen.of(smtptest.Quit, "")) == 0 {
					t.Error("QUIT was not said")
				}
			})
		})
	}
}
