package export

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	sqlite3 "github.com/mattn/go-sqlite3"

	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/hint"
)

// attached is a table or view of a SQLite file that is attached to the private
// database.
type attached struct {
	path    string // as the configuration has it
	schema  string // under which the file is attached
	table   string
	view    bool
	columns []string
	aliases []alias  // further names of columns
	untyped []string // those of the columns that SQLite never converts to compare
	rowid   string   // name of the rowid; empty: there is none
	first   int64    // the smallest rowid
	last    int64    // the largest one
	order   string   // what the rows are stored by, as SQL; empty for a view
	size    int64    // of the file, in bytes
}

// asTable returns the table under a name as the readers of other files have it.
func (a *attached) asTable(name string) rows.Table {
	t := rows.Table{Name: name}
	for _, column := range a.columns {
		t.Columns = append(t.Columns, rows.Column{Name: column})
	}
	return t
}

// attach makes the tables of the SQLite file at target visible under schema. The file is
// opened read-only and as immutable, so that not even a lock is taken on it. Errors name
// it path.
func (p *private) attach(ctx context.Context, path, target, schema string) error {
	// SQLite looks for journals beside the file itself, not beside a link to it.
	target, err := filepath.EvalSymlinks(target)
	if err == nil {
		target, err = filepath.Abs(target)
	}
	if err == nil {
		err = checkComplete(target, path)
	}
	if err != nil {
		return err
	}
	uri := url.URL{Scheme: "file", Path: target, RawQuery: "mode=ro&immutable=1"}
	if err := p.exec(ctx, "ATTACH ? AS "+quoteName(schema), uri.String()); err != nil {
		return sqliteError(path, err)
	}
	return nil
}

// checkComplete refuses a database whose latest rows, or the way back from a broken
// transaction, are in a file beside it, which an immutable database ignores.
func checkComplete(target, path string) error {
	if err := checkEncoding(target, path); err != nil {
		return err
	}
	if info, err := os.Stat(target + "-wal"); err == nil && info.Size() > 0 {
		return hint.Wrap(fmt.Errorf("%s: rows are in the write-ahead log beside it", path),
			"on a copy of both files: sqlite3 %s 'PRAGMA wal_checkpoint(TRUNCATE)'", path)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for a write-ahead log: %w", err)
	}
	hot, err := isHot(target + "-journal")
	if err != nil {
		return fmt.Errorf("look for a journal: %w", err)
	}
	if hot {
		return hint.Wrap(fmt.Errorf("%s: a journal beside it holds a transaction that was broken off", path),
			"on a copy of both files: sqlite3 %s 'SELECT count(*) FROM sqlite_schema', which rolls it back", path)
	}
	return nil
}

// isHot reports whether a rollback journal waits to be rolled back: a finished one is
// gone, empty, or begins with a zero (SQLite's file format, section 3).
func isHot(journal string) (bool, error) {
	f, err := os.Open(journal)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	var first [1]byte
	if _, err := io.ReadFull(f, first[:]); errors.Is(err, io.EOF) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	return first[0] != 0, nil
}

// Fields of the header of a database (SQLite's file format, section 1.3).
const (
	headerSize     = 100
	encodingOffset = 56
	encodingUTF8   = 1
)

// checkEncoding refuses databases whose text is UTF-16: SQLite attaches none to one
// whose text is UTF-8.
func checkEncoding(target, path string) error {
	f, err := os.Open(target)
	if err != nil {
		return fmt.Errorf("open the export: %w", err)
	}
	defer f.Close()
	var header [headerSize]byte
	if _, err := io.ReadFull(f, header[:]); err != nil {
		return hint.Wrap(fmt.Errorf("%s: the database is cut off: %w", path, err), "copy it again")
	}
	if binary.BigEndian.Uint32(header[encodingOffset:]) <= encodingUTF8 {
		return nil
	}
	return hint.Wrap(fmt.Errorf("%s: the text in the database is UTF-16", path),
		"make one in UTF-8: sqlite3 %s .dump | sqlite3 utf8.db", path)
}

// choose finds the table to read in an attached file. Where preferred is empty, the
// file must have just one; where it is not, it must be there.
func (p *private) choose(ctx context.Context, path, schema, preferred string) (*attached, error) {
	tables, views, err := p.tablesOf(ctx, schema)
	if err != nil {
		return nil, sqliteError(path, err)
	}
	all := slices.Concat(tables, views)
	if preferred != "" {
		i := indexOf(all, preferred)
		if i < 0 {
			return nil, noTable(path, preferred, all)
		}
		return p.describe(ctx, &attached{path: path, schema: schema, table: all[i], view: i >= len(tables)})
	}
	switch len(tables) {
	case 0:
		return nil, hint.Wrap(fmt.Errorf("%s: the database has no table", path), "check that it is the right file: a database that SQLite was told to open and that was not there is made anew, and empty")
	case 1:
		return p.describe(ctx, &attached{path: path, schema: schema, table: tables[0]})
	}
	several := &severalTablesError{path: path, tables: all}
	for _, t := range p.described(ctx, schema, all) {
		several.facts = append(several.facts, "the columns "+list(names(t.Columns)))
	}
	return nil, several
}

// described returns tables with their columns. A view that is broken has none, which only
// matters to those who use it.
func (p *private) described(ctx context.Context, schema string, tables []string) []rows.Table {
	var all []rows.Table
	for _, name := range tables {
		columns, err := p.columnsOf(ctx, schema, name)
		if err != nil {
			columns = nil
		}
		all = append(all, (&attached{columns: columns}).asTable(name))
	}
	return all
}

// tablesOf returns the names of the tables and views of an attached file.
func (p *private) tablesOf(ctx context.Context, schema string) (tables, views []string, err error) {
	tables, err = p.words(ctx, `SELECT name FROM pragma_table_list WHERE schema = ? AND type IN ('table', 'virtual')
		AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`, schema)
	if err != nil {
		return nil, nil, err
	}
	views, err = p.words(ctx, "SELECT name FROM pragma_table_list WHERE schema = ? AND type = 'view' ORDER BY name", schema)
	return tables, views, err
}

// severalTablesError says that a file has several tables and none is chosen.
type severalTablesError struct {
	path   string
	tables []string
	facts  []string // about each; empty: none are known
}

// advise returns the error with advice on how to choose.
func (e *severalTablesError) advise() error {
	const most = 20
	var err error = e
	for i := min(most, len(e.facts)) - 1; i >= 0; i-- {
		if e.facts[i] != "" {
			err = hint.Wrap(err, "%s has %s", list(e.tables[i:i+1]), e.facts[i])
		}
	}
	return hint.Wrap(err, "choose one with export.table")
}

// Error lists the tables.
func (e *severalTablesError) Error() string {
	return fmt.Sprintf("%s: there are several tables: %s", e.path, list(e.tables))
}

func (p *private) describe(ctx context.Context, a *attached) (*attached, error) {
	err := p.findColumns(ctx, a)
	if err == nil && !a.view {
		err = p.findOrder(ctx, a)
	}
	if err != nil {
		return nil, sqliteError(a.path, err)
	}
	return a, nil
}

// visibleColumns gives the columns of ?1 in ?2. hidden is 1 for the inner columns of
// virtual tables; generated columns are data.
const visibleColumns = "SELECT name FROM pragma_table_xinfo(?1, ?2) WHERE hidden <> 1"

// columnsOf returns the names of the columns of a table in an attached file.
func (p *private) columnsOf(ctx context.Context, schema, table string) ([]string, error) {
	return p.words(ctx, visibleColumns+" ORDER BY cid", table, schema)
}

// findColumns finds the columns, and which of them have the affinity BLOB (SQLite's
// datatypes, section 3.1).
func (p *private) findColumns(ctx context.Context, a *attached) (err error) {
	if a.columns, err = p.columnsOf(ctx, a.schema, a.table); err != nil {
		return err
	}
	a.untyped, err = p.words(ctx, visibleColumns+` AND (type = '' OR type LIKE '%BLOB%' AND NOT (type LIKE '%INT%'
		OR type LIKE '%CHAR%' OR type LIKE '%CLOB%' OR type LIKE '%TEXT%')
		OR type = 'ANY' AND (SELECT strict FROM pragma_table_list WHERE schema = ?2 AND name = ?1))`, a.table, a.schema)
	return err
}

// findOrder finds the rowid of a table and the order of its rows, which without a rowid
// is that of the primary key.
func (p *private) findOrder(ctx context.Context, a *attached) error {
	without, err := p.number(ctx, "SELECT wr FROM pragma_table_list WHERE schema = ? AND name = ?", a.schema, a.table)
	if err != nil {
		return err
	}
	if without == 0 {
		a.rowid = rowidOf(a.columns)
	}
	if a.rowid == "" {
		key, err := p.words(ctx, "SELECT name FROM pragma_table_xinfo(?, ?) WHERE pk > 0 ORDER BY pk", a.table, a.schema)
		for i, column := range key {
			key[i] = exportTable + "." + quoteName(column)
		}
		a.order = strings.Join(key, ", ")
		return err
	}
	a.order = exportTable + "." + a.rowid
	if a.first, err = p.number(ctx, fmt.Sprintf("SELECT min(%s) FROM %s", a.rowid, a.from())); err != nil {
		return err
	}
	a.last, err = p.number(ctx, fmt.Sprintf("SELECT max(%s) FROM %s", a.rowid, a.from()))
	return err
}

// numbered reports whether the rowid is fit to be the number of a row.
func (a *attached) numbered() bool { return a.rowid != "" && a.first >= 1 }

// rows returns the SQL that reads all columns, also by their further names. SQLite finds
// the integer 7 in a column without a type unequal to the text 7 in a column of texts. The
// plus takes the column for a bare value, which is converted to compare, and changes
// nothing else.
func (a *attached) rows() string {
	var columns []string
	add := func(column, name string) {
		value := quoteName(column)
		if slices.Contains(a.untyped, column) {
			value = "+" + value
		}
		columns = append(columns, value+" AS "+quoteName(name))
	}
	for _, column := range a.columns {
		add(column, column)
	}
	for _, alias := range a.aliases {
		add(alias.column, alias.name)
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM " + a.from()
}

// numberedRows returns rows with the rowid, if there is one, under its own name.
func (a *attached) numberedRows() string {
	if a.rowid == "" {
		return a.rows()
	}
	return "SELECT " + a.rowid + " AS " + a.rowid + ", " + strings.TrimPrefix(a.rows(), "SELECT ")
}

// from returns the table as SQL names it.
func (a *attached) from() string { return quoteName(a.schema) + "." + quoteName(a.table) }

// verify looks for damage that reading might pass over without a word: a copy made
// while the database was written to has lost rows, and not every loss is an error to
// the one who reads.
func (p *private) verify(ctx context.Context, a *attached) error {
	if a.view {
		return nil
	}
	// A row that breaks a CHECK is no damage.
	if err := p.exec(ctx, "PRAGMA ignore_check_constraints = ON"); err != nil {
		return err
	}
	found, err := p.words(ctx, fmt.Sprintf("PRAGMA %s.quick_check(%s)", quoteName(a.schema), quoteName(a.table)))
	switch {
	case err != nil:
		return sqliteError(a.path, err)
	case len(found) == 1 && found[0] == "ok":
		return nil
	}
	return corrupt(fmt.Errorf("%s: the database is damaged: %s", a.path, strings.Join(found[:min(3, len(found))], "; ")), a.path)
}

func corrupt(err error, path string) error {
	return hint.Wrap(err, "copy it again with: sqlite3 %s \".backup copy.db\"", path)
}

// sqliteError names the file that an error of SQLite is about.
func sqliteError(path string, err error) error {
	wrapped := fmt.Errorf("%s: %w", path, err)
	var e sqlite3.Error
	if errors.As(err, &e) && (e.Code == sqlite3.ErrCorrupt || e.Code == sqlite3.ErrNotADB) {
		return corrupt(wrapped, path)
	}
	return wrapped
}
