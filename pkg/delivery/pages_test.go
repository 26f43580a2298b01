package delivery

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/relay"
)

var (
	resetDown   = campaign.PageFailure{Link: "reset", Reason: "503"}
	signOutDown = campaign.PageFailure{Link: "sign_out", Reason: "no connection"}
)

// pages is a Prober. From each moment after the beginning on it says what stands there.
type pages struct {
	began time.Time
	says  []saying
	takes time.Duration // to answer

	mu    sync.Mutex
	asked []time.Duration // after the beginning
}

type saying struct {
	from   time.Duration
	silent []campaign.PageFailure
}

var _ Prober = (*pages)(nil)

func (p *pages) Ask(ctx context.Context) (silent []campaign.PageFailure) {
	p.mu.Lock()
	p.asked = append(p.asked, time.Since(p.began))
	p.mu.Unlock()
	select {
	case <-time.After(p.takes):
	case <-ctx.Done():
		return []campaign.PageFailure{{Link: "reset", Reason: "given up"}}
	}
	for _, s := range p.says {
		if time.Since(p.began) >= s.from {
			silent = s.silent
		}
	}
	return silent
}

// probed returns options at 50 notices a second to the server, under a Prober that says
// what is given.
func probed(m *memory, s *server, says ...saying) (Options, *pages) {
	p := &pages{began: time.Now(), says: says}
	s.rtt = 5 * time.Millisecond
	o := options(m, s)
	o.Prober, o.ProbeEvery = p, 2*time.Second
	o.Pace.Rate = 50
	return o, p
}

// between returns how many notices were accepted from one moment after began to another.
func (s *server) between(began time.Time, from, to time.Duration) (n int) {
	for _, at := range s.at {
		if after := at.Sub(began); after >= from && after < to {
			n++
		}
	}
	return n
}

// wantSteady fails where more than the rate allows went out in any second.
func (s *server) wantSteady(t *testing.T, began time.Time) {
	t.Helper()
	for from := time.Duration(0); from < 2*time.Minute; from += 50 * time.Millisecond {
		if n := s.between(began, from, from+time.Second); n > 55 {
			t.Errorf("%d notices in the second after %v, want 50 at most and a tenth", n, from)
		}
	}
}

func wantProbed(t *testing.T, m *memory, began time.Time, want ...probing) {
	t.Helper()
	for i := range want {
		want[i].at = began.Add(want[i].at.Sub(time.Time{}))
	}
	if !slices.EqualFunc(m.probed, want, func(a, b probing) bool { return a.at.Equal(b.at) && a.silent == b.silent }) {
		t.Errorf("the ledger was told %v, want %v", m.probed, want)
	}
}

// after is a probing so long after the beginning.
func after(d time.Duration, silent ...campaign.PageFailure) probing {
	return probing{time.Time{}.Add(d), fmt.Sprint(silent)}
}

func TestNothingIsBegunBeforeThePagesAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(100, "a.example")...), newServer()
		o, p := probed(m, s, saying{0, []campaign.PageFailure{resetDown}}, saying{7 * time.Second, nil})
		p.takes = 500 * time.Millisecond
		began := time.Now()
		wantEnd(t, mustRun(t, o), Done)
		if n := s.between(began, 0, 8500*time.Millisecond); n != 0 {
			t.Errorf("%d notices went before the first good answer", n)
		}
		m.want(t, map[campaign.State]int{campaign.Accepted: 100})
		s.once(t)
		wantProbed(t, m, began, after(500*time.Millisecond, resetDown), after(8500*time.Millisecond))
	})
}

func TestTheFirstAnswerIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(100, "a.example")...), newServer()
		o, p := probed(m, s)
		p.takes = 4 * time.Second
		began := time.Now()
		wantEnd(t, mustRun(t, o), Done)
		if n := s.between(began, 0, 4*time.Second); n != 0 || s.opens == 0 {
			t.Errorf("%d notices went before the first answer", n)
		}
		if len(m.probed) != 0 {
			t.Errorf("pages that answer were told as %v", m.probed)
		}
	})
}

func TestASilentPagePausesTheRunUntilItAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(500, "a.example", "b.example")...), newServer()
		both := []campaign.PageFailure{resetDown, signOutDown}
		o, _ := probed(m, s, saying{4 * time.Second, []campaign.PageFailure{resetDown}}, saying{10 * time.Second, both},
			saying{20 * time.Second, []campaign.PageFailure{signOutDown}}, saying{40 * time.Second, nil})
		o.Left, o.Batches = 500, 1
		began := time.Now()
		var during, late, after2s Event
		o.Progress = func(e Event) {
			switch since := time.Since(began); {
			case since == 10*time.Second:
				during = e
			case since == 38*time.Second:
				late = e
			case since > 42*time.Second && after2s.ETA.IsZero():
				after2s = e
			}
		}
		sum := mustRun(t, o)
		wantEnd(t, sum, Done)
		m.want(t, map[campaign.State]int{campaign.Accepted: 500})
		s.once(t)
		if sum.Tally.Tried != 500 {
			t.Errorf("%d tries for 500 notices", sum.Tally.Tried)
		}
		// What was under way when the page fell silent is finished.
		if n := s.between(began, 4*time.Second+20*time.Millisecond, 40*time.Second); n != 0 {
			t.Errorf("%d notices went while a page was silent", n)
		}
		s.wantSteady(t, began)
		if n := s.between(began, 40*time.Second, 40*time.Second+60*time.Millisecond); n == 0 || n > 5 {
			t.Errorf("%d notices in the first 60 ms after the pause, want one and what 50/s make of that time", n)
		}
		if took := time.Since(began); took < 45*time.Second || took > 47*time.Second {
			t.Errorf("the run took %v, want 10 s and the pause of 36 s", took)
		}
		if during.Phase != campaign.PhasePaused || during.Limit != "halt.probe reset, sign_out" || !during.Until.IsZero() || !during.ETA.IsZero() {
			t.Errorf("during the pause the run says %+v", during.Activity)
		}
		if eta := after2s.ETA.Sub(began); eta < 45*time.Second || eta > 47*time.Second {
			t.Errorf("2 s after the pause the run takes itself to end after %v: the pause counts as slowness", eta)
		}
		if late.Rate >= during.Rate || during.Rate == 0 {
			t.Errorf("late in the pause the rate is %v, and was %v", late.Rate, during.Rate)
		}
		wantProbed(t, m, began, after(4*time.Second, resetDown), after(10*time.Second, both...),
			after(20*time.Second, signOutDown), after(40*time.Second))
		if !slices.ContainsFunc(m.notes, func(a campaign.Activity) bool {
			return a.Limit == "halt.probe reset" && a.Phase == campaign.PhasePaused
		}) {
			t.Error("the ledger was not told what the run waits for")
		}
		if s.dropped != 0 {
			t.Errorf("%d envelopes were left open", s.dropped)
		}
	})
}

// slowly is a Sender whose sessions take long to open.
type slowly struct {
	*server
	takes time.Duration
}

func (s slowly) Open(ctx context.Context) (Session, relay.Outcome) {
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
	}
	return s.server.Open(ctx)
}

func TestANoticeThatWasTakenBeforeThePageFellSilentWaitsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(100, "a.example")...), newServer()
		o, _ := probed(m, s, saying{2 * time.Second, []campaign.PageFailure{resetDown}}, saying{8 * time.Second, nil})
		o.Sender = slowly{s, 3 * time.Second}
		began := time.Now()
		wantEnd(t, mustRun(t, o), Done)
		if n := s.between(began, 0, 8*time.Second); n != 0 {
			t.Errorf("%d notices went while the page was silent", n)
		}
		m.want(t, map[campaign.State]int{campaign.Accepted: 100})
		s.once(t)
	})
}

func TestIdleSessionsAreClosedWhileAPageIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(300, "a.example")...), newServer()
		o, _ := probed(m, s, saying{2 * time.Second, []campaign.PageFailure{resetDown}}, saying{time.Minute, nil})
		var early, late atomic.Int64
		began := time.Now()
		time.AfterFunc(10*time.Second, func() { early.Store(s.count()) })
		time.AfterFunc(50*time.Second, func() { late.Store(s.count()) })
		wantEnd(t, mustRun(t, o), Done)
		if early.Load() == 0 || late.Load() != 0 {
			t.Errorf("%d sessions were open after 8 s of the pause and %d after 48 s, want some and none", early.Load(), late.Load())
		}
		s.once(t)
		s.wantSteady(t, began)
	})
}

func (s *server) count() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(s.sessions)
}

func TestAFlappingPageNeitherLosesNorDoublesNorHurries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 100, mailboxes(1000, "a.example", "b.example", "c.example")...), newServer()
		var says []saying
		for at := time.Duration(0); at < 3*time.Minute; at += 4 * time.Second {
			says = append(says, saying{at, []campaign.PageFailure{resetDown}}, saying{at + 2*time.Second, nil})
		}
		o, _ := probed(m, s, says...)
		o.Pause = 3 * time.Second // the pauses between batches and those for the page overlap
		s.envelope = func(id string, onSession int) relay.Outcome {
			if onSession == 7 {
				return relay.Outcome{Stage: relay.StageMail, Effect: relay.Reconnect}
			}
			return relay.Outcome{}
		}
		began := time.Now()
		sum := mustRun(t, o)
		wantEnd(t, sum, Done)
		m.want(t, map[campaign.State]int{campaign.Accepted: 1000})
		s.once(t)
		s.wantSteady(t, began)
		for at := time.Duration(0); at < 3*time.Minute; at += 4 * time.Second {
			if n := s.between(began, at+20*time.Millisecond, at+2*time.Second); n != 0 {
				t.Errorf("%d notices in the pause after %v", n, at)
			}
		}
	})
}

func TestASlowPageDoesNotSlowTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(500, "a.example")...), newServer()
		o, p := probed(m, s)
		p.takes = 5 * time.Second
		began := time.Now()
		wantEnd(t, mustRun(t, o), Done)
		if took := time.Since(began); took < 14800*time.Millisecond || took > 15500*time.Millisecond {
			t.Errorf("500 notices at 50/s took %v, want 10 s and the first answer", took)
		}
		if want := []time.Duration{0, 6 * time.Second, 12 * time.Second}; !slices.Equal(p.asked, want) {
			t.Errorf("the pages were asked after %v, want %v", p.asked, want)
		}
	})
}

func TestThePagesAreAskedAtTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(500, "a.example")...), newServer()
		o, p := probed(m, s)
		o.ProbeEvery = 150 * time.Second // longer than a nap
		o.Pace.Rate = 1
		wantEnd(t, mustRun(t, o), Done)
		if want := []time.Duration{0, 150 * time.Second, 300 * time.Second, 450 * time.Second}; !slices.Equal(p.asked, want) {
			t.Errorf("the pages were asked after %v, want %v", p.asked, want)
		}
	})
}

func TestAnInterruptEndsAPauseForAPageAtOnce(t *testing.T) {
	for name, at := range map[string]time.Duration{"between two questions": 5 * time.Second, "during a question": 6200 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, s := newMemory(t, 1000, mailboxes(500, "a.example")...), newServer()
				o, p := probed(m, s, saying{2 * time.Second, []campaign.PageFailure{resetDown}})
				p.takes = time.Second
				stop, began := make(chan struct{}), time.Now()
				time.AfterFunc(at, func() { close(stop) })
				sum, err := Run(t.Context(), stop, o)
				if err != nil {
					t.Fatal(err)
				}
				wantEnd(t, sum, Interrupted)
				if took := time.Since(began); took != at {
					t.Errorf("the run ended after %v, want %v", took, at)
				}
				sent := m.count(campaign.Accepted)
				m.want(t, map[campaign.State]int{campaign.Accepted: sent, campaign.Pending: 500 - sent})
				if len(m.probed) != 1 {
					t.Errorf("the ledger was told %v: what was given up says nothing", m.probed)
				}
			})
		})
	}
}

func TestALedgerThatCannotKeepASilentPageEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := newMemory(t, 1000, mailboxes(100, "a.example")...), newServer()
		o, _ := probed(m, s, saying{0, []campaign.PageFailure{resetDown}})
		m.deaf = true
		if sum, err := Run(t.Context(), nil, o); err == nil || sum.End != Failed {
			t.Errorf("the run ended %q with %v", sum.End, err)
		}
		m.want(t, map[campaign.State]int{campaign.Pending: 100})
	})
}

func TestAProberNeedsATime(t *testing.T) {
	o, _ := probed(newMemory(t, 1, "a@a.example"), newServer())
	o.ProbeEvery = 0
	if err := o.Validate(); err == nil {
		t.Error("pages are asked all the time")
	}
}
