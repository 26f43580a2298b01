package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// exitsNote is the annotation that holds the lines about a command's exit codes.
const exitsNote = "exits"

// helpTemplate is that of cobra, with the exit codes at its end.
const helpTemplate = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}{{if or .Runnable .HasSubCommands}}{{.UsageString}}{{end}}{{with index .Annotations "` + exitsNote + `"}}
{{.}}{{end}}`

// The stages of a campaign, under which help lists the commands.
var stages = []struct {
	group    cobra.Group
	commands []string
}{
	{cobra.Group{ID: "before", Title: "Before anything goes out:"}, []string{"init", "presets", "plan", "preview", "check"}},
	{cobra.Group{ID: "sending", Title: "Sending:"}, []string{"send", "status", "accounts"}},
	{cobra.Group{ID: "after", Title: "Afterwards:"}, []string{"bounces", "resend", "report"}},
}

// examples are what people look for in a help text, by the path of a command.
var examples = map[string][]string{
	"notify check":   {"notify check", "notify check --online", "notify check --rules"},
	"notify plan":    {"notify plan --explain", "notify plan --json | jq .notices.total"},
	"notify preview": {"notify preview --serve 127.0.0.1:8025", "notify preview --account 1042 --format html > notice.html"},
	"notify send":    {"notify send --test you@example.com", "notify send --dry-run --out mails", "notify send"},
	"notify status":  {"notify status --watch", "notify status --json | jq .notices"},
	"notify accounts": {"notify accounts --id 1042", "notify accounts --excluded", "notify accounts --state rejected",
		"notify accounts --csv --reveal > accounts.csv"},
	"notify bounces import": {"notify bounces import Maildir/", "notify bounces import imaps://bounces@mail.example.com/INBOX",
		"notify bounces import --postfix-log /var/log/mail.log"},
	"notify bounces list":  {"notify bounces list", "notify bounces list --csv --reveal > by-post.csv"},
	"notify bounces parse": {"notify bounces parse returned.eml --json"},
	"notify resend":        {"notify resend --bounced --corrections right.csv --dry-run", "notify resend --rejected"},
	"notify report":        {"notify report --out report.html", "notify report --json > report.json"},
	"notify demo":          {"notify demo", "notify demo --keep demo"},
}

// arrange gives the help of all commands its form.
func arrange(root *cobra.Command) {
	root.SetHelpTemplate(helpTemplate)
	for _, stage := range stages {
		root.AddGroup(&stage.group)
		for _, name := range stage.commands {
			if cmd, _, err := root.Find([]string{name}); err == nil && cmd != root {
				cmd.GroupID = stage.group.ID
			}
		}
	}
	for _, cmd := range append(root.Commands(), flatten(root.Commands())...) {
		if lines := examples[cmd.CommandPath()]; len(lines) > 0 {
			cmd.Example = "  " + strings.Join(lines, "\n  ")
		}
	}
}

// flatten returns the commands below others.
func flatten(commands []*cobra.Command) (below []*cobra.Command) {
	for _, cmd := range commands {
		below = append(below, cmd.Commands()...)
	}
	return below
}

// adoptCompletion gives cobra's own command what all commands have: exit codes, and a
// mistake for a shell that it does not know.
func adoptCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() != "completion" {
			continue
		}
		cmd.Args, cmd.RunE = cobra.ArbitraryArgs, func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return say(errUsage, "there is no completion for this shell")
			}
			return cmd.Help()
		}
		cmd.Annotations = map[string]string{exitsNote: exitHelp(exitDone, exitUsage)}
		for _, shell := range cmd.Commands() {
			shell.Annotations = cmd.Annotations
			shell.Args = usageArgs(noArgs)
		}
	}
}
