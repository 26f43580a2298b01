package live_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"breachnotify/pkg/export/live"
	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/hint"
)

// rowReader is what the readers of dumps and of databases have in common.
type rowReader interface {
	Next() (rows.Row, error)
}

// contents are the rows of tables, by schema.table or, of a query, by a dot.
type contents map[string]*content

type content struct {
	columns []string
	kinds   []rows.Kind
	rows    [][]any
}

// readAll reads everything and holds what every reader guarantees of its rows.
func readAll(t *testing.T, r rowReader) contents {
	t.Helper()
	all, err := tryReadAll(r)
	if err != nil {
		t.Fatalf("read: %v, %q", err, hint.Of(err))
	}
	return all
}

func tryReadAll(r rowReader) (contents, error) {
	all, at := contents{}, int64(0)
	for {
		row, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return all, err
		case row.At < max(at, 1):
			return all, fmt.Errorf("row %d comes after %d", row.At, at)
		}
		at = row.At
		name := row.Table.Schema + "." + row.Table.Name
		if all[name] == nil {
			all[name] = &content{}
		}
		all[name].add(row)
	}
}

func (c *content) add(row rows.Row) {
	c.columns, c.kinds = nil, nil
	for _, column := range row.Table.Columns {
		c.columns, c.kinds = append(c.columns, column.Name), append(c.kinds, column.Kind)
	}
	if row.Values == nil {
		return
	}
	values := make([]any, len(c.columns))
	for i, value := range row.Values {
		if b, ok := value.([]byte); ok {
			value = append([]byte{}, b...)
		}
		values[i] = value
	}
	c.rows = append(c.rows, values)
}

// written returns a row so that values of different types or lengths differ.
func written(names []string, row []any) string {
	var b strings.Builder
	for i, value := range row {
		fmt.Fprintf(&b, "%s=%T %q; ", names[i], value, fmt.Sprint(value))
	}
	return b.String()
}

// same fails the test for each row of want that got has otherwise, or not at all.
func same(t *testing.T, got, want *content) {
	t.Helper()
	if got == nil || want == nil {
		t.Fatalf("got %v, want %v", got, want)
	}
	if fmt.Sprint(got.columns) != fmt.Sprint(want.columns) {
		t.Fatalf("columns %v, want %v", got.columns, want.columns)
	}
	if want.kinds != nil && fmt.Sprint(got.kinds) != fmt.Sprint(want.kinds) {
		t.Errorf("kinds of %v are %v, want %v", got.columns, got.kinds, want.kinds)
	}
	if len(got.rows) != len(want.rows) {
		t.Errorf("%d rows, want %d", len(got.rows), len(want.rows))
	}
	for i := range min(len(got.rows), len(want.rows)) {
		if g, w := written(got.columns, got.rows[i]), written(want.columns, want.rows[i]); g != w {
			t.Errorf("row %d is\n%s\nwant\n%s", i+1, g, w)
		}
	}
}

func open(t *testing.T, url string) *live.Source {
	t.Helper()
	source, err := live.Open(t.Context(), url, live.Options{})
	if err != nil {
		t.Fatalf("%v, %q", err, hint.Of(err))
	}
	t.Cleanup(func() {
		if err := source.Close(); err != nil {
			t.Error(err)
		}
	})
	return source
}

// refused asserts that err says everything of want, in its message or its hints, and
// nothing of secret.
func refused(t *testing.T, err error, want []string, secret ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one that says %q", want)
	}
	text := err.Error() + "\n" + strings.Join(hint.Of(err), "\n")
	for _, words := range want {
		if !strings.Contains(text, words) {
			t.Errorf("the error %q does not say %q", text, words)
		}
	}
	for _, words := range secret {
		if strings.Contains(text, words) {
			t.Errorf("the error %q repeats %q", text, words)
		}
	}
}

// run reads a query to its end and returns its rows, and the error if there is one.
func run(t *testing.T, source *live.Source, sql string) (*content, error) {
	t.Helper()
	all, err := tryReadAll(source.Query(t.Context(), sql))
	return all["."], err
}
