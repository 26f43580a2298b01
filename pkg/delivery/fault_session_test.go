package delivery_test

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/delivery"
	"breachnotify/pkg/ledger"
	"breachnotify/pkg/notice"
	"breachnotify/pkg/smtptest"
	"breachnotify/pkg/throttle"
)

// TestFault27 changes one thing after a part was sent, and asks for what a command asks
// before it sends.
func TestFault27ChangedPlanIsNamed(t *testing.T) {
	c := newTrial(t, inClear, setting{})
	c.mustSend(delivery.Limited, func(o *delivery.Options) { o.Limit = 3 })
	book, err := ledger.OpenReadOnly(t.Context(), c.path)
	check(t, err)
	defer book.Close()
	frozen, _, err := book.Frozen(t.Context())
	check(t, err)
	now := c.run.Composer.(*notice.Set).Digests()
	if changed := campaign.Changed(frozen.Parts, now); len(changed) != 0 {
		t.Errorf("without a change, %q are changed", changed)
	}
	for name, change := range map[string]func(map[string]string){
		"templates/en/password.md": func(parts map[string]string) { parts["templates/en/password.md"] = "00" },
		"templates/layout.html":    func(parts map[string]string) { delete(parts, "templates/layout.html") },
		"incident.what_happened":   func(parts map[string]string) { parts["incident.what_happened"] = "00" },
	} {
		parts := maps.Clone(now)
		change(parts)
		if changed := campaign.Changed(frozen.Parts, parts); !slices.Equal(changed, []string{name}) {
			t.Errorf("%q are changed, want %s", changed, name)
		}
	}
}

// swaying is a clock that is set, or a machine that was suspended, once a number of
// readings were taken.
type swaying struct {
	mu    sync.Mutex
	left  int // readings until then
	step  time.Duration
	steps bool // the wall is set, and the monotonic reading goes on
}

func (s *swaying) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left--
	now := time.Now()
	if s.left > 0 {
		return now
	}
	if s.steps {
		now = now.Round(0) // what is left of a reading whose wall was set
	}
	return now.Add(s.step)
}

func (s *swaying) After(d time.Duration) <-chan time.Time { return time.After(d) }

func TestFault28ClockThatIsSetMakesNoBurstAndNoStall(t *testing.T) {
	const rate = 100.0
	for name, clock := range map[string]*swaying{
		"stepped back":    {step: -time.Hour, steps: true},
		"stepped forward": {step: time.Hour, steps: true},
		"suspended":       {step: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newTrial(t, inClear, setting{notices: 60})
			clock.left = 150
			c.run.Clock = clock
			_, b := c.mustSend(delivery.Done, func(o *delivery.Options) { o.Pace.Rate = rate })
			b.all(campaign.Accepted).attempts(1, nil)
			if clock.left > 0 {
				t.Fatalf("the clock was read %d times too few", clock.left)
			}
			at := c.seen.of(smtptest.Mail, "") // on a clock of the trial's own, which nobody sets
			took := at[len(at)-1].at.Sub(at[0].at) / hurry
			if took > 10*time.Second {
				t.Errorf("60 notices at %.0f/s took %v: the run stalls", rate, took)
			}
			for i := range at {
				// In the time of each stretch no more than the rate and a burst may go; the
				// network may bring together what went apart.
				for j := i + 20; j < len(at); j++ {
					stretch := (at[j].at.Sub(at[i].at) / hurry).Seconds()
					if most := rate*(stretch+0.05) + rate/10 + 2; float64(j-i+1) > most {
						t.Fatalf("%d notices within %.3f s: a burst", j-i+1, stretch)
					}
				}
			}
		})
	}
}

// TestFault29 closes after every N messages, as providers do, in each of the manners.
func TestFault29ServerThatClosesAfterEveryNFailsNobody(t *testing.T) {
	manners := map[string]func(n int) smtptest.Script{
		"closes":    smtptest.CloseAfter,
		"dismisses": smtptest.DismissAfter,
		"resets": func(n int) smtptest.Script {
			return afterDot(n, smtptest.Action{Reply: "250 2.0.0 the last one", Then: smtptest.Abort})
		},
		"refuses": func(n int) smtptest.Script {
			return atRcpt(n, smtptest.Action{Reply: "452 4.5.3 too many messages on this connection"})
		},
	}
	for i, n := range []int{5, 20, 50, 100} {
		for name, script := range manners {
			t.Run(fmt.Sprint(name, " after ", n), func(t *testing.T) {
				t.Parallel()
				some := ways
				if name == "resets" || name == "refuses" {
					some = []way{ways[i%len(ways)]}
				}
				theseWays(t, some, func(t *testing.T, w way) {
					c := newTrial(t, w, setting{notices: 105, script: script(n)})
					c.run.Clock = throttle.System{} // nothing is to be waited for
					sum, b := c.mustSend(delivery.Done, one)
					b.all(campaign.Accepted).attempts(1, nil).conns((105 + n - 1) / n)
					if want := (delivery.Tally{Tried: 105, Accepted: 105}); sum.Tally != want {
						t.Errorf("%+v, want %+v", sum.Tally, want)
					}
				})
			})
		}
	}
}

// TestFault29 goes on with the limit that smtp.messages_per_connection sets: with it the
// server never has to close.
func TestFault29SessionsAreReplacedBeforeTheServerClosesThem(t *testing.T) {
	for i, n := range []int{1, 5, 20, 50, 100} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			theseWays(t, []way{ways[i%len(ways)]}, func(t *testing.T, w way) {
				c := newTrial(t, w, setting{notices: 105, script: atMail(n, smtptest.Action{Silent: true, Then: smtptest.Abort})})
				c.run.Clock = throttle.System{}
				sum, b := c.mustSend(delivery.Done, one, func(o *delivery.Options) { o.PerSession = n })
				b.all(campaign.Accepted).attempts(1, nil).conns((105 + n - 1) / n)
				if want := (delivery.Tally{Tried: 105, Accepted: 105}); sum.Tally != want {
					t.Errorf("%+v, want %+v", sum.Tally, want)
				}
				if quits, mails := len(c.seen.of(smtptest.Quit, "")), len(c.seen.of(smtptest.Mail, "")); quits != c.server.Conns() || mails != 105 {
					t.Errorf("%d times QUIT over %d connections, %d times MAIL", quits, c.server.Conns(), mails)
				}
			})
		})
	}
}
