package notice

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

const (
	layoutName = "layout.html"
	// namePrefix makes the names of templates the same wherever their folder is.
	namePrefix = "templates/"
	maxFile    = 1 << 20 // octets; larger is no notice
)

// folder is the content of a template folder.
type folder struct {
	layout  []byte
	notices map[variant][]byte
	locales []string // sorted
}

// noFolder is the error of a folder that cannot be read. Its path is not known here, where
// it is the dot of its file system.
func noFolder(err error) error {
	var failed *fs.PathError
	if errors.As(err, &failed) && failed.Path == "." {
		err = &fs.PathError{Op: failed.Op, Path: "notice.templates", Err: failed.Err}
	}
	return hint.Wrap(fmt.Errorf("read the template folder: %w", err), "look at notice.templates in notify.yaml; a relative path starts at that file")
}

// variant is one notice: a class in a language.
type variant struct {
	class  account.Class
	locale string
}

// name returns the name of the file of v, as errors and digests have it.
func (v variant) name() string { return namePrefix + v.file() }

func (v variant) file() string { return path.Join(v.locale, string(v.class)+".md") }

// readFolder reads every template. Files that are none are ignored, except for
// those that look like a template in the wrong place or by the wrong name, which
// would otherwise be missed in silence.
func readFolder(fsys fs.FS) (folder, error) {
	layout, err := readFile(fsys, layoutName)
	if errors.Is(err, fs.ErrNotExist) {
		err = hint.Wrap(err, "put a layout.html beside the language folders: notify init writes one")
	}
	if err != nil {
		return folder{}, err
	}
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return folder{}, noFolder(err)
	}
	f := folder{layout: layout, notices: map[variant][]byte{}}
	for _, entry := range entries {
		if err := f.add(fsys, entry.Name()); err != nil {
			return folder{}, err
		}
	}
	if len(f.locales) == 0 {
		return folder{}, hint.Wrap(errors.New("the template folder holds no notice"), "it needs a folder such as en, with password.md and sso.md")
	}
	return f, nil
}

// add reads one entry of the template folder.
func (f *folder) add(fsys fs.FS, name string) error {
	if class, ok := strings.CutSuffix(name, ".md"); ok && account.Class(class).Valid() {
		return hint.Wrap(fmt.Errorf("%s stands outside of a language folder", namePrefix+name), "move it to %sen/%s", namePrefix, name)
	}
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return noFolder(err)
	}
	if !info.IsDir() || strings.HasPrefix(name, ".") {
		return nil
	}
	found, err := noticesIn(fsys, name)
	if err != nil || len(found) == 0 {
		return err
	}
	if !languageTag.MatchString(name) {
		return hint.Wrap(fmt.Errorf("%s holds notices, but its name is no language", namePrefix+name), "name it by a language tag such as en or pt-BR")
	}
	f.locales = append(f.locales, name)
	for _, class := range account.Classes() {
		v := variant{class, name}
		if !slices.Contains(found, class) {
			return hint.Wrap(fmt.Errorf("%s is missing", v.name()), "each language needs both password.md and sso.md")
		}
		if f.notices[v], err = readFile(fsys, v.file()); err != nil {
			return err
		}
	}
	return nil
}

// noticesIn returns the classes that a folder has a notice for.
func noticesIn(fsys fs.FS, dir string) ([]account.Class, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, noFolder(err)
	}
	var found []account.Class
	unknown := ""
	for _, entry := range entries {
		class, ok := strings.CutSuffix(entry.Name(), ".md")
		switch {
		case !ok || strings.HasPrefix(entry.Name(), "."):
		case account.Class(class).Valid():
			found = append(found, account.Class(class))
		default:
			unknown = entry.Name()
		}
	}
	if unknown != "" && (len(found) > 0 || languageTag.MatchString(dir)) {
		err := fmt.Errorf("%s is no notice", namePrefix+path.Join(dir, unknown))
		return nil, hint.Wrap(err, "a language folder holds password.md and sso.md; give other files another ending")
	}
	return found, nil
}

func readFile(fsys fs.FS, name string) ([]byte, error) {
	content, err := fs.ReadFile(fsys, name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the template %s: %w", namePrefix+name, err)
	case len(content) > maxFile:
		return nil, fmt.Errorf("%s is larger than 1 MiB", namePrefix+name)
	}
	return content, nil
}
