package delivery

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/throttle"
)

func TestEverybodyIsMailedOnceAndAfterTheIntent(t *testing.T) {
	m, s := newMemory(t, 100, mailboxes(2500, "a.example", "b.example", "c.example")...), newServer()
	s.body = func(id string, _ int) (bool, relay.Outcome) {
		if n := m.notice(t, id); n.State != campaign.Sending || n.Dated.IsZero() {
			t.Errorf("the body of %s leaves while the ledger says %s, dated %v", id, n.State, n.Dated)
		}
		return true, relay.Outcome{}
	}
	sum := mustRun(t, options(m, s))
	wantEnd(t, sum, Done)
	m.want(t, map[campaign.State]int{campaign.Accepted: 2500})
	s.once(t)
	if sum.Tally != (Tally{Tried: 2500, Accepted: 2500}) {
		t.Errorf("tally %+v", sum.Tally)
	}
	if s.dropped != 0 || s.sessions != 0 {
		t.Errorf("%d envelopes were dropped, %d sessions are open", s.dropped, s.sessions)
	}
}

func TestOutcomeAndNextIntentAreOneRecord(t *testing.T) {
	m, s := newMemory(t, 50, mailboxes(50, "a.example")...), newServer()
	o := options(m, s)
	o.Connections = 1
	mustRun(t, o)
	if m.records != 51 {
		t.Errorf("%d records for 50 notices on one session, want 51", m.records)
	}
}

func TestAttemptsKeepTheReply(t *testing.T) {
	m, s := newMemory(t, 1, mailboxes(1, "a.example")...), newServer()
	mustRun(t, options(m, s))
	got := m.tries[1][0]
	got.At = time.Time{}
	want := campaign.Attempt{Stage: "dot", Code: 250, Enhanced: "2.0.0", Reply: "queued", Relay: "relay.example.org:587"}
	if got != want {
		t.Errorf("attempt %+v, want %+v", got, want)
	}
}

func TestBatchesFollowEachOtherAfterThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 10, mailboxes(30, "a.example", "b.example")...), newServer()
		o := options(m, s)
		o.Pause = 30 * time.Second
		idle := true
		o.Progress = func(e Event) {
			if e.Phase == campaign.PhasePaused && e.Limit != throttle.LimitPause {
				t.Errorf("paused by %s", e.Limit)
			}
			if e.Phase == campaign.PhasePaused {
				time.AfterFunc(time.Second, func() {
					s.mu.Lock()
					defer s.mu.Unlock()
					idle = idle && s.sessions == 0
				})
			}
		}
		began := time.Now()
		sum := mustRun(t, o)
		wantEnd(t, sum, Done)
		for seq := range 30 {
			at := s.at[m.notices[seq].ID].Sub(began)
			if want := time.Duration(seq/10) * 30 * time.Second; at != want {
				t.Errorf("notice %d went after %v, want %v", seq+1, at, want)
			}
		}
		if !idle {
			t.Error("sessions lie idle during a pause")
		}
		var paused []campaign.Activity
		for _, a := range m.notes {
			if a.Phase == campaign.PhasePaused {
				paused = append(paused, a)
			}
		}
		if len(paused) != 2 || !paused[0].Until.Equal(began.Add(30*time.Second)) || paused[0].Limit != throttle.LimitPause {
			t.Errorf("the ledger was told of the pauses %+v", paused)
		}
	})
}

func TestStopDuringAPauseEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1, mailboxes(2, "a.example")...), newServer()
		o := options(m, s)
		o.Pause = time.Hour
		stop := make(chan struct{})
		time.AfterFunc(10*time.Minute, func() { close(stop) })
		began := time.Now()
		sum, err := Run(context.Background(), stop, o)
		if err != nil {
			t.Fatal(err)
		}
		wantEnd(t, sum, Interrupted)
		if took := time.Since(began); took != 10*time.Minute {
			t.Errorf("ended after %v, want 10 min", took)
		}
		m.want(t, map[campaign.State]int{campaign.Accepted: 1, campaign.Pending: 1})
	})
}

func TestStopFinishesWhatIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(1000, "a.example")...), newServer()
		s.rtt = 20 * time.Millisecond
		stop := make(chan struct{})
		time.AfterFunc(210*time.Millisecond, func() { close(stop) })
		began := time.Now()
		sum, err := Run(context.Background(), stop, options(m, s))
		if err != nil {
			t.Fatal(err)
		}
		wantEnd(t, sum, Interrupted)
		if took := time.Since(began); took > 240*time.Millisecond {
			t.Errorf("ended after %v", took)
		}
		if left := m.count(campaign.Sending) + m.count(campaign.InDoubt); left != 0 {
			t.Errorf("%d notices are left in between", left)
		}
		if got := m.count(campaign.Accepted); got != len(s.accepted) || got == 0 {
			t.Errorf("%d recorded as accepted, %d were", got, len(s.accepted))
		}
	})
}

func TestStoppedBeforeItBeginsSendsNothing(t *testing.T) {
	m, s := newMemory(t, 10, mailboxes(10, "a.example")...), newServer()
	stop := make(chan struct{})
	close(stop)
	sum, err := Run(context.Background(), stop, options(m, s))
	if err != nil {
		t.Fatal(err)
	}
	wantEnd(t, sum, Interrupted)
	if s.opens != 0 || m.records != 0 {
		t.Errorf("%d sessions were opened, %d records written", s.opens, m.records)
	}
}

func TestCancelRecordsWhatIsInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(1000, "a.example")...), newServer()
		s.rtt = time.Minute
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		time.AfterFunc(90*time.Second, cancel) // each of the four has its first body out
		began := time.Now()
		sum, err := Run(ctx, nil, options(m, s))
		if err != context.Canceled {
			t.Errorf("error %v", err)
		}
		wantEnd(t, sum, Interrupted)
		if took := time.Since(began); took != 90*time.Second {
			t.Errorf("ended after %v, want at once", took)
		}
		m.want(t, map[campaign.State]int{campaign.InDoubt: 4, campaign.Pending: 996})
	})
}

func TestCancelAfterStopIsStillTheHardEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(1000, "a.example")...), newServer()
		s.rtt = time.Minute
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		stop := make(chan struct{})
		time.AfterFunc(80*time.Second, func() { close(stop) })
		time.AfterFunc(90*time.Second, cancel)
		began := time.Now()
		if _, err := Run(ctx, stop, options(m, s)); err != context.Canceled {
			t.Errorf("error %v", err)
		}
		if took := time.Since(began); took != 90*time.Second {
			t.Errorf("ended after %v, want at the second signal", took)
		}
		m.want(t, map[campaign.State]int{campaign.InDoubt: 4, campaign.Pending: 996})
	})
}

func TestLimit(t *testing.T) {
	m, s := newMemory(t, 10, mailboxes(100, "a.example")...), newServer()
	o := options(m, s)
	o.Limit = 25
	sum := mustRun(t, o)
	wantEnd(t, sum, Limited)
	m.want(t, map[campaign.State]int{campaign.Accepted: 25, campaign.Pending: 75})
	if sum.Tally.Tried != 25 {
		t.Errorf("%d tried", sum.Tally.Tried)
	}
}

func TestLimitIsReachedAlthoughSessionsDrop(t *testing.T) {
	m, s := newMemory(t, 100, mailboxes(100, "a.example")...), newServer()
	s.envelope = func(_ string, onSession int) relay.Outcome {
		if onSession == 2 {
			return relay.Outcome{Stage: relay.StageMail, Effect: relay.Reconnect}
		}
		return relay.Outcome{}
	}
	o := options(m, s)
	o.Limit = 25
	wantEnd(t, mustRun(t, o), Limited)
	m.want(t, map[campaign.State]int{campaign.Accepted: 25, campaign.Pending: 75})
}

func TestProgressIsToldOneCallAtATimeAndToTheEnd(t *testing.T) {
	m, s := newMemory(t, 100, mailboxes(300, "a.example")...), newServer()
	o := options(m, s)
	var inside sync.Mutex
	var last Event
	o.Progress = func(e Event) {
		if !inside.TryLock() {
			t.Error("two calls at a time")
			return
		}
		defer inside.Unlock()
		if e.Tally.Accepted < last.Tally.Accepted {
			t.Errorf("accepted goes back from %d to %d", last.Tally.Accepted, e.Tally.Accepted)
		}
		last = e
	}
	mustRun(t, o)
	if last.Tally.Accepted != 300 || last.Batch != 3 || last.Rate == 0 {
		t.Errorf("the last event is %+v", last)
	}
}

func TestOptionsThatMakeNoRunAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no ledger":                   func(o *Options) { o.Ledger = nil },
		"no sessions":                 func(o *Options) { o.Connections = 0 },
		"negative number per session": func(o *Options) { o.PerSession = -1 },
		"negative pause":              func(o *Options) { o.Pause = -1 },
		"no attempts":                 func(o *Options) { o.Retry.Attempts = 0 },
		"negative limit":              func(o *Options) { o.Limit = -1 },
		"negative rate":               func(o *Options) { o.Pace.Rate = -1 },
		"no retry":                    func(o *Options) { o.Retry.First = 0 },
		"no redial":                   func(o *Options) { o.Redial.First = 0 },
		"no halt":                     func(o *Options) { o.Halt.Consecutive = 0 },
	} {
		o := options(newMemory(t, 1), newServer())
		change(&o)
		if sum, err := Run(context.Background(), nil, o); err == nil || sum.End != Failed {
			t.Errorf("%s: ends %s with error %v", name, sum.End, err)
		}
	}
}
