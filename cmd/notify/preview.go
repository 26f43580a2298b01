package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/ledger"
	"breachnotify/pkg/notice"
)

// previewFormats are the ways to show a notice.
var previewFormats = []string{"text", "html", "eml"}

type previewOptions struct {
	account string
	class   string
	format  string
	serve   string // address
}

func (o previewOptions) validate() error {
	switch {
	case o.account != "" && o.class != "":
		return say(errUsage, "--account and --class exclude each other")
	case o.class != "" && !account.Class(o.class).Valid():
		return say(errUsage, "--class is %q: want password or sso", o.class)
	case !slices.Contains(previewFormats, o.format):
		return say(errUsage, "--format is %q: want text, html or eml", o.format)
	}
	return nil
}

// previewResult is one notice or more, as they would be read.
type previewResult struct {
	Notices []previewed `json:"notices"`
	format  string
}

type previewed struct {
	variant
	ID      string          `json:"id"`
	To      account.Address `json:"to"` // masked
	Text    string          `json:"text,omitempty"`
	HTML    string          `json:"html,omitempty"`
	Message string          `json:"eml,omitempty"`
}

func newPreviewCommand(p *process, g *globals) *cobra.Command {
	var o previewOptions
	cmd := command("preview", "Show the notices",
		`preview shows a sample of each class and language, with made-up accounts; or, after
plan, the notice that one account gets (--account).

With --serve it is a page in a browser, on which the notices of the plan are looked at
as HTML, text and source: each class and language, telling cases, and any account.
The page only shows, and sends nothing. The address that is printed works once, in
one browser; Ctrl-C ends the preview. --account, --class and --format choose what it
shows first.`,
		[]int{exitDone, exitFailed, exitUsage, exitRefused}, noArgs)
	flags := cmd.Flags()
	flags.StringVar(&o.account, "account", "", "the notice of the account with this `ID`")
	flags.StringVar(&o.class, "class", "", "samples of this `CLASS` only: password or sso")
	flags.StringVar(&o.format, "format", "text", "`FORMAT` of what is shown: text, html or eml")
	flags.StringVar(&o.serve, "serve", "", "show them as a page in a browser, on this `ADDRESS`, such as 127.0.0.1:8025")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := o.validate(); err != nil {
			return err
		}
		if !flags.Changed("serve") {
			return runPreview(cmd.Context(), p, g, o)
		}
		if !flags.Changed("format") {
			o.format = "html" // what a page is for
		}
		return runServe(cmd.Context(), p, g, o)
	}
	return cmd
}

func runPreview(ctx context.Context, p *process, g *globals, o previewOptions) error {
	f, err := openFolder(p, g)
	if err != nil {
		return err
	}
	recipients, err := f.previewRecipients(ctx, p, o)
	if err != nil {
		return err
	}
	result := previewResult{format: o.format}
	for _, r := range recipients {
		message, err := f.notices.Compose(r)
		if err != nil {
			return err
		}
		result.Notices = append(result.Notices, newPreviewed(message, o.format))
	}
	return newView(p, g).show(result)
}

func (f *folder) previewRecipients(ctx context.Context, p *process, o previewOptions) ([]notice.Recipient, error) {
	if o.account != "" {
		r, err := f.recipientOf(ctx, p, o.account)
		return []notice.Recipient{r}, err
	}
	var samples []notice.Recipient
	for _, v := range f.variants() {
		if o.class == "" || o.class == string(v.Class) {
			samples = append(samples, f.notices.Samples(v.Class, v.Locale, p.now())[0])
		}
	}
	return samples, nil
}

// recipientOf finds the notice of one account in the plan.
func (f *folder) recipientOf(ctx context.Context, p *process, id string) (_ notice.Recipient, err error) {
	book, err := f.openPlan(ctx)
	if err != nil {
		return notice.Recipient{}, err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	n, err := book.NoticeOf(ctx, id)
	switch {
	case errors.Is(err, ledger.ErrNoAccount):
		return notice.Recipient{}, hint.Wrap(err, "the plan knows the accounts that export.where or export.query selects")
	case errors.Is(err, ledger.ErrExcluded):
		return notice.Recipient{}, hint.Wrap(err, "see why with notify accounts --id ID")
	case err != nil:
		return notice.Recipient{}, err
	}
	return n.Recipient(p.now()), nil
}

func newPreviewed(m notice.Message, format string) previewed {
	shown := previewed{variant: variant{m.Class, m.Locale, m.Subject}, ID: m.ID, To: m.To}
	switch format {
	case "html":
		shown.HTML = m.HTML
	case "eml":
		shown.Message = string(m.Bytes)
	default:
		shown.Text = m.Text
	}
	return shown
}

// human prints text with a heading each; HTML and eml as they are, so that they can
// be redirected into a file.
func (r previewResult) human(w io.Writer) {
	for i, n := range r.Notices {
		if r.format != "text" {
			fmt.Fprint(w, n.HTML, n.Message)
			continue
		}
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "--- %s, %s, to %s\nSubject: %s\n\n%s\n", n.Class, n.Locale, n.To, n.Subject, n.Text)
	}
}
