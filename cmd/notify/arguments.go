package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"breachnotify/pkg/hint"
)

// noArgs refuses every argument. It repeats none: one that slipped off its flag may be an
// address.
func noArgs(cmd *cobra.Command, given []string) error {
	if len(given) > 0 {
		return fmt.Errorf("%s takes no argument without a flag before it, and is given %d", cmd.CommandPath(), len(given))
	}
	return nil
}

// usageArgs makes a complaint about arguments a usage error, of which run says where the
// help is.
func usageArgs(args cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := args(cmd, given); err != nil {
			return say(errUsage, "%v", err)
		}
		return nil
	}
}

// refuseEmpty refuses a flag that is given without a value: that is a variable of a script
// which nobody set, and to go on as if the flag were not there could mail everybody.
func refuseEmpty(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		list, isList := f.Value.(pflag.SliceValue)
		if f.Value.String() == "" || isList && len(list.GetSlice()) == 0 {
			err = hint.Wrap(say(errUsage, "--%s is given without a value", f.Name), "is a variable of a script not set? leave the flag out, or give it a value")
		}
	})
	return err
}

// flagError is about flags that cannot be read: what was meant comes first.
func flagError(cmd *cobra.Command, err error) error {
	said := hint.Wrap(say(errUsage, "%v", err), "see %s --help", cmd.CommandPath())
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return said
	}
	given, near, distance := unknown.GetSpecifiedName(), "", 3
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if d := hint.Distance(given, f.Name); d < distance && d < len(given)/2+1 {
			near, distance = f.Name, d
		}
	})
	if near == "" {
		return said
	}
	return hint.Wrap(said, "did you mean: --%s", near)
}
