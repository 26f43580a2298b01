package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/throttle"
)

var screenUpdate = flag.Bool("screen.update", false, "write what the screens look like into testdata/screen")

// sceneNow is the moment of every scene here.
var sceneNow = time.Date(2026, 9, 10, 12, 10, 30, 0, time.UTC)

func at(d time.Duration) *time.Time {
	moment := sceneNow.Add(d)
	return &moment
}

func due(margin time.Duration, doneBy *time.Time) *campaign.Due {
	d := &campaign.Due{At: sceneNow.Add(margin)}
	if doneBy != nil {
		d.Expect(*doneBy)
	}
	return d
}

// largeScene is a campaign of ten million notices under way.
func largeScene() scene {
	limit := throttle.LimitDomain + " " + "a-rather-long-name-of-a-mail-provider.with-a-department.example"
	return scene{
		status: campaign.Status{
			At: sceneNow, Campaign: "acme-2026-09", State: campaign.PhaseSending,
			Notices: campaign.NoticeCounts{Total: 10_000_000, Pending: 3_759_900, Sending: 10, Accepted: 6_238_987,
				Deferred: 800, Rejected: 293, InDoubt: 10},
			Batches:  campaign.BatchCounts{Total: 10_001, Done: 6_239},
			Batch:    &campaign.BatchNow{Number: 6_241, Notices: 1000, Left: 760},
			RatePerS: 48.7, Limit: &limit, ETA: at(21 * time.Hour), Deadline: due(52*time.Hour, at(21*time.Hour)),
		},
		problems: []campaign.Problem{
			{At: sceneNow.Add(-3 * time.Second), NoticeID: "aaaaaaebagbafaydqqcqwaid", Outcome: campaign.Deferred,
				Reply: "450 4.7.1 <jane.doe@provider.example> greylisted, please try again in five minutes"},
			{At: sceneNow.Add(-9 * time.Second), NoticeID: "aaaaaaecagbafaydqqcqwaid", Outcome: campaign.Rejected,
				Reply: "550 5.1.1 no such user"},
			{At: sceneNow.Add(-time.Hour), NoticeID: "aaaaaaedagbafaydqqcqwaid", Outcome: campaign.InDoubt, Reply: "no reply at dot"},
		},
		throttle: &campaign.Throttle{Rate: campaign.Rate{Count: 50, Per: time.Second},
			PerDomain: map[string]campaign.Rate{"default": {Count: 20, Per: time.Second}}},
		leave: howToStop,
	}
}

// hostileScene holds what a relay may say to spoil a screen.
func hostileScene() scene {
	s := largeScene()
	for i, reply := range []string{
		"550 \x1b[2J\x1b[1;1Hall is well\x07\r\nnotify: done",
		"550 \u202egnp.exe \u05e9\u05dc\u05d5\u05dd \u0301\u200b|\U000e0041",
		"550 メールボックスが存在しませんメールボックスが存在しませんメールボックスが存在しません 👩‍👩‍👧",
	} {
		s.problems[i].Reply = reply
	}
	return s
}

func haltedScene() scene {
	s := largeScene()
	halted := "the relay takes no more notices: at rcpt: 550 5.4.5 daily sending quota of security@example.com exceeded"
	s.status.State, s.status.Halted, s.status.RatePerS, s.status.ETA, s.status.Limit = campaign.PhaseHalted, &halted, 0, nil, nil
	s.status.Deadline = due(20*time.Hour, at(21*time.Hour))
	return s
}

// silentScene waits for a page.
func silentScene() scene {
	s := largeScene()
	limit := campaign.LimitProbe + " reset"
	s.status.State, s.status.Limit, s.status.ETA, s.status.Deadline = campaign.PhasePaused, &limit, nil, due(52*time.Hour, nil)
	s.status.Probe = &campaign.Silence{Pages: []campaign.PageFailure{{Link: "reset", Reason: "503"}}, Since: sceneNow.Add(-time.Minute)}
	return s
}

func emptyScene() scene {
	return scene{status: campaign.Status{At: sceneNow, Began: sceneNow.Add(-time.Second), Campaign: "acme", State: campaign.PhaseSending,
		Notices: campaign.NoticeCounts{Total: 3, Pending: 3}, Batches: campaign.BatchCounts{Total: 1}}, leave: howToLeave}
}

var scenes = map[string]func() scene{"large": largeScene, "hostile": hostileScene, "halted": haltedScene, "silent": silentScene, "empty": emptyScene}

func TestScreens(t *testing.T) {
	for name, make := range scenes {
		for _, columns := range []int{40, 60, 80, 120} {
			t.Run(fmt.Sprintf("%s in %d columns", name, columns), func(t *testing.T) {
				var got strings.Builder
				for _, r := range make().rows(columns, 0) {
					line := r.line(false, columns-1)
					if n := columnsOf(line); n >= columns {
						t.Errorf("a line has %d columns: %q", n, line)
					}
					if strings.ContainsFunc(line, func(c rune) bool { return !unicode.IsPrint(c) }) {
						t.Errorf("a line holds what cannot be printed: %q", line)
					}
					got.WriteString(line + "\n")
				}
				golden(t, filepath.Join("testdata", "screen", fmt.Sprintf("%s-%d.txt", name, columns)), got.String())
			})
		}
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *screenUpdate {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

func TestInksAddNothingToWhatIsSaid(t *testing.T) {
	for name, make := range scenes {
		for _, r := range make().rows(80, 0) {
			if inked, bare := stripSGR(r.line(true, 79)), r.line(false, 79); strings.TrimRight(inked, " ") != bare {
				t.Errorf("%s: %q without its inks is not %q", name, inked, bare)
			}
		}
	}
}

func stripSGR(line string) string {
	for {
		from := strings.Index(line, "\x1b[")
		if from < 0 {
			return line
		}
		end := strings.IndexByte(line[from:], 'm')
		line = line[:from] + line[from+end+1:]
	}
}

func TestALowScreenKeepsTheBarAndHowToStop(t *testing.T) {
	for _, lines := range []int{4, 6, 10, 24} {
		rows := largeScene().rows(80, lines)
		if len(rows) >= lines {
			t.Errorf("%d rows on %d lines", len(rows), lines)
		}
		if !slices.ContainsFunc(rows, func(r row) bool { return strings.Contains(r.line(false, 79), "62.3%") }) {
			t.Errorf("on %d lines there is no bar", lines)
		}
		if !slices.ContainsFunc(rows, func(r row) bool { return strings.HasPrefix(r.line(false, 79), "stop      Ctrl-C") }) {
			t.Errorf("on %d lines nothing says how to stop", lines)
		}
	}
}

func TestALowScreenLeavesNoStateOut(t *testing.T) {
	for _, lines := range []int{8, 10, 14, 15} {
		var text strings.Builder
		for _, r := range largeScene().rows(50, lines) {
			text.WriteString(r.line(false, 49) + "\n")
		}
		words := strings.Join(strings.Fields(text.String()), " ")
		if !strings.Contains(words, "so far 6,238,987 accepted, 800 deferred, 293 rejected, 10 in doubt stop ") {
			t.Errorf("on %d lines:\n%s", lines, text.String())
		}
	}
	for _, r := range largeScene().rows(120, 40) {
		if strings.HasPrefix(r.line(false, 119), "so far") {
			t.Error("a high screen counts in brief")
		}
	}
}

func TestStatusIsFoldedAtWordsOnATerminal(t *testing.T) {
	status := statusResult{haltedScene().status}
	status.Plan = "sha256:cf18224a9093"
	for _, columns := range []int{0, 39, 60, 100} {
		var out bytes.Buffer
		if err := (&humanView{out: &out, columns: columns}).show(status); err != nil {
			t.Fatal(err)
		}
		folds := columns >= leastFolded
		for line := range strings.Lines(out.String()) {
			line = strings.TrimRight(line, "\n")
			if folds && columnsOf(line) >= columns {
				t.Errorf("in %d columns a line has %d: %q", columns, columnsOf(line), line)
			}
			if folds && strings.HasSuffix(line, " ") {
				t.Errorf("a line ends with a blank: %q", line)
			}
		}
		if whole := strings.Contains(out.String(), "\nnext      rejected: these people were not told; when nothing is left to send, notify resend --rejected, with --corrections where the address is wrong\n"); whole == folds {
			t.Errorf("in %d columns:\n%s", columns, out.String())
		}
		words := strings.ReplaceAll(strings.Join(strings.Fields(out.String()), " "), "next ", "")
		if !strings.Contains(words, "rejected: these people were not told; when nothing is left to send, notify resend --rejected, with --corrections") {
			t.Errorf("in %d columns words are lost:\n%s", columns, out.String())
		}
	}
}

func TestABarIsFullOnlyAtTheEnd(t *testing.T) {
	if got := floorPercent(9_999_999, 10_000_000); got != 99.9 {
		t.Errorf("all but one are %v%%", got)
	}
	if got := floorPercent(10_000_000, 10_000_000); got != 100 {
		t.Errorf("all are %v%%", got)
	}
	if got := floorPercent(0, 0); got != 0 {
		t.Errorf("none of none are %v%%", got)
	}
}

// vt is as much of a terminal as a screen makes use of, with all of its scrollback. It does
// not fold on a new size.
type vt struct {
	columns int
	height  int // 0: without an end
	lines   [][]rune
	cleared int // lines that were there when all was erased, and are kept
	x, y    int
}

// top is the first line that is not in the scrollback.
func (v *vt) top() int {
	if v.height == 0 {
		return 0
	}
	return max(v.cleared, len(v.lines)-v.height)
}

func (v *vt) Write(text []byte) (int, error) {
	for rest := []rune(string(text)); len(rest) > 0; {
		rest = v.take(rest)
	}
	return len(text), nil
}

func (v *vt) take(text []rune) (rest []rune) {
	for v.y >= len(v.lines) {
		v.lines = append(v.lines, nil)
	}
	switch c := text[0]; c {
	case '\r':
		v.x = 0
	case '\n':
		v.y++
	case '\x1b':
		return v.escape(text[2:])
	default:
		if v.x >= v.columns { // folded
			v.x, v.y = 0, v.y+1
			return text
		}
		line := v.lines[v.y]
		for len(line) <= v.x {
			line = append(line, ' ')
		}
		line[v.x] = c
		v.lines[v.y] = line
		v.x++
	}
	return text[1:]
}

func (v *vt) escape(text []rune) (rest []rune) {
	end := slices.IndexFunc(text, unicode.IsLetter)
	n := 1
	_, _ = fmt.Sscanf(string(text[:end]), "%d", &n)
	switch text[end] {
	case 'A':
		v.y = max(v.top(), v.y-n)
	case 'B':
		v.y += n
		if v.height > 0 {
			v.y = min(v.y, v.top()+v.height-1)
		}
		for v.y >= len(v.lines) {
			v.lines = append(v.lines, nil)
		}
	case 'K':
		v.lines[v.y] = v.lines[v.y][:min(v.x, len(v.lines[v.y]))]
	case 'J':
		if v.height > 0 && v.x == 0 && v.y == v.top() { // as tmux has it
			v.cleared = len(v.lines)
			v.y = v.cleared
			return text[end+1:]
		}
		v.lines[v.y] = v.lines[v.y][:min(v.x, len(v.lines[v.y]))]
		v.lines = v.lines[:v.y+1]
	}
	return text[end+1:]
}

func (v *vt) text() string {
	var text strings.Builder
	for _, line := range v.lines {
		text.WriteString(strings.TrimRight(string(line), " ") + "\n")
	}
	return strings.TrimRight(text.String(), "\n")
}

func TestWhatIsWrittenScrollsByAboveTheScreen(t *testing.T) {
	terminal := &vt{columns: 40}
	s := &screen{out: terminal, size: func() (int, int) { return 40, 24 }}
	fmt.Fprint(terminal, "$ notify send\r\n")
	block := func(words ...string) func(int, int) []row {
		return func(int, int) []row {
			var rows []row
			for _, w := range words {
				rows = append(rows, row{{plain, w}})
			}
			return rows
		}
	}
	s.show(block("one", "two, which is longer", "three"))
	fmt.Fprint(s, "notify: a warning\nnotify: another\n")
	s.show(block("ONE", "TWO"))
	want := "$ notify send\nnotify: a warning\nnotify: another\nONE\nTWO"
	if got := terminal.text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	s.clear()
	fmt.Fprint(terminal, "done\r\n")
	if got, want := terminal.text(), "$ notify send\nnotify: a warning\nnotify: another\ndone"; got != want {
		t.Errorf("after the end: got\n%s\nwant\n%s", got, want)
	}
}

func TestALowTerminalKeepsNoScreenInItsScrollback(t *testing.T) {
	for _, lines := range []int{5, 15, 24} {
		terminal := &vt{columns: 60, height: lines}
		s := &screen{out: terminal, size: func() (int, int) { return 60, lines }}
		fmt.Fprint(terminal, "$ notify send -v\r\n")
		for n := range 40 {
			s.show(largeScene().rows)
			fmt.Fprintf(s, "notify: notice %d %s\n", n, strings.Repeat("x", n+20)) // some are as wide as the terminal, or wider
		}
		if got := strings.Count(terminal.text(), "stop "); got != 1 {
			t.Errorf("on %d lines the screen stands there %d times:\n%s", lines, got, terminal.text())
		}
		s.clear()
		fmt.Fprint(terminal, "done\r\n")
		text := terminal.text()
		if strings.Contains(text, "stop ") || strings.Contains(text, "[=") {
			t.Errorf("on %d lines the screen was left behind:\n%s", lines, text)
		}
		if got := strings.Count(text, "notify: notice "); got != 40 || !strings.HasSuffix(text, "\ndone") {
			t.Errorf("on %d lines %d lines of the log are there, want 40:\n%s", lines, got, text)
		}
		if got := strings.Count(text, "x"); got != 40*20+39*40/2 {
			t.Errorf("on %d lines %d characters of the log are there:\n%s", lines, got, text)
		}
	}
}

func TestAScreenOfTheSameSizeIsNotErasedFirst(t *testing.T) {
	var out bytes.Buffer
	s := &screen{out: &out, size: func() (int, int) { return 80, 24 }}
	s.show(largeScene().rows)
	out.Reset()
	s.show(largeScene().rows)
	drawn := out.String()
	if i := strings.Index(drawn, eraseBelow); i < strings.LastIndex(drawn, "stop") {
		t.Errorf("the screen is erased before it is drawn: %q", drawn)
	}
	if strings.Contains(drawn, "\x1b[?1049") || strings.Contains(drawn, "\x1b[?25") {
		t.Errorf("a mode of the terminal is changed: %q", drawn)
	}
}

func TestANarrowerTerminalFoldsWhatWasDrawn(t *testing.T) {
	s := &screen{drawn: []int{79, 10, 0, 40}}
	for columns, want := range map[int]int{80: 4, 79: 4, 40: 5, 39: 7, 0: 4} {
		if got := s.height(columns); got != want {
			t.Errorf("in %d columns it is %d lines high, want %d", columns, got, want)
		}
	}
}
