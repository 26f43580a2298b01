package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/export"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/ledger"
)

func newPlanCommand(p *process, g *globals) *cobra.Command {
	cmd := command("plan", "Decide who gets what, and freeze it",
		`plan reads the export, selects and classifies the accounts, groups them into
notices and deals these into batches. It writes the ledger, which freezes all of
that with the wording, the links and the sender. Nothing is sent. Until something
is, plan can be run again and replaces the plan.`,
		[]int{exitDone, exitFailed, exitUsage, exitRefused, exitInterrupted}, cobra.NoArgs)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return runPlan(cmd.Context(), p, g) }
	return cmd
}

func runPlan(ctx context.Context, p *process, g *globals) error {
	f, err := openFolder(p, g)
	if err != nil {
		return err
	}
	if err := f.plan(ctx, p, g); err != nil {
		return err
	}
	result, err := f.result(ctx, p)
	if err != nil {
		return err
	}
	return newView(p, g).show(result)
}

// plan makes the ledger of the folder.
func (f *folder) plan(ctx context.Context, p *process, g *globals) (err error) {
	ctx, cancel := p.untilStop(ctx)
	defer cancel()
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = hint.Wrap(say(errInterrupted, "interrupted; nothing was planned"), "run it again")
		}
	}()
	selection, err := export.Open(ctx, f.exportSpec())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, selection.Close()) }()
	draft, err := ledger.Create(ctx, f.ledger)
	if err != nil {
		return f.explainStarted(err)
	}
	defer func() { err = errors.Join(err, draft.Close()) }()
	bar := showProgress(p, g, func() reading {
		done, total := selection.Progress()
		return reading{done, total, "reading the export"}
	})
	defer bar.stop()
	return f.fill(ctx, p, selection, draft)
}

func (f *folder) explainStarted(err error) error {
	if errors.Is(err, ledger.ErrStarted) {
		return hint.Wrap(err, "go on with notify send; a second campaign needs another name or another --ledger")
	}
	return err
}

// fill plans every selected record into draft and seals it.
func (f *folder) fill(ctx context.Context, p *process, selection *export.Selection, draft *ledger.Draft) error {
	suppressed, err := f.config.ReadSuppressed()
	if err != nil {
		return err
	}
	columns := selection.Columns()
	planner := campaign.Planner{
		Rules:       f.config.Classify.Rules(columns.Password, columns.SSO),
		Languages:   f.notices,
		Suppression: suppressed,
		SMTPUTF8:    f.config.SMTP.SMTPUTF8,
	}
	// A record leaves nothing behind, so that the heap is small: to collect it less often
	// costs some megabytes, and saves a tenth of the work.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	if err := planner.Plan(ctx, selection.Records(ctx), draft); err != nil {
		return err
	}
	frozen := f.config.Freeze(f.notices)
	frozen.At = p.now()
	frozen.Read = selection.Read()
	if frozen.Key, err = campaign.NewKey(p.random); err != nil {
		return fmt.Errorf("make the key of the campaign: %w", err)
	}
	return draft.Seal(ctx, frozen)
}

// planResult shows a plan: the numbers, and what would be said and by whom.
type planResult struct {
	statusResult
	folder *folder
	used   []variant
}

// result reads back what was planned.
func (f *folder) result(ctx context.Context, p *process) (_ planResult, err error) {
	book, err := openReadOnly(ctx, f.ledger)
	if err != nil {
		return planResult{}, err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	status, err := book.Status(ctx, p.now())
	if err != nil {
		return planResult{}, err
	}
	used, err := f.planned(ctx, book)
	return planResult{statusResult{status}, f, used}, err
}

func (r planResult) human(w io.Writer) {
	fmt.Fprintf(w, "planned   %s\n", r.folder.ledger)
	fmt.Fprintf(w, "from      %s\n", r.folder.sender())
	for _, v := range r.used {
		fmt.Fprintf(w, "subject   %-8s %s  %s\n", v.Class, v.Locale, v.Subject)
	}
	r.statusResult.human(w)
}

// sender is the organisation's own address, which is no secret.
func (f *folder) sender() string {
	from := f.config.Notice.From
	if from.Name == "" {
		return from.Address.Wire()
	}
	return fmt.Sprintf("%s <%s>", from.Name, from.Address.Wire())
}

// classCounts is "3 password, 2 sso".
func classCounts(s campaign.Status, of func(campaign.NoticeCounts) int64) string {
	return fmt.Sprintf("%d %s, %d %s", of(s.ByClass[account.Password]), account.Password,
		of(s.ByClass[account.SSO]), account.SSO)
}
