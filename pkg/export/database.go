package export

import (
	"context"
	"errors"
	"fmt"
	"slices"

	sqlite3 "github.com/mattn/go-sqlite3"

	"breachnotify/pkg/account"
	"breachnotify/pkg/export/presets"
	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/hint"
)

// database is the origin of records that SQL selects.
type database struct {
	*private
	spec    Spec
	meter   *Meter
	inputs  []*input
	pending []pendingText
	views   []view
	files   []*attached // to be verified

	preset     presets.Preset // without a name: none
	candidates []candidate    // tables of the source for a preset
	further    []candidate    // those of the further files
	passed     []rows.Table   // tables of the source that were passed over; for errors

	tables    []table // what where and query may use
	texts     []table // the same tables with those of their columns that are text
	export    *relation
	aliases   []alias  // of the columns of the export
	undecided []string // tables of the source, where none is chosen
	inFile    []string // tables of the source, loaded or not, where it is no SQLite file

	clause     clause
	statement  string        // gives the line, 0 where unnumbered, and the fields
	shift      int           // of the line in what the statement gives
	selects    Columns       // that the statement gives, where there is no query
	ofLive     *liveQuestion // nil: the source is a file
	unnumbered bool
	counted    bool               // the rows of the export are counted where they are loaded
	unit       string             // what a line is, for errors
	stop       context.CancelFunc // of the records; nil: nobody reads them yet
}

// pendingText is a text file to be loaded into the table of the same name.
type pendingText struct {
	table  string
	file   *textFile
	export bool // whether its rows are those of the export
}

// view is the name that SQL has for a table of another database, or for one that a preset
// uses.
type view struct {
	name string
	of   tableAt // in lower case; without a table: whichever is in the schema
}

// table is one that SQL can name.
type table struct {
	name    string
	columns []string
}

// relation is the export as SQL reads it.
type relation struct {
	table   string // its name where it lies
	from    string // the same, as SQL names it
	shape   string // the same without what a preset adds; empty: it adds nothing
	columns []string
	rowid   string // holds the line; empty: nothing does
	shift   int    // of the line in rowid
	order   string // as SQL; empty: as it comes
	file    *attached
}

// sourceSchema is the name under which a SQLite source is attached.
const sourceSchema = "source"

// openDatabase makes all tables, so that the SQL can be compiled. Files whose columns are
// known only once they are read to the end are loaded here, and text files when their
// records are wanted.
func (s *Selection) openDatabase(ctx context.Context, spec Spec, preset presets.Preset, in *input) error {
	p, err := openPrivate(ctx)
	if err != nil {
		return errors.Join(err, in.close())
	}
	d := &database{private: p, spec: spec, meter: s.meter, preset: preset, inputs: []*input{in}}
	addSource := func(ctx context.Context) error { return d.addInput(ctx, in) }
	if s.columns, err = d.open(ctx, addSource); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("read the export: %w", ctx.Err()) // SQLite only says "interrupted"
		}
		return errors.Join(err, d.close())
	}
	s.from = d
	return nil
}

// addInput adds a file as the source.
func (d *database) addInput(ctx context.Context, in *input) error {
	switch {
	case in.format.separated():
		return d.addText(ctx, in)
	case in.format == sqliteFile:
		return d.addSQLite(ctx, in)
	}
	return d.addRows(ctx, in)
}

func (d *database) open(ctx context.Context, addSource func(context.Context) error) (Columns, error) {
	if err := d.readClause(); err != nil {
		return Columns{}, err
	}
	if err := addSource(ctx); err != nil {
		return Columns{}, err
	}
	for _, name := range d.spec.tableNames() {
		if err := d.addTable(ctx, name, d.spec.Tables[name]); err != nil {
			return Columns{}, fmt.Errorf("export.tables.%s: %w", name, err)
		}
	}
	if d.spec.Query != "" {
		return d.selectQuery(ctx)
	}
	if d.preset.Name != "" {
		if err := d.usePreset(ctx); err != nil {
			return Columns{}, err
		}
	}
	return d.selectWhere(ctx)
}

func (d *database) readClause() (err error) {
	switch {
	case d.spec.Query != "":
		d.clause, err = readClause("export.query", d.spec.Query)
	case d.spec.Where != "":
		d.clause, err = readClause("export.where", d.spec.Where)
	}
	return err
}

func (d *database) addText(ctx context.Context, in *input) error {
	if d.spec.Table != "" {
		return errNoTables(d.spec)
	}
	d.unit, d.counted = in.name+": line", true
	name := exportTable
	if d.preset.Name != "" {
		name = presetTable
	}
	file, err := d.prepareText(ctx, name, in, d.preset.Header)
	if err != nil {
		return err
	}
	d.pending[len(d.pending)-1].export = true
	if d.preset.Name != "" {
		d.candidates = append(d.candidates, asCandidate(*file.table, name, file.header))
		return nil
	}
	if err := d.spec.recognise(*file.table); err != nil {
		return err
	}
	d.addKnown(name, file.header, file.header)
	d.setExport(file.header, 0)
	return d.aliasExport(ctx, file.header)
}

// addKnown lets errors and checks know a table by the name that SQL has for it.
func (d *database) addKnown(name string, columns, texts []string) {
	d.tables = append(d.tables, table{name, columns})
	d.texts = append(d.texts, table{name, texts})
}

// setExport makes the table export of the private database the export.
func (d *database) setExport(columns []string, shift int) {
	rowid := rowidOf(columns)
	d.export = &relation{
		table: exportTable, from: "main." + exportTable,
		columns: columns, rowid: rowid, shift: shift, order: exportTable + "." + rowid,
	}
}

// aliasExport gives the table export its further names of columns, of which some are text.
func (d *database) aliasExport(ctx context.Context, texts []string) error {
	d.aliases = d.spec.Columns.aliases(d.export.columns)
	for _, a := range d.aliases {
		if slices.Contains(texts, a.column) {
			d.texts = append(d.texts, table{exportTable, []string{a.name}})
		}
	}
	return d.addAliases(ctx, exportTable, d.aliases, texts)
}

// prepareText makes the table of a text file, of which only the header is read yet.
func (d *database) prepareText(ctx context.Context, name string, in *input, header presets.Header) (*textFile, error) {
	file, err := openText(ctx, in, d.spec.maxRecord(), header)
	if err != nil {
		return nil, err
	}
	if err := checkWidth(in.name+": the file", len(file.header)); err != nil {
		return nil, err
	}
	if rowidOf(file.header) == "" {
		return nil, fmt.Errorf("%s: %w", in.name, errNoRowid())
	}
	d.pending = append(d.pending, pendingText{table: name, file: file})
	return file, d.createText(ctx, name, file.header)
}

// addTable adds one of the further files.
func (d *database) addTable(ctx context.Context, name, path string) error {
	in, err := d.spec.openInput(ctx, path)
	if err != nil {
		return err
	}
	d.inputs = append(d.inputs, in)
	taken, err := d.number(ctx, "SELECT count(*) FROM pragma_table_list WHERE schema IN (?1, 'main', 'temp') AND name = ?2 COLLATE NOCASE", sourceSchema, name)
	if err != nil {
		return err
	}
	if taken > 0 {
		return hint.Wrap(fmt.Errorf("%s has a table of that name itself", d.spec.Source), "give the file another name")
	}
	switch {
	case in.format.separated():
		file, err := d.prepareText(ctx, name, in, presets.Header{})
		if err != nil {
			return err
		}
		d.addKnown(name, file.header, file.header)
		d.further = append(d.further, asCandidate(rows.Table{Name: name, Columns: file.table.Columns}, name, file.header))
		return nil
	case in.format == sqliteFile:
		return d.addView(ctx, name, in)
	}
	return d.addTableRows(ctx, name, in)
}

func (d *database) place(line int64) string { return fmt.Sprintf("%s %d", d.unit, line) }

// close may be called while records is under way: rows that are open would block it for
// good.
func (d *database) close() error {
	if d.stop != nil {
		d.stop()
	}
	var errs []error
	for _, in := range d.inputs {
		errs = append(errs, in.close())
	}
	return errors.Join(append(errs, d.private.close())...)
}

func (d *database) records(ctx context.Context, yield func(account.Record, error) bool) {
	ctx, d.stop = context.WithCancel(ctx)
	defer d.stop()
	err := d.stage(ctx)
	if err == nil {
		err = d.selected(ctx, yield)
	}
	if err == nil {
		err = d.finish(ctx)
	}
	if ctx.Err() != nil && err != nil && !errors.Is(err, errStopped) {
		err = fmt.Errorf("read the export: %w", ctx.Err()) // SQLite only says "interrupted"
	}
	if err != nil && !errors.Is(err, errStopped) {
		yield(account.Record{}, err)
	}
}

// errStopped says that nobody wants another record.
var errStopped = errors.New("stopped")

// stage brings the rows that are not there yet into the private database and then locks
// it.
func (d *database) stage(ctx context.Context) error {
	for _, file := range d.files {
		if err := d.verify(ctx, file); err != nil {
			return err
		}
	}
	for _, text := range d.pending {
		loaded, err := d.loadText(ctx, text)
		if err != nil {
			return err
		}
		if text.export {
			d.meter.read.Store(loaded)
		}
	}
	return d.exec(ctx, "PRAGMA query_only = ON")
}

// loadText fills the table that prepareText made and returns the number of its rows.
func (d *database) loadText(ctx context.Context, text pendingText) (int64, error) {
	f := newFeeder(text.file, text.file.name, func(t *fileTable) bool {
		t.staged, t.width = text.table, len(text.file.header)
		return true
	})
	if err := d.load(ctx, f, text.file.in.begin); err != nil || len(f.tables) == 0 {
		return 0, err
	}
	return f.tables[0].rows, nil
}

// roomError says where the private database lies when the file system fails it.
func roomError(err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case sqlite3.ErrFull, sqlite3.ErrIoErr, sqlite3.ErrCantOpen:
		return hint.Wrap(fmt.Errorf("write the private database: %w", err),
			"set SQLITE_TMPDIR to a folder with as much room as the files that are read take, unpacked")
	}
	return err
}

// follow counts a row where the rows of the result are those of the export, and moves a
// SQLite file on in proportion to the rowid.
func (d *database) follow(line, before int64) {
	if !d.counted && (d.clause.key == "" || d.export == nil) {
		d.meter.read.Add(1)
	}
	if file := d.file(); file != nil && !d.unnumbered {
		share := float64(line) / float64(file.last)
		d.meter.done.Store(before + int64(share*float64(file.size)))
	}
}

// file returns the SQLite file whose table is the export; nil where there is none.
func (d *database) file() *attached {
	if d.export == nil {
		return nil
	}
	return d.export.file
}

// finish counts the rows of a SQLite file that a clause may not have looked at.
func (d *database) finish(ctx context.Context) error {
	d.meter.done.Store(max(d.meter.done.Load(), d.meter.total.Load()))
	file := d.file()
	if file == nil || d.clause.key == "" {
		return nil
	}
	count, err := d.number(ctx, "SELECT count(*) FROM "+file.from())
	if err != nil {
		return sqliteError(file.path, err)
	}
	d.meter.read.Store(count)
	return nil
}
