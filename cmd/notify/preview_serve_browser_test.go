package main

import (
	"flag"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/css"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"breachnotify/pkg/browsertest"
)

var screenshots = flag.String("screenshots", "", "write screenshots of pages into this folder; .ci/screenshots does")

// visit opens the page in a browser.
func visit(t *testing.T, address string, width, height int) *browsertest.Browser {
	t.Helper()
	b := browsertest.Start(t, width, height)
	t.Cleanup(func() {
		if strangers := b.Strangers(); len(strangers) > 0 {
			t.Errorf("requests left the machine: %q", strangers)
		}
	})
	b.Do(chromedp.Navigate(address), chromedp.WaitVisible(chromedp.CSS("#notice h1")))
	return b
}

// choose clicks on an element by its id and waits until it is the chosen one.
func choose(b *browsertest.Browser, id string) {
	b.Do(chromedp.Click(chromedp.ID(id)), chromedp.WaitReady(chromedp.CSS("#"+id+"[aria-current]")))
}

// inNotice returns the text of the first element of the notice that a selector finds.
func inNotice(b *browsertest.Browser, selector string) string {
	return browsertest.InFrame(b, "#notice iframe", func(inside chromedp.QueryOption) chromedp.Action[string] {
		return chromedp.TextContent(chromedp.CSS(selector), inside)
	})
}

// styleOfNotice returns a computed style of the body of the notice.
func styleOfNotice(b *browsertest.Browser, name string) string {
	inNotice(b, "h1") // a frame that is still empty has a body too
	all := browsertest.InFrame(b, "#notice iframe", func(inside chromedp.QueryOption) chromedp.Action[[]*css.ComputedStyleProperty] {
		return chromedp.ComputedStyle(chromedp.CSS("body"), inside)
	})
	for _, p := range all {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

func TestPreviewPageInABrowser(t *testing.T) {
	address := servePreview(t, previewFolder(t))
	b := visit(t, address, 1280, 800)

	t.Run("the address has no token any more", func(t *testing.T) {
		here := browsertest.Evaluate[string](b, "location.href")
		if strings.Contains(here, "token") {
			t.Errorf("the page is at %s", here)
		}
		if cookies := browsertest.Evaluate[string](b, "document.cookie"); cookies != "" {
			t.Errorf("scripts see the cookie %q", cookies)
		}
	})
	t.Run("the list names every case that is in the plan", func(t *testing.T) {
		ids := browsertest.Evaluate[[]string](b, `[...document.querySelectorAll("#list a")].map(a => a.id.replace("case-", ""))`)
		want := []string{"password-de", "password-en", "sso-de", "sso-en", "longest-name", "no-name", "odd-name", "right-to-left",
			"idn", "several", "both-classes-password", "both-classes-sso"}
		if !slices.Equal(ids, want) {
			t.Errorf("cases %q, want %q", ids, want)
		}
	})
	t.Run("a case is shown in the frame", func(t *testing.T) {
		choose(b, "case-longest-name")
		if text := inNotice(b, "li"); !strings.Contains(text, "Magdalena Freifrau") {
			t.Errorf("the frame shows %q", text)
		}
		choose(b, "case-several")
		if text := browsertest.Evaluate[string](b, "document.querySelector('.about').innerText"); !strings.Contains(text, "2003, 2004, 2005") ||
			!strings.Contains(text, "l***@bücherstube.example (xn--bcherstube-9db.example)") {
			t.Errorf("about the notice: %q", text)
		}
	})
	t.Run("the colours are those that are chosen", func(t *testing.T) {
		light := styleOfNotice(b, "background-color")
		choose(b, "colours-dark")
		dark := styleOfNotice(b, "background-color")
		if light != "rgb(255, 255, 255)" || dark != "rgb(22, 24, 28)" {
			t.Errorf("light is %s, dark is %s", light, dark)
		}
		b.Colours("dark") // the device's
		choose(b, "colours-light")
		if light := styleOfNotice(b, "background-color"); light != "rgb(255, 255, 255)" {
			t.Errorf("light on a dark device is %s", light)
		}
		b.Colours("light")
	})
	t.Run("a telephone is narrow", func(t *testing.T) {
		choose(b, "width-phone")
		if width := styleOfNotice(b, "width"); width != "375px" {
			t.Errorf("the notice is %s wide", width)
		}
		choose(b, "width-desktop")
	})
	t.Run("text and source stand in the page", func(t *testing.T) {
		paper := func() string { return browsertest.Evaluate[string](b, "document.getElementById('paper').innerText") }
		choose(b, "case-right-to-left")
		choose(b, "view-text")
		if text := paper(); !strings.Contains(text, "نور الهدى") {
			t.Errorf("the text is %q", text)
		}
		choose(b, "view-source")
		if source := paper(); !strings.Contains(source, "To: <nour@mail.example>") {
			t.Errorf("the source is %q", source)
		}
		choose(b, "view-html")
	})
	t.Run("the arrow keys walk through the list", func(t *testing.T) {
		choose(b, "case-password-de")
		b.Do(chromedp.KeyEvent(kb.ArrowDown), chromedp.WaitReady(chromedp.CSS("#case-password-en[aria-current]")))
		if focus := browsertest.Evaluate[string](b, "document.activeElement.id"); focus != "case-password-en" {
			t.Errorf("the focus is on %q", focus)
		}
		b.Do(chromedp.NavigateBack(), chromedp.WaitReady(chromedp.CSS("#case-password-de[aria-current]")))
	})
	t.Run("the way to the links ends there", func(t *testing.T) {
		before := len(b.Requests())
		b.Do(chromedp.Click(chromedp.CSS(".about a")))
		b.Until("document.querySelector('main').scrollTop > 0 && location.hash === '#links'")
		if after := b.Requests(); len(after) != before {
			t.Errorf("requests: %q", after[before:])
		}
	})
	t.Run("an account is found by its id", func(t *testing.T) {
		b.Do(chromedp.SendKeys(chromedp.ID("account"), "2001"+kb.Enter), chromedp.WaitNotPresent(chromedp.CSS("#list [aria-current]")))
		if text := inNotice(b, "li"); !strings.Contains(text, "Magdalena Freifrau") {
			t.Errorf("the frame shows %q", text)
		}
	})
	t.Run("everything that can be chosen has a name", func(t *testing.T) {
		unnamed := browsertest.Evaluate[[]string](b, `[...document.querySelectorAll("a, button, input, iframe")].filter(e =>
			!(e.textContent.trim() || e.title || document.querySelector("label[for=" + (e.id || "x") + "]"))).map(e => e.outerHTML)`)
		if len(unnamed) > 0 {
			t.Errorf("without a name: %q", unnamed)
		}
	})
	if complaints := b.Complaints(); len(complaints) > 0 {
		t.Errorf("the browser complains: %q", complaints)
	}
	t.Run("a narrow window shows the notice first", func(t *testing.T) {
		b.Resize(390, 844)
		b.Until("!document.getElementById('list').open")
		if wide := browsertest.Evaluate[int](b, "document.documentElement.scrollWidth"); wide > 390 {
			t.Errorf("the page is %d wide", wide)
		}
		b.Resize(1280, 800)
		b.Until("document.getElementById('list').open")
	})
	t.Run("a click on a link of the notice leads nowhere", func(t *testing.T) {
		before := b.Requests()
		browsertest.InFrame(b, "#notice iframe", func(inside chromedp.QueryOption) chromedp.Action[chromedp.Void] {
			return chromedp.Click(chromedp.CSS(".button a"), inside)
		})
		if text := inNotice(b, "h1"); text == "" {
			t.Error("the notice is gone")
		}
		if after := b.Requests(); len(after) != len(before) {
			t.Errorf("requests: %q", after[len(before):])
		}
		if complaints := b.Complaints(); len(complaints) != 1 || !strings.Contains(complaints[0], "Blocked opening") {
			t.Errorf("the browser complains: %q", complaints)
		}
	})
	t.Run("the address works once", func(t *testing.T) {
		b.Do(chromedp.Navigate(address))
		if text := browsertest.Evaluate[string](b, "document.body.innerText"); !strings.Contains(text, "was used before") {
			t.Errorf("the second visit shows %q", text)
		}
	})
}

// TestPreviewScreenshots makes the pictures of the README.
func TestPreviewScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("only with -screenshots, which .ci/screenshots gives")
	}
	b := visit(t, servePreview(t, previewFolder(t)), 1280, 800)
	for _, picture := range []struct {
		name  string
		click []string
	}{
		{"preview", []string{"case-longest-name"}},
		{"preview-phone", []string{"case-password-en", "width-phone", "colours-dark"}},
	} {
		for _, id := range picture.click {
			choose(b, id)
		}
		inNotice(b, "h1") // it is there
		browsertest.Evaluate[chromedp.Void](b, "document.getElementById('list').scrollTop = 0; document.activeElement.blur()")
		b.Do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, 0, 0))
		b.Screenshot(filepath.Join(*screenshots, picture.name+".png"))
	}
}
