package mailbox

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// found is what a walk came across, in order.
type found struct {
	names   []string
	bodies  []string
	errs    []error
	skipped []string // "name: why"
}

// walkAll reads everything below a folder; names are relative to it.
func walkAll(t *testing.T, dir string, o Options, paths ...string) found {
	t.Helper()
	var f found
	rel := func(name string) string { return strings.TrimPrefix(name, dir+"/") }
	if o.Skipped == nil {
		o.Skipped = func(name, why string) { f.skipped = append(f.skipped, rel(name)+": "+why) }
	}
	if len(paths) == 0 {
		paths = []string{"."}
	}
	for i, path := range paths {
		if path != "-" {
			paths[i] = filepath.Join(dir, path)
		}
	}
	for message, err := range Walk(context.Background(), paths, o) {
		if err != nil {
			f.errs = append(f.errs, err)
			continue
		}
		body, err := io.ReadAll(message.Body)
		if err != nil {
			f.errs = append(f.errs, err)
		}
		f.names = append(f.names, rel(message.Name()))
		f.bodies = append(f.bodies, string(body))
	}
	return f
}

// files writes files below a new folder. A name that ends with / is a folder.
func files(t *testing.T, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range contents {
		full := filepath.Join(dir, name)
		folder := filepath.Dir(full)
		if strings.HasSuffix(name, "/") {
			folder = full
		}
		noError(t, os.MkdirAll(folder, 0o700))
		if folder != full {
			noError(t, os.WriteFile(full, []byte(content), 0o600))
		}
	}
	return dir
}

func packed(t *testing.T, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, content)
	noError(t, err)
	noError(t, w.Close())
	return b.String()
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mail is a message with a subject.
func mail(subject string) string {
	return "From: Postmaster <postmaster@mail.example>\nTo: bounces@acme.example\nSubject: " + subject + "\n\nIt did not arrive.\n"
}

const envelope = "From MAILER-DAEMON Tue Sep  8 10:11:12 2026\n"
