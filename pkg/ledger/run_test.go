package ledger

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// child is what the test binary does as another process. It says "ready" and then
// holds the ledger until it is killed; mode says what it does before that:
//
//	hold   nothing
//	send   a run with two notices on the way
//	whole  a run that sends to everybody of the first batch
//	N      the same, its end and that of the process, which kills itself at fault point N
func child(mode, path string) int {
	at := 0
	kill, err := strconv.Atoi(mode)
	fault := func(string) error {
		if at++; err == nil && at == kill {
			self, _ := os.FindProcess(os.Getpid())
			_ = self.Kill()
			select {}
		}
		return nil
	}
	l, failed := Open(background, path, Options{Fault: fault})
	if failed == nil && mode != "hold" {
		failed = childRun(l, mode != "send")
	}
	if failed == nil && err == nil {
		failed = errors.Join(l.End(background, campaign.RunEnd{At: noon}), l.Close())
	}
	if failed != nil {
		fmt.Println(failed)
		return 1
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

func childRun(l *Ledger, whole bool) error {
	if _, err := l.Begin(background, noon); err != nil {
		return err
	}
	if !whole {
		return l.Record(background, to(1, campaign.Pending, campaign.Sending), to(2, campaign.Pending, campaign.Sending))
	}
	page, err := l.Pending(background, 0, 100)
	if err != nil || len(page) == 0 {
		return err
	}
	// As delivery does it: the outcome of one and the intent of the next in one call.
	moves := []campaign.Move{}
	for _, n := range page {
		moves = append(moves, to(n.Seq, campaign.Pending, campaign.Sending))
		if err := l.Record(background, moves...); err != nil {
			return err
		}
		moves = []campaign.Move{to(n.Seq, campaign.Sending, campaign.Accepted)}
	}
	return l.Record(background, moves...)
}

// start runs child and returns its first line and how to kill it.
func start(tb testing.TB, mode, path string) (line string, stop func()) {
	tb.Helper()
	cmd := exec.Command(os.Args[0], path)
	cmd.Env = append(os.Environ(), childMode+"="+mode)
	in, err := cmd.StdinPipe()
	must(tb, err)
	out, err := cmd.StdoutPipe()
	must(tb, err)
	must(tb, cmd.Start())
	line, _ = bufio.NewReader(out).ReadString('\n')
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		_ = in.Close()
	}
	tb.Cleanup(stop)
	return strings.TrimSpace(line), stop
}

func TestASecondProcessIsRefusedAndADeadOneDoesNotBlock(t *testing.T) {
	path := planned(t, frozen(), people(9))
	line, stop := start(t, "hold", path)
	if line != "ready" {
		t.Fatalf("the first process: %s", line)
	}
	_, err := Open(t.Context(), path, Options{})
	var held *HeldError
	if !errors.Is(err, ErrHeld) || !errors.As(err, &held) {
		t.Fatalf("err = %v, want a HeldError", err)
	}
	host, _ := os.Hostname()
	if held.PID == 0 || held.PID == os.Getpid() || held.Host != host {
		t.Errorf("held by %+v, want the other process on %s", held, host)
	}
	if _, err := Create(t.Context(), path); !errors.Is(err, ErrHeld) {
		t.Errorf("Create: %v, want ErrHeld", err)
	}
	stop()
	opened(t, path, Options{})
}

func TestOthersSeeWhatARunDoes(t *testing.T) {
	path := planned(t, frozen(), people(9))
	line, stop := start(t, "send", path)
	if line != "ready" {
		t.Fatalf("the first process: %s", line)
	}
	r := readOnly(t, path)
	if s := checkInvariants(t, r); s.State != campaign.PhaseSending || s.Notices.Sending != 2 || s.Abandoned != 0 {
		t.Errorf("status = %+v, want sending with two under way", s)
	}
	stop()
	if s := checkInvariants(t, r); s.State != campaign.PhaseIncomplete || s.Notices.Sending != 2 || s.Abandoned != 2 {
		t.Errorf("status after the crash = %+v, want incomplete", s)
	}
	if s := checkInvariants(t, readOnly(t, path)); s.Notices.Sending != 2 {
		t.Errorf("a new reader after the crash sees %+v", s.Notices)
	}
}

func TestWhatACrashLeftAsSendingBecomesInDoubt(t *testing.T) {
	path := planned(t, frozen(), people(9))
	_, stop := start(t, "send", path)
	stop()
	l := opened(t, path, Options{})
	lost, err := l.Begin(t.Context(), noon.Add(time.Hour))
	must(t, err)
	if lost != 2 {
		t.Errorf("Begin = %d, want 2", lost)
	}
	if s := checkInvariants(t, l.Reader); s.Notices.InDoubt != 2 || s.Notices.Sending != 0 {
		t.Errorf("notices = %+v", s.Notices)
	}
	var stages []string
	must(t, l.db.Select(&stages, "SELECT stage FROM attempts ORDER BY notice"))
	if fmt.Sprint(stages) != "[restart restart]" {
		t.Errorf("attempts = %v", stages)
	}
	page, err := l.Pending(t.Context(), 0, 100)
	must(t, err)
	for _, n := range page {
		if n.Seq <= 2 {
			t.Errorf("notice %d is handed out again", n.Seq)
		}
	}
}

// TestAKillAtEveryWrite kills a process before and after each of its commits and
// looks at what the next one finds.
func TestAKillAtEveryWrite(t *testing.T) {
	f := frozen()
	f.BatchSize = 5
	for point := 1; ; point++ {
		path := planned(t, f, people(5))
		line, stop := start(t, strconv.Itoa(point), path)
		stop()
		checkInvariants(t, readOnly(t, path))
		if line != "ready" { // a copy without the lock is as good
			checkInvariants(t, readOnly(t, copied(t, path, "-wal")))
		}
		l := opened(t, path, Options{})
		before := checkInvariants(t, l.Reader)
		lost, err := l.Begin(t.Context(), noon)
		must(t, err)
		// Commit 1 is Begin's; each later one accepts a notice and begins the next. The last
		// two are those of the end of the run and of the process.
		commits := int64(point / 2)
		if line == "ready" {
			commits = 9
		}
		if want := min(max(commits-2, 0), 5); before.Notices.Accepted != want {
			t.Errorf("killed at point %d: %d accepted, want %d", point, before.Notices.Accepted, want)
		}
		if want := before.Notices.Sending; lost != want || want > 1 {
			t.Errorf("killed at point %d: %d in doubt, %d were sending", point, lost, want)
		}
		checkInvariants(t, l.Reader)
		if line == "ready" {
			if point != 2*9+1 {
				t.Errorf("%d points, want two for each of 9 commits", point-1)
			}
			return
		}
	}
}

// The rate counts what was accepted, and the end rests on all that was tried: the run alone
// knows both.
func TestTheEndIsTheOneThatTheRunNotes(t *testing.T) {
	l := opened(t, planned(t, frozen(), people(12)), Options{})
	_, err := l.Begin(t.Context(), noon)
	must(t, err)
	end := noon.Add(time.Minute)
	must(t, l.Note(t.Context(), campaign.Activity{Phase: campaign.PhaseSending, Rate: 0.1, ETA: end}))
	for _, age := range []time.Duration{time.Second, 10 * time.Second, 59 * time.Second} {
		s, err := l.Status(t.Context(), noon.Add(age))
		must(t, err)
		if s.ETA == nil || !s.ETA.Equal(end) || !s.Began.Equal(noon) {
			t.Errorf("after %v the run that began at %v ends at %v, want %v", age, s.Began, s.ETA, end)
		}
	}
}

func TestARunIsSeenInTheStatus(t *testing.T) {
	l := opened(t, planned(t, frozen(), people(12)), Options{})
	if err := l.Note(t.Context(), campaign.Activity{Phase: campaign.PhaseSending}); err == nil {
		t.Error("a note outside a run was taken")
	}
	_, err := l.Begin(t.Context(), noon)
	must(t, err)
	if _, err := l.Begin(t.Context(), noon); err == nil {
		t.Error("two runs at once")
	}
	must(t, l.Note(t.Context(), campaign.Activity{
		Phase: campaign.PhaseSending, Limit: "throttle.rate", Rate: 2, ETA: noon.Add(6 * time.Second),
	}))
	s := checkInvariants(t, l.Reader)
	if s.State != campaign.PhaseSending || s.RatePerS != 2 || s.ETA == nil || !s.ETA.Equal(noon.Add(6*time.Second)) {
		t.Errorf("status = %+v", s)
	}
	if s.Limit == nil || *s.Limit != "throttle.rate" || s.LimitedUntil != nil {
		t.Errorf("limit %v until %v", s.Limit, s.LimitedUntil)
	}
	must(t, l.Note(t.Context(), campaign.Activity{
		Phase: campaign.PhasePaused, Limit: "throttle.pause", Until: noon.Add(time.Minute), ETA: noon,
	}))
	s = checkInvariants(t, l.Reader)
	if s.State != campaign.PhasePaused || s.ETA != nil {
		t.Errorf("status = %+v: an ETA that is over is none", s)
	}
	if s.Limit == nil || *s.Limit != "throttle.pause" || s.LimitedUntil == nil || !s.LimitedUntil.Equal(noon.Add(time.Minute)) {
		t.Errorf("limit %v until %v", s.Limit, s.LimitedUntil)
	}
	must(t, l.End(t.Context(), campaign.RunEnd{At: noon, Halted: "too many rejections"}))
	s = checkInvariants(t, l.Reader)
	if s.State != campaign.PhaseHalted || s.Halted == nil || *s.Halted != "too many rejections" || s.RatePerS != 0 {
		t.Errorf("status = %+v", s)
	}
	if s.Limit != nil || s.LimitedUntil != nil {
		t.Error("something holds back a run that has ended")
	}
}

func TestWhatARunLeavesToWaitFor(t *testing.T) {
	until := noon.Add(24 * time.Hour)
	relay := campaign.Hold{Limit: campaign.LimitRelay, Until: until}
	for name, test := range map[string]struct {
		note campaign.Activity
		end  *campaign.RunEnd // nil: the process dies
		want campaign.Hold
	}{
		"halted for a quota":     {campaign.Activity{Phase: campaign.PhaseSending}, &campaign.RunEnd{At: noon, Halted: "quota", Hold: relay}, relay},
		"stopped while it waits": {campaign.Activity{Phase: campaign.PhasePaused, Limit: "relay", Until: until}, &campaign.RunEnd{At: noon, Interrupted: true, Hold: relay}, relay},
		"died while it waits":    {campaign.Activity{Phase: campaign.PhasePaused, Limit: "relay", Until: until}, nil, relay},
		"died between batches": {campaign.Activity{Phase: campaign.PhasePaused, Limit: "throttle.pause", Until: until}, nil,
			campaign.Hold{Limit: campaign.LimitPause, Until: until}},
		"died while only retries are left": {campaign.Activity{Phase: campaign.PhasePaused, Limit: "retry", Until: until}, nil, campaign.Hold{}},
		"ended with nothing to wait for":   {campaign.Activity{Phase: campaign.PhasePaused, Limit: "relay", Until: until}, &campaign.RunEnd{At: noon}, campaign.Hold{}},
	} {
		t.Run(name, func(t *testing.T) {
			path := planned(t, frozen(), people(3))
			l := opened(t, path, Options{})
			_, err := l.Begin(t.Context(), noon)
			must(t, err)
			must(t, l.Note(t.Context(), test.note))
			if test.end != nil {
				must(t, l.End(t.Context(), *test.end))
			}
			must(t, l.Close())
			l = opened(t, path, Options{})
			trail, err := l.Trail(t.Context())
			must(t, err)
			if trail.Hold.Limit != test.want.Limit || !trail.Hold.Until.Equal(test.want.Until) {
				t.Errorf("the next run is told %+v, want %+v", trail.Hold, test.want)
			}
			s, err := l.Status(t.Context(), noon)
			must(t, err)
			if held := s.Limit != nil && s.LimitedUntil != nil && s.NextAttempt != nil && s.NextAttempt.Equal(*s.LimitedUntil); held != (test.want.Limit != "") {
				t.Errorf("limit %v until %v, next attempt %v", s.Limit, s.LimitedUntil, s.NextAttempt)
			}
			s, err = l.Status(t.Context(), until)
			must(t, err)
			if s.Limit != nil || s.LimitedUntil != nil || s.NextAttempt != nil {
				t.Error("what is over holds the next run back")
			}
		})
	}
}

func TestTrailOfTheRunsBefore(t *testing.T) {
	path := planned(t, frozen(), people(9))
	l := opened(t, path, Options{})
	want := func(last time.Time, ramped time.Duration) {
		t.Helper()
		got, err := l.Trail(t.Context())
		must(t, err)
		if !got.Last.Equal(last) || got.Ramped != ramped {
			t.Errorf("trail %v, want %v and %v", got, last, ramped)
		}
	}
	want(time.Time{}, 0)
	_, err := l.Begin(t.Context(), noon)
	must(t, err)
	want(time.Time{}, 0)
	m := to(1, campaign.Pending, campaign.Sending)
	m.At = noon.Add(3 * time.Second)
	must(t, l.Record(t.Context(), m))
	want(m.At, 0)
	must(t, l.Note(t.Context(), campaign.Activity{Phase: campaign.PhaseSending, Ramped: 7 * time.Minute}))
	want(m.At, 7*time.Minute)
	must(t, l.Close()) // without an end, as after a crash

	l = opened(t, path, Options{})
	_, err = l.Begin(t.Context(), noon.Add(time.Hour))
	must(t, err)
	want(m.At, 7*time.Minute) // finding the first in doubt is no attempt
	m = to(2, campaign.Pending, campaign.Rejected)
	m.At = noon.Add(61 * time.Minute)
	must(t, l.Record(t.Context(), m))
	must(t, l.End(t.Context(), campaign.RunEnd{At: noon.Add(2 * time.Hour), Ramped: 9 * time.Minute}))
	want(m.At, 9*time.Minute)
	_, err = l.Begin(t.Context(), noon.Add(3*time.Hour))
	must(t, err)
	must(t, l.End(t.Context(), campaign.RunEnd{At: noon.Add(3 * time.Hour)}))
	want(m.At, 9*time.Minute) // a run in which nothing went out leaves it as it is
}

func TestDueComesOldestFirst(t *testing.T) {
	l := ready(t, 12, Options{})
	for seq, wait := range map[int64]time.Duration{1: 30, 2: 10, 3: 20, 4: 50} {
		m := to(seq, campaign.Pending, campaign.Deferred)
		m.Next = noon.Add(wait * time.Minute)
		must(t, l.Record(t.Context(), m))
	}
	seqs := func(now time.Time, limit int) (string, time.Time) {
		due, next, err := l.Due(t.Context(), now, limit)
		must(t, err)
		var got []int64
		for _, n := range due {
			got = append(got, n.Seq)
			if n.State != campaign.Deferred || n.Attempts != 1 || len(n.Accounts) != 1 {
				t.Errorf("notice = %+v", n)
			}
		}
		return fmt.Sprint(got), next
	}
	for _, test := range []struct {
		minutes time.Duration
		limit   int
		want    string
		next    time.Duration
	}{{0, 9, "[]", 10}, {10, 9, "[2]", 20}, {30, 9, "[2 3 1]", 50}, {30, 2, "[2 3]", 50}, {50, 9, "[2 3 1 4]", 0}} {
		got, next := seqs(noon.Add(test.minutes*time.Minute), test.limit)
		want := time.Time{}
		if test.next != 0 {
			want = noon.Add(test.next * time.Minute)
		}
		if got != test.want || !next.Equal(want) {
			t.Errorf("after %d minutes: %s, next %v; want %s, next %v", test.minutes, got, next, test.want, want)
		}
	}
	s := checkInvariants(t, l.Reader)
	if s.NextAttempt != nil {
		t.Error("a next attempt is shown while notices are pending")
	}
	for seq := int64(5); seq <= 12; seq++ {
		bring(t, l, seq, campaign.Accepted)
	}
	if s := checkInvariants(t, l.Reader); s.NextAttempt == nil || !s.NextAttempt.Equal(noon.Add(10*time.Minute)) {
		t.Errorf("next attempt = %v", s.NextAttempt)
	}
}

func TestAPageIsOfOneBatch(t *testing.T) {
	l := ready(t, 12, Options{}) // batches of 4
	for _, seq := range []int64{1, 3, 5, 6, 7, 8} {
		bring(t, l, seq, campaign.Accepted)
	}
	for _, test := range []struct {
		after int64
		limit int
		want  string
	}{{0, 9, "[2 4]"}, {0, 1, "[2]"}, {2, 9, "[4]"}, {4, 9, "[9 10 11 12]"}, {10, 9, "[11 12]"}, {12, 9, "[]"}} {
		page, err := l.Pending(t.Context(), test.after, test.limit)
		must(t, err)
		var got []int64
		for _, n := range page {
			got = append(got, n.Seq)
			if n.Batch != page[0].Batch || !n.Planned.Equal(noon) || n.ID != frozen().Key.NoticeID(n.Seq) {
				t.Errorf("notice = %+v", n)
			}
		}
		if fmt.Sprint(got) != test.want {
			t.Errorf("Pending(%d, %d) = %v, want %s", test.after, test.limit, got, test.want)
		}
	}
	if s := checkInvariants(t, l.Reader); s.Batches.Total != 3 || s.Batches.Done != 1 {
		t.Errorf("batches = %+v", s.Batches)
	}
}

func TestTheDateOfANoticeStays(t *testing.T) {
	l := ready(t, 3, Options{})
	bring(t, l, 1, campaign.Deferred)
	due, _, err := l.Due(t.Context(), noon.Add(24*time.Hour), 9)
	must(t, err)
	if len(due) != 1 || !due[0].Dated.Equal(noon) {
		t.Errorf("due = %+v, want the date of the first attempt", due)
	}
}

func TestALockFileIsNoProof(t *testing.T) {
	path := planned(t, frozen(), people(3))
	must(t, os.WriteFile(path+".lock", []byte("1 elsewhere\n"), 0o600))
	l := opened(t, path, Options{})
	text, err := os.ReadFile(path + ".lock")
	must(t, err)
	if want := strconv.Itoa(os.Getpid()) + " "; !strings.HasPrefix(string(text), want) {
		t.Errorf("the lock says %q, want %q", text, want)
	}
	must(t, l.Close())
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "none"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("err = %v, want fs.ErrNotExist", err)
	}
}

func TestPreviewFindsNotices(t *testing.T) {
	records := append(people(9), excluded(20, "out", campaign.InvalidAddress), person(21, "auf", "auf@de.example", account.SSO))
	records[10].Locale = "de"
	r := readOnly(t, planned(t, frozen(), records))
	n, err := r.NoticeOf(t.Context(), "id5")
	must(t, err)
	if n.To.Wire() != "user5@big.example" || n.Accounts[0].ID != "id5" {
		t.Errorf("NoticeOf = %+v", n)
	}
	if _, err := r.NoticeOf(t.Context(), "out"); !errors.Is(err, ErrExcluded) {
		t.Errorf("err = %v, want ErrExcluded", err)
	}
	if _, err := r.NoticeOf(t.Context(), "nobody"); !errors.Is(err, ErrNoAccount) {
		t.Errorf("err = %v, want ErrNoAccount", err)
	}
	samples, err := r.Samples(t.Context())
	must(t, err)
	var kinds []string
	for _, s := range samples {
		kinds = append(kinds, string(s.Class)+"/"+s.Locale)
	}
	if got := fmt.Sprint(kinds); got != "[password/en sso/de sso/en]" {
		t.Errorf("samples = %s", got)
	}
}
