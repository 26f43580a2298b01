package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"breachnotify/pkg/export/presets"
	"breachnotify/pkg/hint"
)

func newPresetsCommand(p *process, g *globals) *cobra.Command {
	cmd := command("presets [NAME]", "List the exports that are known, or show how one is read",
		`presets lists the kinds of exports that export.preset in notify.yaml can name. With
NAME it prints the file of that preset: the tables and columns that it reads, and
the signs by which it tells passwords from SSO. The file is a part of notify; to
read an export in another way, use export.columns or export.query.`,
		[]int{exitDone, exitUsage}, cobra.MaximumNArgs(1))
	cmd.ValidArgs = presets.Names()
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return newView(p, g).show(listPresets())
		}
		preset, err := findPreset(args[0])
		if err != nil {
			return err
		}
		return newView(p, g).show(presetResult{newPresetLine(preset), string(preset.File())})
	}
	return cmd
}

// findPreset makes a name that no preset has a mistake on the command line.
func findPreset(name string) (presets.Preset, error) {
	preset, err := presets.Get(name)
	if err == nil {
		return preset, nil
	}
	usage := say(errUsage, "%v", err)
	for _, advice := range hint.Of(err) {
		usage = hint.Wrap(usage, "%s", advice)
	}
	return presets.Preset{}, usage
}

// presetLine is what a list says about a preset.
type presetLine struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Formats []string `json:"formats"`
	Sources []string `json:"sources"` // URLs of the vendor's description
	Advice  string   `json:"advice"`
}

func newPresetLine(p presets.Preset) presetLine {
	return presetLine{p.Name, p.Title, p.Formats, p.Sources, p.Advice}
}

// presetList is what `notify presets` prints.
type presetList struct {
	Presets []presetLine `json:"presets"`
}

func listPresets() presetList {
	var list presetList
	for _, p := range presets.All() {
		list.Presets = append(list.Presets, newPresetLine(p))
	}
	return list
}

func (l presetList) human(w io.Writer) {
	for _, p := range l.Presets {
		fmt.Fprintf(w, "%-9s %s: %s\n%-9s %s\n", p.Name, p.Title, strings.Join(p.Formats, ", "), "", p.Sources[0])
	}
}

// presetResult is what `notify presets NAME` prints: for a human the file alone.
type presetResult struct {
	presetLine
	File string `json:"file"`
}

func (r presetResult) human(w io.Writer) { fmt.Fprint(w, r.File) }
