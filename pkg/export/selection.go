package export

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

// Selection is an opened export with the rows that a Spec selects. Its methods are for
// one goroutine, but for Progress and Read.
type Selection struct {
	columns Columns
	meter   meter
	from    origin
	started bool
}

// origin is where the records of a Selection come from.
type origin interface {
	// records yields until the end, the first error, or a false from yield.
	records(ctx context.Context, yield func(account.Record, error) bool)
	// place says where a record is, for an error.
	place(line int64) string
	close() error
}

// Open opens the files of a Spec and checks all that can be checked before a row is
// read: headers, columns, tables, and where or query, which are compiled. The caller
// closes the Selection.
//
// A missing file is an fs.ErrNotExist. A file that is not what its name says is an error
// that names its kind, where it is known. An error about where or query repeats its text
// and SQLite's message.
func Open(ctx context.Context, spec Spec) (*Selection, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	f, err := formatOf(spec.Source)
	if err != nil {
		return nil, err
	}
	open := (*Selection).openStream
	if f == sqliteFile || spec.Where != "" || spec.Query != "" {
		open = (*Selection).openDatabase
	}
	s := &Selection{}
	if err := open(s, ctx, spec, f); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Selection) openStream(ctx context.Context, spec Spec, f format) error {
	if spec.Table != "" {
		return errNoTables(spec)
	}
	file, err := openText(ctx, spec.Source, f, spec.maxRecord(), &s.meter)
	if err != nil {
		return err
	}
	columns, at, err := spec.Columns.resolve(file.header)
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", spec.Source, err), file.close())
	}
	s.columns, s.from = columns, &stream{file: file, at: at, meter: &s.meter}
	return nil
}

func errNoTables(spec Spec) error {
	err := fmt.Errorf("export.table is %q, and %s is a text file, which has no tables", spec.Table, spec.Source)
	return hint.Wrap(err, "leave export.table out")
}

// Records returns the selected rows in the order of the source, or of the query. It can
// be ranged over once. An error ends it: a broken row, a row without id, a failure to
// read, or the error of ctx, wrapped.
//
// Record.Line is the line of a text file on which the row begins, the rowid of a SQLite
// table, and otherwise, for queries, views and tables without rowids, or with one below
// 1, the number of the row in the result.
func (s *Selection) Records(ctx context.Context) iter.Seq2[account.Record, error] {
	return func(yield func(account.Record, error) bool) {
		if s.started {
			yield(account.Record{}, errors.New("read the export: its records were read before"))
			return
		}
		s.started = true
		s.from.records(ctx, func(rec account.Record, err error) bool {
			if err == nil && account.IsNull(rec.ID) {
				err = hint.Wrap(fmt.Errorf("%s: the id is empty", s.from.place(rec.Line)),
					"every account needs an id to be accounted for")
			}
			if err != nil {
				yield(account.Record{}, err)
				return false
			}
			return yield(rec, nil)
		})
	}
}

// Columns returns the columns that are read, spelled as in the source, defaults
// included. For a query they are the names of its own columns.
func (s *Selection) Columns() Columns { return s.columns }

// Read returns the number of rows of the export that were seen, selected or not. It is
// final once Records is exhausted. For a query that chooses among several tables of a
// SQLite file by itself it is the number of rows of the result.
func (s *Selection) Read() int64 { return s.meter.read.Load() }

// Progress returns how many bytes of all files are read, and how many there are; for a
// SQLite file the former is an estimate. Pipes add nothing to the latter, so that done
// can exceed total.
func (s *Selection) Progress() (done, total int64) {
	return s.meter.done.Load(), s.meter.total.Load()
}

// Close closes the files. What was staged is gone with it.
func (s *Selection) Close() error { return s.from.close() }
