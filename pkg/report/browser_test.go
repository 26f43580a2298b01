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
	b := shown(t, read(t, sample()), 360, 800)
	if got := browsertest.Evaluate[int](b, `document.documentElement.scrollWidth`); got > 360 {
		t.Errorf("the page is %d pixels wide", got)
	}
	// What is too wide can be scrolled to, by keyboard as well.
	cut := browsertest.Evaluate[[]string](b, `[...document.querySelectorAll("table, svg.chart")].filter(e => {
		const box = e.closest(".wide")
		return !box || box.tabIndex !== 0 || !box.getAttribute("aria-label") || getComputedStyle(box).overflowX !== "auto" ||
			box.scrollWidth < e.getBoundingClientRect().width - 1
	}).map(e => e.textContent.slice(0, 80))`)
	if len(cut) != 0 {
		t.Errorf("cut at the side: %q", cut)
	}
	// Moments are not torn: a row of them is as high as a line.
	if torn := browsertest.Evaluate[int](b, `[...document.querySelectorAll(".when")].filter(e => e.getClientRects().length && e.tagName === "TD" &&
		document.createRange && (r => (r.selectNodeContents(e), r.getBoundingClientRect().height))(document.createRange()) > 24).length`); torn != 0 {
		t.Errorf("%d moments are on several lines", torn)
	}
}

func TestOnPaperNothingIsCut(t *testing.T) {
	b := shown(t, read(t, sample()), 680, 900) // about the width of A4 between its margins
	b.Paper()
	if got := browsertest.Evaluate[int](b, `document.documentElement.scrollWidth`); got > 680 {
		t.Errorf("the page is %d pixels wide: %q", got, browsertest.Evaluate[[]string](b, `[...document.querySelectorAll("main *")]
			.filter(e => e.getBoundingClientRect().right > 681).map(e => e.tagName + " " + e.textContent.slice(0, 40))`))
	}
	if got := browsertest.Evaluate[string](b, `getComputedStyle(document.querySelector(".wide")).overflowX`); got != "visible" {
		t.Errorf("what is wide is %s", got)
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
