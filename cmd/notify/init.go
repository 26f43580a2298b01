package main

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"breachnotify/pkg/hint"
	"breachnotify/templates"
)

//go:embed scaffold
var scaffold embed.FS

type initOptions struct {
	dir string
}

// initialised is what `notify init` prints.
type initialised struct {
	Dir   string   `json:"dir"`
	Files []string `json:"files"`
}

func newInitCommand(p *process, g *globals) *cobra.Command {
	cmd := command("init [DIR]", "Make a campaign folder to start from",
		`init writes a commented notify.yaml, the notices to edit and a sample export into
DIR (default: this folder). It overwrites nothing.`,
		[]int{exitDone, exitFailed, exitUsage}, cobra.MaximumNArgs(1))
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		o := initOptions{dir: "."}
		if len(args) > 0 {
			o.dir = args[0]
		}
		made, err := runInit(o)
		if err != nil {
			return err
		}
		return newView(p, g).show(made)
	}
	return cmd
}

// runInit writes the folder. A file that is there already is left as it is, and
// ends the command before anything is written.
func runInit(o initOptions) (initialised, error) {
	files, err := scaffoldFiles()
	if err != nil {
		return initialised{}, err
	}
	made := initialised{Dir: o.dir}
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(o.dir, f.path)); err == nil {
			err := fmt.Errorf("%s is there already", filepath.Join(o.dir, f.path))
			return initialised{}, hint.Wrap(err, "name a folder that has no campaign yet: notify init DIR")
		}
	}
	for _, f := range files {
		if err := writeNew(filepath.Join(o.dir, f.path), f.content); err != nil {
			return initialised{}, err
		}
		made.Files = append(made.Files, f.path)
	}
	return made, nil
}

type scaffoldFile struct {
	path    string
	content []byte
}

func scaffoldFiles() ([]scaffoldFile, error) {
	var files []scaffoldFile
	for _, from := range []struct {
		fsys   fs.FS
		root   string
		prefix string
	}{{scaffold, "scaffold", ""}, {templates.FS, ".", "templates"}} {
		sub, err := fs.Sub(from.fsys, from.root)
		if err != nil {
			return nil, fmt.Errorf("read what init writes: %w", err)
		}
		err = fs.WalkDir(sub, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := fs.ReadFile(sub, path)
			files = append(files, scaffoldFile{filepath.Join(from.prefix, filepath.FromSlash(path)), content})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("read what init writes: %w", err)
		}
	}
	return files, nil
}

// writeNew writes a file that does not exist yet, for its owner alone.
func writeNew(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	return nil
}

func (i initialised) human(w io.Writer) {
	for _, f := range i.Files {
		fmt.Fprintf(w, "wrote %s\n", filepath.Join(i.Dir, f))
	}
	enter := ""
	if i.Dir != "." {
		enter = "cd " + i.Dir + ", "
	}
	fmt.Fprintf(w, "\nnext: %sedit notify.yaml, then run notify plan\n", enter)
}
