package live

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"

	"github.com/jackc/pgx/v5/pgconn"

	"breachnotify/pkg/hint"
)

// postgresConnector connects database/sql to PostgreSQL by pgx. The driver that comes with
// pgx turns dates, numbers and more into values of Go; this one gives the text that the
// server sends, which is that of COPY, and reads only.
type postgresConnector struct{ config *pgconn.Config }

// Connect is part of driver.Connector.
func (c postgresConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := pgconn.ConnectConfig(ctx, c.config)
	if err != nil {
		return nil, err
	}
	return postgresConn{conn}, nil
}

// Driver is part of driver.Connector. Nobody opens a connection by name.
func (c postgresConnector) Driver() driver.Driver { return nil }

var (
	_ driver.QueryerContext                 = postgresConn{}
	_ driver.ExecerContext                  = postgresConn{}
	_ driver.RowsColumnTypeDatabaseTypeName = (*postgresRows)(nil)
)

// errUnused is for what database/sql demands of a connection and this package never does.
var errUnused = errors.New("not for this connection")

type postgresConn struct{ conn *pgconn.PgConn }

// Prepare is part of driver.Conn.
func (postgresConn) Prepare(string) (driver.Stmt, error) { return nil, errUnused }

// Begin is part of driver.Conn.
func (postgresConn) Begin() (driver.Tx, error) { return nil, errUnused }

// Close is part of driver.Conn.
func (c postgresConn) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), farewellTimeout)
	defer cancel()
	return c.conn.Close(ctx)
}

// ExecContext is part of driver.ExecerContext, for statements of this package.
func (c postgresConn) ExecContext(ctx context.Context, statement string, _ []driver.NamedValue) (driver.Result, error) {
	_, err := c.conn.Exec(ctx, statement).ReadAll()
	return driver.ResultNoRows, err
}

// QueryContext is part of driver.QueryerContext. The server looks at the statement first:
// the extended protocol takes one only, and one that gives no rows, such as COMMIT, SET,
// COPY or DO, never runs.
func (c postgresConn) QueryContext(ctx context.Context, statement string, _ []driver.NamedValue) (driver.Rows, error) {
	description, err := c.conn.Prepare(ctx, "", statement, nil)
	switch {
	case err != nil:
		return nil, err
	case len(description.ParamOIDs) > 0:
		return nil, hint.Wrap(errors.New("the query has parameters such as $1"), "write the values into the query")
	case len(description.Fields) == 0:
		return nil, hint.Wrap(errors.New("the query gives no rows"), "write one SELECT; nothing else is run")
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &postgresRows{fields: description.Fields, cancel: cancel}
	r.result = c.conn.ExecStatement(ctx, description, nil, nil, nil)
	return r, nil
}

// postgresRows are the rows of a statement as they come.
type postgresRows struct {
	fields []pgconn.FieldDescription
	result *pgconn.ResultReader
	cancel context.CancelFunc
}

// Columns is part of driver.Rows.
func (r *postgresRows) Columns() []string {
	var names []string
	for _, f := range r.fields {
		names = append(names, f.Name)
	}
	return names
}

// postgresTypes names the types by which values are told from text (PostgreSQL, pg_type).
var postgresTypes = map[uint32]string{20: "INT8", 21: "INT2", 23: "INT4", 26: "OID", 700: "FLOAT4", 701: "FLOAT8", 1700: "NUMERIC"}

// ColumnTypeDatabaseTypeName returns the name of a type, or nothing for those that are
// text to us. A domain has the type below it.
func (r *postgresRows) ColumnTypeDatabaseTypeName(i int) string {
	return postgresTypes[r.fields[i].DataTypeOID]
}

// Next is part of driver.Rows. The values are valid until it is called again.
func (r *postgresRows) Next(values []driver.Value) error {
	if !r.result.NextRow() {
		if _, err := r.result.Close(); err != nil {
			return err
		}
		return io.EOF
	}
	for i, value := range r.result.Values() {
		values[i] = nil
		if value != nil {
			values[i] = value
		}
	}
	return nil
}

// Close is part of driver.Rows. Rows that are left are not waited for: the statement is
// cancelled, and the connection with it.
func (r *postgresRows) Close() error {
	r.cancel()
	_, err := r.result.Close()
	return err
}
