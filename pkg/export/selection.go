package export

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"breachnotify/pkg/account"
	"breachnotify/pkg/export/live"
	"breachnotify/pkg/export/presets"
	"breachnotify/pkg/hint"
)

// Selection is an opened export with the rows that a Spec selects. Its methods are for
// one goroutine, but for Progress and Read.
type Selection struct {
	columns Columns
	signs   presets.Signs
	meter   *Meter
	from    origin
	started bool
	filled  [fieldCount]bool // whether a field was not empty in every row
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
	if spec.Meter == nil {
		spec.Meter = &Meter{}
	}
	preset, err := spec.openPreset()
	if err != nil {
		return nil, err
	}
	s := &Selection{meter: spec.Meter, signs: preset.Signs}
	if live.IsURL(spec.Source) {
		if err := s.openLive(ctx, spec, preset); err != nil {
			return nil, err
		}
		return s, nil
	}
	in, err := spec.openInput(ctx, spec.Source)
	if err != nil {
		return nil, err
	}
	if in.format.separated() && spec.Where == "" && spec.Query == "" && spec.Preset == "" {
		err = s.openStream(ctx, spec, in)
	} else {
		err = s.openDatabase(ctx, spec, preset, in)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Selection) openStream(ctx context.Context, spec Spec, in *input) error {
	if spec.Table != "" {
		return errors.Join(errNoTables(spec), in.close())
	}
	file, err := openText(ctx, in, spec.maxRecord(), presets.Header{})
	if err == nil {
		err = spec.recognise(*file.table)
	}
	if err != nil {
		return errors.Join(err, in.close())
	}
	columns, at, err := spec.Columns.resolve(file.header)
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", spec.Source, err), in.close())
	}
	s.columns, s.from = columns, &stream{file: file, at: at, meter: s.meter}
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
				if rec == (account.Record{Line: rec.Line}) {
					err = hint.Wrap(err, "nothing of an account is in the row: take out the empty rows that spreadsheets leave at the end")
				}
			}
			if err != nil {
				yield(account.Record{}, err)
				return false
			}
			s.look(&rec)
			return yield(rec, nil)
		})
	}
}

// look remembers which fields a record has. It runs for each record: most fields are
// known to be filled after the first one.
func (s *Selection) look(rec *account.Record) {
	f := &s.filled
	f[0] = true // what has no id is an error
	f[1] = f[1] || !account.IsNull(rec.Email)
	f[2] = f[2] || !account.IsNull(rec.Name)
	f[3] = f[3] || !account.IsNull(rec.Password)
	f[4] = f[4] || !account.IsNull(rec.SSO)
	f[5] = f[5] || !account.IsNull(rec.Locale)
}

// EmptyColumns returns those of Columns that were empty in every row that Records gave,
// spelled as there; all of them where it gave none.
func (s *Selection) EmptyColumns() []string {
	var empty []string
	for i, name := range s.columns.fields() {
		if *name != "" && !s.filled[i] {
			empty = append(empty, *name)
		}
	}
	return empty
}

// Unmatched is a key of a further table that matches no account of the export.
type Unmatched struct {
	Table string // as Spec.Tables names it
	Value string // as it stands there; may be an address
	// Unknown says why it cannot be told which of the table's columns holds keys. Value is
	// empty then.
	Unknown string
}

// Unmatched returns the keys of further tables that match no row of the export, selected
// or not, each once. It is for after Records has ended without an error.
//
// A key is what Where or Query compares with a column of another table, by = or by IN
// (SELECT …), and it matches as it does there: in whatever case only where lower is used,
// say. Other conditions of the SELECT do not count. Of several keys in a row each has to
// match, or any if there is an OR; those that are compared with the id or the address go
// before others. Where no comparison can be told, the
// key is the only column of the table, or that with the name of the export's id column, or
// id, user_id, or email, and is held against the ids, or in whatever case against the
// addresses, of the export. For a Query that is what the query gave.
func (s *Selection) Unmatched(ctx context.Context) iter.Seq2[Unmatched, error] {
	return func(yield func(Unmatched, error) bool) {
		d, ok := s.from.(*database)
		if !ok {
			return
		}
		for _, name := range d.spec.tableNames() {
			if !d.unmatched(ctx, name, s.columns, yield) {
				return
			}
		}
	}
}

// Columns returns the columns that are read, spelled as in the source, defaults
// included. For a query they are the names of its own columns, and for a preset those of
// the fields.
func (s *Selection) Columns() Columns { return s.columns }

// Signs returns what a preset says of its columns for the password and for SSO, to be
// read behind an account's class; empty: there is no preset.
func (s *Selection) Signs() presets.Signs { return s.signs }

// Read returns the number of rows of the export that were seen, selected or not. It is
// final once Records is exhausted. For a query that chooses among several tables of a
// SQLite file by itself it is the number of rows of the result.
func (s *Selection) Read() int64 { return s.meter.read.Load() }

// Progress is that of Spec.Meter.
func (s *Selection) Progress() (done, total int64) { return s.meter.Progress() }

// Close closes the files. What was staged is gone with it.
func (s *Selection) Close() error { return s.from.close() }
