package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"breachnotify/pkg/smtptest"
)

// ptyPair opens a pseudo-terminal (pty(7)).
func ptyPair(t *testing.T, columns, lines uint16) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	resize(t, master, columns, lines)
	return master, slave
}

func resize(t *testing.T, master *os.File, columns, lines uint16) {
	t.Helper()
	if err := unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: lines}); err != nil {
		t.Fatal(err)
	}
}

// seated is a process at a terminal of its own, of 80 columns and 24 lines.
type seated struct {
	*child
	master *os.File
	over   chan struct{} // closed when all output was read

	mu     sync.Mutex
	output bytes.Buffer
	more   chan struct{} // holds one when there is more output
}

// seat starts the program at a terminal.
func (c *trial) seat(t *testing.T, env string, args ...string) *seated {
	t.Helper()
	master, slave := ptyPair(t, 80, 24)
	defer slave.Close() // so that reading ends with the process
	p := &seated{
		child:  &child{cmd: exec.CommandContext(t.Context(), "notify", args...), ended: make(chan struct{})},
		master: master, over: make(chan struct{}), more: make(chan struct{}, 1),
	}
	p.cmd.Dir = c.dir
	p.cmd.Env = append(os.Environ(), "TERM=xterm-256color", "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"), env)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = slave, slave, slave
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go p.read()
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // the state of the process says more
	}()
	t.Cleanup(func() { <-p.ended })
	return p
}

func (p *seated) read() {
	defer close(p.over)
	buffer := make([]byte, 1<<14)
	for {
		n, err := p.master.Read(buffer)
		p.mu.Lock()
		p.output.Write(buffer[:n])
		p.mu.Unlock()
		select {
		case p.more <- struct{}{}:
		default:
		}
		if err != nil { // EIO once nobody has the other side open
			return
		}
	}
}

func (p *seated) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// until waits until the output fits.
func (p *seated) until(t *testing.T, what string, fits func(text string) bool) {
	t.Helper()
	patience := time.After(trialPatience)
	for !fits(p.text()) {
		select {
		case <-p.more:
		case <-patience:
			t.Fatalf("after %s the terminal does not show %s:\n%q", trialPatience, what, p.text())
		}
	}
}

// shows waits until the terminal was told some words.
func (p *seated) shows(t *testing.T, words string) {
	t.Helper()
	p.until(t, words, func(text string) bool { return strings.Contains(text, words) })
}

// frame waits for a screen that fits, and returns its lines.
func (p *seated) frame(t *testing.T, what string, fits func(lines []string) bool) (lines []string) {
	t.Helper()
	p.until(t, what, func(text string) bool {
		drawn := strings.Split(text, beginDrawing)[1:]
		slices.Reverse(drawn)
		for _, frame := range drawn {
			frame, _, whole := strings.Cut(frame, endDrawing)
			screen := &vt{columns: 1000}
			_, _ = screen.Write([]byte(upwards.ReplaceAllString(frame, "")))
			if lines = strings.Split(screen.text(), "\n"); whole && len(lines) > 1 {
				return fits(lines)
			}
		}
		return false
	})
	return lines
}

// upwards is a move of the cursor to the first line of a screen.
var upwards = regexp.MustCompile(`\x1b\[[0-9]+A`)

// types is what somebody does at the keyboard.
func (p *seated) types(t *testing.T, keys string) {
	t.Helper()
	if _, err := p.master.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

// leaves waits until the process has ended with the exit code, and returns what stands on
// the terminal then.
func (p *seated) leaves(t *testing.T, code int) string {
	t.Helper()
	p.wait(t)
	<-p.over
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("%s: exit code %d, want %d:\n%s", p.cmd, got, code, p.text())
	}
	screen := &vt{columns: 80}
	_, _ = screen.Write([]byte(p.text()))
	return screen.text()
}

const stuckAfter = 40

// newStuck is a campaign whose server stops replying after so many notices, which is a
// moment to look at the screen in.
func newStuck(t *testing.T) (*trial, *checkpoint) {
	t.Helper()
	dots := newCheckpoint(smtptest.Dot, holdAfter(stuckAfter))
	return newTrial(t, kindWorld(300), 2, dots.script), dots
}

// hasAccepted fits a screen with so many accepted notices.
func hasAccepted(n int) func([]string) bool {
	return func(lines []string) bool { return slices.Contains(lines, "accepted  "+strconv.Itoa(n)) }
}

func TestSendOnATerminalAsksAndThenShowsAScreen(t *testing.T) {
	c, dots := newStuck(t)
	p := c.seat(t, "", "send", "-v")
	p.shows(t, "Type the number of notices")
	if strings.Contains(p.text(), beginDrawing) {
		t.Error("something is drawn before the question is answered")
	}
	for line := range strings.SplitSeq(p.text(), "\r\n") {
		if columnsOf(stripSGR(line)) >= 80 {
			t.Errorf("the question is wider than the terminal: %q", line)
		}
	}
	p.types(t, strconv.Itoa(len(c.expected))+"\r")
	lines := p.frame(t, "40 accepted notices", hasAccepted(stuckAfter))
	if !strings.Contains(p.text(), "\x1b["+string(filled)+"m") {
		t.Error("the bar has no colour")
	}
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "stop      Ctrl-C") }) {
		t.Errorf("the screen does not say how to stop:\n%s", strings.Join(lines, "\n"))
	}
	dots.open()
	end := p.leaves(t, exitDone)
	if strings.Contains(end, "[=") || strings.Contains(end, "stop  ") {
		t.Errorf("the screen was left behind:\n%s", end)
	}
	for _, want := range []string{"Type the number of notices", "notify: notice ", "state     complete"} {
		if !strings.Contains(end, want) {
			t.Errorf("%q does not stand in the scrollback:\n%s", want, end)
		}
	}
}

func TestTheScreenFollowsTheSizeOfTheTerminal(t *testing.T) {
	c, dots := newStuck(t)
	p := c.seat(t, "NO_COLOR=1", "send", "--yes")
	p.frame(t, "40 accepted notices", hasAccepted(stuckAfter))
	for _, columns := range []int{50, 120, 20} {
		resize(t, p.master, uint16(columns), 24)
		p.frame(t, "a screen that is as wide as the terminal", func(lines []string) bool {
			bar := lines[slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "[") })]
			return columnsOf(bar) > columns*3/4 && !slices.ContainsFunc(lines, func(l string) bool { return columnsOf(l) >= columns })
		})
	}
	resize(t, p.master, 80, 6)
	p.frame(t, "a screen that is as low as the terminal", func(lines []string) bool { return len(lines) < 6 })
	dots.open()
	p.leaves(t, exitDone)
	if text := p.text(); strings.Contains(text, "\x1b[0m") {
		t.Errorf("with NO_COLOR there are colours: %q", text)
	}
}

func TestCtrlCOnAScreen(t *testing.T) {
	c, dots := newStuck(t)
	p := c.seat(t, "", "send", "--yes")
	p.frame(t, "40 accepted notices", hasAccepted(stuckAfter))
	p.types(t, "\x03")
	p.frame(t, "that it is stopping", func(lines []string) bool {
		return slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "stop      finishing what is in flight") })
	})
	dots.open()
	end := p.leaves(t, exitInterrupted)
	if strings.Contains(end, "[=") || strings.Contains(end, "^C") {
		t.Errorf("the screen was left behind:\n%s", end)
	}
	if !strings.Contains(end, "notify: interrupted; what was in flight is recorded") {
		t.Errorf("the end is not told:\n%s", end)
	}
}

func TestWatchShowsWhatSendShows(t *testing.T) {
	c, dots := newStuck(t)
	sender := c.seat(t, "NO_COLOR=1", "send", "--yes")
	sends := sender.frame(t, "40 accepted notices", hasAccepted(stuckAfter))
	watcher := c.seat(t, "NO_COLOR=1", "status", "--watch")
	watches := watcher.frame(t, "40 accepted notices", hasAccepted(stuckAfter))
	for _, line := range sends {
		label, _, _ := strings.Cut(line, " ")
		moving := []string{"trial", "stop", "rate", "done", ""} // with the time, and what is said of leaving
		if !slices.Contains(moving, label) && !slices.Contains(watches, line) {
			t.Errorf("send shows %q, and status --watch:\n%s", line, strings.Join(watches, "\n"))
		}
	}
	dots.open()
	sender.leaves(t, exitDone)
	if end := watcher.leaves(t, exitDone); !strings.Contains(end, "state     complete") || strings.Contains(end, "[=") {
		t.Errorf("at the end the watching terminal shows\n%s", end)
	}
}

func TestCtrlCLeavesTheWatchingScreen(t *testing.T) {
	c, dots := newStuck(t)
	sender := c.send(t)
	sender.reach(t, dots, stuckAfter+1)
	watcher := c.seat(t, "", "status", "--watch")
	watcher.frame(t, "40 accepted notices", hasAccepted(stuckAfter))
	watcher.types(t, "\x03")
	end := watcher.leaves(t, exitInterrupted)
	if !strings.Contains(end, "[=") || !strings.Contains(end, "hint: the process that sends goes on") {
		t.Errorf("the last screen or the hint is gone:\n%s", end)
	}
	dots.open()
	sender.exits(t, exitDone)
}

func TestADumbTerminalGetsPlainLines(t *testing.T) {
	c := newTrial(t, kindWorld(demoLeast), 2)
	p := c.seat(t, "TERM=dumb", "send", "--yes")
	if end := p.leaves(t, exitDone); strings.Contains(p.text(), "\x1b") || !strings.Contains(end, "state     complete") {
		t.Errorf("a dumb terminal gets\n%q", p.text())
	}
}

// TestTheScreenUnderTmux lets a real terminal emulator fold and unfold what was drawn.
func TestTheScreenUnderTmux(t *testing.T) {
	if _, err := exec.LookPath("tmux"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("tmux is not installed")
		}
		t.Skip("tmux is not installed: a real terminal emulator is left out")
	}
	c, dots := newStuck(t)
	dir, err := os.MkdirTemp("", "tmux") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	tmux := func(args ...string) string {
		cmd := exec.Command("tmux", append([]string{"-f", "/dev/null", "-S", filepath.Join(dir, "s")}, args...)...)
		cmd.Dir = c.dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("tmux %v: %v: %s", args, err, out)
		}
		return string(out)
	}
	tmux("new-session", "-d", "-x", "80", "-y", "40", "notify send --yes; echo ended with $?; exec sleep 60")
	t.Cleanup(func() { tmux("kill-server") })
	shows := func(what string, fits func(text string) bool) {
		t.Helper()
		var text string
		for deadline := time.Now().Add(trialPatience); time.Now().Before(deadline); {
			// When it makes lines narrower, tmux moves some out of sight, where nothing can be
			// drawn any more.
			if text = tmux("capture-pane", "-p"); fits(text) {
				return
			}
			<-time.After(50 * time.Millisecond) // tmux has no way to tell
		}
		t.Fatalf("after %s tmux does not show %s:\n%s", trialPatience, what, text)
	}
	once := func(text string) bool {
		return strings.Count(text, "accepted  40\n") == 1 && strings.Count(text, "\n[=") == 1 && strings.Count(text, "stop      ") == 1
	}
	shows("one screen", once)
	for _, columns := range []int{44, 100, 60} {
		tmux("resize-window", "-x", strconv.Itoa(columns), "-y", "40")
		shows("one screen in "+strconv.Itoa(columns)+" columns", func(text string) bool {
			bar := text[max(0, strings.Index(text, "[=")):]
			bar, _, _ = strings.Cut(bar, "\n")
			return once(text) && columnsOf(bar) > columns*3/4
		})
	}
	dots.open()
	shows("the end", func(text string) bool {
		return strings.Contains(text, "ended with 0") && !strings.Contains(text, "[=") && strings.Contains(text, "state     complete")
	})
}
