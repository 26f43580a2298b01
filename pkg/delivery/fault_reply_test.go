package delivery_test

import (
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/delivery"
	"breachnotify/pkg/smtptest"
)

// nonsense is what is no reply to the commands that it is said to.
var nonsense = map[string]string{
	"no code":         "yes",
	"a code too far":  "650 2.0.0 fine",
	"two codes":       "250-one\r\n451 two",
	"an endless line": "250 " + strings.Repeat("x", 1<<20),
	"an endless list": strings.Repeat("250-x\r\n", 1<<17) + "250 x",
	"a megabyte":      strings.Repeat("250-"+strings.Repeat("x", 1000)+"\r\n", 1<<10) + "250 x",
	"binary":          "\x00\xff\x16\x03\x01",
}

func TestFault20ReplyThatIsNoneCostsTheSessionAndNothingIsGuessed(t *testing.T) {
	for name, reply := range nonsense {
		for _, test := range []struct {
			stage    smtptest.Stage
			doubtful int64
			attempts int // that are lost
		}{
			{smtptest.Mail, 0, 0}, {smtptest.Rcpt, 0, 1}, {smtptest.Data, 0, 1}, {smtptest.Dot, 1, 0},
		} {
			t.Run(name+" at "+string(test.stage), func(t *testing.T) {
				t.Parallel()
				some := ways
				if name != "no code" && name != "a megabyte" {
					some = []way{overTLS}
				}
				theseWays(t, some, func(t *testing.T, w way) {
					c := newTrial(t, w, setting{script: smtptest.Once(test.stage, 1, smtptest.Action{Reply: reply})})
					_, b := c.mustSend(delivery.Done, one)
					b.want(states{campaign.Accepted: 10 - test.doubtful, campaign.InDoubt: test.doubtful})
					b.attemptsInAll(10 + test.attempts)
				})
			})
		}
	}
	t.Run("several lines are one reply", func(t *testing.T) {
		everyWay(t, func(t *testing.T, w way) {
			lines := smtptest.Action{Reply: "250-2.0.0 one\r\n250-2.0.0 two\r\n250 2.0.0 three"}
			c := newTrial(t, w, setting{script: smtptest.Chain(smtptest.On(smtptest.Mail, lines), smtptest.On(smtptest.Rcpt, lines), smtptest.On(smtptest.Dot, lines))})
			_, b := c.mustSend(delivery.Done, one)
			b.all(campaign.Accepted).attempts(1, nil).conns(1).reply(mailbox(1), "one two three")
		})
	})
}

// TestFault20 goes on with 3xx where none is due: it may belong to another command, so
// that also the dot that was sent together with the command is in doubt.
func TestFault20ReplyOutOfStepIsNotBelieved(t *testing.T) {
	for _, test := range []struct {
		stage    smtptest.Stage
		reply    string
		doubtful int64
	}{
		{smtptest.Mail, "354 go ahead", 0}, {smtptest.Rcpt, "354 go ahead", 0}, {smtptest.Data, "250 2.0.0 fine", 0},
		{smtptest.Dot, "354 go ahead", 1},
	} {
		for where, nth := range map[string]int{"the first": 1, "the fourth": 4} {
			t.Run(string(test.stage)+" "+where, func(t *testing.T) {
				everyWay(t, func(t *testing.T, w way) {
					c := newTrial(t, w, setting{script: smtptest.Once(test.stage, nth, smtptest.Action{Reply: test.reply})})
					_, b := c.mustSend(delivery.Done, one)
					doubtful := test.doubtful
					if nth > 1 && test.stage != smtptest.Dot {
						doubtful = 1 // the notice before, whose reply came with this one
					}
					b.want(states{campaign.Accepted: 10 - doubtful, campaign.InDoubt: doubtful})
				})
			})
		}
	}
}

// TestFault21 lets the relay send its replies in every shape and number. What the
// books say of each notice is held against what became of that very notice.
func TestFault21NoReplyIsReadForAnotherNotice(t *testing.T) {
	refuseSome := smtptest.Chain(
		smtptest.Refuse("550 5.1.1 no such user", mailbox(2), mailbox(7)),
		smtptest.For(mailbox(5), smtptest.Dot, smtptest.Action{Reply: "554 5.6.0 content"}),
	)
	for name, fragment := range map[string]int{"byte by byte": 1, "seven bytes at a time": 7, "together": 0} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, w way) {
				c := newTrial(t, w, setting{script: refuseSome, server: smtptest.Options{Fragment: fragment}})
				_, b := c.mustSend(delivery.Done, one)
				b.want(states{campaign.Accepted: 7, campaign.Rejected: 3}).attempts(1, nil).conns(1)
				b.reply(mailbox(2), "5.1.1").reply(mailbox(7), "5.1.1").reply(mailbox(5), "554 5.6.0")
			})
		})
	}
	for name, test := range map[string]struct {
		stage  smtptest.Stage
		action smtptest.Action
		cut    time.Duration // how long the client waits for that reply; 0: long enough
		most   int64         // in doubt
	}{
		"one extra after the dot":     {smtptest.Dot, smtptest.Action{Reply: "250 2.0.0 queued\r\n250 2.0.0 queued"}, 0, 1},
		"a refusal too much":          {smtptest.Dot, smtptest.Action{Reply: "250 2.0.0 queued\r\n550 5.1.1 no such user"}, 0, 1},
		"one extra after MAIL":        {smtptest.Mail, smtptest.Action{Reply: "250 2.1.0 ok\r\n250 2.1.0 ok"}, 0, 1},
		"one extra after RCPT":        {smtptest.Rcpt, smtptest.Action{Reply: "250 2.1.5 ok\r\n550 5.1.1 no such user"}, 0, 1},
		"one extra after DATA":        {smtptest.Data, smtptest.Action{Reply: "354 go\r\n250 2.0.0 queued"}, 0, 1},
		"one too few":                 {smtptest.Rcpt, smtptest.Action{Silent: true}, 700 * time.Millisecond, 1},
		"a dot that is answered late": {smtptest.Dot, smtptest.Action{Delay: 1500 * time.Millisecond}, 700 * time.Millisecond, 1},
		"MAIL that is answered late":  {smtptest.Mail, smtptest.Action{Delay: 1500 * time.Millisecond}, 700 * time.Millisecond, 0},
		"DATA that is answered late":  {smtptest.Data, smtptest.Action{Delay: 1500 * time.Millisecond}, 700 * time.Millisecond, 0},
	} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, w way) {
				c := newTrial(t, w, setting{script: smtptest.Once(test.stage, 4, test.action)})
				if test.cut > 0 {
					c.relay.Timeouts.Mail, c.relay.Timeouts.Rcpt, c.relay.Timeouts.Data, c.relay.Timeouts.Dot = test.cut, test.cut, test.cut, test.cut
				}
				_, b := c.mustSend(delivery.Done, one)
				doubtful := b.status.Notices.InDoubt
				b.want(states{campaign.Accepted: 10 - doubtful, campaign.InDoubt: doubtful})
				if doubtful > test.most {
					t.Errorf("%d in doubt, want no more than %d", doubtful, test.most)
				}
			})
		})
	}
}

// quotas are what providers say when a sender is too fast or has sent enough.
var quotas = []struct {
	name  string
	stage smtptest.Stage
	reply string
	end   delivery.End  // of the run that hears it
	wait  time.Duration // that the run says or keeps
}{
	{"SES throttles", smtptest.Data, "454 4.7.0 Throttling failure: Maximum sending rate exceeded", delivery.Done, 0},
	{"SES throttles at the dot", smtptest.Dot, "454 4.7.0 Throttling failure: Maximum sending rate exceeded", delivery.Done, 0},
	{"Exchange is busy", smtptest.Dot, "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", delivery.Done, 0},
	{"Exchange is busy at RCPT", smtptest.Rcpt, "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", delivery.Done, 0},
	{"a relay that names a time", smtptest.Mail, "451 4.7.1 sending rate exceeded, try again in 10 minutes", delivery.Done, 10 * time.Minute},
	{"Gmail has had enough", smtptest.Dot, "421 4.7.28 unusual rate of unsolicited mail", delivery.Done, 0},
	{"Gmail's day is full", smtptest.Rcpt, "550 5.4.5 Daily user sending limit exceeded", delivery.Halted, 24 * time.Hour},
	{"Gmail's day is full at the dot", smtptest.Dot, "550 5.4.5 Daily user sending limit exceeded", delivery.Halted, 24 * time.Hour},
	{"cPanel's hour is full", smtptest.Rcpt, "550 Domain example.com has exceeded the max emails per hour (100/100 (100%)) allowed", delivery.Halted, time.Hour},
	{"Outlook wants DMARC", smtptest.Dot, "550 5.7.515 Access denied, sending domain does not meet the required authentication level", delivery.Halted, 0},
	{"a block list", smtptest.Rcpt, "554 5.7.1 Service unavailable; client host is on a block list", delivery.Halted, 0},
}

func TestFault22QuotaPausesOrHaltsTheRunAndRejectsNobody(t *testing.T) {
	for _, q := range quotas {
		t.Run(q.name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, w way) {
				c := newTrial(t, w, setting{script: smtptest.Once(q.stage, 4, smtptest.Action{Reply: q.reply})})
				c.run.Redial.First, c.run.Redial.Max = 30*time.Minute, time.Hour // long enough to be seen on a busy machine
				waits := &limits{}
				sum, b := c.mustSend(q.end, one, waits.watch)
				if b.status.Notices.Rejected+b.status.Notices.InDoubt != 0 {
					t.Errorf("somebody pays for a quota: %+v", b.status.Notices)
				}
				b.attemptsInAll(int(b.status.Notices.Accepted))
				if q.end == delivery.Halted {
					c.goesOnAfterTheHalt(sum, b, q.reply, q.wait)
					return
				}
				b.all(campaign.Accepted)
				if !waits.has("relay") {
					t.Errorf("nobody is told that the relay holds the run back: %q", waits.list)
				}
				at := c.seen.of(q.stage, "")
				if waited := at[4].at.Sub(at[3].at); waited < max(q.wait, c.run.Redial.First*8/10) {
					t.Errorf("the run went on after %v", waited)
				}
			})
		})
	}
}

// goesOnAfterTheHalt holds what a halted run says, and begins again at once, as somebody
// does who has had the quota raised.
func (c *trial) goesOnAfterTheHalt(sum delivery.Summary, b books, reply string, wait time.Duration) {
	c.t.Helper()
	if !strings.Contains(sum.Halted, reply) || sum.Hint == "" {
		c.t.Errorf("halted by %q, hint %q", sum.Halted, sum.Hint)
	}
	if left := sum.Hold.Until.Sub(sum.Ended); wait > 0 && (left > wait || left < wait/2 || !strings.Contains(sum.Hint, sum.Hold.Until.UTC().Format(time.RFC3339))) {
		c.t.Errorf("it leaves %+v, and the hint %q; want a wait of %v", sum.Hold, sum.Hint, wait)
	}
	if n := b.status.Notices; n.Accepted != 3 || n.Left() != 7 {
		c.t.Errorf("%+v, want three accepted and seven left", n)
	}
	began := c.run.Clock.Now()
	_, b = c.mustSend(delivery.Done)
	b.all(campaign.Accepted).attempts(1, nil)
	if took := c.run.Clock.Now().Sub(began); took > 12*time.Hour { // an hour is a second of a busy machine
		c.t.Errorf("the next run took %v", took)
	}
}
