package main

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"os"
	"time"

	"golang.org/x/term"
)

// process is what a command gets from the process around it. Tests and the demo
// make their own.
type process struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	// asks says that a human can be asked: stdin and stderr are terminals.
	asks bool
	// draws says that stderr is a terminal, on which a bar can be drawn.
	draws bool
	// stop is closed by the first signal: finish what is in flight and end.
	stop   <-chan struct{}
	getenv func(string) (string, bool)
	now    func() time.Time
	random io.Reader
	log    *slog.Logger
}

func newProcess(stop <-chan struct{}) *process {
	return &process{
		stdin:  os.Stdin,
		stdout: os.Stdout,
		stderr: os.Stderr,
		asks:   term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
		draws:  term.IsTerminal(int(os.Stderr.Fd())),
		stop:   stop,
		getenv: os.LookupEnv,
		now:    time.Now,
		random: rand.Reader,
		log:    slog.New(slog.DiscardHandler),
	}
}

// stopped reports whether the first signal has come.
func (p *process) stopped() bool {
	select {
	case <-p.stop:
		return true
	default:
		return false
	}
}

// untilStop returns a context that ends with the first signal, for work that has
// nothing in flight worth finishing.
func (p *process) untilStop(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-p.stop:
			cancel(errInterrupted)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// acknowledge answers the first signal, since finishing what is in flight can take as
// long as the relay takes to reply. It returns when done is closed.
func (p *process) acknowledge(done <-chan struct{}) {
	select {
	case <-p.stop:
		p.warn("finishing and recording what is in flight; a second signal stops at once")
	case <-done:
	}
}
