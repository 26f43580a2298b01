package ledger

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/hint"
)

//go:embed migrations/*.sql
var embedded embed.FS

// applicationID marks a file as a ledger in bytes 68 to 71 of its header (SQLite
// file format, section 1.3.14): "ntfy".
const applicationID = 0x6e746679

// migration is one numbered step of the schema; the n-th leads to user_version n.
type migration struct{ name, sql string }

// migrations returns the steps in files, in the order of their names.
func migrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	steps := make([]migration, len(names))
	for i, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		steps[i] = migration{name: path.Base(name), sql: string(text)}
	}
	return steps, nil
}

// checkVersion holds a schema's version against what steps lead to.
func checkVersion(version int, steps []migration) error {
	switch {
	case version > len(steps):
		return hint.Wrap(fmt.Errorf("%w: schema %d, this program knows %d", ErrNewer, version, len(steps)),
			"use the version of the program that made the ledger, or a later one")
	case version < len(steps):
		return hint.Wrap(fmt.Errorf("%w: schema %d of %d", ErrOlder, version, len(steps)),
			"run send once, which brings the ledger up to date")
	}
	return nil
}

// migrate brings the schema up to date, each step in a transaction of its own. Foreign
// keys are not enforced meanwhile, since a step may build a table anew that others refer
// to (SQLite, ALTER TABLE, section 7), and hold before it is committed.
func migrate(ctx context.Context, conn *sqlx.Conn, steps []migration) (err error) {
	var version int
	if err := conn.GetContext(ctx, &version, "PRAGMA user_version"); err != nil {
		return err
	}
	if err := checkVersion(version, steps); !errors.Is(err, ErrOlder) {
		return err
	}
	var enforced bool
	if err := conn.GetContext(ctx, &enforced, "PRAGMA foreign_keys"); err != nil {
		return err
	}
	if enforced { // within a transaction it cannot be changed
		if _, err := conn.ExecContext(ctx, "PRAGMA foreign_keys = OFF"); err != nil {
			return err
		}
		defer func() {
			_, restored := conn.ExecContext(ctx, "PRAGMA foreign_keys = ON")
			err = errors.Join(err, restored)
		}()
	}
	for i, step := range steps[version:] {
		if err := apply(ctx, conn, step, version+i+1); err != nil {
			return fmt.Errorf("migrate the ledger (%s): %w", step.name, err)
		}
	}
	return nil
}

func apply(ctx context.Context, conn *sqlx.Conn, step migration, version int) error {
	tx, err := conn.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing
	// Pragmas take no parameters.
	stamp := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, version)
	for _, statement := range []string{step.sql, stamp} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	var dangling int64
	if err := tx.GetContext(ctx, &dangling, "SELECT count(*) FROM pragma_foreign_key_check"); err != nil {
		return err
	}
	if dangling > 0 {
		return damaged("rows that refer to nothing: %d", dangling)
	}
	return tx.Commit()
}
