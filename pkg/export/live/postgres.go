package live

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/export/dump"
	"breachnotify/pkg/hint"
)

// postgresOverhead is how much larger than its values a row may be on the wire: the
// length of each is before it, and there are up to 1,664.
const postgresOverhead = 64 << 10

func newPostgres(a address, maxRecord int) (server, string, error) {
	config, name, err := postgresConfig(a)
	if err != nil {
		return server{}, "", err
	}
	config.MaxProtocolMessageBodyLen = maxRecord + postgresOverhead
	return server{
		driver:    "pgx",
		connector: postgresConnector{config},
		session:   []string{"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "SET LOCAL statement_timeout = 0", postgresSettings},
		tables:    postgresTables,
		quote:     '"',
		shapes:    postgresShapes,
		into:      func(_ string, value *[]byte) any { return (*sql.RawBytes)(value) },
		check:     func(context.Context, *sqlx.Conn, string) error { return nil }, // the connection does
		explain:   func(err error) error { return postgresError(config, err) },
	}, name, nil
}

// postgresConfig reads a URL as psql does, but for what may go in clear (see the package).
func postgresConfig(a address) (*pgconn.Config, string, error) {
	config, err := pgconn.ParseConfig(a.raw)
	if err != nil {
		return nil, "", postgresURLError(err)
	}
	if config.Database == "" { // the server would take the user's name for it, and tell it
		return nil, "", hint.Wrap(errors.New("the URL names no database"), "write it at the end, as in postgres://host/database")
	}
	name := publicName(a.scheme, config.Host, strconv.Itoa(int(config.Port)), config.Database)
	mode := a.query.Get("sslmode")
	switch {
	case !exposed(config), mode == "disable":
	case mode != "":
		return nil, "", errClear(name, "sslmode", mode, "sslmode=verify-full", "sslmode=disable")
	default:
		if config, err = pgconn.ParseConfig(a.with("sslmode", "verify-full")); err != nil {
			return nil, "", postgresURLError(err)
		}
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "notify"
	}
	config.RuntimeParams["client_encoding"] = "UTF8"
	return config, name, nil
}

// exposed reports whether a connection to another machine may be made without TLS.
func exposed(config *pgconn.Config) bool {
	return !isLocal(config.Host) && config.TLSConfig == nil ||
		slices.ContainsFunc(config.Fallbacks, func(f *pgconn.FallbackConfig) bool { return !isLocal(f.Host) && f.TLSConfig == nil })
}

// postgresURLError repeats of the error of a URL only what is about a file.
func postgresURLError(err error) error {
	var file *fs.PathError
	if errors.As(err, &file) {
		return fmt.Errorf("read a file that the URL of the database or its environment names: %w", file)
	}
	return hint.Wrap(errAddress, "check the port, the parameters (sslmode, sslrootcert, connect_timeout, ...) and the PG variables of the environment")
}

// postgresSettings are what pg_dump sets for the values that it writes, and so that the
// server does not end a transaction that takes its time. row_security makes an error of
// rows that would be left out without a word. A server may not know all of them. It is
// also the SELECT from which on nothing can make the transaction write (PostgreSQL, SET
// TRANSACTION).
const postgresSettings = `SELECT set_config(s.name, w.value, true) FROM pg_catalog.pg_settings s
	JOIN (VALUES ('datestyle', 'ISO'), ('intervalstyle', 'postgres'), ('extra_float_digits', '3'), ('row_security', 'off'),
		('lock_timeout', '0'), ('idle_in_transaction_session_timeout', '0'),
		('transaction_timeout', '0')) AS w (name, value) ON w.name = lower(s.name)`

// postgresTables lists the columns of tables, partitioned ones, views and foreign tables.
// A column of a domain has the type below it, as in what the server sends.
const postgresTables = `SELECT n.nspname AS schema, c.relname AS name, c.reltuples::bigint AS rows, c.relispartition AS partition,
	coalesce(a.attname, '') AS column, upper(coalesce(b.typname, t.typname, '')) AS type
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
	LEFT JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd'
	WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND left(n.nspname, 3) <> 'pg_'
	AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
		WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
	ORDER BY n.nspname, c.relname, a.attnum`

var postgresShapes = map[string]dump.Shape{
	"INT2": dump.Integer, "INT4": dump.Integer, "INT8": dump.Integer, "OID": dump.Integer,
	"NUMERIC": dump.Number, "FLOAT4": dump.Number, "FLOAT8": dump.Number,
}
