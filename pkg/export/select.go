package export

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	sqlite3 "github.com/mattn/go-sqlite3"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

// selectedRow is a row of the statement.
type selectedRow struct {
	line   int64 // shifted as in the rowid
	values [fieldCount]string
}

// What goes from SQLite to the consumer at a time, and how much of it may wait.
const (
	pageRows = 128
	pages    = 4
)

// selected yields the rows of the statement, while SQLite looks for the next ones.
func (d *database) selected(ctx context.Context, yield func(account.Record, error) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	ready := make(chan []selectedRow, pages)
	var failed error // set before ready is closed
	go func() {
		defer close(ready)
		failed = d.query(ctx, ready)
	}()
	defer func() {
		cancel()
		for range ready { // ends when SQLite has ended
		}
	}()
	before := d.meter.done.Load()
	number := int64(0)
	for page := range ready {
		for _, row := range page {
			if err := ctx.Err(); err != nil {
				return err
			}
			number++
			d.follow(row.line, before)
			if d.unnumbered {
				row.line = number
			}
			if field := notText(&row.values); field >= 0 {
				return d.textError(row, field)
			}
			if !yield(record(row.line>>d.shift, row.values), nil) {
				return errStopped
			}
		}
	}
	if failed != nil {
		return d.selectError(failed)
	}
	return nil
}

// query runs the statement and hands on its rows. It goes by the driver itself, for
// speed.
func (d *database) query(ctx context.Context, ready chan<- []selectedRow) error {
	return d.conn.Raw(func(conn any) (err error) {
		result, err := conn.(*sqlite3.SQLiteConn).QueryContext(ctx, d.statement, nil)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, result.Close()) }()
		for ended := false; !ended; {
			var page []selectedRow
			if page, ended, err = nextPage(result); err != nil {
				return err
			}
			select {
			case ready <- page:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
}

// nextPage reads some rows and reports whether they are the last ones.
func nextPage(result driver.Rows) (page []selectedRow, ended bool, err error) {
	page = make([]selectedRow, 0, pageRows)
	var values [1 + fieldCount]driver.Value
	for len(page) < pageRows {
		if err := result.Next(values[:]); errors.Is(err, io.EOF) {
			return page, true, nil
		} else if err != nil {
			return nil, false, err
		}
		var row selectedRow
		if err := row.fill(values[:]); err != nil {
			return nil, false, err
		}
		page = append(page, row)
	}
	return page, false, nil
}

// fill takes the values of a row over: CAST and ifnull leave no other types.
func (r *selectedRow) fill(values []driver.Value) error {
	var ok bool
	if r.line, ok = values[0].(int64); !ok {
		return fmt.Errorf("the line is a %T", values[0])
	}
	for i, value := range values[1:] {
		if r.values[i], ok = value.(string); !ok {
			return fmt.Errorf("the %s is a %T", fieldNames[i], value)
		}
	}
	return nil
}

func (d *database) selectError(err error) error {
	if d.clause.key != "" {
		return hint.Wrap(d.clause.fails(err), "a row holds what the SQL cannot take: leave it out first, as in json_valid(profile) AND profile ->> 'country' = 'DE'")
	}
	return sqliteError(d.spec.Source, err)
}
