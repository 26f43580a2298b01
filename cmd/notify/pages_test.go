package main

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/smtptest"
)

// pagesProgram is the program with the names of web pages resolved to pagesAddress, an
// address on loopback.
const (
	pagesProgram = "notify-pages"
	pagesAddress = "NOTIFY_TEST_PAGES"
)

func mainWithPages() {
	ctx, cancel := context.WithCancel(context.Background())
	p := newProcess(interruptions(cancel))
	p.dialPage = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, os.Getenv(pagesAddress))
	}
	os.Exit(run(ctx, os.Args[1:], p))
}

// pagesConfig sends at a rate at which there is time to look, and asks the pages often.
const pagesConfig = `smtp: {host: 127.0.0.1, port: PORT, tls: none, connections: 4}
throttle: {rate: 100/s, per_domain: {default: 1000/s}, batch: 250, pause: 0s, canary: 20}
halt: {rejected: 50%, consecutive_errors: 1000, probe: {every: 1s, max_latency: LATENCY, ca_file: pages.pem}}
`

// site is the web site of a trial: https://example.com, on loopback.
type site struct {
	*httptest.Server
	status atomic.Int32  // that every page answers; 0: none
	asked  chan string   // the path of each question
	mute   chan struct{} // closed at the end
}

// pagesTrial is a trial of which the pages are on a site of the test.
type pagesTrial struct {
	*trial
	site *site
}

func newPagesTrial(t *testing.T, accounts int, latency string, scripts ...smtptest.Script) pagesTrial {
	t.Helper()
	w := &site{asked: make(chan string, 1<<14), mute: make(chan struct{})}
	w.status.Store(http.StatusOK)
	w.Server = httptest.NewUnstartedServer(http.HandlerFunc(w.serve))
	w.Config.ErrorLog = log.New(io.Discard, "", 0) // a process that is killed breaks off what it asks
	w.StartTLS()
	t.Cleanup(w.Close)
	t.Cleanup(func() { close(w.mute) })
	c := pagesTrial{newTrial(t, kindWorld(accounts), 4, scripts...), w}
	path := filepath.Join(c.dir, "notify.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	frozen, _, _ := strings.Cut(string(text), "smtp:")
	config := strings.NewReplacer("PORT", strconv.Itoa(c.server.Port()), "LATENCY", latency).Replace(frozen + pagesConfig)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.Certificate().Raw})
	for name, text := range map[string][]byte{"notify.yaml": []byte(config), "pages.pem": authority} {
		if err := os.WriteFile(filepath.Join(c.dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (w *site) serve(answer http.ResponseWriter, r *http.Request) {
	w.asked <- r.URL.Path
	status := int(w.status.Load())
	if status == 0 {
		select {
		case <-w.mute:
		case <-r.Context().Done():
		}
		return
	}
	answer.WriteHeader(status)
}

func (c pagesTrial) send(t *testing.T) *child {
	t.Helper()
	return c.startIn(t, []string{pagesAddress + "=" + c.site.Listener.Addr().String()}, pagesProgram, "send", "--yes")
}

// questions waits until both pages were asked n more times.
func (c pagesTrial) questions(t *testing.T, p *child, n int) {
	t.Helper()
	for range 2 * n {
		await(t, p, c.site.asked, "the pages are asked")
	}
}

// paused waits until the campaign is paused for both pages, and returns its status,
// with the pages by name.
func (c pagesTrial) paused(t *testing.T, p *child) campaign.Status {
	t.Helper()
	for {
		if s := c.status(t); s.Probe != nil && len(s.Probe.Pages) == 2 && s.State == campaign.PhasePaused && s.Notices.Sending == 0 {
			slices.SortFunc(s.Probe.Pages, func(a, b campaign.PageFailure) int { return strings.Compare(a.Link, b.Link) })
			return s
		}
		c.questions(t, p, 1)
	}
}

// reported asks a fresh process for the pauses of the report, by name: for each the link,
// the reason and the ending.
func (c pagesTrial) reported(t *testing.T) (pauses [][3]string) {
	t.Helper()
	var report struct {
		Pauses []struct{ Link, Reason, Ending string }
	}
	if err := json.Unmarshal(c.run(t, exitDone, "report", "--json").stdout.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Pauses {
		pauses = append(pauses, [3]string{p.Link, p.Reason, p.Ending})
	}
	slices.SortFunc(pauses, func(a, b [3]string) int { return strings.Compare(a[0], b[0]) })
	return pauses
}

func TestNoticesWaitForASilentPageAndGoOn(t *testing.T) {
	t.Parallel()
	dots := newCheckpoint(smtptest.Dot, holdNone)
	c := newPagesTrial(t, 700, "30s", dots.script)
	p := c.send(t)
	p.reach(t, dots, 50)
	c.site.status.Store(http.StatusServiceUnavailable)
	s := c.paused(t, p)
	if want := []campaign.PageFailure{{Link: "reset", Reason: "503"}, {Link: "sign_out", Reason: "503"}}; !slices.Equal(s.Probe.Pages, want) ||
		s.Limit == nil || *s.Limit != "halt.probe reset, sign_out" || s.LimitedUntil != nil || s.ETA != nil || s.Halted != nil {
		t.Errorf("the status says %+v, held back by %v", s.Probe, s.Limit)
	}
	human := c.run(t, exitDone, "status").stdout.String()
	if !strings.Contains(human, "state     paused\n") || !strings.Contains(human, "the reset page does not answer (503)") || !strings.Contains(human, "notices wait until they do, since 20") {
		t.Errorf("status does not say what it waits for:\n%s", human)
	}
	if !strings.Contains(human, "\nnext      mend what does not answer, and the run goes on by itself") {
		t.Errorf("status does not say what to do:\n%s", human)
	}
	before := len(c.server.Messages())
	c.questions(t, p, 3)
	if after := len(c.server.Messages()); after != before {
		t.Errorf("%d notices went while the pages were silent", after-before)
	}
	c.site.status.Store(http.StatusOK)
	p.exits(t, exitDone)
	c.audit(t)
	c.checkEnd(t, 0)
	if got, want := c.reported(t), [][3]string{{"reset", "503", "answered"}, {"sign_out", "503", "answered"}}; !slices.Equal(got, want) {
		t.Errorf("the report has the pauses %v, want %v", got, want)
	}
}

func TestNothingGoesToAPageThatIsTooSlow(t *testing.T) {
	t.Parallel()
	c := newPagesTrial(t, 60, "2s")
	c.site.status.Store(0)
	p := c.send(t)
	s := c.paused(t, p)
	if len(s.Probe.Pages) != 2 || s.Probe.Pages[0].Reason != "no whole answer within 2s" {
		t.Errorf("the status says %+v", s.Probe)
	}
	if n := len(c.server.Messages()); n != 0 || s.Notices.Pending != s.Notices.Total {
		t.Errorf("%d notices went, and the ledger says %+v", n, s.Notices)
	}
	p.signal(t, os.Interrupt)
	p.exits(t, exitInterrupted)
	if !strings.Contains(p.stderr.String(), "notify: interrupted; what was in flight is recorded, notices left:") {
		t.Errorf("the interrupt is told as %s", &p.stderr)
	}
	for _, pause := range c.reported(t) {
		if pause[2] != string(campaign.PauseStopped) {
			t.Errorf("the report has the pause %v, want it stopped", pause)
		}
	}
}

func TestACrashWhileAPageIsSilentIsToldAsIt(t *testing.T) {
	t.Parallel()
	c := newPagesTrial(t, 60, "30s")
	c.site.status.Store(http.StatusBadGateway)
	p := c.send(t)
	c.paused(t, p)
	p.kill(t)
	lost := [][3]string{{"reset", "502", "lost"}, {"sign_out", "502", "lost"}}
	if got := c.reported(t); !slices.Equal(got, lost) {
		t.Errorf("after the crash the report has the pauses %v, want %v", got, lost)
	}
	if s := c.status(t); s.Probe != nil || s.State != campaign.PhaseIncomplete {
		t.Errorf("after the crash the campaign is %s and waits for %v", s.State, s.Probe)
	}
	c.site.status.Store(http.StatusOK)
	c.send(t).exits(t, exitDone)
	c.audit(t)
	c.checkEnd(t, 0)
	if got := c.reported(t); !slices.Equal(got, lost) {
		t.Errorf("after the end the report has the pauses %v, want %v", got, lost)
	}
}
