package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/ledger"
	"breachnotify/pkg/report"
)

// reportFile is the page where --out names none.
const reportFile = "report.html"

var _ report.Ledger = (*ledger.Reader)(nil)

func newReportCommand(p *process, g *globals) *cobra.Command {
	var out string
	cmd := command("report", "Write the evidence: who was told, when and how",
		`report writes one page for a regulator, counsel and the team: who was told, when and
how, with the exact wording and the sums. The page needs no other file, runs no
script and prints on A4; addresses and names are not in it. It reads the ledger
only, at any time, also while another process sends. It overwrites nothing.
With --json it prints the same as JSON, and writes no page unless --out is given.
Where the sums of the ledger disagree, the page says so and the exit code is 1.`,
		[]int{exitDone, exitFailed, exitUsage, exitRefused, exitInterrupted}, noArgs)
	cmd.Flags().StringVar(&out, "out", "", "write the page to `FILE` (default: report.html; with --json: no page)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if out == "" && !g.json {
			out = reportFile
		}
		return runReport(cmd.Context(), p, g, out)
	}
	return cmd
}

func runReport(ctx context.Context, p *process, g *globals, out string) error {
	if err := absent(out); err != nil { // before minutes are spent on reading
		return err
	}
	ctx, cancel := p.untilStop(ctx)
	defer cancel()
	r, err := readReport(ctx, p, g)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	if out != "" {
		if err := writeWhole(out, r.WriteHTML); err != nil {
			return err
		}
	}
	if err := newView(p, g).show(reportResult{Report: r, File: out}); err != nil {
		return err
	}
	return hint.Wrap(r.Err(), "the ledger contradicts itself: keep it as it is, do not send, and compare it with a copy")
}

func readReport(ctx context.Context, p *process, g *globals) (*report.Report, error) {
	path, err := ledgerPath(p, g)
	if err != nil {
		return nil, err
	}
	book, err := openReadOnly(ctx, path)
	if err != nil {
		return nil, err
	}
	options := report.Options{Now: p.now(), Program: buildVersion().words(), Next: whatNext}
	// A folder that cannot be read, or is not the one that was planned, keeps nobody from
	// the evidence: the report then says what it lacks.
	if f, err := openFolder(p, g); err == nil && f.unchanged(ctx, book) == nil {
		options.Compose = f.letter
	}
	r, err := report.Read(ctx, book, options)
	return r, errors.Join(err, book.Close())
}

// letter composes a notice for nobody in particular.
func (f *folder) letter(class account.Class, locale string, day time.Time) (report.Letter, error) {
	sample := f.notices.Samples(class, locale, day)[0]
	sample.Accounts = []account.Account{{ID: "[account]", Name: "[name]"}}
	message, err := f.notices.Compose(sample)
	return report.Letter{Subject: message.Subject, Text: message.Text}, err
}

// words names the program in one line.
func (v versionInfo) words() string {
	text := "notify " + v.Version
	if v.Revision != "" {
		text += " (" + v.Revision + ")"
	}
	return text
}

// reportResult is what `notify report` prints.
type reportResult struct {
	*report.Report
	File string `json:"file,omitempty"`
}

func (r reportResult) human(w io.Writer) {
	statusResult{r.Status}.human(w)
	sums := "all sums agree"
	if len(r.Disagreements) > 0 {
		sums = "THE SUMS DISAGREE"
	}
	fmt.Fprintf(w, "report    %s; %s\n", r.File, sums)
}

// absent refuses to overwrite a file.
func absent(path string) error {
	if path == "" {
		return nil
	}
	_, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("look for the file of --out: %w", err)
	}
	return exists(path)
}

func exists(path string) error {
	return hint.Wrap(say(errRefused, "%s is there already", path), "name another file with --out, or remove this one")
}

// writeWhole writes a new file for its owner alone. It takes its name when it is whole
// and durable: nobody ever sees half of it.
func writeWhole(path string, write func(io.Writer) error) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, os.Remove(temp.Name())) }()
	if err = write(temp); err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	// A link, unlike a rename, replaces nothing.
	if err := os.Link(temp.Name(), path); errors.Is(err, fs.ErrExist) {
		return exists(path)
	} else if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
