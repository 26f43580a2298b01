package delivery_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/delivery"
	"breachnotify/pkg/ledger"
	"breachnotify/pkg/notice"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/smtptest"
	"breachnotify/pkg/throttle"
	"breachnotify/templates"
)

// way is how a trial speaks with its relay.
type way struct {
	name     string
	tls      smtptest.TLS
	lockstep bool
}

var (
	inClear    = way{name: "in clear"}
	inLockstep = way{name: "in lockstep", lockstep: true}
	overTLS    = way{name: "STARTTLS", tls: smtptest.WithSTARTTLS}
	ways       = []way{inClear, inLockstep, overTLS}
)

// everyWay runs test once for each way, at the same time, and along with whatever else
// runs in parallel.
func everyWay(t *testing.T, test func(t *testing.T, w way)) {
	t.Helper()
	t.Parallel()
	theseWays(t, ways, test)
}

func theseWays(t *testing.T, ways []way, test func(t *testing.T, w way)) {
	t.Helper()
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			test(t, w)
		})
	}
}

// trial is a campaign of which nothing is faked: a ledger on disk, the built-in
// notices, and a relay over TCP, which misbehaves.
type trial struct {
	t       *testing.T
	notices int
	path    string
	server  *smtptest.Server
	relay   relay.Options
	run     delivery.Options // without a ledger and a sender
	fault   func(point string) error
	seen    *events
}

// setting is what differs from one trial to the next. The zero one is ten notices to
// a relay that takes everything.
type setting struct {
	notices int
	script  smtptest.Script
	server  smtptest.Options // besides its Script and what the way says
}

// hurry is how much faster than the machine's the clock of a trial runs: five
// minutes take a tenth of a second.
const hurry = 3000

func newTrial(t *testing.T, w way, s setting) *trial {
	t.Helper()
	c := &trial{t: t, notices: cmp.Or(s.notices, 10), seen: &events{}}
	clock := hurried{time.Now()}
	c.path = planned(t, c.notices)
	c.serve(w, s, clock)
	c.relay = relay.Options{
		Host: "127.0.0.1", Port: c.server.Port(), TLS: relay.NoTLS, DSN: true,
		Timeouts: relay.Timeouts{Connect: patience, Banner: patience, EHLO: patience, STARTTLS: patience, Auth: patience,
			Mail: patience, Rcpt: patience, Data: patience, Block: patience, Dot: patience, Quit: patience},
	}
	if authority := c.server.Authority(); authority != nil {
		c.relay.TLS, c.relay.RootCAs = relay.STARTTLS, authority.Pool()
	}
	var err error
	c.run, err = plainOptions()
	check(t, err)
	c.run.Clock = clock
	return c
}

// patience is time enough for anything that a busy machine does over loopback.
const patience = 10 * time.Second

// background is for what outlives a test's own context.
var background = context.Background()

// plainOptions are those of a run on the machine's own clock, without a ledger and a
// sender.
func plainOptions() (delivery.Options, error) {
	notices, err := builtIn()
	return delivery.Options{
		Composer:    notices,
		Envelope:    func(n campaign.Notice) string { return "bounces+" + n.ID + "@example.com" },
		Clock:       throttle.System{},
		Random:      func() float64 { return 0.5 },
		Connections: 2,
		Retry:       throttle.Backoff{First: 5 * time.Minute, Max: 4 * time.Hour, Attempts: 6},
		Redial:      throttle.Backoff{First: time.Second, Max: time.Minute},
		Halt:        throttle.Halt{Rejected: 1, After: 100, Consecutive: 20},
	}, err
}

// builtIn are the notices of the program itself.
var builtIn = sync.OnceValues(func() (*notice.Set, error) {
	return notice.Load(notice.Options{
		FS: templates.FS, MessageIDDomain: "example.com", DefaultLocale: "en",
		Facts: notice.Facts{
			Organisation: "Example Media",
			From:         &mail.Address{Name: "Example Security", Address: "security@example.com"},
			Incident: map[string]string{
				"what_happened": "A third party got in.", "what_information": "E-mail addresses.",
				"what_we_are_doing": "We closed the hole.", "discovered": "2026-09-08",
			},
			Links: map[string]string{
				notice.LinkReset: "https://example.com/reset", notice.LinkSignOut: "https://example.com/security",
				notice.LinkHelp: "https://example.com/help",
			},
		},
	})
})

// serve starts the relay. It notes every event, and asks the script of the setting
// until the trial is mended.
func (c *trial) serve(w way, s setting, clock hurried) {
	c.t.Helper()
	o := s.server
	o.TLS, o.Now = max(o.TLS, w.tls), clock.Now
	if w.lockstep {
		o.Extensions = []string{"SIZE 10485760", "ENHANCEDSTATUSCODES", "DSN"}
	}
	o.Script = func(e smtptest.Event) smtptest.Action {
		if mended := c.seen.note(e, clock.Now()); mended || s.script == nil {
			return smtptest.Action{}
		}
		return s.script(e)
	}
	var err error
	c.server, err = smtptest.Start(o)
	check(c.t, err)
	c.t.Cleanup(func() { check(c.t, c.server.Close()) })
}

// mend makes a relay of good behaviour of the trial's.
func (c *trial) mend() {
	c.seen.mu.Lock()
	defer c.seen.mu.Unlock()
	c.seen.mended = true
}

// send is one run of send, from the opening of the ledger to its end. As a command
// does, it takes a failure of the ledger for the end of everything.
func (c *trial) send(change ...func(*delivery.Options)) (sum delivery.Summary, err error) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 30*time.Second)
	defer cancel()
	book, err := ledger.Open(ctx, c.path, ledger.Options{Fault: c.fault})
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	if _, err = book.Begin(ctx, c.run.Clock.Now()); err != nil {
		return sum, err
	}
	mailer, err := relay.New(c.relay)
	check(c.t, err)
	o := c.run
	o.Ledger, o.Sender = book, sender{mailer}
	for _, f := range change {
		f(&o)
	}
	sum, err = delivery.Run(ctx, nil, o)
	return sum, errors.Join(err, book.End(context.WithoutCancel(ctx), campaign.RunEnd{At: o.Clock.Now(), Halted: sum.Halted}))
}

// mustSend is send for a run that nothing but the relay disturbs. It returns after it
// has held the books of both sides against each other.
func (c *trial) mustSend(want delivery.End, change ...func(*delivery.Options)) (delivery.Summary, books) {
	c.t.Helper()
	sum, err := c.send(change...)
	check(c.t, err)
	if sum.End != want {
		c.t.Errorf("the run ended %q (%s), want %q", sum.End, sum.Halted, want)
	}
	return sum, c.audit()
}

// sender makes a relay a delivery.Sender.
type sender struct{ relay *relay.Relay }

func (s sender) Open(ctx context.Context) (delivery.Session, relay.Outcome) {
	session, outcome := s.relay.Open(ctx)
	if session == nil {
		return nil, outcome
	}
	return session, outcome
}

// hurried is a clock that runs fast.
type hurried struct{ began time.Time }

func (h hurried) Now() time.Time { return h.began.Add(time.Since(h.began) * hurry) }

func (h hurried) After(d time.Duration) <-chan time.Time { return time.After(d / hurry) }

// events is what a server saw, on the clock of its trial.
type events struct {
	mu     sync.Mutex
	all    []event
	mended bool
}

type event struct {
	smtptest.Event
	at time.Time
}

func (s *events) note(e smtptest.Event, at time.Time) (mended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, event{e, at})
	return s.mended
}

// of returns the events of a stage, to one recipient or (empty) to all.
func (s *events) of(stage smtptest.Stage, to string) []event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.all), func(e event) bool {
		return e.Stage != stage || to != "" && e.To != to
	})
}

// mailbox is the address of the nth account, from 1.
func mailbox(n int) string { return fmt.Sprintf("user%d@%s.example", n, []string{"a", "b"}[n%2]) }

// plans keeps a sealed ledger for each number of notices: trials begin with a copy.
var plans sync.Map

// planned returns the path of a fresh ledger of n notices, in batches of 20.
func planned(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "trial.ledger")
	if plan, ok := plans.Load(n); ok {
		check(t, os.WriteFile(path, plan.([]byte), 0o600))
		return path
	}
	notices, err := builtIn()
	check(t, err)
	draft, err := ledger.Create(t.Context(), path)
	check(t, err)
	defer draft.Close() // Seal has made it durable
	for i := range n {
		to, err := account.ParseAddress(mailbox(i + 1))
		check(t, err)
		check(t, draft.Add(t.Context(), campaign.Planned{
			Line: int64(i + 2), ID: fmt.Sprint(i + 1), Name: fmt.Sprintf("Jane %d", i+1), To: to,
			Class: account.Classes()[i%2], Reason: "so it is", Locale: "en",
		}))
	}
	check(t, draft.Seal(t.Context(), campaign.Frozen{
		Campaign: "trial", At: time.Now(), Key: campaign.Key{7}, Read: int64(n), BatchSize: 20,
		Parts: notices.Digests(), Wordings: notices.Wordings(),
	}))
	plan, err := os.ReadFile(path)
	check(t, err)
	plans.Store(n, plan)
	return path
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
