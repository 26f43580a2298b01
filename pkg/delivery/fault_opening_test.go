package delivery_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/delivery"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/smtptest"
)

var (
	loopback = netip.MustParseAddr("127.0.0.1")
	refusing = netip.MustParseAddr("127.0.0.9") // where no server of a test listens
)

// lookup answers with each of the lists once, and with the last one from then on.
type lookup struct {
	mu    sync.Mutex
	lists [][]netip.Addr
	asked int
}

func (l *lookup) resolve(context.Context, string) ([]netip.Addr, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.lists[min(l.asked, len(l.lists)-1)]
	l.asked++
	return list, nil
}

// silent returns an address at which connecting to port gets no answer: the queue of
// a server that takes nothing is full.
func silent(t *testing.T, port int) netip.Addr {
	t.Helper()
	address := netip.AddrFrom4([4]byte{127, 0, 0, 8})
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	check(t, err)
	t.Cleanup(func() { check(t, unix.Close(fd)) })
	check(t, unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: address.As4()}))
	check(t, unix.Listen(fd, 0))
	for range 10 {
		c, err := net.DialTimeout("tcp", netip.AddrPortFrom(address, uint16(port)).String(), 50*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { c.Close() }) // it only fills the queue
	}
	t.Fatal("the queue of connections does not fill")
	return address
}

func TestFault01UnreachableRelayIsWaitedForAndTouchesNobody(t *testing.T) {
	for name, at := range map[string]func(*testing.T, int) netip.Addr{
		"refused":  func(*testing.T, int) netip.Addr { return refusing },
		"time-out": silent,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newTrial(t, inClear, setting{})
			gone := []netip.Addr{at(t, c.relay.Port)}
			names := &lookup{lists: [][]netip.Addr{gone, gone, gone, gone, gone, gone, {loopback}}}
			c.relay.Resolve, c.relay.Timeouts.Connect = names.resolve, 100*time.Millisecond
			waits := &limits{}
			_, b := c.mustSend(delivery.Done, waits.watch)
			b.all(campaign.Accepted).attempts(1, nil)
			if !waits.has("relay") {
				t.Errorf("nobody is told that the relay holds the run back: %q", waits.list)
			}
		})
		t.Run(name+" for good", func(t *testing.T) {
			t.Parallel()
			c := newTrial(t, inClear, setting{})
			c.relay.Resolve = (&lookup{lists: [][]netip.Addr{{at(t, c.relay.Port)}}}).resolve
			c.relay.Timeouts.Connect = 50 * time.Millisecond
			began := c.run.Clock.Now()
			sum, b := c.mustSend(delivery.Halted, func(o *delivery.Options) { o.Halt.Consecutive = 8 })
			b.all(campaign.Pending).attempts(0, nil).conns(0)
			// 1, 2, 4 … 60 s between the tries, a fifth less at worst.
			if took := c.run.Clock.Now().Sub(began); took < 90*time.Second {
				t.Errorf("eight tries within %v: the run does not back off", took)
			}
			if !strings.Contains(sum.Halted, "connect") || sum.Hint == "" {
				t.Errorf("halted by %q, hint %q", sum.Halted, sum.Hint)
			}
		})
	}
}

// limits notes what a run says that holds it back.
type limits struct{ list []string }

func (l *limits) watch(o *delivery.Options) {
	o.Progress = func(e delivery.Event) {
		if e.Limit != "" {
			l.list = append(l.list, e.Limit)
		}
	}
}

func (l *limits) has(limit string) bool {
	for _, each := range l.list {
		if each == limit {
			return true
		}
	}
	return false
}

// newcomers does a to the first n connections, before anything is said.
func newcomers(n int, a smtptest.Action) smtptest.Script {
	return func(e smtptest.Event) smtptest.Action {
		if e.Stage == smtptest.Connect && e.Conn <= n {
			return a
		}
		return smtptest.Action{}
	}
}

func TestFault02BannerThatRefusesIsWaitedFor(t *testing.T) {
	for _, banner := range []string{"421 4.3.2 too busy", "554 5.3.2 no service here"} {
		t.Run(banner[:3], func(t *testing.T) {
			everyWay(t, func(t *testing.T, w way) {
				c := newTrial(t, w, setting{script: newcomers(5, smtptest.Action{Reply: banner})})
				_, b := c.mustSend(delivery.Done)
				b.all(campaign.Accepted).attempts(1, nil)
				if c.server.Conns() < 6 {
					t.Errorf("%d connections, of which five were refused", c.server.Conns())
				}
			})
		})
		t.Run(banner[:3]+" for good", func(t *testing.T) {
			t.Parallel()
			c := newTrial(t, inClear, setting{script: newcomers(1000, smtptest.Action{Reply: banner})})
			sum, b := c.mustSend(delivery.Halted)
			b.all(campaign.Pending).attempts(0, nil).unheard(smtptest.Mail)
			if !strings.Contains(sum.Halted, banner) {
				t.Errorf("halted by %q, want the banner in it", sum.Halted)
			}
		})
	}
}

func TestFault03BannerIsNotWaitedForBeyondItsDeadline(t *testing.T) {
	for name, s := range map[string]setting{
		"never comes": {script: newcomers(1000, smtptest.Action{Silent: true, Then: smtptest.Stall})},
		"trickles": {script: newcomers(1000, smtptest.Action{Reply: "220 " + strings.Repeat("x", 4000)}),
			server: smtptest.Options{Fragment: 1, Pace: 10 * time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newTrial(t, inClear, setting{script: s.script, server: s.server})
			c.relay.Timeouts.Banner = 100 * time.Millisecond
			began := time.Now()
			_, b := c.mustSend(delivery.Halted, func(o *delivery.Options) { o.Halt.Consecutive = 3 })
			b.all(campaign.Pending).attempts(0, nil).unheard(smtptest.EHLO)
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("three tries took %v", took)
			}
		})
	}
	t.Run("comes in the end", func(t *testing.T) {
		everyWay(t, func(t *testing.T, w way) {
			c := newTrial(t, w, setting{script: newcomers(3, smtptest.Action{Silent: true, Then: smtptest.Stall})})
			c.relay.Timeouts.Banner = 300 * time.Millisecond
			_, b := c.mustSend(delivery.Done)
			b.all(campaign.Accepted).attempts(1, nil)
		})
	})
}

func TestFault04HELOWhereEHLOIsRefused(t *testing.T) {
	refused := smtptest.On(smtptest.EHLO, smtptest.Action{Reply: "502 5.5.1 what is that"})
	t.Run("in clear", func(t *testing.T) {
		t.Parallel()
		c := newTrial(t, inLockstep, setting{script: refused})
		_, b := c.mustSend(delivery.Done)
		b.all(campaign.Accepted).attempts(1, nil)
		if len(c.seen.of(smtptest.HELO, "")) == 0 {
			t.Error("HELO was not said")
		}
	})
	t.Run("STARTTLS", func(t *testing.T) {
		t.Parallel()
		c := newTrial(t, overTLS, setting{script: refused})
		_, b := c.mustSend(delivery.Halted)
		b.all(campaign.Pending).attempts(0, nil).unheard(smtptest.Mail)
	})
}

func TestFault05NothingLeavesInClearWhereTLSIsWanted(t *testing.T) {
	stranger, err := smtptest.NewAuthority(time.Now())
	check(t, err)
	misnamed, err := stranger.Issue("another.example")
	check(t, err)
	login := smtptest.Options{Username: "notify", Password: "secret"}
	over := func(o smtptest.Options) smtptest.Options {
		o.TLS, o.Username, o.Password = smtptest.WithSTARTTLS, "notify", "secret"
		return o
	}
	for name, s := range map[string]setting{
		"not offered": {server: login},
		"stripped":    {server: smtptest.Options{Extensions: []string{"XXXXXXXA", "PIPELINING", "AUTH PLAIN LOGIN"}}},
		"refused":     {server: over(smtptest.Options{}), script: smtptest.On(smtptest.STARTTLS, smtptest.Action{Reply: "501 5.5.4 no"})},
		"injected": {server: over(smtptest.Options{}),
			script: smtptest.On(smtptest.STARTTLS, smtptest.Action{Reply: "220 go ahead\r\n250-evil\r\n250 AUTH PLAIN"})},
		"of a stranger":   {server: over(smtptest.Options{})},
		"of another host": {server: over(smtptest.Options{Authority: stranger, Certificate: &misnamed})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newTrial(t, inClear, s)
			c.relay.TLS, c.relay.RootCAs = relay.STARTTLS, stranger.Pool()
			c.relay.Username, c.relay.Password = "notify", secret
			sum, b := c.mustSend(delivery.Halted)
			b.all(campaign.Pending).attempts(0, nil).unheard(smtptest.Auth).unheard(smtptest.Mail)
			if !strings.Contains(sum.Halted, "starttls") || sum.Hint == "" {
				t.Errorf("halted by %q, hint %q", sum.Halted, sum.Hint)
			}
		})
	}
}

func secret(context.Context) (string, error) { return "secret", nil }

func TestFault06AUTHThatIsRefusedHaltsAndThatIsPutOffIsWaitedFor(t *testing.T) {
	for _, w := range []way{inClear, overTLS} {
		for _, test := range []struct {
			reply    string
			end      delivery.End
			accepted int64
		}{
			{"535 5.7.8 bad credentials", delivery.Halted, 0},
			{"454 4.7.0 temporary failure", delivery.Done, 10},
		} {
			t.Run(w.name+" "+test.reply[:3], func(t *testing.T) {
				t.Parallel()
				c := newTrial(t, w, setting{
					server: smtptest.Options{Username: "notify", Password: "secret"},
					script: smtptest.Once(smtptest.Auth, 1, smtptest.Action{Reply: test.reply}),
				})
				c.relay.Username, c.relay.Password = "notify", secret
				sum, b := c.mustSend(test.end, one)
				b.want(states{campaign.Accepted: test.accepted, campaign.Pending: 10 - test.accepted})
				b.attemptsInAll(int(test.accepted))
				if test.end == delivery.Halted && (!strings.Contains(sum.Halted, test.reply[:9]) || len(c.seen.of(smtptest.Auth, "")) != 1) {
					t.Errorf("halted by %q after %d tries", sum.Halted, len(c.seen.of(smtptest.Auth, "")))
				}
			})
		}
	}
}

// one makes a run of one connection.
func one(o *delivery.Options) { o.Connections = 1 }

// TestFault30 gives the relay's name two addresses, the first of them dead. With a
// session for each notice, a dead address that is asked each time costs seconds.
func TestFault30DeadAddressOfTheRelayCostsItsShareOnce(t *testing.T) {
	for name, at := range map[string]func(*testing.T, int) netip.Addr{
		"refused":  func(*testing.T, int) netip.Addr { return refusing },
		"time-out": silent,
	} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, w way) {
				c := newTrial(t, w, setting{})
				c.relay.Host = "localhost" // as the certificate says
				c.relay.Resolve = (&lookup{lists: [][]netip.Addr{{at(t, c.relay.Port), loopback}}}).resolve
				c.relay.Timeouts.Connect = time.Second
				began := time.Now()
				_, b := c.mustSend(delivery.Done, one, func(o *delivery.Options) { o.PerSession = 1 })
				b.all(campaign.Accepted).attempts(1, nil).conns(10)
				if took := time.Since(began); took > 3*time.Second {
					t.Errorf("ten sessions took %v: half a second for the dead address was to be spent once", took)
				}
			})
		})
	}
}
