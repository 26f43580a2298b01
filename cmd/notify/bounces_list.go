package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/ledger"
)

type listOptions struct {
	unmatched bool
	reveal    bool
	csv       bool
}

func newBouncesListCommand(p *process, g *globals) *cobra.Command {
	var o listOptions
	cmd := command("list", "List who could not be told, and why",
		`list prints a line for each account whose owner could not be told by mail: its notice
is rejected, bounced or in doubt, or its address cannot be written to. Names and
whole addresses are shown with --reveal alone. With --unmatched it lists what was
imported and belongs to no notice.`,
		[]int{exitDone, exitFailed, exitUsage, exitRefused, exitInterrupted}, noArgs)
	flags := cmd.Flags()
	flags.BoolVar(&o.unmatched, "unmatched", false, "list what was imported and belongs to no notice")
	flags.BoolVar(&o.reveal, "reveal", false, "show names and whole addresses")
	flags.BoolVar(&o.csv, "csv", false, "print CSV")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return runBouncesList(cmd.Context(), p, g, o) }
	return cmd
}

func runBouncesList(ctx context.Context, p *process, g *globals, o listOptions) (err error) {
	path, err := ledgerPath(p, g)
	if err != nil {
		return err
	}
	book, err := openReadOnly(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	ctx, cancel := p.untilStop(ctx)
	defer cancel()
	if o.unmatched {
		return writeList(newLineWriter(p.stdout, g.json, o.csv, strayHeader), book.Findings(ctx, ledger.FindingFilter{Unmatched: true}),
			func(f ledger.FindingLine) listed { return newStrayLine(f, o.reveal) })
	}
	return writeList(newLineWriter(p.stdout, g.json, o.csv, unreachableHeader), book.Unreachable(ctx),
		func(u ledger.Unreachable) listed { return newUnreachableLine(u, o.reveal) })
}

// unreachableLine is a line of `notify bounces list`.
type unreachableLine struct {
	ID         string               `json:"id"`
	Name       string               `json:"name"` // empty unless revealed
	Class      *account.Class       `json:"class"`
	Address    *string              `json:"address"`
	State      *campaign.State      `json:"state"`
	Excluded   *campaign.Exclusion  `json:"excluded"`
	Reason     string               `json:"reason"`
	Status     *string              `json:"status"`
	Permanence *campaign.Permanence `json:"permanence"`
	Diagnostic *string              `json:"diagnostic"`
	Notice     *string              `json:"notice"`
	Generation *int                 `json:"generation"`
	Updated    *time.Time           `json:"updated"`
	Line       int64                `json:"line"`
}

var unreachableHeader = []string{"id", "name", "class", "address", "state", "excluded", "reason", "status", "permanence",
	"diagnostic", "notice", "generation", "updated", "line"}

func newUnreachableLine(u ledger.Unreachable, reveal bool) unreachableLine {
	l := unreachableLine{
		ID: u.ID, Name: u.Name, Class: orNull(u.Class), State: orNull(u.State), Excluded: orNull(u.Excluded),
		Reason: u.Reason, Status: orNull(u.Status), Permanence: orNull(u.Permanence), Notice: orNull(u.NoticeID),
		Generation: orNull(u.Generation), Updated: optionalTime(u.At), Line: u.Line,
	}
	address, diagnostic := shownAddress(u.Address, u.Written, reveal), u.Diagnostic
	if !reveal {
		l.ID, l.Name = account.MaskText(u.ID), ""
		diagnostic = account.MaskName(u.Address.MaskIn(diagnostic), u.Name)
	}
	l.Address, l.Diagnostic = orNull(address), orNull(diagnostic)
	return l
}

func (l unreachableLine) fields() []string {
	return []string{l.ID, l.Name, text(l.Class), text(l.Address), text(l.State), text(l.Excluded), l.Reason, text(l.Status),
		text(l.Permanence), text(l.Diagnostic), text(l.Notice), text(l.Generation), rfc3339(l.Updated), strconv.FormatInt(l.Line, 10)}
}

func (l unreachableLine) words() []string {
	what := text(l.State)
	if l.Excluded != nil {
		what = fmt.Sprintf("line %d excluded: %s", l.Line, *l.Excluded)
	}
	return []string{printable(l.ID), printable(l.Name), printable(text(l.Address)), text(l.Class), what, printable(l.Reason),
		printable(text(l.Status)), text(l.Permanence), bracketedWord(text(l.Diagnostic))}
}

// strayLine is a line of `notify bounces list --unmatched`.
type strayLine struct {
	File      string               `json:"file"`
	Number    int64                `json:"number"` // of the message in its file; 0: the file is one
	Kind      campaign.FindingKind `json:"kind"`
	Why       campaign.Mismatch    `json:"why"`
	Recipient *string              `json:"recipient"`
	Status    *string              `json:"status"`
	Reason    *string              `json:"reason"`
	MessageID *string              `json:"message_id"`
	Imported  time.Time            `json:"imported"`
}

var strayHeader = []string{"file", "number", "kind", "why", "recipient", "status", "reason", "message_id", "imported"}

func newStrayLine(f ledger.FindingLine, reveal bool) strayLine {
	recipient := f.Recipient
	if !reveal {
		recipient = account.MaskText(recipient)
	}
	return strayLine{
		File: f.Place.File, Number: f.Place.Number, Kind: f.Kind, Why: f.Mismatch, Recipient: orNull(recipient),
		Status: orNull(f.Status), Reason: orNull(f.Reason), MessageID: orNull(f.MessageID), Imported: f.Imported.UTC(),
	}
}

func (l strayLine) fields() []string {
	return []string{l.File, strconv.FormatInt(l.Number, 10), string(l.Kind), string(l.Why), text(l.Recipient), text(l.Status),
		text(l.Reason), text(l.MessageID), l.Imported.Format(time.RFC3339)}
}

func (l strayLine) words() []string {
	place := campaign.Place{File: l.File, Number: l.Number}
	return []string{printable(place.String()), string(l.Kind), string(l.Why), printable(text(l.Recipient)), printable(text(l.Status)), printable(text(l.Reason))}
}
