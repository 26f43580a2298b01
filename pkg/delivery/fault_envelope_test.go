package delivery_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/delivery"
	"breachnotify/pkg/smtptest"
)

func TestFault07SenderThatIsRefusedHaltsAfterOne(t *testing.T) {
	for name, taken := range map[string]int{"at once": 0, "in the middle": 4} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, w way) {
				c := newTrial(t, w, setting{script: smtptest.Once(smtptest.Mail, taken+1, smtptest.Action{Reply: "550 5.7.1 sender not allowed"})})
				sum, b := c.mustSend(delivery.Halted, one)
				b.want(states{campaign.Accepted: int64(taken), campaign.Pending: int64(10 - taken)}).attemptsInAll(taken)
				if got := len(c.seen.of(smtptest.Mail, "")); got != taken+1 {
					t.Errorf("MAIL was said %d times, want %d", got, taken+1)
				}
				if !strings.Contains(sum.Halted, "550 5.7.1 sender not allowed") || sum.Hint == "" {
					t.Errorf("halted by %q, hint %q", sum.Halted, sum.Hint)
				}
				_, b = c.mustSend(delivery.Done)
				b.all(campaign.Accepted).attempts(1, nil)
			})
		})
	}
}

// apart returns how long after the first event of a stage to a recipient the second
// came.
func (c *trial) apart(stage smtptest.Stage, to string) time.Duration {
	c.t.Helper()
	tries := c.seen.of(stage, to)
	if len(tries) != 2 {
		c.t.Fatalf("%d tries at %s to %s, want 2", len(tries), stage, to)
	}
	return tries[1].at.Sub(tries[0].at)
}

func TestFault08GreylistedNoticeIsSentOnceAfterTheWait(t *testing.T) {
	for _, test := range []struct {
		reply string
		wait  time.Duration
	}{
		{"450 4.7.1 greylisted", 4 * time.Minute}, // retry.first, a fifth less at worst
		{"450 4.7.1 greylisted, try again in 900 seconds", 15 * time.Minute},
		{"451 4.7.1 come back in 00:10:00", 10 * time.Minute},
	} {
		t.Run(test.reply, func(t *testing.T) {
			everyWay(t, func(t *testing.T, w way) {
				c := newTrial(t, w, setting{script: smtptest.Greylist(1, test.reply, mailbox(3), mailbox(4))})
				sum, b := c.mustSend(delivery.Done)
				b.all(campaign.Accepted).attempts(1, map[string]int{mailbox(3): 2, mailbox(4): 2})
				if sum.Tally.Deferred != 2 {
					t.Errorf("%d deferred, want 2", sum.Tally.Deferred)
				}
				for _, to := range []string{mailbox(3), mailbox(4)} {
					if waited := c.apart(smtptest.Rcpt, to); waited < test.wait {
						t.Errorf("tried again after %v, want %v", waited, test.wait)
					}
				}
			})
		})
	}
	t.Run("everybody", func(t *testing.T) {
		t.Parallel()
		c := newTrial(t, inClear, setting{notices: 50, script: smtptest.Greylist(1, "450 4.7.1 greylisted")})
		_, b := c.mustSend(delivery.Done)
		b.all(campaign.Accepted).attempts(2, nil)
	})
}

func TestFault09UnknownMailboxIsRejectedAndTheSessionGoesOn(t *testing.T) {
	everyWay(t, func(t *testing.T, w way) {
		c := newTrial(t, w, setting{script: smtptest.Refuse("550 5.1.1 no such user", mailbox(1), mailbox(5), mailbox(10))})
		_, b := c.mustSend(delivery.Done, one)
		b.want(states{campaign.Accepted: 7, campaign.Rejected: 3}).attempts(1, nil).conns(1)
		for _, to := range []string{mailbox(1), mailbox(5), mailbox(10)} {
			b.reply(to, "550 5.1.1 no such user")
			if tries := len(c.seen.of(smtptest.Rcpt, to)); tries != 1 || b.dots[to] != 0 {
				t.Errorf("%d tries and %d dots to a mailbox that does not exist", tries, b.dots[to])
			}
		}
	})
}

func TestFault10FullSessionIsReplacedAndNobodyPays(t *testing.T) {
	for _, reply := range []string{"452 4.5.3 too many recipients", "552 5.5.3 too many recipients", "452 too many messages on this connection"} {
		t.Run(reply, func(t *testing.T) {
			everyWay(t, func(t *testing.T, w way) {
				c := newTrial(t, w, setting{script: func(e smtptest.Event) smtptest.Action {
					if e.Stage == smtptest.Rcpt && e.Taken == 3 {
						return smtptest.Action{Reply: reply}
					}
					return smtptest.Action{}
				}})
				sum, b := c.mustSend(delivery.Done, one)
				b.all(campaign.Accepted).attempts(1, nil).conns(4)
				if sum.Tally.Deferred != 0 {
					t.Errorf("%d were deferred", sum.Tally.Deferred)
				}
			})
		})
	}
	t.Run("a full mailbox is its owner's", func(t *testing.T) {
		everyWay(t, func(t *testing.T, w way) {
			c := newTrial(t, w, setting{script: smtptest.Greylist(1, "452 4.2.2 mailbox full", mailbox(4))})
			_, b := c.mustSend(delivery.Done)
			b.all(campaign.Accepted).attempts(1, map[string]int{mailbox(4): 2})
		})
	})
}

func TestFault11SessionThatEndsBetweenMessagesCostsNoAttempt(t *testing.T) {
	for name, script := range map[string]smtptest.Script{
		"421 to MAIL":       smtptest.DismissAfter(3),
		"421 without MAIL":  afterDot(3, smtptest.Action{Reply: "250 2.0.0 queued\r\n421 4.4.2 idle for too long", Then: smtptest.Drop}),
		"EOF":               smtptest.CloseAfter(3),
		"reset":             afterDot(3, smtptest.Action{Reply: "250 2.0.0 queued", Then: smtptest.Abort}),
		"dropped at MAIL":   atMail(3, smtptest.Action{Silent: true, Then: smtptest.Drop}),
		"reset at MAIL":     atMail(3, smtptest.Action{Silent: true, Then: smtptest.Abort}),
		"RCPT gets the 421": atRcpt(3, smtptest.Action{Reply: "421 4.3.0 enough", Then: smtptest.Drop}),
	} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, w way) {
				c := newTrial(t, w, setting{script: script})
				sum, b := c.mustSend(delivery.Done, one)
				b.all(campaign.Accepted).attempts(1, nil).conns(4)
				if sum.Tally.Deferred != 0 {
					t.Errorf("%d were deferred", sum.Tally.Deferred)
				}
			})
		})
	}
}

// afterDot does a at the final dot of the nth message of each connection.
func afterDot(n int, a smtptest.Action) smtptest.Script { return having(smtptest.Dot, n-1, a) }

// atMail and atRcpt do a to the transaction after the nth message of each connection.
func atMail(n int, a smtptest.Action) smtptest.Script { return having(smtptest.Mail, n, a) }
func atRcpt(n int, a smtptest.Action) smtptest.Script { return having(smtptest.Rcpt, n, a) }

// having does a at the events of a stage on connections that have taken n messages.
func having(stage smtptest.Stage, n int, a smtptest.Action) smtptest.Script {
	return func(e smtptest.Event) smtptest.Action {
		if e.Stage == stage && e.Taken == n {
			return a
		}
		return smtptest.Action{}
	}
}

func TestFault12SessionThatDropsInAnEnvelopeIsRetried(t *testing.T) {
	for _, stage := range []smtptest.Stage{smtptest.Rcpt, smtptest.Data} {
		for name, end := range map[string]smtptest.End{"EOF": smtptest.Drop, "reset": smtptest.Abort} {
			for _, nth := range []int{1, 4} {
				t.Run(fmt.Sprint(stage, " ", name, " ", nth), func(t *testing.T) {
					everyWay(t, func(t *testing.T, w way) {
						c := newTrial(t, w, setting{script: smtptest.Once(stage, nth, smtptest.Action{Silent: true, Then: end})})
						sum, b := c.mustSend(delivery.Done, one)
						b.all(campaign.Accepted).attemptsInAll(11)
						if sum.Tally.Deferred != 1 || len(c.server.Received()) != 10 || c.server.Conns() < 2 {
							t.Errorf("%d deferred, %d received over %d connections", sum.Tally.Deferred, len(c.server.Received()), c.server.Conns())
						}
					})
				})
			}
		}
	}
}

// TestFault12 goes on with a relay that leaves once it has said 354. Whether that is
// seen before the dot is handed over is chance, so that the notice is either retried or
// in doubt.
func TestFault12SessionThatDropsInTheBodyIsRetriedOrInDoubt(t *testing.T) {
	for name, end := range map[string]smtptest.End{"EOF": smtptest.Drop, "reset": smtptest.Abort} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, w way) {
				c := newTrial(t, w, setting{script: smtptest.Once(smtptest.Body, 4, smtptest.Action{Then: end})})
				_, b := c.mustSend(delivery.Done, one)
				doubtful := b.status.Notices.InDoubt
				b.want(states{campaign.Accepted: 10 - doubtful, campaign.InDoubt: doubtful}).attemptsInAll(11 - int(doubtful))
				if doubtful > 1 || len(c.server.Received()) != 10-int(doubtful) {
					t.Errorf("%d in doubt, %d received", doubtful, len(c.server.Received()))
				}
			})
		})
	}
}
