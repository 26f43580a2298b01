package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"os"
	"os/user"
	"strconv"
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
	// watches says that stdout is a terminal as well: who looks at stderr sees the result.
	watches bool
	// size returns how many columns and lines the terminal at stderr has; 0: not known.
	size func() (width, height int)
	// inks are those of stderr, outInks those of stdout.
	inks, outInks inks
	// stop is closed by the first signal: finish what is in flight and end.
	stop <-chan struct{}
	// dialPage opens the connections to web pages; nil: as any program does.
	dialPage func(ctx context.Context, network, address string) (net.Conn, error)

	getenv func(string) (string, bool)
	now    func() time.Time
	random io.Reader
	user   string // who runs this, for the record
	log    *slog.Logger

	// pageRoots vouch for web pages; nil: those of the system.
	pageRoots *x509.CertPool
}

func newProcess(stop <-chan struct{}) *process {
	out, errs := isScreen(os.Stdout), isScreen(os.Stderr)
	return &process{
		stdin:   os.Stdin,
		stdout:  os.Stdout,
		stderr:  os.Stderr,
		asks:    term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
		draws:   errs,
		watches: out && errs,
		size: func() (width, height int) {
			width, height, _ = term.GetSize(int(os.Stderr.Fd())) // 0 where that is not known
			return width, height
		},
		inks: inks(errs && !noColor()), outInks: inks(out && !noColor()),
		stop:   stop,
		getenv: os.LookupEnv,
		now:    time.Now,
		random: rand.Reader,
		user:   currentUser(),
		log:    slog.New(slog.DiscardHandler),
	}
}

// isScreen reports whether a file is a terminal on which the cursor can be moved.
func isScreen(file *os.File) bool {
	name := os.Getenv("TERM")
	return name != "" && name != "dumb" && term.IsTerminal(int(file.Fd()))
}

// noColor reports whether the user wants no colours (no-color.org).
func noColor() bool { return os.Getenv("NO_COLOR") != "" }

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

// currentUser returns the name of whoever runs this process, or the number where the
// system does not know a name.
func currentUser() string {
	if who, err := user.Current(); err == nil && who.Username != "" {
		return who.Username
	}
	return "uid " + strconv.Itoa(os.Getuid())
}
