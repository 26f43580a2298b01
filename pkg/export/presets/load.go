package presets

import (
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"breachnotify/pkg/hint"
)

//go:embed data/*.yaml
var data embed.FS

// ErrUnknown is the error of Get for a name that no preset has.
var ErrUnknown = errors.New("unknown preset")

// All returns the presets by name. What they hold is shared and must not be changed.
func All() []Preset { return slices.Clone(loaded()) }

// Names returns the names of the presets in alphabetical order.
func Names() []string {
	var names []string
	for _, p := range loaded() {
		names = append(names, p.Name)
	}
	return names
}

// Get returns the preset of that name, or an error that is ErrUnknown and lists the names.
func Get(name string) (Preset, error) {
	for _, p := range loaded() {
		if p.Name == name {
			return p, nil
		}
	}
	err := fmt.Errorf("%w %q; there are: %s", ErrUnknown, name, strings.Join(Names(), ", "))
	return Preset{}, hint.Wrap(err, "the closest name is %q", nearest(name))
}

func nearest(name string) string {
	return slices.MinFunc(Names(), func(a, b string) int {
		return hint.Distance(foldASCII(name), a) - hint.Distance(foldASCII(name), b)
	})
}

// loaded panics for a file that is not right, which is one of this package.
var loaded = sync.OnceValue(func() []Preset {
	entries, err := data.ReadDir("data")
	if err != nil {
		panic(err)
	}
	var all []Preset
	for _, entry := range entries { // in the order of their names
		p, err := load(entry.Name())
		if err != nil {
			panic(err)
		}
		all = append(all, p)
	}
	return all
})

func load(name string) (Preset, error) {
	file, err := data.ReadFile("data/" + name)
	if err != nil {
		return Preset{}, err
	}
	p, err := parse(file)
	if err == nil && name != p.Name+".yaml" {
		err = fmt.Errorf("preset %s is in %s", p.Name, name)
	}
	return p, err
}

func parse(file []byte) (Preset, error) {
	var p Preset
	if err := yaml.UnmarshalWithOptions(file, &p, yaml.Strict()); err != nil {
		return Preset{}, fmt.Errorf("read a preset: %w", err)
	}
	p.file = file
	p.Export.As = "export"
	return p, p.Validate()
}

// foldASCII returns s in lower case as SQL sees it.
func foldASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
