package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/ledger"
)

const watchEvery = 2 * time.Second

func newStatusCommand(p *process, g *globals) *cobra.Command {
	var watch bool
	cmd := command("status", "Show where the campaign stands",
		`status shows who was told, what is left and what needs a decision. It reads the
ledger only, also while another process sends. It exits with 0 whatever the state.`,
		[]int{exitDone, exitFailed, exitUsage, exitRefused, exitInterrupted}, cobra.NoArgs)
	cmd.Flags().BoolVar(&watch, "watch", false, "show it again every 2 seconds until nothing sends any more")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return runStatus(cmd.Context(), p, g, watch)
	}
	return cmd
}

func runStatus(ctx context.Context, p *process, g *globals, watch bool) error {
	path, config, err := campaignOf(p, g)
	if err != nil {
		return err
	}
	ctx, cancel := p.untilStop(ctx)
	defer cancel()
	if watch && p.watches && !g.json && !g.quiet {
		if err := watchStatus(ctx, p, g, path, config); err != nil {
			return err
		}
	}
	for {
		status, err := readStatus(ctx, path, config, p.now())
		if err != nil {
			return err
		}
		if err := newView(p, g).show(statusResult{Status: status}); err != nil {
			return err
		}
		if !watch || !status.Running() {
			return nil
		}
		if err := untilNext(ctx); err != nil {
			return err
		}
	}
}

// watchStatus shows a campaign on a screen until nothing sends any more.
func watchStatus(ctx context.Context, p *process, g *globals, path string, config *campaign.Config) (err error) {
	book, err := openReadOnly(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	read := func(ctx context.Context) (scene, error) {
		shown, err := readScene(ctx, book, config, p.now())
		shown.leave = howToLeave
		return shown, err
	}
	var screen *progress
	for first := true; ; first = false {
		status, err := book.Status(ctx, p.now())
		if err != nil || !status.Running() {
			return err
		}
		if first {
			_, screen = showScenes(p, g, read)
			defer func() { screen.stop() }()
		}
		if err := untilNext(ctx); err != nil {
			screen.finish = func() {} // what was last seen stays
			return hint.Wrap(err, "the process that sends goes on; notify status shows where it stands")
		}
	}
}

// untilNext waits until a status is to be read again. It returns why ctx ended, if it did.
func untilNext(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(watchEvery):
		return nil
	}
}

func readStatus(ctx context.Context, path string, config *campaign.Config, now time.Time) (campaign.Status, error) {
	book, err := openReadOnly(ctx, path)
	if err != nil {
		return campaign.Status{}, err
	}
	stands, err := standingOf(ctx, book, config, now)
	return stands.status, errors.Join(err, book.Close())
}

// openReadOnly opens a ledger for looking at it, and says what to do where there is
// none.
func openReadOnly(ctx context.Context, path string) (*ledger.Reader, error) {
	book, err := ledger.OpenReadOnly(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hint.Wrap(err, "run notify plan first, or name the ledger with --ledger")
	}
	return book, err
}

// statusResult shows a campaign's numbers. Plan, send and status end with it.
type statusResult struct {
	campaign.Status
}

func (s statusResult) human(w io.Writer) {
	fmt.Fprintf(w, "campaign  %s, plan %s\n", s.Campaign, short(s.Plan))
	fmt.Fprintf(w, "accounts  %d read, %d selected: %d noticed, %d excluded%s\n", s.Accounts.Read, s.Accounts.Selected,
		s.Accounts.Noticed, s.Accounts.Excluded, bracketed(exclusions(s.Accounts)))
	if s.Accounts.Unmatched > 0 {
		fmt.Fprintf(w, "unmatched %d: keys of export.tables that are no account; notify accounts --unmatched\n", s.Accounts.Unmatched)
	}
	fmt.Fprintf(w, "notices   %d%s\n", s.Notices.Total, bracketed(states(s.Notices)))
	for _, class := range account.Classes() {
		fmt.Fprintf(w, "  %-9s %d%s\n", class, s.ByClass[class].Total, bracketed(states(s.ByClass[class])))
	}
	if s.Abandoned > 0 {
		fmt.Fprintf(w, "          %d sending: by a process that died; they are in doubt once send runs\n", s.Abandoned)
	}
	fmt.Fprintf(w, "batches   %d of %d done\n", s.Batches.Done, s.Batches.Total)
	fmt.Fprintf(w, "state     %s\n", s.State)
	for _, line := range s.timing() {
		fmt.Fprintf(w, "          %s\n", line)
	}
	if line, bad := deadlineLine(s.Status); line != "" {
		fmt.Fprintf(w, "deadline  %s\n", inksOf(w).paint(warningInk(bad), line))
	}
	for _, line := range whatNext(s.Status) {
		fmt.Fprintf(w, "next      %s\n", line)
	}
}

func (s statusResult) timing() []string {
	var lines []string
	if s.Halted != nil {
		lines = append(lines, "halted: "+*s.Halted)
	}
	if s.Limit != nil {
		lines = append(lines, heldBack(*s.Limit, s.LimitedUntil))
	}
	if s.RatePerS > 0 {
		lines = append(lines, "rate "+rateInWords(s.Status, campaign.Rate{}))
	}
	if s.ETA != nil {
		lines = append(lines, "done at about "+s.ETA.UTC().Format(time.RFC3339))
	}
	if s.TakesS != nil {
		lines = append(lines, "what is left takes about "+roughly(time.Duration(*s.TakesS)*time.Second)+" under the throttle alone")
	}
	if s.NextAttempt != nil {
		lines = append(lines, "next attempt at "+s.NextAttempt.UTC().Format(time.RFC3339))
	}
	return lines
}

// heldBack says which limit binds, and until when; nil: that is not known.
func heldBack(limit string, until *time.Time) string {
	text := "held back by " + limit
	if until != nil {
		text += ", until " + until.UTC().Format(time.RFC3339)
	}
	return text
}

// whatNext says, for each state that needs a decision, which one.
func whatNext(s campaign.Status) []string {
	var lines []string
	switch s.State {
	case campaign.PhasePlanned, campaign.PhaseHalted, campaign.PhaseIncomplete:
		lines = append(lines, s.State.Advice().Next)
	}
	for _, state := range []campaign.State{campaign.Deferred, campaign.InDoubt, campaign.Rejected, campaign.Bounced} {
		if s.Notices.Of(state) > 0 {
			advice := state.Advice()
			lines = append(lines, fmt.Sprintf("%s: %s; %s", advice.Name, advice.Upshot, advice.Next))
		}
	}
	if s.Notices.Left() == 0 && s.Notices.Failed() > 0 {
		lines = append(lines, unreached(s)...)
	}
	return lines
}

// manyUnreached is the number of unreachable people from which laws ask for more than a
// mail: 45 CFR 164.404(d)(2) and 16 CFR 318.5(a)(2) say ten.
const manyUnreached = 10

// unreached says what to do about people who could not be told by mail.
func unreached(s campaign.Status) []string {
	by := s.Accounts.ExcludedBy
	addressless := by[campaign.NoAddress] + by[campaign.InvalidAddress] + by[campaign.Unsendable]
	untold := s.Notices.Rejected + s.Notices.Bounced
	var lines []string
	if untold+addressless > 0 {
		lines = append(lines, fmt.Sprintf("could not be told: %d notices, and %d accounts without a usable address; notify bounces list --csv --reveal names these people, for post or telephone",
			untold, addressless))
	}
	if s.Notices.InDoubt > 0 {
		lines = append(lines, fmt.Sprintf("%d notices in doubt: %s", s.Notices.InDoubt, campaign.InDoubt.Advice().Upshot))
	}
	if untold+addressless >= manyUnreached {
		lines = append(lines, fmt.Sprintf("%d or more people who cannot be reached can call for a substitute or public notice (45 CFR 164.404, 16 CFR 318.5, GDPR 34(3)(c)): ask counsel", manyUnreached))
	}
	return lines
}

func exclusions(c campaign.AccountCounts) []string {
	var parts []string
	for _, reason := range campaign.Exclusions() {
		if n := c.ExcludedBy[reason]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, reason))
		}
	}
	return parts
}

func states(c campaign.NoticeCounts) []string {
	var parts []string
	for _, state := range campaign.States() {
		if n := c.Of(state); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	return parts
}

// bracketed joins parts as ": a, b"; nothing for none.
func bracketed(parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

// short cuts a digest to what a human compares.
func short(digest string) string {
	const shown = len("sha256:") + 12
	if len(digest) <= shown {
		return digest
	}
	return digest[:shown]
}
