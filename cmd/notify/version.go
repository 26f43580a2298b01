package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// versionInfo is what `notify version` prints.
type versionInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision"` // of the source; empty where the build does not know
	Go       string `json:"go"`
}

func newVersionCommand(p *process, g *globals) *cobra.Command {
	cmd := command("version", "Print the version", "version prints which notify this is.",
		[]int{exitDone, exitUsage}, noArgs)
	cmd.RunE = func(*cobra.Command, []string) error { return newView(p, g).show(buildVersion()) }
	return cmd
}

func buildVersion() versionInfo {
	v := versionInfo{Version: "devel", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v.Revision = s.Value
		}
	}
	return v
}

// String is the version in one line.
func (v versionInfo) String() string {
	if v.Revision == "" {
		return fmt.Sprintf("notify %s, %s", v.Version, v.Go)
	}
	return fmt.Sprintf("notify %s (%s), %s", v.Version, v.Revision, v.Go)
}

func (v versionInfo) human(w io.Writer) { fmt.Fprintln(w, v) }
