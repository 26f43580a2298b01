package main

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/ledger"
	"breachnotify/pkg/smtptest"
	"breachnotify/pkg/throttle"
)

// campaignFor makes a campaign folder against a new server, and returns its
// configuration.
func campaignFor(t *testing.T, world *demoWorld) (config string, server *smtptest.Server) {
	t.Helper()
	server, err := smtptest.Start(smtptest.Options{Script: world.script()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	dir := t.TempDir()
	if err := world.write(dir, server.Port()); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "notify.yaml"), server
}

// typing runs `notify send` for a human at a terminal who types answer.
func typing(t *testing.T, config string, answer io.Reader, stop <-chan struct{}) (stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	p := newProcess(stop)
	p.stdin, p.stdout, p.stderr, p.asks, p.draws = answer, &out, &errs, true, false
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	code = run(ctx, []string{"send", "-c", config}, p)
	return errs.String(), code
}

func TestConsentIsTheNumberOfNotices(t *testing.T) {
	world := newDemoWorld(demoLeast)
	config, server := campaignFor(t, world)
	never := make(chan struct{})
	number := strconv.Itoa(world.notices())

	for _, wrong := range []string{"", "\n", "yes\n", "y\n", "1" + number + "\n", "-" + number + "\n"} {
		stderr, code := typing(t, config, strings.NewReader(wrong), never)
		if code != exitRefused {
			t.Errorf("the answer %q ends with %d, want %d", wrong, code, exitRefused)
		}
		for _, shown := range []string{number, "Example Security <security@example.com>", "Notice of Data Breach", "127.0.0.1 port", "400/s", "takes", "password", "sso"} {
			if !strings.Contains(stderr, shown) {
				t.Errorf("the question does not show %q:\n%s", shown, stderr)
			}
		}
	}
	if n := len(server.Messages()); n != 0 {
		t.Fatalf("%d messages went out without consent", n)
	}
	if _, code := typing(t, config, strings.NewReader(" "+number+" \n"), never); code != exitFailures {
		t.Errorf("the right answer ends with %d, want %d (some mailboxes are refused)", code, exitFailures)
	}
	if n := len(server.Messages()); n == 0 {
		t.Error("the right answer sends nothing")
	}
}

func TestInterruptAtTheQuestion(t *testing.T) {
	config, server := campaignFor(t, newDemoWorld(demoLeast))
	if _, _, code := runHere(t, "plan", "-c", config); code != exitDone {
		t.Fatalf("plan ends with %d", code)
	}
	stop := make(chan struct{})
	answer := &stopOnRead{stop: stop, block: make(chan struct{})}
	t.Cleanup(func() { close(answer.block) })
	if _, code := typing(t, config, answer, stop); code != exitInterrupted {
		t.Errorf("Ctrl-C at the question ends with %d, want %d", code, exitInterrupted)
	}
	if n := len(server.Messages()); n != 0 {
		t.Errorf("%d messages went out", n)
	}
}

// stopOnRead is a terminal at which somebody presses Ctrl-C and types nothing.
type stopOnRead struct {
	stop  chan struct{}
	block chan struct{}
}

func (s *stopOnRead) Read([]byte) (int, error) {
	close(s.stop)
	<-s.block
	return 0, io.EOF
}

func TestProgressOnAPipeIsALineEveryTenSeconds(t *testing.T) {
	for _, c := range []struct {
		name  string
		quiet bool
		want  int
	}{{"as usual", false, 2}, {"--quiet", true, 0}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				p := newProcess(make(chan struct{}))
				p.stderr, p.draws = &out, false
				bar := showProgress(p, &globals{quiet: c.quiet}, func() reading { return reading{1, 4, "batch 1 of 4"} })
				time.Sleep(25 * time.Second) // the bubble's clock: takes no time
				bar.stop()
				if got := strings.Count(out.String(), "notify: 25.0%, batch 1 of 4\n"); got != c.want || strings.Count(out.String(), "\n") != c.want {
					t.Errorf("%d lines after 25 s, want %d: %q", got, c.want, out.String())
				}
			})
		})
	}
}

func TestALineOnAPipeSaysWhenItEnds(t *testing.T) {
	limit := throttle.LimitRate
	sending := campaign.Status{At: sceneNow, Began: sceneNow.Add(-time.Hour), State: campaign.PhaseSending,
		Notices: campaign.NoticeCounts{Total: 2000, Pending: 1499, Accepted: 500, Rejected: 1}, Batches: campaign.BatchCounts{Total: 4},
		Batch: &campaign.BatchNow{Number: 2, Notices: 500, Left: 499}, RatePerS: 20, Limit: &limit, ETA: at(2 * time.Hour)}
	const begins = "notify: 25.0%, batch 2 of 4, 500 accepted, 0 deferred, 1 rejected, 0 in doubt, 20.0/s, held back by throttle.rate; "
	for ends, deadline := range map[string]*campaign.Due{
		"done at 14:10 UTC, in 2 h 0 min\n":                                                                 nil,
		"deadline: at this rate done 14:10 UTC, 28 h before the deadline\n":                                 due(30*time.Hour, sending.ETA),
		"deadline: will be missed: at this rate done 14:10 UTC, 1 h 0 min after the deadline (13:10 UTC)\n": due(time.Hour, sending.ETA),
	} {
		sending.Deadline = deadline
		var out bytes.Buffer
		if sayProgress(&out, progressOf(sending)); out.String() != begins+ends {
			t.Errorf("got\n%swant\n%s", out.String(), begins+ends)
		}
	}
}

// What a dead process left on its way is not sent again, so nobody is asked about it.
func TestNoticesOnTheirWayAreNoQuestion(t *testing.T) {
	config, server := campaignFor(t, newDemoWorld(demoLeast))
	if _, _, code := runHere(t, "plan", "-c", config); code != exitDone {
		t.Fatalf("plan ends with %d", code)
	}
	left := leaveOnTheirWay(t, filepath.Join(filepath.Dir(config), "demo.ledger"))

	stdout, stderr, code := runHere(t, "send", "-c", config, "--json")
	if code != exitFailures {
		t.Errorf("send ends with %d, want %d: %s", code, exitFailures, stderr)
	}
	if !strings.Contains(stderr, "in doubt: "+strconv.Itoa(left)+",") || !strings.Contains(stdout, `"in_doubt":`+strconv.Itoa(left)) {
		t.Errorf("%d notices in doubt are not named:\n%s%s", left, stdout, stderr)
	}
	if n := server.Conns(); n != 0 {
		t.Errorf("the relay was dialled %d times for nothing", n)
	}
}

// leaveOnTheirWay makes every notice sending and forgets to say what came of it, as a
// process that is killed does.
func leaveOnTheirWay(t *testing.T, path string) (n int) {
	t.Helper()
	book, err := ledger.Open(t.Context(), path, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if _, err := book.Begin(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	for after := int64(0); ; {
		page, err := book.Pending(t.Context(), after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, notice := range page {
			after = notice.Seq
			n++
			move := campaign.Move{Seq: notice.Seq, From: campaign.Pending, To: campaign.Sending, At: now, Dated: now}
			if err := book.Record(t.Context(), move); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}
	return n
}
