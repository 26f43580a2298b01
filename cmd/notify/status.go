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
		[]int{exitDone, exitFailed, exitUsage, exitRefused, exitInterrupted}, noArgs)
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
	tell(w, "accounts", plain, fmt.Sprintf("%d read, %d selected: %d noticed, %d excluded%s", s.Accounts.Read, s.Accounts.Selected,
		s.Accounts.Noticed, s.Accounts.Excluded, bracketed(exclusions(s.Accounts))))
	if s.Accounts.Unmatched > 0 {
		fmt.Fprintf(w, "unmatched %d: keys of export.tables that are no account; notify accounts --unmatched\n", s.Accounts.Unmatched)
	}
	tell(w, "notices", plain, fmt.Sprintf("%d%s", s.Notices.Total, bracketed(states(s.Notices))))
	for _, class := range account.Classes() {
		fmt.Fprintf(w, "  %-9s %d%s\n", class, s.ByClass[class].Total, bracketed(states(s.ByClass[class])))
	}
	if s.Abandoned > 0 {
		fmt.Fprintf(w, "          %d sending: by a process that died; they are in doubt once send runs\n", s.Abandoned)
	}
	fmt.Fprintf(w, "batches   %d of %d done\n", s.Batches.Done, s.Batches.Total)
	fmt.Fprintf(w, "state     %s\n", s.State)
	for _, line := range s.timing() {
		tell(w, "", plain, line)
	}
	if line, bad := deadlineLine(s.Status); line != "" {
		tell(w, "deadline", warningInk(bad), line)
	}
	for _, line := range whatNext(s.Status) {
		tell(w, "next", plain, line)
	}
}

func (s statusResult) timing() []string {
	var lines []string
	if s.Halted != nil {
		lines = append(lines, "halted: "+*s.Halted)
	}
	if held := heldBack(s.Status); held != "" {
		lines = append(lines, held)
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

// heldBack says which limit binds, and until when where that is known; nothing where none
// does. What a page that does not answer is in the way of is said in its own words.
func heldBack(s campaign.Status) string {
	switch {
	case s.Probe != nil:
		return waitsFor(*s.Probe, time.RFC3339)
	case s.Limit == nil:
		return ""
	}
	text := "held back by " + *s.Limit
	if s.LimitedUntil != nil {
		text += ", until " + s.LimitedUntil.UTC().Format(time.RFC3339)
	}
	return text
}

// waitsFor says which pages do not answer, what that means, and since when, in a layout
// of time.
func waitsFor(s campaign.Silence, layout string) string {
	return fmt.Sprintf("%v, since %s", s, s.Since.UTC().Format(layout))
}

// whatNext says, for each state that needs a decision, which one.
func whatNext(s campaign.Status) []string {
	var lines []string
	switch {
	case s.Probe != nil:
		lines = append(lines, s.Probe.Next())
	case s.State != campaign.PhaseFailed: // whose notices say it, by their state
		lines = append(lines, s.State.Advice().Next)
	}
	for _, state := range []campaign.State{campaign.Deferred, campaign.InDoubt, campaign.Rejected, campaign.Bounced} {
		if s.Notices.Of(state) > 0 {
			advice, later := state.Advice(), ""
			if s.Notices.Left() > 0 && (state == campaign.Rejected || state == campaign.Bounced) {
				later = "when nothing is left to send, " // before that, resend is refused
			}
			lines = append(lines, fmt.Sprintf("%s: %s; %s%s", advice.Name, advice.Upshot, later, advice.Next))
		}
	}
	if s.Notices.Left() == 0 {
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
	addressless := by[campaign.NoAddress] + by[campaign.InvalidAddress] + by[campaign.Unsendable] + by[campaign.Withheld]
	untold := s.Notices.Rejected + s.Notices.Bounced
	var lines []string
	if untold+addressless > 0 {
		lines = append(lines, fmt.Sprintf("could not be told: %s, and %s without a usable address; notify bounces list --csv --reveal names these people, for post or telephone",
			counted(untold, "notice"), counted(addressless, "account")))
	}
	if untold+addressless >= manyUnreached {
		lines = append(lines, fmt.Sprintf("%d or more people who cannot be reached can call for a substitute or public notice (45 CFR 164.404, 16 CFR 318.5, GDPR 34(3)(c)): ask counsel", manyUnreached))
	}
	return lines
}

// counted is a number of things.
func counted(n int64, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return thousands(n) + " " + thing
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
