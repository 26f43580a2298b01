package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"breachnotify/pkg/export/dump"
	"breachnotify/pkg/export/rows"
)

// errClosed is what a Reader gives once it is closed.
var errClosed = errors.New("the reader is closed")

// Reader gives rows one by one. Before the first row of a table or a query comes a
// rows.Row without values, also where there are none.
type Reader struct {
	next func() (rows.Row, error, bool)
	stop func()
	done bool
	err  error
}

// Next returns the next row, which is valid until the one after, io.EOF behind the last
// one, or an error. Both stay. Row.At is the number of the row, over all tables.
func (r *Reader) Next() (rows.Row, error) {
	if r.done {
		return rows.Row{}, r.err
	}
	row, err, more := r.next()
	if !more {
		err = io.EOF
	}
	if err != nil {
		r.end(err)
	}
	return row, err
}

// Unit returns what Row.At counts.
func (r *Reader) Unit() string { return "row" }

// Close ends the reader. Where rows are left it also ends the connection, over which they
// would all have to come: then Source.Close is all that is left. It may be called again.
func (r *Reader) Close() {
	if !r.done {
		r.end(errClosed)
	}
}

func (r *Reader) end(err error) {
	r.done, r.err = true, err
	r.stop()
}

// Read reads whole tables, one after the other. A name is that of a table or
// schema.table, as the server writes it or, where that tells no two apart, in any case.
// Errors come with the rows; after one Source.Close is all that is left. ctx rules the
// reading to its end.
func (s *Source) Read(ctx context.Context, tables ...string) *Reader {
	return s.read(func(yield func(rows.Row, error) bool) {
		requests, err := s.requests(ctx, tables)
		if err != nil {
			yield(rows.Row{}, err)
			return
		}
		count := int64(0)
		for _, request := range requests {
			if !s.run(ctx, request, &count, yield) {
				return
			}
		}
	})
}

// Query reads what one statement in the database's own SQL gives, which may be a SELECT
// or what gives rows like one. Its table has no name. Errors and ctx are as with Read.
func (s *Source) Query(ctx context.Context, sql string) *Reader {
	return s.read(func(yield func(rows.Row, error) bool) {
		s.run(ctx, request{sql: sql}, new(int64), yield)
	})
}

func (s *Source) read(all iter.Seq2[rows.Row, error]) *Reader {
	if err := s.busy(); err != nil {
		return &Reader{done: true, err: err}
	}
	s.reader = &Reader{}
	s.reader.next, s.reader.stop = iter.Pull2(all)
	return s.reader
}

// request is a statement, and what its rows are to be called.
type request struct {
	schema, table string // empty: of a query
	sql           string
}

// what says what a request reads, for errors.
func (q request) what() string {
	if q.table == "" {
		return "run the query"
	}
	return "read the table " + q.schema + "." + q.table
}

func (s *Source) requests(ctx context.Context, names []string) ([]request, error) {
	tables, err := s.tables(ctx)
	if err != nil {
		return nil, err
	}
	var requests []request
	for _, name := range names {
		t, err := find(tables, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		requests = append(requests, request{schema: t.Schema, table: t.Name, sql: s.selectAll(t)})
	}
	return requests, nil
}

// run hands on the rows of a request and reports whether more are wanted.
func (s *Source) run(ctx context.Context, q request, count *int64, yield func(rows.Row, error) bool) bool {
	err := s.stream(ctx, q, newOutput(q, s.maxRecord, count, yield))
	switch {
	case errors.Is(err, errEnough):
		return false
	case err != nil:
		yield(rows.Row{}, s.fail(ctx, q.what(), err))
		return false
	}
	return true
}

// stream runs a statement and writes what it gives to out. A statement whose rows are not
// wanted any more is cancelled, since the server would send them all.
func (s *Source) stream(ctx context.Context, q request, out *output) error {
	if err := s.server.check(ctx, s.conn, q.sql); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Without arguments MySQL sends the values as text.
	result, err := s.conn.QueryxContext(ctx, q.sql)
	if err != nil {
		return err
	}
	defer func() {
		cancel()
		_ = result.Close() // of what was read to its end it has nothing to say
	}()
	types, err := result.ColumnTypes()
	if err != nil {
		return err
	}
	columns := make([]dump.Column, len(types))
	values := make([][]byte, len(types))
	into := make([]any, len(types))
	for i, t := range types {
		columns[i] = dump.Column{Name: t.Name(), Shape: s.server.shapes[strings.TrimPrefix(t.DatabaseTypeName(), "UNSIGNED ")]}
		into[i] = s.server.into(t.DatabaseTypeName(), &values[i])
	}
	if err := out.begin(columns); err != nil {
		return err
	}
	for result.Next() {
		if err := result.Scan(into...); err != nil {
			return err
		}
		if err := out.row(values); err != nil {
			return err
		}
	}
	return result.Err()
}
