package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"breachnotify/pkg/bounce/imapbox"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/ledger"
)

type importOptions struct {
	paths  []string // of mail, of events that are known as such, and URLs of mailboxes
	events []string
	logs   []string
	move   string
}

func (o importOptions) validate() error {
	urls, paths := o.split()
	switch {
	case len(paths)+len(urls)+len(o.events)+len(o.logs) == 0:
		return hint.Wrap(say(errUsage, "nothing to read is named"), "name a file or folder, or --postfix-log FILE; see notify bounces import --help")
	case o.move != "" && len(urls) == 0:
		return say(errUsage, "--move goes with the URL of a mailbox: imaps://user@host/INBOX")
	}
	return nil
}

// split tells the URLs of mailboxes from paths.
func (o importOptions) split() (urls, paths []string) {
	for _, path := range o.paths {
		if imapbox.IsURL(path) {
			urls = append(urls, path)
		} else {
			paths = append(paths, path)
		}
	}
	return urls, paths
}

func newBouncesImportCommand(p *process, g *globals) *cobra.Command {
	var o importOptions
	cmd := command("import [PATH…]", "Take bounces in",
		`import reads .eml files, Maildirs, mbox files or folders of any of them, a mailbox by
IMAP (imaps://user@host/INBOX, the password as bounces.password_env and the like of
notify.yaml say), the events of Amazon SES, Postmark, Mailgun or SendGrid (JSON, NDJSON
or CSV), and the log of a Postfix relay, and records what they say about the notices
of the ledger. To import the same again changes nothing, and the order does not
matter. Events and logs also settle notices that are in doubt. A message that cannot
be read is told and counted; the rest goes on. Nothing is ever deleted.`,
		[]int{exitDone, exitFailed, exitUsage, exitRefused, exitInterrupted}, cobra.ArbitraryArgs)
	flags := cmd.Flags()
	flags.StringArrayVar(&o.events, "events", nil, "read the events of a provider from `FILE`, whatever its name; may be repeated")
	flags.StringArrayVar(&o.logs, "postfix-log", nil, "read the log of a Postfix relay from `FILE`; may be repeated")
	flags.StringVar(&o.move, "move", "", "move the messages of a mailbox to `FOLDER` once they are taken in")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.paths = args
		return runBouncesImport(cmd.Context(), p, g, o)
	}
	return cmd
}

func runBouncesImport(ctx context.Context, p *process, g *globals, o importOptions) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	path, config, err := importConfig(p, g, o)
	if err != nil {
		return err
	}
	book, err := openLedger(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	i, err := newIntake(ctx, p, book, config)
	if err != nil {
		return err
	}
	result, err := i.run(ctx, g, o)
	if err != nil {
		return err
	}
	return errors.Join(newView(p, g).show(result), i.bad.end(result.Messages))
}

// importConfig finds the ledger and the configuration. With --ledger the latter may be
// missing, unless a mailbox is to be opened.
func importConfig(p *process, g *globals, o importOptions) (ledger string, config *campaign.Config, err error) {
	config, err = campaign.ReadFile(g.config, p.getenv)
	urls, _ := o.split()
	switch {
	case err != nil && (g.ledger == "" || len(urls) > 0):
		return "", nil, hint.Append(err, "or name the ledger with --ledger")
	case err != nil:
		return g.ledger, &campaign.Config{}, nil
	case g.ledger != "":
		return g.ledger, config, nil
	}
	return config.LedgerPath(), config, nil
}

// openLedger opens a ledger for changing it, and says what to do where there is none.
func openLedger(ctx context.Context, path string) (*ledger.Ledger, error) {
	reader, err := openReadOnly(ctx, path) // says it better where there is no ledger
	if err != nil {
		return nil, err
	}
	if err := reader.Close(); err != nil {
		return nil, err
	}
	return ledger.Open(ctx, path, ledger.Options{})
}

// importResult is what `notify bounces import` prints.
type importResult struct {
	campaign.Imported
	Messages   int64           `json:"messages"`   // messages, events and lines of logs that say something
	Unreadable int64           `json:"unreadable"` // those that could not be read
	Skipped    int64           `json:"skipped"`    // files of folders that hold no mail
	Status     campaign.Status `json:"status"`
}

func (r importResult) human(w io.Writer) {
	fmt.Fprintf(w, "read      %d messages, %d could not be read", r.Messages, r.Unreadable)
	if r.Skipped > 0 {
		fmt.Fprintf(w, ", %d files that hold no mail were passed over (-v names them)", r.Skipped)
	}
	fmt.Fprintln(w)
	fmt.Fprintf(w, "findings  %d: %d new%s, %d known before\n", r.Read, r.New, bracketed(r.kinds()), r.Known)
	earlier := ""
	if r.Earlier > 0 {
		earlier = fmt.Sprintf(" (%d of an earlier generation, sent again since: only the history says so)", r.Earlier)
	}
	fmt.Fprintf(w, "notices   %d went to bounced%s, %d in doubt turned out accepted\n", r.Bounced, earlier, r.Confirmed)
	if r.Withdrawn > 0 {
		fmt.Fprintf(w, "withdrawn %d accounts of these from a resend that was not tried yet: they are not mailed again\n", r.Withdrawn)
	}
	if r.Waiting > 0 {
		fmt.Fprintf(w, "waiting   %d, until the reply to their notice is known\n", r.Waiting)
	}
	if r.Foreign > 0 {
		fmt.Fprintf(w, "foreign   %d with a token that is forged or of another campaign: ignored\n", r.Foreign)
	}
	if r.Unmatched > 0 {
		fmt.Fprintf(w, "unmatched %d are about no notice that can be told: notify bounces list --unmatched\n", r.Unmatched)
	}
	statusResult{r.Status}.human(w)
}

func (r importResult) kinds() []string {
	var parts []string
	for _, kind := range campaign.FindingKinds() {
		if n := r.ByKind[kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kind))
		}
	}
	return parts
}
