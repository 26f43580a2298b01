package main

import (
	"github.com/spf13/cobra"
)

func newBouncesCommand(p *process, g *globals) *cobra.Command {
	cmd := command("bounces", "Take bounces in, and list who could not be told",
		`bounces takes in what comes back after a send: bounce mails, the events of a
provider, the log of a Postfix relay. It finds the notice that each is about and
records what became of it.`,
		[]int{exitDone, exitUsage}, cobra.ArbitraryArgs)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return say(errUsage, "there is no command %q", "bounces "+args[0])
		}
		return cmd.Help()
	}
	cmd.AddCommand(newBouncesImportCommand(p, g), newBouncesListCommand(p, g), newBouncesParseCommand(p, g))
	return cmd
}
