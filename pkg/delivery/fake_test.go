package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/notice"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/throttle"
)

var (
	_ Ledger   = (*memory)(nil)
	_ Sender   = (*server)(nil)
	_ Session  = (*line)(nil)
	_ Composer = composer{}
)

var errDisk = errors.New("disk full")

// memory is a Ledger that holds everything to the rules of the real one.
type memory struct {
	mu      sync.Mutex
	notices []campaign.Notice // by Seq-1
	next    map[int64]time.Time
	tries   map[int64][]campaign.Attempt
	notes   []campaign.Activity
	opened  []campaign.Session
	probed  []probing
	deaf    bool // Opened fails
	records int
	dead    bool
	// fault is asked before each Record: whether to apply it, and what to return.
	fault    func(moves []campaign.Move) (apply bool, err error)
	dueError error
	pages    int
	last     time.Time // of the latest move
	accepted time.Time // of the latest to accepted
}

func newMemory(t *testing.T, batch int, addresses ...string) *memory {
	t.Helper()
	m := &memory{next: map[int64]time.Time{}, tries: map[int64][]campaign.Attempt{}}
	for i, address := range addresses {
		to, err := account.ParseAddress(address)
		if err != nil {
			t.Fatal(err)
		}
		seq := int64(i + 1)
		m.notices = append(m.notices, campaign.Notice{
			Seq: seq, ID: fmt.Sprintf("n%d", seq), Class: account.Password, Locale: "en", To: to,
			Batch: i/batch + 1, Generation: 1, State: campaign.Pending,
		})
	}
	return m
}

// mailboxes returns n addresses at the domains in turn.
func mailboxes(n int, domains ...string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("u%d@%s", i+1, domains[i%len(domains)])
	}
	return list
}

func (m *memory) Pending(_ context.Context, after int64, limit int) ([]campaign.Notice, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return nil, errDisk
	}
	m.pages++
	var page []campaign.Notice
	for _, n := range m.notices[min(int(after), len(m.notices)):] {
		if n.State != campaign.Pending {
			continue
		}
		if len(page) == limit || len(page) > 0 && page[0].Batch != n.Batch {
			break
		}
		page = append(page, n)
	}
	return page, nil
}

func (m *memory) Due(_ context.Context, now time.Time, limit int) (due []campaign.Notice, next time.Time, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return nil, next, errDisk
	}
	if m.dueError != nil {
		return nil, next, m.dueError
	}
	for _, n := range m.notices {
		if n.State != campaign.Deferred {
			continue
		}
		if at := m.next[n.Seq]; !at.After(now) {
			due = append(due, n)
		} else if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	slices.SortStableFunc(due, func(a, b campaign.Notice) int { return m.next[a.Seq].Compare(m.next[b.Seq]) })
	return due[:min(limit, len(due))], next, nil
}

func (m *memory) Record(ctx context.Context, moves ...campaign.Move) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	m.records++
	if m.dead {
		return errDisk
	}
	apply, err := true, error(nil)
	if m.fault != nil {
		apply, err = m.fault(moves)
	}
	if apply {
		if stale := m.apply(moves); stale != nil {
			return stale
		}
	}
	return err
}

func (m *memory) apply(moves []campaign.Move) error {
	for _, move := range moves {
		n := &m.notices[move.Seq-1]
		if err := campaign.Legal(move.From, move.To); err != nil {
			return err
		}
		if n.State != move.From {
			return fmt.Errorf("notice %d is %s, not %s", n.Seq, n.State, move.From)
		}
		if (move.To == campaign.Sending) != (move.Attempt == nil) {
			return fmt.Errorf("a move to %s with attempt %v", move.To, move.Attempt)
		}
		n.State = move.To
		if move.To == campaign.Sending {
			n.Dated = move.Dated
		} else {
			m.tries[n.Seq] = append(m.tries[n.Seq], *move.Attempt)
		}
		if move.Counted {
			n.Attempts++
		}
		if move.Attempt != nil {
			n.Tries++
		}
		m.next[n.Seq] = move.Next
		m.last = move.At
		if move.To == campaign.Accepted {
			m.accepted = move.At
		}
	}
	return nil
}

func (m *memory) Precedent(_ context.Context, seq int64) (p campaign.Precedent, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return p, errDisk
	}
	if tries := m.tries[seq]; len(tries) > 0 {
		p.Last = tries[len(tries)-1]
	}
	others := false
	p.Accepted = m.accepted
	for _, n := range m.notices {
		p.Alone = p.Alone || n.State == campaign.Accepted
		others = others || n.Seq != seq && n.State.Open() && n.Tries == n.Attempts
	}
	p.Alone = p.Alone && !others
	return p, nil
}

func (m *memory) Note(_ context.Context, a campaign.Activity) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return errDisk
	}
	m.notes = append(m.notes, a)
	return nil
}

func (m *memory) Opened(_ context.Context, s campaign.Session) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead || m.deaf {
		return errDisk
	}
	m.opened = append(m.opened, s)
	return nil
}

// probing is what Probed was told.
type probing struct {
	at     time.Time
	silent string
}

func (m *memory) Probed(_ context.Context, at time.Time, silent []campaign.PageFailure) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead || m.deaf {
		return errDisk
	}
	m.probed = append(m.probed, probing{at, fmt.Sprint(silent)})
	return nil
}

// restart does what a ledger does at the start of a run. It returns how many notices
// were found on their way.
func (m *memory) restart() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead, m.fault = false, nil
	found := 0
	for i := range m.notices {
		if m.notices[i].State == campaign.Sending {
			m.notices[i].State = campaign.InDoubt
			found++
		}
	}
	return found
}

func (m *memory) count(s campaign.State) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, each := range m.notices {
		if each.State == s {
			n++
		}
	}
	return n
}

// notice returns the notice of an id as the ledger has it.
func (m *memory) notice(t *testing.T, id string) campaign.Notice {
	seq, err := strconv.Atoi(id[1:])
	if err != nil {
		t.Error(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.notices[seq-1]
}

// want holds the states of all notices against counts; states not named are 0.
func (m *memory) want(t *testing.T, counts map[campaign.State]int) {
	t.Helper()
	for _, s := range campaign.States() {
		if got := m.count(s); got != counts[s] {
			t.Errorf("%d %s, want %d", got, s, counts[s])
		}
	}
}

// server is a Sender whose sessions say what the scripts say, and otherwise accept.
type server struct {
	mu       sync.Mutex
	accepted map[string]int // by notice id: how often a body was taken
	order    []string       // of acceptance
	at       map[string]time.Time
	opens    int
	sessions int // now
	most     int // sessions at the same time
	dropped  int // sessions closed with an envelope open
	bodies   map[string][]string
	rtt      time.Duration
	held     time.Duration // the longest time that an envelope stood open
	dead     bool

	// opening, envelope and body return what becomes of it; nil, or a zero Outcome of
	// the last two, is success. body returns whether the message was taken, too.
	opening  func(n int) *relay.Outcome
	envelope func(id string, onSession int) relay.Outcome
	body     func(id string, onSession int) (taken bool, o relay.Outcome)
}

func newServer() *server {
	return &server{accepted: map[string]int{}, at: map[string]time.Time{}, bodies: map[string][]string{}}
}

func (s *server) Open(ctx context.Context) (Session, relay.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opens++
	if s.opening != nil {
		if o := s.opening(s.opens); o != nil {
			return nil, *o
		}
	}
	if ctx.Err() != nil {
		return nil, relay.Outcome{Stage: relay.StageConnect, Effect: relay.BackOff, Err: ctx.Err()}
	}
	s.sessions++
	s.most = max(s.most, s.sessions)
	return &line{server: s}, relay.Outcome{}
}

// line is a Session.
type line struct {
	server *server
	open   string // id of the open envelope
	since  time.Time
	bodies int // sent over this session
	closed bool
	over   bool // an outcome ended it
}

var okDot = relay.Outcome{Stage: relay.StageDot, Verdict: relay.Accepted, Reply: relay.Reply{Code: 250, Enhanced: "2.0.0", Text: "queued"}}

func (l *line) Flight(ctx context.Context, body *notice.Message, next *relay.Envelope) (done, opened relay.Outcome) {
	s := l.server
	if l.closed || l.over {
		panic("a flight on a session that is over")
	}
	if (body == nil) != (l.open == "") {
		panic("a body without an envelope, or an envelope without its body")
	}
	if s.rtt > 0 {
		select {
		case <-time.After(s.rtt):
		case <-ctx.Done():
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if body != nil {
		done = l.take(ctx, body)
		l.open = ""
	}
	if next != nil {
		opened = l.begin(ctx, next, done)
	}
	l.over = done.Effect != relay.Continue || opened.Effect != relay.Continue
	return done, opened
}

func (l *line) take(ctx context.Context, body *notice.Message) relay.Outcome {
	s := l.server
	if body.ID != l.open {
		panic("the body of another notice")
	}
	if s.dead || ctx.Err() != nil {
		return relay.Outcome{Stage: relay.StageDot, Verdict: relay.InDoubt, Effect: relay.Reconnect, Err: errors.New("torn down")}
	}
	taken, o := true, okDot
	if s.body != nil {
		if t, scripted := s.body(body.ID, l.bodies); scripted != (relay.Outcome{}) {
			taken, o = t, scripted
		}
	}
	l.bodies++
	s.held = max(s.held, time.Since(l.since))
	if taken {
		s.accepted[body.ID]++
		s.order = append(s.order, body.ID)
		s.at[body.ID] = time.Now()
	}
	s.bodies[body.ID] = append(s.bodies[body.ID], string(body.Bytes))
	return o
}

func (l *line) begin(ctx context.Context, next *relay.Envelope, done relay.Outcome) relay.Outcome {
	s := l.server
	if done.Effect != relay.Continue || s.dead || ctx.Err() != nil {
		return relay.Outcome{Stage: relay.StageMail, Verdict: relay.Untouched, Effect: relay.Reconnect, Err: errors.New("session over")}
	}
	if s.envelope != nil {
		if o := s.envelope(next.ID, l.bodies); o != (relay.Outcome{}) {
			return o
		}
	}
	l.open, l.since = next.ID, time.Now()
	return relay.Outcome{Stage: relay.StageData, Verdict: relay.Open, Reply: relay.Reply{Code: 354}}
}

func (l *line) Close() error {
	s := l.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.closed {
		panic("a session is closed twice")
	}
	l.closed = true
	s.sessions--
	if l.open != "" {
		s.dropped++
	}
	return nil
}

func (l *line) Peer() string { return "relay.example.org:587" }

func (l *line) Link() relay.Link {
	return relay.Link{Host: "relay.example.org:587", Peer: "192.0.2.1:587", Encryption: "TLS 1.3 TLS_AES_128_GCM_SHA256"}
}

// composer writes the id and the date of a notice, or fails for one id.
type composer struct{ bad string }

func (c composer) Compose(r notice.Recipient) (notice.Message, error) {
	if r.ID == c.bad {
		return notice.Message{}, errors.New("nothing to say")
	}
	return notice.Message{ID: r.ID, To: r.To, Bytes: []byte(r.ID + " " + r.Date.Format(time.RFC3339))}, nil
}

// options returns options that wait for nothing.
func options(m *memory, s *server) Options {
	return Options{
		Ledger: m, Sender: s, Composer: composer{},
		Envelope:    func(n campaign.Notice) string { return "bounces+" + n.ID + "@example.com" },
		Clock:       throttle.System{},
		Random:      func() float64 { return 0.5 },
		Connections: 4,
		Retry:       throttle.Backoff{First: 5 * time.Minute, Max: 4 * time.Hour, Attempts: 3},
		Redial:      throttle.Backoff{First: time.Second, Max: time.Minute},
		Halt:        throttle.Halt{Rejected: 0.05, After: 100, Consecutive: 20},
	}
}

func mustRun(t *testing.T, o Options) Summary {
	t.Helper()
	sum, err := Run(context.Background(), nil, o)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// wantEnd holds the end of a run against want.
func wantEnd(t *testing.T, sum Summary, want End) {
	t.Helper()
	if sum.End != want {
		t.Errorf("the run ended %q (%s), want %q", sum.End, sum.Halted, want)
	}
}

// once fails for a notice that was taken twice.
func (s *server) once(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, n := range s.accepted {
		if n != 1 {
			t.Errorf("notice %s was accepted %d times", id, n)
		}
	}
}
