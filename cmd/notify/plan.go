package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/check"
	"breachnotify/pkg/classify"
	"breachnotify/pkg/export"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/ledger"
)

type planOptions struct {
	explain bool
	overriding
}

func newPlanCommand(p *process, g *globals) *cobra.Command {
	var o planOptions
	cmd := command("plan", "Decide who gets what, and freeze it",
		`plan reads the export, selects and classifies the accounts, groups them into
notices and deals these into batches. It writes the ledger, which freezes all of
that with the wording, the links and the sender. Nothing is sent. Until something
is, plan can be run again and replaces the plan. Notices in which notify check finds
errors are refused before the export is read, unless --override names their rules.

--explain adds, for each class and each exclusion, why accounts are in it, how many,
and the first three, so that a wrong column is seen before anything goes out.`,
		[]int{exitDone, exitFailed, exitUsage, exitRefused, exitInterrupted}, noArgs)
	o.declare(cmd.Flags())
	cmd.Flags().BoolVar(&o.explain, "explain", false, "say why accounts are in their class, or excluded, with examples")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return runPlan(cmd.Context(), p, g, o) }
	return cmd
}

func runPlan(ctx context.Context, p *process, g *globals, o planOptions) error {
	if err := o.validate(); err != nil {
		return err
	}
	f, err := openToSend(p, g, o.records(p, "plan"))
	if err != nil {
		return err
	}
	warnings, err := f.planWarned(ctx, p, g)
	if err != nil {
		return err
	}
	result, err := f.result(ctx, p, o)
	if err != nil {
		return err
	}
	result.Warnings = slices.Concat(result.Warnings, warnings, f.noticeWarnings())
	return newView(p, g).show(result)
}

// plan makes the ledger of the folder.
func (f *folder) plan(ctx context.Context, p *process, g *globals) error {
	_, err := f.planWarned(ctx, p, g)
	return err
}

// planWarned makes the ledger of the folder, unless the check refuses its notices, and
// returns and shows what may be wrong with the plan. That is shown too where the plan is
// refused, since it may be the reason.
func (f *folder) planWarned(ctx context.Context, p *process, g *globals) ([]warning, error) {
	if err := f.vet(p, nil); err != nil { // what an earlier plan has recorded goes with it
		return nil, err
	}
	warnings, err := f.makePlan(ctx, p, g)
	if err == nil {
		var found []warning
		found, err = f.planWarnings(ctx, p)
		warnings = append(warnings, found...)
	}
	for _, w := range warnings {
		w.show(p)
	}
	return warnings, err
}

// planWarnings holds the numbers of the plan against the rules about plans.
func (f *folder) planWarnings(ctx context.Context, p *process) (warnings []warning, err error) {
	book, err := openReadOnly(ctx, f.ledger)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	status, err := book.Status(ctx, p.now())
	if err != nil {
		return nil, err
	}
	for _, found := range check.OfPlan(&check.Plan{Status: status}) {
		warnings = append(warnings, warning{found.What, found.Mend})
	}
	return warnings, nil
}

// makePlan makes the ledger of the folder, and returns what the export has to warn of, also
// beside an error.
func (f *folder) makePlan(ctx context.Context, p *process, g *globals) (warnings []warning, err error) {
	ctx, cancel := p.untilStop(ctx)
	defer cancel()
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = hint.Wrap(say(errInterrupted, "interrupted; nothing was planned"), "run it again")
		}
	}()
	spec := f.exportSpec()
	spec.Stdin, spec.Meter = p.stdin, &export.Meter{}
	bar := showProgress(p, g, func() reading { return exportReading(spec.Meter.Progress()) })
	defer bar.stop()
	selection, err := export.Open(ctx, spec)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, selection.Close()) }()
	draft, err := ledger.Create(ctx, f.ledger)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, draft.Close()) }()
	if err := f.replaceable(ctx); err != nil {
		return nil, err
	}
	return f.fill(ctx, p, selection, draft)
}

// exportReading is how far an export is read, in bytes. What comes through a pipe or from a
// live database is of unknown size.
func exportReading(done, total int64) reading {
	const text, megabyte = "reading the export", 1e6
	if done > total {
		return reading{text: fmt.Sprintf("%s, %.1f MB", text, float64(done)/megabyte)}
	}
	return reading{done, total, fmt.Sprintf("%s, %.1f of %.1f MB", text, float64(done)/megabyte, float64(total)/megabyte)}
}

// replaceable refuses to plan over the ledger of another campaign, which nothing was sent of.
func (f *folder) replaceable(ctx context.Context) (err error) {
	planned, err := f.hasLedger()
	if err != nil || !planned {
		return err
	}
	book, err := openReadOnly(ctx, f.ledger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	frozen, _, err := book.Frozen(ctx)
	if err != nil {
		return err
	}
	return f.owns(frozen)
}

// fill plans every selected record into draft, with the keys that match none, and seals
// it. It returns what there is to warn of, also where the plan is refused.
func (f *folder) fill(ctx context.Context, p *process, selection *export.Selection, draft *ledger.Draft) ([]warning, error) {
	sendable, err := f.config.Sendable()
	if err != nil {
		return nil, err
	}
	columns := selection.Columns()
	rules := f.config.Classify.Rules(columns.Password, columns.SSO)
	rules.Signs = classify.Signs(selection.Signs())
	planner := campaign.Planner{
		Rules:     rules,
		Languages: f.notices,
		Sendable:  sendable,
	}
	// A record leaves nothing behind, so that the heap is small: to collect it less often
	// costs some megabytes, and saves a tenth of the work.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	if err := planner.Plan(ctx, selection.Records(ctx), draft); err != nil {
		return nil, err
	}
	warnings, err := keepUnmatched(ctx, selection.Unmatched(ctx), draft)
	if err != nil {
		return nil, err
	}
	frozen := f.config.Freeze(f.notices)
	frozen.At = p.now()
	frozen.Read = selection.Read()
	frozen.Overrides = f.overrides
	if frozen.Key, err = campaign.NewKey(p.random); err != nil {
		return nil, fmt.Errorf("make the key of the campaign: %w", err)
	}
	err = draft.Seal(ctx, frozen)
	if !errors.Is(err, campaign.ErrNothingSelected) { // of no rows every column is empty
		warnings = append(warnings, emptyColumns(selection.EmptyColumns(), f.config.Export)...)
	}
	return warnings, err
}

// planResult shows a plan: the numbers, and what would be said and by whom.
type planResult struct {
	statusResult
	Explain  explanation `json:"explain,omitempty"`
	Warnings []warning   `json:"warnings"`
	folder   *folder
	used     []variant
}

// result reads back what was planned.
func (f *folder) result(ctx context.Context, p *process, o planOptions) (r planResult, err error) {
	book, err := openReadOnly(ctx, f.ledger)
	if err != nil {
		return planResult{}, err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	stands, err := standingOf(ctx, book, f.config, p.now())
	if err != nil {
		return planResult{}, err
	}
	r = planResult{statusResult: statusResult{stands.status}, Warnings: []warning{}, folder: f}
	if o.explain {
		reasons, err := book.Reasons(ctx)
		if err != nil {
			return planResult{}, err
		}
		r.Explain = newExplanation(reasons)
	}
	r.used, err = f.planned(ctx, book)
	return r, err
}

func (r planResult) human(w io.Writer) {
	fmt.Fprintf(w, "planned   %s\n", r.folder.ledger)
	fmt.Fprintf(w, "from      %s\n", r.folder.sender())
	for _, v := range r.used {
		tell(w, "subject", plain, fmt.Sprintf("%-8s %s  %s", v.Class, v.Locale, v.Subject))
	}
	r.Explain.human(w)
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
