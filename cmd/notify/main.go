// Command notify tells people that their account was in a breach. It reads the
// affected accounts out of a database export, decides for each whether it signs
// in with a password or through SSO, and mails each notice once.
//
// It guarantees the command line, the exit codes and the JSON that its help
// describes: results on stdout, everything else on stderr, and no address, name
// or secret among the latter. It leaves every decision to the packages below pkg.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	p := newProcess(interruptions(cancel))
	code := run(ctx, os.Args[1:], p)
	cancel()
	os.Exit(code)
}

// interruptions returns a channel that is closed by the first SIGINT, SIGTERM or
// SIGHUP. The second cancels everything, and from then on a signal does what it
// does to any process, so that a third always ends it.
func interruptions(cancel context.CancelFunc) <-chan struct{} {
	stop := make(chan struct{})
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-signals
		close(stop)
		<-signals
		cancel()
		signal.Stop(signals)
	}()
	return stop
}
