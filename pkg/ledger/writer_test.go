package ledger

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/hint"
)

func TestCallsShareACommitAndEachGetsItsOwnError(t *testing.T) {
	const callers, each = 10, 20
	commits := 0
	held, entered := make(chan struct{}), make(chan struct{})
	l := ready(t, callers*each, Options{Fault: func(point string) error {
		if point == BeforeCommit {
			commits++
			if commits == 2 { // the first is Begin's
				close(entered)
				<-held
			}
		}
		return nil
	}})
	var all sync.WaitGroup
	errs := make([]error, callers)
	record := func(caller int) {
		all.Go(func() {
			for i := range each {
				seq := int64(caller*each + i + 1)
				from := campaign.Pending
				if caller == 3 && i == 5 {
					from = campaign.Deferred
				}
				if err := l.Record(t.Context(), to(seq, from, campaign.Sending)); err != nil {
					errs[caller] = err
				}
			}
		})
	}
	record(0)
	<-entered // the first caller's commit is under way; the others gather behind it
	for caller := 1; caller < callers; caller++ {
		record(caller)
	}
	close(held)
	all.Wait()
	for caller, err := range errs {
		if stale := errors.Is(err, ErrStale); stale != (caller == 3) {
			t.Errorf("caller %d: %v", caller, err)
		}
	}
	if s := checkInvariants(t, l.Reader); s.Notices.Sending != callers*each-1 || s.Notices.Pending != 1 {
		t.Errorf("notices = %+v", s.Notices)
	}
	if commits-1 >= callers*each-1 {
		t.Errorf("%d commits for %d calls that succeeded", commits-1, callers*each-1)
	}
}

func TestAGroupIsCommittedWithoutTheRefused(t *testing.T) {
	l := ready(t, 9, Options{})
	var group []*request
	for _, from := range []campaign.State{campaign.Deferred, campaign.Pending, campaign.Accepted, campaign.Pending} {
		seq := int64(len(group) + 1)
		m := campaign.Move{Seq: seq, From: from, To: campaign.Sending, At: noon, Dated: noon}
		group = append(group, &request{write: func(w *writer) error { return w.apply(m) }, done: make(chan error, 1)})
	}
	l.writer.commit(append([]*request{}, group...)) // the goroutine waits for a request meanwhile
	for i, want := range []bool{false, true, false, true} {
		if err := <-group[i].done; (err == nil) != want {
			t.Errorf("request %d: %v", i+1, err)
		}
	}
	if s := checkInvariants(t, l.Reader); s.Notices.Sending != 2 {
		t.Errorf("notices = %+v", s.Notices)
	}
}

func TestAFailedWriteStopsTheLedger(t *testing.T) {
	broken := errors.New("the disk is gone")
	for _, write := range []struct {
		name string
		do   func(*Ledger) error
		done func(*Reader) bool // whether it happened
	}{
		{"Record", func(l *Ledger) error {
			return l.Record(background, to(1, campaign.Sending, campaign.Accepted), to(2, campaign.Pending, campaign.Sending))
		}, func(r *Reader) bool {
			first, second := stateOf(t, r, 1), stateOf(t, r, 2)
			if (first == campaign.Accepted) != (second == campaign.Sending) {
				t.Errorf("half a call: %s and %s", first, second)
			}
			return first == campaign.Accepted
		}},
		{"Note", func(l *Ledger) error {
			return l.Note(background, campaign.Activity{Phase: campaign.PhasePaused})
		}, func(r *Reader) bool { return lastPhase(t, r) == "paused" }},
		{"End", func(l *Ledger) error {
			return l.End(background, campaign.RunEnd{At: noon})
		}, func(r *Reader) bool {
			var ended bool
			must(t, r.db.Get(&ended, "SELECT ended IS NOT NULL FROM runs"))
			return ended
		}},
	} {
		for point, happens := range map[string]bool{BeforeCommit: false, AfterCommit: true} {
			t.Run(write.name+" "+point, func(t *testing.T) {
				armed := false
				l := ready(t, 9, Options{Fault: func(at string) error {
					if armed && at == point {
						return broken
					}
					return nil
				}})
				bring(t, l, 1, campaign.Sending)
				armed = true
				if err := write.do(l); !errors.Is(err, broken) || !errors.Is(err, ErrStopped) {
					t.Fatalf("err = %v, want ErrStopped and its cause", err)
				}
				armed = false
				if err := l.Record(background, to(3, campaign.Pending, campaign.Sending)); !errors.Is(err, ErrStopped) || !errors.Is(err, broken) {
					t.Errorf("a later write: %v, want ErrStopped and the first cause", err)
				}
				must(t, l.Close())
				again := opened(t, l.path, Options{})
				if got := write.done(again.Reader); got != happens {
					t.Errorf("happened = %v, want %v", got, happens)
				}
				checkInvariants(t, again.Reader)
			})
		}
	}
}

func lastPhase(tb testing.TB, r *Reader) (phase string) {
	tb.Helper()
	must(tb, r.db.Get(&phase, "SELECT phase FROM runs ORDER BY number DESC LIMIT 1"))
	return phase
}

func TestAFullDiskStopsTheLedgerWithAHint(t *testing.T) {
	l := ready(t, 9, Options{})
	// A limit on the number of pages is the same to SQLite as a disk without room.
	_, err := l.writer.conn.ExecContext(t.Context(), "PRAGMA max_page_count = 1")
	must(t, err)
	var failed error
	for seq := int64(1); seq <= 9 && failed == nil; seq++ {
		m := to(seq, campaign.Pending, campaign.Rejected)
		m.Attempt.Reply = string(make([]byte, 3000))
		failed = l.Record(t.Context(), m)
	}
	if !errors.Is(failed, ErrStopped) || !strings.Contains(strings.Join(hint.Of(failed), " "), "in doubt") {
		t.Fatalf("err = %v, hints %q, want ErrStopped and what becomes of the replies", failed, hint.Of(failed))
	}
	checkInvariants(t, l.Reader)
}

func TestACallThatGivesUpBeforeItsTurnChangesNothing(t *testing.T) {
	l := ready(t, 9, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := &writer{requests: make(chan *request), closing: make(chan struct{})} // nobody takes requests
	if err := w.do(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want the context's", err)
	}
	must(t, l.Close())
	if err := l.Record(t.Context(), to(1, campaign.Pending, campaign.Sending)); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("err = %v, want fs.ErrClosed", err)
	}
}
