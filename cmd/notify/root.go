package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"breachnotify/pkg/hint"
)

// globals are the flags that every command takes.
type globals struct {
	config  string
	ledger  string
	json    bool
	quiet   bool
	verbose bool
}

// run executes one command line and returns its exit code. Whatever a command
// returns is shown here, once.
func run(ctx context.Context, args []string, p *process) int {
	g := &globals{}
	root := newRootCommand(p, g)
	root.SetArgs(args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	if errors.Is(err, errUsage) {
		err = hint.Otherwise(err, "see %s --help", cmd.CommandPath())
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) && !errors.Is(err, errInterrupted) {
		err = hint.Wrap(say(errInterrupted, "interrupted at once"), "run it again; what was on its way is in doubt until then")
	}
	g.json = g.json || slices.Contains(args, "--json") // a flag before it may have stopped the reading
	code := exitCode(err)
	newView(p, g).fail(failure{Error: err.Error(), Hints: unique(hint.Of(err)), Code: code})
	return code
}

// unique drops what was said before: joined errors often share their advice.
func unique(hints []string) []string {
	var once []string
	for _, h := range hints {
		if !slices.Contains(once, h) {
			once = append(once, h)
		}
	}
	return once
}

const rootLong = `notify tells people that their account was in a breach: it reads the affected
accounts out of a database export, decides for each whether it signs in with a
password or through SSO, and mails each notice once.

A campaign is a folder with a notify.yaml. Start with:
  notify init acme && cd acme     a folder to start from
  notify plan                     who would get what
  notify preview                  what they would read
  notify check                    what is wrong, before it goes out
  notify send --dry-run           everything but the mail
  notify send                     the mail; run it again to resume
  notify status                   where it stands
  notify bounces import mails     what came back
  notify resend --bounced         once more, where it is worth it
  notify report                   the evidence, as one page`

func newRootCommand(p *process, g *globals) *cobra.Command {
	root := &cobra.Command{
		Use:                        "notify",
		Short:                      "Mail breach notices, once each",
		Long:                       rootLong,
		SuggestionsMinimumDistance: 2,
		SilenceErrors:              true,
		SilenceUsage:               true,
		Args:                       noCommand,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Version:                    buildVersion().String(),
		Annotations:                map[string]string{exitsNote: exitHelp(exitDone, exitUsage)},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			p.log = newLog(p, g)
			return refuseEmpty(cmd)
		},
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&g.config, "config", "c", "notify.yaml", "configuration of the campaign, in `FILE`")
	flags.StringVar(&g.ledger, "ledger", "", "ledger, in `FILE` (default: the campaign's name + .ledger, beside the configuration)")
	flags.BoolVar(&g.json, "json", false, "print the result as JSON")
	flags.BoolVar(&g.quiet, "quiet", false, "print no progress")
	flags.BoolVarP(&g.verbose, "verbose", "v", false, "say more on stderr")
	root.SetFlagErrorFunc(flagError)
	cobra.EnableCommandSorting = false // the order is that of a campaign
	root.SetHelpCommand(newHelpCommand())
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(
		newInitCommand(p, g), newPresetsCommand(p, g), newPlanCommand(p, g), newPreviewCommand(p, g), newCheckCommand(p, g),
		newSendCommand(p, g), newStatusCommand(p, g), newAccountsCommand(p, g),
		newBouncesCommand(p, g), newResendCommand(p, g), newReportCommand(p, g),
		newDemoCommand(p, g), newVersionCommand(p, g),
	)
	adoptCompletion(root)
	arrange(root)
	return root
}

// newHelpCommand is cobra's, except that a topic that does not exist is a mistake.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show help about a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return hint.Wrap(say(errUsage, "there is no command %q", strings.Join(args, " ")), "see notify --help")
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}

// command fills in what all commands share: how they are called and which exit
// codes their help names.
func command(use, short, long string, codes []int, args cobra.PositionalArgs) *cobra.Command {
	return &cobra.Command{
		Use:         use,
		Short:       short,
		Long:        long,
		Annotations: map[string]string{exitsNote: exitHelp(codes...)},
		Args:        usageArgs(args),
	}
}

func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := hint.Wrap(say(errUsage, "there is no command %q", args[0]), "see notify --help")
	for _, near := range cmd.SuggestionsFor(args[0]) {
		err = hint.Wrap(err, "did you mean: notify %s", near)
	}
	return err
}

// newLog returns the log of a process: warnings, and with -v what happens.
func newLog(p *process, g *globals) *slog.Logger {
	level := slog.LevelWarn
	if g.verbose {
		level = slog.LevelDebug
	}
	return slog.New(&logHandler{out: p.stderr, level: level})
}

// warn prints one line on stderr.
func (p *process) warn(format string, args ...any) {
	fmt.Fprintf(p.stderr, "notify: "+format+"\n", args...)
}
