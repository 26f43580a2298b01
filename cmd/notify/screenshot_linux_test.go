package main

import (
	"fmt"
	"html"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"breachnotify/pkg/browsertest"
)

// TestProgressScreenshots makes the picture of the progress screen in the README: what the
// program draws on a terminal, in the colours that terminals have.
func TestProgressScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("only with -screenshots, which .ci/screenshots gives")
	}
	world := newDemoWorld(20_000)
	c := newTrial(t, world, 2, world.script())
	c.reconfigure(t, func(config string) string {
		discovered := time.Now().Add(-41 * time.Hour).UTC().Format(time.RFC3339)
		return strings.NewReplacer("campaign: trial", "campaign: acme-2026-09",
			"incident: {", "incident: {discovered: '"+discovered+"', deadline: 72h, ",
			"rate: 100000/s", "rate: 150/s", "first: 1s, max: 1s", "first: 5m, max: 1h").Replace(config)
	})
	c.run(t, exitDone, "plan")
	p := c.seat(t, "", "send", "--yes")
	p.frame(t, "a run that is well under way", func(lines []string) bool {
		has := func(pattern string) bool { return slices.ContainsFunc(lines, regexp.MustCompile(pattern).MatchString) }
		return has(`^accepted  [2-6],`) && has(`^done at   [0-9]`) && has(`^rejected  [1-9]`) && has(`^rate      [1-9].*throttle\.rate`)
	})
	drawn := strings.Split(p.text(), beginDrawing)
	frame, _, _ := strings.Cut(drawn[len(drawn)-2], endDrawing) // the last one may not be whole
	p.types(t, "\x03")
	p.leaves(t, exitInterrupted)

	lines := strings.Count(frame, "\n")
	b := browsertest.Start(t, 80*8+32, lines*19+32)
	b.Do(chromedp.Navigate("data:text/html;charset=utf-8," + url.PathEscape(terminalPage(frame))))
	b.Screenshot(filepath.Join(*screenshots, "progress.png"))
}

// reconfigure changes the configuration of a trial.
func (c *trial) reconfigure(t *testing.T, change func(string) string) {
	t.Helper()
	path := filepath.Join(c.dir, "notify.yaml")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(change(string(before))), 0o600); err != nil {
		t.Fatal(err)
	}
}

var (
	sgr    = regexp.MustCompile(`\x1b\[([0-9;]*)m`)
	others = regexp.MustCompile(`\x1b\[\??[0-9]*[A-Zhl]`)
)

// inkStyles are the inks in CSS.
var inkStyles = map[ink]string{
	strong: "font-weight:bold;color:#fff", faint: "color:#8b949e", good: "color:#56d364", bad: "font-weight:bold;color:#ff7b72",
	filled: "background:#2ea043;color:#2ea043",
}

// terminalPage is a frame as HTML.
func terminalPage(frame string) string {
	text := html.EscapeString(others.ReplaceAllString(strings.ReplaceAll(frame, "\r", ""), ""))
	text = sgr.ReplaceAllStringFunc(text, func(code string) string {
		i := ink(sgr.FindStringSubmatch(code)[1])
		if i == "0" {
			return "</span>"
		}
		return fmt.Sprintf("<span style='%s'>", inkStyles[i])
	})
	return "<!doctype html><body style='margin:0;background:#0d1117'><pre style='margin:16px;color:#e6edf3;font:13.3px/19px DejaVu Sans Mono,monospace'>" +
		text + "</pre>"
}
