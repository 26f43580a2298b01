// Package templates holds the built-in notices: a Markdown file for each language
// and class, and the HTML page around them.
//
// It guarantees that FS and every result of Over hold layout.html. It leaves
// reading and checking them to pkg/notice.
package templates

import (
	"embed"
	"errors"
	"io/fs"
)

// Layout is the name of the HTML page around every notice.
const Layout = "layout.html"

// FS holds layout.html and <language>/<class>.md.
//
//go:embed layout.html */*.md
var FS embed.FS

// Over returns folder with the built-in layout where it has none of its own.
// Notices and languages are never added: what is not in the folder is not sent.
func Over(folder fs.FS) fs.FS { return overlay{folder} }

type overlay struct{ folder fs.FS }

// Open implements fs.FS. Errors are those of the folder.
func (o overlay) Open(name string) (fs.File, error) {
	file, err := o.folder.Open(name)
	if name == Layout && errors.Is(err, fs.ErrNotExist) {
		return FS.Open(name)
	}
	return file, err
}
