package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/delivery"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/ledger"
	"breachnotify/pkg/relay"
)

type resendOptions struct {
	bounced, rejected, inDoubt bool

	corrections string
	force       bool
	send        sendOptions
}

func (o resendOptions) validate() error {
	if len(o.states()) == 0 {
		return hint.Wrap(say(errUsage, "nothing to resend is named"), "name one or more of --bounced, --rejected and --in-doubt")
	}
	return o.send.validate()
}

func (o resendOptions) states() []campaign.State {
	var states []campaign.State
	for state, chosen := range map[campaign.State]bool{
		campaign.Bounced: o.bounced, campaign.Rejected: o.rejected, campaign.InDoubt: o.inDoubt,
	} {
		if chosen {
			states = append(states, state)
		}
	}
	return states
}

func newResendCommand(p *process, g *globals) *cobra.Command {
	var o resendOptions
	cmd := command("resend", "Send again to those who were not reached",
		`resend makes a new generation of notices for accounts whose notice bounced, was
rejected or is in doubt, and sends it. By default it takes only what can be worth it:
what failed for the time being, and what is in doubt. A corrections file gives new
addresses; without one a permanent failure is refused, unless --force is given. To run
it twice sends nothing twice. An interrupted resend goes on with notify send.`,
		[]int{exitDone, exitFailed, exitUsage, exitIncomplete, exitFailures, exitRefused, exitInterrupted}, noArgs)
	flags := cmd.Flags()
	flags.BoolVar(&o.bounced, "bounced", false, "notices that bounced")
	flags.BoolVar(&o.rejected, "rejected", false, "notices that were rejected")
	flags.BoolVar(&o.inDoubt, "in-doubt", false, "notices that are in doubt: some people may get theirs twice")
	flags.StringVar(&o.corrections, "corrections", "", "CSV `FILE` with the header id,email: right addresses")
	flags.BoolVar(&o.force, "force", false, "also what failed for good, at the same address")
	o.send.declare(flags)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return runResend(cmd.Context(), p, g, o) }
	return cmd
}

func runResend(ctx context.Context, p *process, g *globals, o resendOptions) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	f, err := openToSend(p, g, o.send.records(p, "resend"))
	if err != nil {
		return err
	}
	request, err := o.request(p, f.config)
	if err != nil {
		return err
	}
	if o.send.dryRun {
		return f.rehearseResend(ctx, p, g, request, o.send)
	}
	book, err := openLedger(ctx, f.ledger)
	if err != nil {
		return err
	}
	r := &resending{
		sending: sending{folder: f, process: p, globals: g, options: o.send, book: book}, request: request,
	}
	return errors.Join(r.run(ctx), book.Close())
}

// request is what the ledger is asked for. Nothing is changed yet.
func (o resendOptions) request(p *process, config *campaign.Config) (campaign.Resend, error) {
	r := campaign.Resend{States: o.states(), Force: o.force, At: p.now(), By: p.user}
	if o.corrections == "" {
		return r, nil
	}
	var err error
	r.Corrections, err = config.ReadCorrections(o.corrections)
	return r, err
}

// resending is one `notify resend` with its ledger in hand.
type resending struct {
	sending
	request campaign.Resend
	resent  campaign.Resent
	earlier int64 // notices of earlier resends that are left
}

func (r *resending) run(ctx context.Context) error {
	if err := r.unchanged(ctx, r.book.Reader); err != nil {
		return err
	}
	if err := r.recover(ctx); err != nil {
		return err
	}
	planned, err := r.foresee(ctx, r.book)
	if err != nil {
		return err
	}
	if planned.Notices+r.status.Resends.Left > 0 {
		return r.agreeAndSend(ctx, planned)
	}
	if err := newView(r.process, r.globals).show(resendResult{r.status, planned, 0}); err != nil {
		return err
	}
	if refused := unworthy(planned); refused > 0 {
		return hint.Wrap(say(errRefused, "nothing to resend: %d accounts are refused", refused), "%s", refusalAdvice(planned))
	}
	return verdict(delivery.Summary{}, r.status)
}

// foresee says what the resend would do, and refuses what must not be begun.
func (r *resending) foresee(ctx context.Context, book *ledger.Ledger) (campaign.Resent, error) {
	if left := r.status.Notices.Left() - r.status.Resends.Left; left > 0 {
		return campaign.Resent{}, hint.Wrap(say(errRefused, "the plan is not finished: notices left: %d", left),
			"run notify send until nothing is left, then resend")
	}
	look := r.request
	look.DryRun = true
	planned, err := book.Resend(ctx, look)
	if err != nil {
		return campaign.Resent{}, err
	}
	return planned, checkCorrections(planned)
}

// checkCorrections refuses corrections for accounts that do not exist: somebody would
// wait for a notice that never comes.
func checkCorrections(planned campaign.Resent) error {
	n := planned.Refused[campaign.RefusedAccount]
	if n == 0 {
		return nil
	}
	err := say(errRefused, "corrections for accounts that are not in the ledger: %d (%s); nothing was sent", n,
		masked(planned.Examples[campaign.RefusedAccount]))
	return hint.Wrap(err, "the ids are those of the export; see notify accounts")
}

// agreeAndSend asks for consent, makes the generation, and sends it with what is left of
// earlier ones.
func (r *resending) agreeAndSend(ctx context.Context, planned campaign.Resent) error {
	if err := r.vetPlan(ctx, r.process, r.book.Reader); err != nil {
		return err
	}
	n := planned.Notices + r.status.Resends.Left
	if r.options.limit > 0 {
		n = min(n, r.options.limit)
	}
	if err := r.keepHold(ctx); err != nil {
		return err
	}
	if err := canConsent(r.process, r.options.yes, "resend", n); err != nil {
		return err
	}
	mailer, err := r.reach()
	if err != nil {
		return err
	}
	if err := r.answers(ctx, mailer); err != nil {
		return err
	}
	used, err := r.planned(ctx, r.book.Reader)
	if err != nil {
		return err
	}
	asked := order{folder: r.folder, used: used, status: r.status, resend: &planned, send: n, eta: r.takes(n)}
	if err := consent(r.process, asked, r.options.yes); err != nil {
		return err
	}
	return r.makeAndSend(ctx, mailer)
}

func (r *resending) makeAndSend(ctx context.Context, mailer *relay.Relay) error {
	if err := r.book.Override(ctx, r.overrides); err != nil {
		return err
	}
	var err error
	r.earlier = r.status.Resends.Left
	if r.resent, err = r.book.Resend(ctx, r.request); err != nil {
		return err
	}
	if r.standing, err = standingOf(ctx, r.book.Reader, r.config, r.process.now()); err != nil {
		return err
	}
	summary, err := r.deliver(ctx, mailer)
	if err != nil {
		return err
	}
	stands, err := standingOf(context.WithoutCancel(ctx), r.book.Reader, r.config, r.process.now())
	if err != nil {
		return err
	}
	if err := newView(r.process, r.globals).show(resendResult{stands.status, r.resent, r.earlier}); err != nil {
		return err
	}
	return verdict(summary, stands.status)
}

// rehearseResend makes the generation in a copy of the ledger, and takes the path of a
// real run with that.
func (f *folder) rehearseResend(ctx context.Context, p *process, g *globals, request campaign.Resend, o sendOptions) (err error) {
	book, err := f.openPlan(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	aside, err := os.MkdirTemp("", "notify-resend-")
	if err != nil {
		return fmt.Errorf("make a folder for a copy of the ledger: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(aside)) }()
	copied := *f
	copied.ledger = filepath.Join(aside, "dry-run.ledger")
	if err := book.Copy(ctx, copied.ledger); err != nil {
		return err
	}
	resent, err := copied.resendAside(ctx, p, g, request)
	if err != nil {
		return err
	}
	rehearsed, err := copied.rehearse(ctx, p, g, o)
	if err != nil {
		return err
	}
	if rehearsed.Status, err = book.Status(ctx, p.now()); err != nil { // nothing was changed
		return err
	}
	return newView(p, g).show(resendRehearsal{rehearsed, resent, rehearsed.Status.Resends.Left})
}

// resendAside makes the generation in the copy of a ledger.
func (f *folder) resendAside(ctx context.Context, p *process, g *globals, request campaign.Resend) (_ campaign.Resent, err error) {
	book, err := ledger.Open(ctx, f.ledger, ledger.Options{})
	if err != nil {
		return campaign.Resent{}, err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	r := &resending{sending: sending{folder: f, process: p, globals: g, book: book}, request: request}
	if err := r.recover(ctx); err != nil {
		return campaign.Resent{}, err
	}
	if _, err := r.foresee(ctx, book); err != nil {
		return campaign.Resent{}, err
	}
	return book.Resend(ctx, request)
}

// resendResult is what `notify resend` prints: what it made, and where the campaign
// stands.
type resendResult struct {
	campaign.Status
	Resent  campaign.Resent `json:"resent"`
	Earlier int64           `json:"earlier"` // notices of earlier resends that were left, and went out as well
}

func (r resendResult) human(w io.Writer) {
	printResent(w, r.Resent, r.Earlier)
	statusResult{r.Status}.human(w)
}

// resendRehearsal is what `notify resend --dry-run` prints.
type resendRehearsal struct {
	dryRunResult
	Resent  campaign.Resent `json:"resent"`
	Earlier int64           `json:"earlier"`
}

func (r resendRehearsal) human(w io.Writer) {
	printResent(w, r.Resent, r.Earlier)
	r.dryRunResult.human(w)
}

// printResent prints what a resend makes; earlier is how many notices of earlier ones
// are still to be sent, and go out with it.
func printResent(w io.Writer, r campaign.Resent, earlier int64) {
	fmt.Fprintf(w, "resend    %d notices to %d accounts", r.Notices, r.Accounts)
	for _, class := range account.Classes() {
		if n := r.ByClass[class]; n > 0 {
			fmt.Fprintf(w, ", %d %s", n, class)
		}
	}
	fmt.Fprintf(w, "; %d at a corrected address\n", r.Corrected)
	if earlier > 0 {
		fmt.Fprintf(w, "earlier   %d notices of an earlier resend are still to be sent, and go out as well\n", earlier)
	}
	for _, why := range campaign.Refusals() {
		if n := r.Refused[why]; n > 0 {
			fmt.Fprintf(w, "refused   %d %s: %s\n", n, why, masked(r.Examples[why]))
		}
	}
}

// unworthy counts the accounts that --force or a correction would have taken along.
func unworthy(r campaign.Resent) int64 {
	return r.Refused[campaign.RefusedPermanent] + r.Refused[campaign.RefusedUnknown] + r.Refused[campaign.RefusedTried]
}

func refusalAdvice(r campaign.Resent) string {
	if r.Refused[campaign.RefusedTried] == unworthy(r) {
		return "these corrections lead back to addresses that failed before; --force sends there once more"
	}
	return "give right addresses with --corrections FILE.csv (id,email), or send to the same ones with --force"
}

// masked lists a few account ids, some of which may be addresses.
func masked(ids []string) string {
	const most = 5
	var shown []string
	for _, id := range ids[:min(most, len(ids))] {
		shown = append(shown, printable(account.MaskText(id)))
	}
	if len(ids) > most {
		shown = append(shown, "…")
	}
	return strings.Join(shown, ", ")
}
