package export

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	sqlite3 "github.com/mattn/go-sqlite3"

	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/hint"
)

// rowReader gives the rows of a file, of all of its tables.
type rowReader interface {
	// Next returns the next row, which is valid until the next call, and io.EOF at the end.
	Next() (rows.Row, error)
	// Unit says what Row.At counts.
	Unit() string
}

// maxColumns leaves room below SQLite's limit of 2,000 for the further names of columns.
const maxColumns = 1900

// What an INSERT and a batch hold at most: SQLite allows 32,766 parameters.
const (
	insertRows       = 64
	insertParameters = 32_000
	batchBytes       = 1 << 20
	batches          = 6
)

// batch is what goes from the feeder to the loader: rows of a table for one INSERT.
type batch struct {
	table   *fileTable
	columns []rows.Column       // that the rows have
	values  []driver.NamedValue // of each row its number, and then the columns
	rows    int
	bytes   int
}

// feeder reads rows and gathers them in batches, while the loader inserts those before.
type feeder struct {
	src  rowReader
	name string // of the file, for errors
	// want reports whether the rows of a table are to be loaded, once for each.
	want func(*fileTable) bool
	// counts has a reader of dumps give the rows of all tables, which are counted where
	// they are not wanted.
	counts bool
	// shift makes the number of a row of its place, where several rows have the same one.
	shift int

	tables []*fileTable // in the order in which they appear, wanted or not
	found  map[[2]string]*fileTable
	now    *rows.Table // of the row before
	batch  *batch
	most   int // rows of the batch

	full, free chan *batch
	err        error // why the reading ended, once full is closed; nil: at its end
}

func newFeeder(src rowReader, name string, want func(*fileTable) bool) *feeder {
	f := &feeder{src: src, name: name, want: want, found: map[[2]string]*fileTable{},
		full: make(chan *batch, batches), free: make(chan *batch, batches)}
	for range batches {
		f.free <- &batch{}
	}
	f.batch = <-f.free
	return f
}

// run reads to the end, to an error, or to the end of ctx.
func (f *feeder) run(ctx context.Context) {
	defer close(f.full)
	for f.err == nil {
		row, err := f.src.Next()
		if errors.Is(err, io.EOF) {
			f.err = f.flush(ctx)
			return
		}
		if err == nil {
			err = f.take(ctx, row)
		}
		f.err = err
	}
}

// take puts a row into the batch, and hands that on when it is full.
func (f *feeder) take(ctx context.Context, row rows.Row) error {
	if row.Table != f.now {
		if err := f.flush(ctx); err != nil {
			return err
		}
		if err := f.turn(row.Table); err != nil {
			return err
		}
	}
	if row.Values == nil {
		return nil
	}
	f.batch.table.rows++
	if !f.batch.table.wanted {
		return nil
	}
	if err := f.add(row); err != nil {
		return err
	}
	if f.batch.rows == f.most || f.batch.bytes >= batchBytes {
		return f.flush(ctx)
	}
	return nil
}

// turn goes over to another table, or to the same with more columns.
func (f *feeder) turn(t *rows.Table) error {
	f.now = t
	table := f.find(t.Schema, t.Name)
	table.columns = t.Columns
	table.held = append(table.held, make([]held, max(0, len(t.Columns)-len(table.held)))...)
	f.batch.table, f.batch.columns = table, t.Columns
	f.most = max(1, min(insertRows, insertParameters/(len(t.Columns)+1)))
	if !table.wanted {
		return nil
	}
	return checkWidth(f.name+": "+table.title(), len(t.Columns))
}

// checkWidth refuses a table with more columns than SQLite takes.
func checkWidth(what string, columns int) error {
	if columns <= maxColumns {
		return nil
	}
	err := fmt.Errorf("%s has %d columns: want at most %d", what, columns, maxColumns)
	return hint.Wrap(err, "write an export of the columns that are needed")
}

// wants tells a reader of dumps which rows it may pass over.
func (f *feeder) wants(schema, name string) bool { return f.find(schema, name).wanted || f.counts }

func (f *feeder) find(schema, name string) *fileTable {
	key := [2]string{schema, name}
	t := f.found[key]
	if t == nil {
		t = &fileTable{file: f.name, schema: schema, name: name, first: len(f.tables) == 0}
		t.wanted = f.want(t)
		f.found[key] = t
		f.tables = append(f.tables, t)
	}
	return t
}

// add copies a row into the batch.
func (f *feeder) add(row rows.Row) error {
	b, t := f.batch, f.batch.table
	if len(b.columns) == 0 {
		err := fmt.Errorf("%s: %s %d: a record without a value", f.name, f.src.Unit(), row.At)
		return hint.Wrap(err, "every account needs an id to be accounted for")
	}
	t.last = max(row.At<<f.shift, t.last+1)
	b.append(t.last)
	for i, value := range row.Values {
		switch v := value.(type) {
		case string:
			t.held[i] |= heldText
			b.bytes += len(v)
		case []byte:
			t.held[i] |= heldBytes
			b.bytes += len(v)
			value = slices.Clone(v)
		case nil:
		default:
			t.held[i] |= heldNumber
		}
		b.append(value)
	}
	for range len(b.columns) - len(row.Values) {
		b.append(nil)
	}
	b.rows++
	return nil
}

func (b *batch) append(value any) {
	b.values = append(b.values, driver.NamedValue{Ordinal: len(b.values) + 1, Value: value})
}

// flush hands on the batch, if there is anything in it, and begins another.
func (f *feeder) flush(ctx context.Context) error {
	if f.batch.rows == 0 {
		return nil
	}
	table, columns := f.batch.table, f.batch.columns
	select {
	case f.full <- f.batch:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case f.batch = <-f.free:
	case <-ctx.Done():
		return ctx.Err()
	}
	*f.batch = batch{table: table, columns: columns, values: f.batch.values[:0]}
	return nil
}

// load inserts all that f reads into the private database, in one transaction. begin is
// told which context rules what f reads.
func (p *private) load(ctx context.Context, f *feeder, begin func(context.Context) func() bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer begin(ctx)()
	go f.run(ctx)
	err := p.conn.Raw(func(conn any) error {
		l := &loader{conn: conn.(*sqlite3.SQLiteConn), made: &p.made}
		return errors.Join(l.all(ctx, f), l.done())
	})
	cancel()
	for range f.full { // ends when f has ended
	}
	if err == nil || errors.Is(err, context.Canceled) {
		err = cmp.Or(f.err, err)
	}
	return roomError(err)
}

// loader inserts batches. It goes by the driver itself, since database/sql would copy and
// look at each value once more.
type loader struct {
	conn   *sqlite3.SQLiteConn
	made   *int        // tables of the private database, to number them
	insert driver.Stmt // of insertRows rows into table
	table  *fileTable
	width  int // columns of insert
}

func (l *loader) all(ctx context.Context, f *feeder) error {
	if err := l.exec("BEGIN"); err != nil {
		return err
	}
	for b := range f.full {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := l.put(b); err != nil {
			return fmt.Errorf("%s: %s: %w", f.name, b.table.title(), err)
		}
		f.free <- b
	}
	if f.err != nil {
		return f.err
	}
	for _, t := range f.tables {
		if !t.wanted {
			continue
		}
		if err := l.fit(t, t.columns); err != nil {
			return fmt.Errorf("%s: %s: %w", f.name, t.title(), err)
		}
	}
	return l.exec("COMMIT")
}

func (l *loader) exec(statement string) error {
	_, err := l.conn.ExecContext(context.Background(), statement, nil)
	return err
}

// put inserts the rows of a batch.
func (l *loader) put(b *batch) error {
	if err := l.fit(b.table, b.columns); err != nil {
		return err
	}
	if l.table != b.table || l.width != len(b.columns) {
		if err := l.done(); err != nil {
			return err
		}
		l.table, l.width = b.table, len(b.columns)
	}
	if b.rows < insertRows {
		statement, err := l.prepare(b)
		if err != nil {
			return err
		}
		return errors.Join(run(statement, b.values), statement.Close())
	}
	if l.insert == nil {
		var err error
		if l.insert, err = l.prepare(b); err != nil {
			return err
		}
	}
	return run(l.insert, b.values)
}

// run executes a statement. Other than to its Exec, the driver takes the values of a query
// over to C in one call.
func run(statement driver.Stmt, values []driver.NamedValue) error {
	result, err := statement.(driver.StmtQueryContext).QueryContext(context.Background(), values)
	if err != nil {
		return err
	}
	return result.Close()
}

func (l *loader) prepare(b *batch) (driver.Stmt, error) {
	rowid := rowidOf(names(b.columns))
	if rowid == "" {
		return nil, errNoRowid()
	}
	row := "(" + strings.Repeat("?, ", len(b.columns)) + "?)"
	return l.conn.Prepare("INSERT INTO main." + quoteName(b.table.staged) + " (" + rowid + columnList(b.columns) + ") VALUES " +
		strings.Join(slices.Repeat([]string{row}, b.rows), ", "))
}

// columnList is columns as SQL, each behind a comma.
func columnList(columns []rows.Column) string {
	var list strings.Builder
	for _, c := range columns {
		list.WriteString(", " + quoteName(c.Name))
	}
	return list.String()
}

// done closes the statement that is kept.
func (l *loader) done() error {
	if l.insert == nil {
		return nil
	}
	err := l.insert.Close()
	l.insert = nil
	return err
}

// fit makes the table, or gives it the columns that it lacks. They have no type yet, so
// that SQLite keeps values as they are. One without columns is not made.
func (l *loader) fit(t *fileTable, columns []rows.Column) error {
	if len(columns) == 0 {
		return nil
	}
	if t.staged == "" {
		*l.made++
		t.staged = fmt.Sprintf("staged %d", *l.made)
		t.width = len(columns)
		return l.exec("CREATE TABLE main." + quoteName(t.staged) + " (" + strings.TrimPrefix(columnList(columns), ", ") + ")")
	}
	for ; t.width < len(columns); t.width++ {
		if err := l.exec("ALTER TABLE main." + quoteName(t.staged) + " ADD COLUMN " + quoteName(columns[t.width].Name)); err != nil {
			return err
		}
	}
	return nil
}
