package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"breachnotify/pkg/bounce"
	"breachnotify/pkg/bounce/mailbox"
)

func newBouncesParseCommand(p *process, g *globals) *cobra.Command {
	cmd := command("parse PATH…", "Say what each message says, without a ledger",
		`parse reads .eml files, Maildirs, mbox files or folders of any of them, and prints a
line a message: its kind, whom it is about, and what happened. It needs no campaign
and changes nothing. Addresses are shown in full.`,
		[]int{exitDone, exitFailed, exitUsage, exitInterrupted}, cobra.MinimumNArgs(1))
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return runBouncesParse(cmd.Context(), p, g, args) }
	return cmd
}

func runBouncesParse(ctx context.Context, p *process, g *globals, paths []string) error {
	ctx, cancel := p.untilStop(ctx)
	defer cancel()
	write := newLineWriter(p.stdout, g.json, false, nil)
	bad, skipped := complaints{process: p}, &skips{process: p}
	read := int64(0)
	for r, err := range p.fromMail(ctx, paths, skipped) {
		if errors.Is(err, mailbox.ErrTooLarge) { // about the message before, which counts once
			read--
		}
		if err != nil {
			if err := bad.orStop(ctx, err); err != nil {
				return err
			}
			continue
		}
		read++
		if err := write.line(parsedLine{r.Line(r.place.String())}); err != nil {
			return fmt.Errorf("write the list: %w", err)
		}
	}
	if err := write.end(); err != nil {
		return err
	}
	if skipped.count > 0 {
		p.warn("files passed over that hold no mail: %d (-v names them)", skipped.count)
	}
	return bad.end(read)
}

// parsedLine is a line of `notify bounces parse`. Its JSON is a contract.
type parsedLine struct{ bounce.Line }

func (l parsedLine) fields() []string { return nil } // it is not printed as CSV

func (l parsedLine) words() []string {
	words := []string{printable(l.File), string(l.Kind)}
	for i, r := range l.Recipients {
		if i > 0 {
			words = append(words, ";")
		}
		words = append(words, printable(r.Address), r.Action, printable(r.Status), string(r.Permanence),
			printable(r.Reason), bracketedWord(r.Diagnostic))
	}
	return words
}

func bracketedWord(s string) string {
	if strings.TrimSpace(s) == "" {
		return ""
	}
	return "(" + printable(s) + ")"
}
