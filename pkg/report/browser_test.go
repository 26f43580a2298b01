package report

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"breachnotify/pkg/browsertest"
)

var screenshots = flag.String("screenshots", "", "write a screenshot of the page into this folder; .ci/screenshots does")

// shown opens the page of a report in a browser.
func shown(t *testing.T, r *Report, width, height int) *browsertest.Browser {
	t.Helper()
	b := browsertest.Start(t, width, height)
	page := written(t, r)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/report.html" {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte(page))
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(server.Close)
	b.Do(chromedp.Navigate(server.URL + "/report.html"))
	return b
}

func TestABrowserLoadsNothingElseAndDoesNotComplain(t *testing.T) {
	b := shown(t, read(t, hostile()), 1000, 800)
	requests := slices.DeleteFunc(b.Requests(), func(u string) bool { return strings.HasSuffix(u, "/favicon.ico") })
	if len(requests) != 1 || len(b.Strangers()) != 0 {
		t.Errorf("the browser asked for %q", b.Requests())
	}
	if got := b.Complaints(); len(got) != 0 {
		t.Errorf("the browser complains: %q", got)
	}
	// The policy lets the style of the page through, and that one is there.
	if got := browsertest.Evaluate[string](b, `getComputedStyle(document.querySelector(".tiles")).display`); got != "grid" {
		t.Errorf("the tiles are laid out as %s", got)
	}
}

func TestThePageFitsAPhone(t *testing.T) {
	b := shown(t, read(t, sample()), 390, 844)
	if got := browsertest.Evaluate[int](b, `document.documentElement.scrollWidth`); got > 390 {
		t.Errorf("the page is %d pixels wide", got)
	}
}

func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("only with -screenshots, which .ci/screenshots gives")
	}
	b := shown(t, read(t, sample()), 900, 1250)
	b.Screenshot(filepath.Join(*screenshots, "report.png"))
	browsertest.Evaluate[bool](b, `document.getElementById("when").scrollIntoView() === undefined`)
	b.Screenshot(filepath.Join(*screenshots, "report-when.png"))
}
