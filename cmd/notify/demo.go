package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"breachnotify/pkg/hint"
	"breachnotify/pkg/smtptest"
)

const (
	demoLeast = 50     // accounts, so that every case occurs
	demoMost  = 200000 // more than fits into a patient evening
)

type demoOptions struct {
	accounts int
	keep     string
}

func (o demoOptions) validate() error {
	if o.accounts < demoLeast || o.accounts > demoMost {
		return say(errUsage, "--accounts is %d: want %d to %d", o.accounts, demoLeast, demoMost)
	}
	return nil
}

func newDemoCommand(p *process, g *globals) *cobra.Command {
	o := demoOptions{accounts: 300}
	cmd := command("demo", "Walk through a campaign against a mail server of its own",
		`demo makes a campaign with some hundred accounts in a temporary folder, starts a
mail server on this machine, and walks through plan, preview, check, dry run, send, an
interrupt, resume, status, bounces, a resend and the report, each command as you would
type it. No mail leaves the machine. It ends with 0 only if every count is what it must
be.`,
		[]int{exitDone, exitFailed, exitUsage, exitInterrupted}, noArgs)
	cmd.Flags().IntVar(&o.accounts, "accounts", o.accounts, fmt.Sprintf("make `N` accounts, %d to %d", demoLeast, demoMost))
	cmd.Flags().StringVar(&o.keep, "keep", "", "work in `DIR`, and leave it there")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), p, g, o) }
	return cmd
}

func runDemo(ctx context.Context, p *process, g *globals, o demoOptions) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	if g.json {
		return say(errUsage, "demo is for reading: it has no --json")
	}
	dir, tidy, err := demoFolder(o.keep)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tidy()) }()
	world := newDemoWorld(o.accounts)
	stop := &demoInterrupt{after: world.notices() * 2 / 5}
	server, err := smtptest.Start(smtptest.Options{Script: smtptest.Chain(stop.script, world.script())})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	if err := world.write(dir, server.Port()); err != nil {
		return err
	}
	d := &demo{process: p, world: world, server: server, interrupt: stop, dir: dir}
	return d.in(dir, func() error { return d.walk(ctx) })
}

// demoFolder makes the folder to work in, and says how to tidy up.
func demoFolder(keep string) (dir string, tidy func() error, err error) {
	if keep != "" {
		if err := os.MkdirAll(keep, 0o700); err != nil {
			return "", nil, fmt.Errorf("make the folder of --keep: %w", err)
		}
		dir, err := filepath.Abs(keep)
		return dir, func() error { return nil }, err
	}
	if dir, err = os.MkdirTemp("", "notify-demo-"); err != nil {
		return "", nil, fmt.Errorf("make the folder of the demo: %w", err)
	}
	return dir, func() error { return os.RemoveAll(dir) }, nil
}

// demo is one walk.
type demo struct {
	*process
	world     *demoWorld
	server    *smtptest.Server
	interrupt *demoInterrupt
	dir       string
}

// in works in a folder, as a user would, so that the commands can be copied as they
// are printed.
func (d *demo) in(dir string, do func() error) error {
	back, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the current folder: %w", err)
	}
	if err := os.Chdir(dir); err != nil {
		return fmt.Errorf("enter the folder of the demo: %w", err)
	}
	return errors.Join(do(), os.Chdir(back))
}

// step is one command of the walk.
type step struct {
	say         string
	args        []string
	want        int  // exit code
	interrupted bool // by Ctrl-C on the way
	lines       int  // how much of its output to show; 0: all of it
	before      func() error
}

func (d *demo) walk(ctx context.Context) error {
	fmt.Fprintf(d.stdout, "A campaign in %s: %d rows of an export, and a mail server on port %d\nthat refuses some mailboxes and puts others off.\n",
		d.dir, len(d.world.rows), d.server.Port())
	for _, s := range []step{
		{say: "Decide who gets what. Nothing is sent; the plan is frozen.", args: []string{"plan"}},
		{say: "Who gets no notice, and why?", args: []string{"accounts", "--excluded"}, lines: 6},
		{say: "What would they read?", args: []string{"preview", "--class", "sso"}, lines: 24},
		{say: "What is wrong with it, before it goes out?", args: []string{"check"}},
		{say: "A dry run does everything but open a connection.", args: []string{"send", "--dry-run", "--out", "mails"}, lines: 12},
		{say: "One of each kind to yourself.", args: []string{"send", "--test", "you@example.com"}},
		{say: "Send. Somebody presses Ctrl-C on the way: what is in flight is finished and recorded.",
			args: []string{"send", "--yes"}, interrupted: true, want: exitInterrupted},
		{say: "Where does it stand?", args: []string{"status"}},
		{say: "Send again: it goes on where it stopped, and waits for the mailboxes that were put off.",
			args: []string{"send", "--yes"}, want: exitFailures},
		{say: "Who was not told?", args: []string{"accounts", "--state", "rejected"}, lines: 6},
		{say: "And once more: nobody is mailed twice.", args: []string{"send", "--yes"}, want: exitFailures},
		{say: "Some notices come back to the return path. Take them in.", before: d.comeBack,
			args: []string{"bounces", "import", returnedFolder}},
		{say: "Who could not be told?", args: []string{"bounces", "list"}, lines: 6},
		{say: "The team finds some right addresses. Send again where it is worth it.", before: d.correct,
			args: []string{"resend", "--bounced", "--corrections", "corrections.csv", "--yes"}, want: exitFailures},
		{say: "And once more: what is left failed for good, and has no correction.",
			args: []string{"resend", "--bounced", "--corrections", "corrections.csv", "--yes"}, want: exitRefused},
		{say: "The evidence, as one page.", args: []string{"report"}, lines: 1},
	} {
		if err := d.take(ctx, s); err != nil {
			return err
		}
	}
	return d.check(ctx)
}

// take prints one command as a user would type it, runs it, and holds its exit code
// against what it must be.
func (d *demo) take(ctx context.Context, s step) error {
	if d.stopped() {
		return say(errInterrupted, "interrupted")
	}
	if s.before != nil {
		if err := s.before(); err != nil {
			return err
		}
	}
	fmt.Fprintf(d.stdout, "\n# %s\n$ notify %s\n", s.say, strings.Join(s.args, " "))
	child := *d.process
	out := &firstLines{w: d.stdout, left: s.lines, all: s.lines == 0}
	child.stdout, child.stderr, child.asks = out, d.stdout, false
	if s.interrupted {
		child.stop = d.interrupt.arm(d.stop)
	}
	code := run(ctx, s.args, &child)
	if out.dropped > 0 {
		fmt.Fprintf(d.stdout, "… and %d lines more\n", out.dropped)
	}
	if code != exitDone {
		fmt.Fprintf(d.stdout, "(exit code %d: %s)\n", code, exitMeaning[code])
	}
	if code != s.want {
		return hint.Wrap(fmt.Errorf("notify %s ended with %d, not with %d", s.args[0], code, s.want),
			"run notify demo --keep DIR and look at what it leaves")
	}
	return nil
}

// firstLines passes the first lines on and counts the rest.
type firstLines struct {
	w       io.Writer
	all     bool
	left    int
	dropped int
}

func (f *firstLines) Write(b []byte) (int, error) {
	if f.all {
		return f.w.Write(b)
	}
	for line := range strings.Lines(string(b)) {
		ends := strings.HasSuffix(line, "\n")
		switch {
		case f.left > 0:
			if _, err := io.WriteString(f.w, line); err != nil {
				return 0, err
			}
			if ends {
				f.left--
			}
		case ends:
			f.dropped++
		}
	}
	return len(b), nil
}

// demoInterrupt closes a stop channel when the server has seen so many messages, as
// Ctrl-C at that moment would.
type demoInterrupt struct {
	after int

	mu   sync.Mutex
	stop chan struct{} // nil: not armed
	seen int
}

// arm returns a channel that is closed in time, or when parent is.
func (i *demoInterrupt) arm(parent <-chan struct{}) <-chan struct{} {
	i.mu.Lock()
	defer i.mu.Unlock()
	stop := make(chan struct{})
	i.stop, i.seen = stop, 0
	go func() {
		select {
		case <-parent:
			i.press()
		case <-stop:
		}
	}()
	return stop
}

func (i *demoInterrupt) press() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stop != nil {
		close(i.stop)
		i.stop = nil
	}
}

// script counts final dots and changes nothing.
func (i *demoInterrupt) script(e smtptest.Event) smtptest.Action {
	if e.Stage != smtptest.Dot {
		return smtptest.Action{}
	}
	i.mu.Lock()
	i.seen++
	enough := i.stop != nil && i.seen >= i.after
	i.mu.Unlock()
	if enough {
		i.press()
	}
	return smtptest.Action{}
}
