// Package browsertest drives a real Chromium without a window through a page in a test.
//
// It guarantees that the browser has a profile of its own, that it ends with the test,
// and that a test without a browser is skipped aloud, or fails where CI is set. It notes
// what the browser complains about and every request that it makes. It leaves the
// clicking to chromedp and the judgement to the tests.
package browsertest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience bounds a whole session: far more than a busy machine needs. A frame that is
// looked at and stays empty may have been replaced since, which is tried again.
const (
	patience      = 2 * time.Minute
	framePatience = time.Second
)

// names are those under which Chromium is installed.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}

// Browser is one tab of a Chromium that belongs to one test.
type Browser struct {
	tb  testing.TB
	ctx context.Context

	mu         sync.Mutex
	complaints []string
	requests   []string
}

// Start starts a Chromium with a window of a size in CSS pixels, and ends it with the
// test. Where there is none the test is skipped, or fails where CI is set, so that it is
// never left out unnoticed.
func Start(tb testing.TB, width, height int) *Browser {
	tb.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(find(tb)),
		chromedp.WindowSize(width, height),
		// Frames in a sandbox stay in the process of the page, so that what they do is
		// among the events of the page.
		chromedp.Flag("disable-features", "site-per-process,IsolateSandboxedIframes,Translate"),
		chromedp.Flag("font-render-hinting", "none"),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to run as root with one
	}
	// The first use of a context must not have a time limit of its own, which would be
	// that of the browser: the deadline is one of the allocator's.
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	tb.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	tb.Cleanup(cancel)
	b := &Browser{tb: tb}
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithListener(b.note))
	tb.Cleanup(cancel)
	b.ctx = ctx
	b.Do(command(network.Enable, network.EnableParams{}), command(cdplog.Enable, cdp.Empty{}))
	b.Resize(width, height)
	return b
}

// command is a command of the protocol whose answer says nothing.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// find returns the path of Chromium.
func find(tb testing.TB) string {
	tb.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		tb.Fatalf("none of %s is installed, and CI is set", strings.Join(names, ", "))
	}
	tb.Skipf("none of %s is installed", strings.Join(names, ", "))
	return ""
}

// note keeps what an event says.
func (b *Browser) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *cdplog.EventEntryAdded:
		b.complaints = append(b.complaints, fmt.Sprintf("%s: %s (%s)", e.Entry.Level, e.Entry.Text, e.Entry.URL))
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, "exception: "+e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, fmt.Sprintf("console.%s", e.Type))
	}
}

// Do runs actions in the tab. It ends the test if one fails.
func (b *Browser) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.tb.Helper()
	Run(b, chromedp.Steps(actions...))
}

// Run runs an action in the tab and returns its value. It ends the test if it fails.
func Run[T any](b *Browser, action chromedp.Action[T]) T {
	b.tb.Helper()
	value, err := chromedp.Run(b.ctx, action)
	if err != nil {
		b.tb.Fatalf("the browser: %v\ncomplaints: %q", err, b.Complaints())
	}
	return value
}

// Evaluate returns the value of a JavaScript expression in the page, which may be a
// promise.
func Evaluate[T any](b *Browser, expression string) T {
	b.tb.Helper()
	return Run(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// InFrame returns the value of an action in the frame that a CSS selector finds, however
// often that is replaced before.
func InFrame[T any](b *Browser, frame string, action func(inside chromedp.QueryOption) chromedp.Action[T]) T {
	b.tb.Helper()
	for {
		nodes := Run(b, chromedp.Nodes(chromedp.CSS(frame)))
		ctx, cancel := context.WithTimeout(b.ctx, framePatience)
		value, err := chromedp.Run(ctx, action(chromedp.FromNode(nodes[0])))
		cancel()
		if err == nil {
			return value
		}
		if b.ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			b.tb.Fatalf("the browser, in the frame: %v\ncomplaints: %q", err, b.Complaints())
		}
	}
}

// Until waits until a JavaScript expression is true in the page.
func (b *Browser) Until(expression string) {
	b.tb.Helper()
	b.Do(chromedp.Poll[chromedp.Void](expression))
}

// Resize sets the size of the window in CSS pixels.
func (b *Browser) Resize(width, height int) {
	b.tb.Helper()
	b.Do(chromedp.EmulateViewport(int64(width), int64(height)))
}

// Colours sets the colour scheme of the device: light or dark.
func (b *Browser) Colours(scheme string) {
	b.tb.Helper()
	b.Do(command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}))
}

// Paper lays the page out as it is printed.
func (b *Browser) Paper() {
	b.tb.Helper()
	b.Do(command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}))
}

// Screenshot writes what the window shows into a PNG file.
func (b *Browser) Screenshot(path string) {
	b.tb.Helper()
	png := Run(b, chromedp.CaptureScreenshot())
	if err := os.WriteFile(path, png, 0o644); err != nil {
		b.tb.Fatalf("write a screenshot: %v", err)
	}
}

// Complaints returns what the browser has logged so far: errors, warnings, exceptions
// and all that the page writes to the console.
func (b *Browser) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.complaints)
}

// Requests returns the URLs of all requests so far, also those of frames.
func (b *Browser) Requests() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.requests)
}

// Strangers returns the requests so far that were not for the loopback interface.
func (b *Browser) Strangers() []string {
	return slices.DeleteFunc(b.Requests(), func(address string) bool {
		u, err := url.Parse(address)
		if err != nil {
			return false
		}
		ip, err := netip.ParseAddr(u.Hostname())
		return u.Scheme == "about" || u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	})
}
