package mailbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"breachnotify/pkg/bounce/internal/source"
	"breachnotify/pkg/hint"
)

// walker is one walk. Its methods return false where the walk is to end.
type walker struct {
	ctx     context.Context
	options Options
	yield   func(Message, error) bool
}

// fail yields an error. A cancelled context ends the walk, since every other read would
// fail with it too.
func (w *walker) fail(err error) bool {
	if w.ctx.Err() != nil {
		w.yield(Message{}, w.ctx.Err())
		return false
	}
	return w.yield(Message{}, err)
}

func (w *walker) skip(name, why string) bool {
	if w.options.Skipped == nil {
		return w.fail(fmt.Errorf("%s: %s: %w", name, why, ErrNotMail))
	}
	w.options.Skipped(name, why)
	return true
}

// path walks what the caller named. A symbolic link is followed here, because the
// caller chose it.
func (w *walker) path(name string) bool {
	if name != source.Stdin {
		info, err := os.Stat(name)
		if err != nil {
			return w.fail(err)
		}
		if info.IsDir() {
			return w.folder(name)
		}
	}
	src, err := source.Open(w.ctx, name, w.options.Stdin)
	if err != nil {
		return w.fail(err)
	}
	form, why, err := sniff(src, inMaildir(filepath.Dir(name)) || isEML(name))
	if err == nil && form.kind == notMail {
		err = hint.Wrap(fmt.Errorf("%s: %s: %w", name, why, ErrNotMail),
			"events of a provider and logs of a relay are imported by options of their own")
	}
	if err != nil {
		return w.close(src, w.fail(err))
	}
	return w.close(src, w.messages(src, form))
}

// folder walks a folder through an os.Root, which no link leads out of.
func (w *walker) folder(name string) bool {
	root, err := os.OpenRoot(name)
	if err != nil {
		return w.fail(err)
	}
	goOn := tree{walker: w, root: root, name: name}.walk(".", inMaildir(name))
	if err := root.Close(); err != nil && goOn {
		return w.fail(err)
	}
	return goOn
}

func (w *walker) close(src *source.Source, goOn bool) bool {
	if err := src.Close(); err != nil && goOn {
		return w.fail(err)
	}
	return goOn
}

// tree is a folder that is walked, with all below it.
type tree struct {
	*walker
	root *os.Root
	name string
}

func (t tree) full(rel string) string { return filepath.Join(t.name, rel) }

// list returns the entries of a folder by name.
func (t tree) list(rel string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(t.root.FS(), rel)
	if err != nil {
		err = fmt.Errorf("%s: list the folder: %w", t.full(rel), bare(err))
	}
	return entries, err
}

// bare takes the path off an error of the file system: it is relative to the root, and
// the caller writes the whole one.
func bare(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// walk goes through a folder. alone says that each file of it is one message.
func (t tree) walk(rel string, alone bool) bool {
	entries, err := t.list(rel)
	if err != nil {
		return t.fail(err)
	}
	maildir := isMaildir(entries)
	for _, entry := range entries {
		if t.ctx.Err() != nil {
			return t.fail(t.ctx.Err())
		}
		if !t.entry(path.Join(rel, entry.Name()), entry, place{ofMaildir: maildir, alone: alone}) {
			return false
		}
	}
	return true
}

// place is what is known of a folder when its entries are looked at.
type place struct {
	ofMaildir bool // it holds a cur and a new
	alone     bool // it is a cur or a new
}

// isMaildir reports whether a folder is one, by its entries. tmp may be missing: some
// tools that copy folders leave empty ones out.
func isMaildir(entries []fs.DirEntry) bool {
	found := 0
	for _, entry := range entries {
		if entry.IsDir() && holdsMessages(entry.Name()) {
			found++
		}
	}
	return found == 2
}

// holdsMessages reports whether a folder of a Maildir, by its name, has the messages.
func holdsMessages(name string) bool { return name == "cur" || name == "new" }

// inMaildir reports whether a folder is the cur or the new of a Maildir.
func inMaildir(folder string) bool {
	folder, err := filepath.Abs(folder)
	if err != nil || !holdsMessages(filepath.Base(folder)) {
		return false
	}
	entries, err := os.ReadDir(filepath.Dir(folder))
	return err == nil && isMaildir(entries)
}

// entry walks one entry of a folder. What a link inside of the folder leads to is
// walked where it lies, and what it leads to outside was not asked for.
func (t tree) entry(rel string, entry fs.DirEntry, in place) bool {
	hidden := strings.HasPrefix(entry.Name(), ".")
	switch {
	case entry.Type()&fs.ModeSymlink != 0:
		return t.skip(t.full(rel), "a symbolic link")
	case entry.IsDir() && in.ofMaildir && entry.Name() == "tmp":
		return t.unfinished(rel)
	case entry.IsDir() && hidden:
		return t.hidden(rel)
	case entry.IsDir():
		return t.walk(rel, in.ofMaildir && holdsMessages(entry.Name()))
	case !entry.Type().IsRegular():
		return t.skip(t.full(rel), "not a file")
	case hidden:
		return t.skip(t.full(rel), "hidden")
	}
	return t.file(rel, in.alone)
}

// unfinished tells of the messages of a Maildir that are still being delivered.
func (t tree) unfinished(rel string) bool {
	entries, err := t.list(rel)
	switch {
	case err != nil:
		return t.fail(err)
	case len(entries) > 0:
		return t.skip(t.full(rel), fmt.Sprintf("%d files that are not delivered yet", len(entries)))
	}
	return true
}

// hidden walks a hidden folder if it is a Maildir: so subfolders are called in Maildir++.
func (t tree) hidden(rel string) bool {
	entries, err := t.list(rel)
	switch {
	case err != nil:
		return t.fail(err)
	case !isMaildir(entries):
		return t.skip(t.full(rel), "hidden")
	}
	return t.walk(rel, false)
}

func (t tree) file(rel string, alone bool) bool {
	src, err := t.open(rel)
	if err != nil {
		return t.fail(err)
	}
	form, why, err := sniff(src, alone || isEML(rel))
	switch {
	case err != nil:
		return t.close(src, t.fail(err))
	case form.kind == notMail:
		return t.close(src, t.skip(src.Name, why))
	}
	return t.close(src, t.messages(src, form))
}

// open opens a regular file without waiting for a pipe that took its place.
func (t tree) open(rel string) (*source.Source, error) {
	file, err := t.root.OpenFile(rel, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		err = fmt.Errorf("%s: open: %w", t.full(rel), bare(err))
		if errors.Is(err, fs.ErrNotExist) {
			err = hint.Wrap(err, "something moves these files while they are read; run it again: nothing is taken twice")
		}
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: no longer a file", t.full(rel))
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return source.New(t.ctx, t.full(rel), file)
}

// messages yields the messages of an open file.
func (w *walker) messages(src *source.Source, form form) bool {
	head, _ := src.Head() // it has been looked at before
	_, _ = src.Discard(topOf(head))
	lines := src.Reader
	if form.oldMac {
		lines = asLF(lines)
	}
	if form.kind == mbox {
		return w.mbox(src.Name, lines)
	}
	if startsFrom(lines) { // the envelope, which a delivery agent left there
		if err := dropLine(lines); err != nil {
			return w.fail(err)
		}
	}
	body := &limited{r: lines, left: w.options.Limit}
	goOn := w.yield(Message{File: src.Name, Size: src.Size, Body: body}, nil)
	return goOn && w.after(Message{File: src.Name}, body)
}

func (w *walker) mbox(name string, lines io.Reader) bool {
	box := newScanner(lines)
	for n := int64(1); box.next(); n++ {
		message := Message{File: name, Number: n, Size: -1}
		body := &limited{r: box, left: w.options.Limit}
		message.Body = body
		if !w.yield(message, nil) || !w.after(message, body) {
			return false
		}
		if _, err := io.Copy(io.Discard, box); err != nil {
			return w.fail(fmt.Errorf("%s: this message and those behind it are not read to the end: %w", message.Name(), err))
		}
	}
	return true
}

// after tells of a message that was cut.
func (w *walker) after(m Message, body *limited) bool {
	if !body.cut {
		return true
	}
	return w.fail(fmt.Errorf("%s: %w: only its first %d bytes are read", m.Name(), ErrTooLarge, w.options.Limit))
}

// limited is a message up to its limit.
type limited struct {
	r    io.Reader
	left int64
	cut  bool // there was more
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left > 0 {
		n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
		l.left -= int64(n)
		return n, err
	}
	if l.cut {
		return 0, io.EOF
	}
	n, err := l.r.Read(make([]byte, 1))
	if l.cut = n > 0; l.cut {
		err = io.EOF
	}
	return 0, err
}
