package export

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	sqlite3 "github.com/mattn/go-sqlite3"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

// database is the origin of records that SQL selects.
type database struct {
	*private
	spec  Spec
	meter *meter
	texts []stagedText
	views []view
	files []*attached // to be verified

	tables    []table // what where and query may use
	export    *relation
	aliases   []alias  // of the columns of the export
	undecided []string // tables of the source, where none is chosen

	clause     clause
	statement  string // gives the line, 0 where unnumbered, and the fields
	unnumbered bool
	unit       string             // what a line is, for errors
	stop       context.CancelFunc // of the records; nil: nobody reads them yet
}

// stagedText is a text file to be loaded into the table of the same name.
type stagedText struct {
	table string
	file  *textFile
}

// view is the name that SQL has for a table of a further SQLite file.
type view struct{ name, schema string }

// table is one that SQL can name.
type table struct {
	name    string
	columns []string
}

// relation is the export as SQL reads it.
type relation struct {
	table   string // its name where it lies
	from    string // the same, as SQL names it
	columns []string
	rowid   string // holds the line; empty: nothing does
	order   string // as SQL; empty: as it comes
	file    *attached
}

// sourceSchema is the name under which a SQLite source is attached.
const sourceSchema = "source"

// openDatabase stages the definitions of all tables, so that the SQL can be compiled,
// but no row.
func (s *Selection) openDatabase(ctx context.Context, spec Spec, f format) error {
	p, err := openPrivate(ctx)
	if err != nil {
		return err
	}
	d := &database{private: p, spec: spec, meter: &s.meter}
	if s.columns, err = d.open(ctx, f); err != nil {
		return errors.Join(err, d.close())
	}
	s.from = d
	return nil
}

func (d *database) open(ctx context.Context, f format) (Columns, error) {
	addSource := d.addText
	if f == sqliteFile {
		addSource = d.addSQLite
	}
	if err := addSource(ctx, f); err != nil {
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
	return d.selectWhere(ctx)
}

func (d *database) addText(ctx context.Context, f format) error {
	if d.spec.Table != "" {
		return errNoTables(d.spec)
	}
	file, err := d.stageText(ctx, exportTable, d.spec.Source, f)
	if err != nil {
		return err
	}
	d.unit = d.spec.Source + ": line"
	rowid := rowidOf(file.header)
	d.export = &relation{
		table: exportTable, from: "main." + exportTable,
		columns: file.header, rowid: rowid, order: exportTable + "." + rowid,
	}
	d.aliases = d.spec.Columns.aliases(file.header)
	return d.addAliases(ctx, exportTable, d.aliases)
}

func (d *database) stageText(ctx context.Context, name, path string, f format) (*textFile, error) {
	file, err := openText(ctx, path, f, d.spec.maxRecord(), d.meter)
	if err != nil {
		return nil, err
	}
	d.texts = append(d.texts, stagedText{name, file})
	d.tables = append(d.tables, table{name, file.header})
	if rowidOf(file.header) == "" {
		err := fmt.Errorf("%s: columns named rowid, _rowid_ and oid at once leave SQL no name for the line", path)
		return nil, hint.Wrap(err, "rename one of them")
	}
	return file, d.create(ctx, name, file)
}

func (d *database) addSQLite(ctx context.Context, _ format) error {
	if err := d.attach(ctx, d.spec.Source, sourceSchema); err != nil {
		return err
	}
	d.unit = d.spec.Source + ": row"
	chosen, err := d.choose(ctx, d.spec.Source, sourceSchema, d.spec.Table)
	var several *severalTablesError
	if errors.As(err, &several) {
		if d.spec.Query != "" {
			d.undecided = several.tables
			return nil
		}
		return hint.Wrap(err, "choose one with export.table")
	}
	if err != nil {
		return err
	}
	d.aliases = d.spec.Columns.aliases(chosen.columns)
	chosen.aliases = d.aliases
	d.meter.total.Add(chosen.size)
	d.files = append(d.files, chosen)
	d.tables = append(d.tables, table{exportTable, chosen.columns})
	d.export = &relation{
		table: chosen.table, from: "(" + chosen.numberedRows() + ")",
		columns: chosen.columns, order: chosen.order, file: chosen,
	}
	if chosen.numbered() {
		d.export.rowid = chosen.rowid
	}
	return d.exec(ctx, "CREATE TEMP VIEW "+exportTable+" AS "+chosen.rows())
}

// addTable adds one of the further files.
func (d *database) addTable(ctx context.Context, name, path string) error {
	f, err := formatOf(path)
	if err != nil {
		return err
	}
	taken, err := d.number(ctx, "SELECT count(*) FROM pragma_table_list WHERE schema = ? AND name = ? COLLATE NOCASE", sourceSchema, name)
	if err != nil {
		return err
	}
	if taken > 0 {
		return hint.Wrap(fmt.Errorf("%s has a table of that name itself", d.spec.Source), "give the file another name")
	}
	if f == sqliteFile {
		return d.addView(ctx, name, path)
	}
	_, err = d.stageText(ctx, name, path, f)
	return err
}

// addView gives a table of a SQLite file the name that it has in the Spec.
func (d *database) addView(ctx context.Context, name, path string) error {
	schema := fmt.Sprintf("tables_%d", len(d.views)+1)
	if err := d.attach(ctx, path, schema); err != nil {
		return err
	}
	chosen, err := d.choose(ctx, path, schema, "")
	var several *severalTablesError
	if errors.As(err, &several) {
		chosen, err = d.choose(ctx, path, schema, name)
	}
	if err != nil {
		return err
	}
	d.files = append(d.files, chosen)
	d.views = append(d.views, view{name, schema})
	d.tables = append(d.tables, table{name, chosen.columns})
	return d.exec(ctx, "CREATE TEMP VIEW "+quoteName(name)+" AS "+chosen.rows())
}

func (d *database) place(line int64) string { return fmt.Sprintf("%s %d", d.unit, line) }

// close may be called while records is under way: rows that are open would block it for
// good.
func (d *database) close() error {
	if d.stop != nil {
		d.stop()
	}
	var errs []error
	for _, text := range d.texts {
		errs = append(errs, text.file.close())
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

// stage brings all rows into the private database and then locks it.
func (d *database) stage(ctx context.Context) error {
	for _, file := range d.files {
		if err := d.verify(ctx, file); err != nil {
			return err
		}
	}
	for _, text := range d.texts {
		if err := d.loadText(ctx, text); err != nil {
			return roomError(err)
		}
	}
	return d.exec(ctx, "PRAGMA query_only = ON")
}

func (d *database) loadText(ctx context.Context, text stagedText) error {
	count := &d.meter.read
	if text.table != exportTable {
		count = new(atomic.Int64)
	}
	defer text.file.reader.begin(ctx)()
	return d.load(ctx, text.table, text.file, count)
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
			"set SQLITE_TMPDIR to a folder with as much room as the files that are read take")
	}
	return err
}

// selected yields the rows of the statement.
func (d *database) selected(ctx context.Context, yield func(account.Record, error) bool) error {
	rows, err := d.conn.QueryContext(ctx, d.statement)
	if err != nil {
		return d.selectError(err)
	}
	defer rows.Close()
	before := d.meter.done.Load()
	var line int64
	var values [fieldCount]string
	into := []any{&line}
	for i := range values {
		into = append(into, &values[i])
	}
	for number := int64(1); rows.Next(); number++ {
		if err := rows.Scan(into...); err != nil {
			return d.selectError(err)
		}
		d.follow(line, before)
		if d.unnumbered {
			line = number
		}
		if err := d.checkText(line, values); err != nil {
			return err
		}
		if !yield(record(line, values), nil) {
			return errStopped
		}
	}
	if err := rows.Err(); err != nil {
		return d.selectError(err)
	}
	return nil
}

// follow counts a row where the rows of the result are those of the export, and moves a
// SQLite file on in proportion to the rowid.
func (d *database) follow(line, before int64) {
	if d.clause.key == "" || d.export == nil {
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

func (d *database) selectError(err error) error {
	if d.clause.key != "" {
		return d.clause.fails(err)
	}
	return sqliteError(d.spec.Source, err)
}

// checkText holds rows of SQLite to what is asked of text files.
func (d *database) checkText(line int64, values [fieldCount]string) error {
	for i, value := range values {
		if !utf8.ValidString(value) || strings.IndexByte(value, 0) >= 0 {
			return fmt.Errorf("%s: the %s is not UTF-8 text", d.place(line), fieldNames[i])
		}
	}
	return nil
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
