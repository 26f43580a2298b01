package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/delivery"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/ledger"
	"breachnotify/pkg/relay"
)

type sendOptions struct {
	dryRun bool
	out    string
	test   []string
	limit  int64
	noWait bool
	yes    bool
	// ignoreHold goes on at once where the run before left something to wait for.
	ignoreHold bool
	overriding
}

func (o sendOptions) validate() error {
	switch {
	case o.out != "" && !o.dryRun:
		return say(errUsage, "--out goes with --dry-run")
	case o.dryRun && len(o.test) > 0:
		return say(errUsage, "--dry-run and --test exclude each other")
	case o.limit < 0:
		return say(errUsage, "--limit is below 0")
	case len(o.rules) > 0 && len(o.test) > 0:
		return say(errUsage, "--override and --test exclude each other: a test message goes to you alone, and nothing refuses it")
	}
	return o.overriding.validate()
}

// declare declares the flags that send and resend share.
func (o *sendOptions) declare(flags *pflag.FlagSet) {
	flags.BoolVar(&o.dryRun, "dry-run", false, "do everything but open a connection or change anything")
	flags.StringVar(&o.out, "out", "", "with --dry-run: write each message into `DIR`")
	flags.Int64Var(&o.limit, "limit", 0, "send to `N` mailboxes at most in this run (0: all)")
	flags.BoolVar(&o.noWait, "no-wait", false, "end instead of waiting for deferred notices, or for a relay that asks for long")
	flags.BoolVar(&o.ignoreHold, "ignore-hold", false, "go on at once, though the relay asked the run before to wait, or its pause is not over")
	flags.BoolVar(&o.yes, "yes", false, "send without asking")
	o.overriding.declare(flags)
}

func newSendCommand(p *process, g *globals) *cobra.Command {
	var o sendOptions
	cmd := command("send", "Send what is due; run it again to resume",
		`send mails the notices of the plan in throttled batches and records every step, so
that it can be stopped at any moment and run again: nobody is left out and nobody
is mailed twice. Without a plan it plans first. Notices in which notify check finds
errors are refused before anybody is asked, unless --override names their rules, here
or when they were planned. One Ctrl-C finishes and records what is in flight; a second
one stops at once.`,
		[]int{exitDone, exitFailed, exitUsage, exitIncomplete, exitFailures, exitRefused, exitInterrupted},
		func(cmd *cobra.Command, given []string) error {
			if len(o.test) > 0 {
				return nil // more addresses
			}
			return noArgs(cmd, given)
		})
	o.declare(cmd.Flags())
	cmd.Flags().StringSliceVar(&o.test, "test", nil, "send one notice of each class and language, marked [TEST], to `ADDR`, and to those that follow; changes no state")
	cmd.RunE = func(cmd *cobra.Command, more []string) error {
		o.test = append(o.test, more...)
		return runSend(cmd.Context(), p, g, o)
	}
	return cmd
}

func runSend(ctx context.Context, p *process, g *globals, o sendOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	f, err := openToSend(p, g, o.records(p, "send"))
	if err != nil {
		return err
	}
	switch {
	case len(o.test) > 0:
		return runTest(ctx, p, g, f, o.test)
	case o.dryRun:
		return runDryRun(ctx, p, g, f, o)
	}
	planned, err := f.hasLedger()
	if err != nil {
		return err
	}
	if !planned {
		if err := f.plan(ctx, p, g); err != nil {
			return err
		}
	}
	book, err := ledger.Open(ctx, f.ledger, ledger.Options{})
	if err != nil {
		return err
	}
	s := &sending{folder: f, process: p, globals: g, options: o, book: book}
	return errors.Join(s.run(ctx), book.Close())
}

// sending is one `notify send` with its ledger in hand.
type sending struct {
	*folder
	process *process
	globals *globals
	options sendOptions
	book    *ledger.Ledger
	pages   *pages        // nil: no page is asked
	hold    campaign.Hold // what this run waits for at first
	standing
}

// run recovers what the run before left, asks for consent, sends, and shows where the
// campaign stands.
func (s *sending) run(ctx context.Context) error {
	if err := s.unchanged(ctx, s.book.Reader); err != nil {
		return err
	}
	if err := s.recover(ctx); err != nil {
		return err
	}
	var summary delivery.Summary
	if s.status.Notices.Left() > 0 {
		var err error
		if summary, err = s.consentAndDeliver(ctx); err != nil {
			return err
		}
	}
	// What was sent is told also when the context is gone.
	stands, err := standingOf(context.WithoutCancel(ctx), s.book.Reader, s.config, s.process.now())
	if err != nil {
		return err
	}
	if err := newView(s.process, s.globals).show(statusResult{stands.status}); err != nil {
		return err
	}
	return verdict(summary, stands.status)
}

// recover settles what a process left that ended without a word, before anybody is
// asked about numbers.
func (s *sending) recover(ctx context.Context) error {
	lost, err := s.book.Recover(ctx, s.process.now())
	if err != nil {
		return err
	}
	if lost > 0 {
		s.process.warn("in doubt: %d, on their way when the run before ended without a word; these are not sent again", lost)
	}
	s.standing, err = standingOf(ctx, s.book.Reader, s.config, s.process.now())
	return err
}

func (s *sending) consentAndDeliver(ctx context.Context) (delivery.Summary, error) {
	if err := s.vetPlan(ctx, s.process, s.book.Reader); err != nil {
		return delivery.Summary{}, err
	}
	if err := s.keepHold(ctx); err != nil {
		return delivery.Summary{}, err
	}
	asked, err := s.order(ctx)
	if err != nil {
		return delivery.Summary{}, err
	}
	if err := canConsent(s.process, s.options.yes, "send", asked.send); err != nil {
		return delivery.Summary{}, err
	}
	mailer, err := s.reach()
	if err != nil {
		return delivery.Summary{}, err
	}
	if err := s.answers(ctx, mailer); err != nil {
		return delivery.Summary{}, err
	}
	if err := consent(s.process, asked, s.options.yes); err != nil {
		return delivery.Summary{}, err
	}
	if err := s.book.Override(ctx, s.overrides); err != nil {
		return delivery.Summary{}, err
	}
	return s.deliver(ctx, mailer)
}

// order says what this run would do.
func (s *sending) order(ctx context.Context) (order, error) {
	n := s.status.Notices.Left()
	if s.options.limit > 0 {
		n = min(n, s.options.limit)
	}
	used, err := s.planned(ctx, s.book.Reader)
	return order{folder: s.folder, used: used, status: s.status, send: n, eta: s.takes(n)}, err
}

// reach makes what talks to the relay and to the pages, so that a mistake in how these are
// reached is told before anybody is asked.
func (s *sending) reach() (mailer *relay.Relay, err error) {
	if s.pages, err = newPages(s.process, s.config); err != nil {
		return nil, hint.Wrap(err, "look at halt.probe; nothing was sent in this run")
	}
	return s.relay()
}

// answers opens and closes one session, so that a relay that cannot be used is told
// before anybody is asked. A relay that only asks for patience is left to the run.
func (s *sending) answers(ctx context.Context, mailer *relay.Relay) error {
	ctx, cancel := s.process.untilStop(ctx)
	defer cancel()
	waiting := showProgress(s.process, s.globals, func() reading { return reading{text: "waiting for the relay to answer"} })
	session, outcome := mailer.Open(ctx)
	waiting.stop()
	if session != nil {
		return session.Close()
	}
	if ctx.Err() != nil {
		return hint.Wrap(say(errInterrupted, "interrupted; nothing was sent in this run"), "run it again")
	}
	if outcome.Effect != relay.Halt && outcome.Reply.Code/100 == 4 {
		return nil
	}
	return explainRelay(outcome)
}

// verdict turns the end of a run into the error that decides the exit code.
func verdict(s delivery.Summary, status campaign.Status) error {
	left, failed := status.Notices.Left(), status.Notices.Failed()
	switch {
	case s.End == delivery.Interrupted:
		return goOn(say(errInterrupted, "interrupted; what was in flight is recorded, notices left: %d", left), status)
	case s.End == delivery.Halted && left > 0:
		err := say(errIncomplete, "halted: %s; notices left: %d", s.Halted, left)
		if s.Hint != "" {
			return hint.Wrap(err, "%s", s.Hint)
		}
		return err
	case left > 0:
		return goOn(say(errIncomplete, "notices left: %d", left), status)
	case failed > 0:
		n := status.Notices
		err := say(errFailures, "notices that failed: %d (%d rejected, %d bounced, %d in doubt)", failed, n.Rejected, n.Bounced, n.InDoubt)
		lines := unreached(status)
		if n.InDoubt > 0 {
			advice := campaign.InDoubt.Advice()
			lines = append(lines, fmt.Sprintf("%s in doubt: %s; %s", counted(n.InDoubt, "notice"), advice.Upshot, advice.Next))
		}
		for _, line := range slices.Backward(lines) { // the last hint comes first
			err = hint.Wrap(err, "%s", line)
		}
		return err
	}
	return nil
}

// goOn says how a run that has ended goes on, and when.
func goOn(err error, status campaign.Status) error {
	switch {
	case status.Limit != nil && status.LimitedUntil != nil: // what the run left
		return hint.Wrap(err, "run notify send again: held back by %s, it waits until %s, or goes on at once with --ignore-hold",
			*status.Limit, status.LimitedUntil.UTC().Format(time.RFC3339))
	case status.NextAttempt != nil:
		return hint.Wrap(err, "run notify send again; the next attempt is due at %s", status.NextAttempt.UTC().Format(time.RFC3339))
	}
	return hint.Wrap(err, "run notify send again to go on")
}

// explainRelay makes an error of a session that did not open.
func explainRelay(o relay.Outcome) error {
	err := o.Err
	if err == nil {
		err = errors.New(o.Reply.String())
	}
	err = fmt.Errorf("the relay is of no use at stage %s: %w", o.Stage, err)
	switch o.Stage {
	case relay.StageConnect:
		return hint.Wrap(err, "look at smtp.host and smtp.port; nothing was sent in this run")
	case relay.StageSTARTTLS:
		return hint.Wrap(err, "look at smtp.tls and smtp.ca_file; nothing was sent in clear")
	case relay.StageAuth:
		return hint.Wrap(err, "look at smtp.username and the password; nothing was sent in this run")
	}
	return hint.Wrap(err, "nothing was sent in this run")
}
