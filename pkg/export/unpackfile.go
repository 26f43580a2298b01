package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// attachInput makes the tables of a SQLite file visible under schema. A file that is
// packed, or comes through a pipe, is first written to a private one, which is gone as
// soon as SQLite has it open.
func (d *database) attachInput(ctx context.Context, in *input, schema string) (err error) {
	path := in.path
	if path != "" {
		in.forget()
	} else {
		if path, err = in.save(ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.Remove(path)) }()
	}
	return d.attach(ctx, in.name, path, schema)
}

// save writes what the input holds to a new file that only its owner can read.
func (in *input) save(ctx context.Context) (path string, err error) {
	defer in.begin(ctx)()
	file, err := os.CreateTemp(privateFolder(), "notify-*.sqlite")
	if err != nil {
		return "", fmt.Errorf("unpack the export: %w", err)
	}
	_, err = io.Copy(file, in)
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("unpack the export: %w", err), os.Remove(file.Name()))
	}
	return file.Name(), nil
}

// privateFolder is where SQLite puts its temporary files too.
func privateFolder() string {
	for _, name := range []string{"SQLITE_TMPDIR", "TMPDIR"} {
		if folder := os.Getenv(name); folder != "" {
			return folder
		}
	}
	return "/var/tmp"
}
