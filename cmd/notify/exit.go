package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/ledger"
)

// The exit codes. They are assigned here and nowhere else.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitIncomplete  = 3
	exitFailures    = 4
	exitRefused     = 5
	exitInterrupted = 130
)

// exitMeaning is the table that the help of each command ends with.
var exitMeaning = map[int]string{
	exitDone:        "done",
	exitFailed:      "failed: I/O, configuration, the export, the network",
	exitUsage:       "usage",
	exitIncomplete:  "incomplete: notices are pending or deferred; run it again",
	exitFailures:    "finished with failures: some notices are rejected, bounced or in doubt",
	exitRefused:     "refused: plan changed, check failed, no consent, the ledger is held or too new",
	exitInterrupted: "interrupted: what was in flight is finished and recorded; run it again",
}

// Errors that decide an exit code and belong to the command line itself.
var (
	errUsage       = errors.New("usage")
	errIncomplete  = errors.New("incomplete")
	errFailures    = errors.New("finished with failures")
	errNoConsent   = errors.New("no consent")
	errRefused     = errors.New("refused")
	errInterrupted = errors.New("interrupted")
)

// exits is searched from top to bottom for the first error that errors.Is finds.
var exits = []struct {
	is   error
	code int
}{
	{errInterrupted, exitInterrupted},
	{context.Canceled, exitInterrupted},
	{errUsage, exitUsage},
	{errNoConsent, exitRefused},
	{errRefused, exitRefused},
	{campaign.ErrNothingSelected, exitRefused},
	{campaign.ErrAllExcluded, exitRefused},
	{ledger.ErrHeld, exitRefused},
	{ledger.ErrNewer, exitRefused},
	{ledger.ErrStarted, exitRefused},
	{errIncomplete, exitIncomplete},
	{errFailures, exitFailures},
}

// exitCode returns the code for what a command returned.
func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	for _, e := range exits {
		if errors.Is(err, e.is) {
			return e.code
		}
	}
	return exitFailed
}

// saying is an error that speaks for itself and is another one to errors.Is, so
// that a sentence can carry an exit code without repeating its name.
type saying struct {
	text string
	is   error
}

func say(is error, format string, args ...any) error {
	return &saying{text: fmt.Sprintf(format, args...), is: is}
}

func (s *saying) Error() string { return s.text }
func (s *saying) Unwrap() error { return s.is }

// exitHelp returns the lines about exit codes for the end of a help text.
func exitHelp(codes ...int) string {
	var b strings.Builder
	b.WriteString("Exit codes:\n")
	for _, code := range codes {
		fmt.Fprintf(&b, "  %-4d %s\n", code, exitMeaning[code])
	}
	return b.String()
}
