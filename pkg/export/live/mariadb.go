package live

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/export/dump"
)

func newMySQL(a address, _ int) (server, string, error) {
	config, name, err := mariadbConfig(a)
	if err != nil {
		return server{}, "", err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return server{}, "", errAddress
	}
	return server{
		driver:    "mysql",
		connector: connector,
		session:   mariadbSession,
		tables:    mariadbTables,
		quote:     '`',
		shapes:    mariadbShapes,
		into:      mariadbInto,
		check:     givesRows,
		explain:   mariadbError,
	}, name, nil
}

// mariadbSession are the statements before the rows. Text is not padded and time stamps
// are in UTC, as in a dump; the rest of the SQL mode stays, for the operator's query. The server does not give up on a reader that takes its time: the last two
// settings are MariaDB's and MySQL's own, in comments that only they read. Should a
// procedure end the transaction, all others are read-only too.
var mariadbSession = []string{
	"SET NAMES utf8mb4",
	"SET SESSION sql_mode = replace(@@sql_mode, 'PAD_CHAR_TO_FULL_LENGTH', '')," +
		" time_zone = '+00:00', net_write_timeout = 86400" +
		" /*M!100101 , max_statement_time = 0 */ /*!50708 , max_execution_time = 0 */",
	"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
	"START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
}

const mariadbTables = "SELECT t.table_schema AS `schema`, t.table_name AS `name`," +
	" CAST(coalesce(t.table_rows, -1) AS SIGNED) AS `rows`, false AS `partition`," +
	" coalesce(c.column_name, '') AS `column`, upper(coalesce(c.data_type, '')) AS `type`" +
	" FROM information_schema.tables t" +
	" LEFT JOIN information_schema.columns c ON c.table_schema = t.table_schema AND c.table_name = t.table_name" +
	" WHERE t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW') AND t.table_schema = coalesce(database(), t.table_schema)" +
	" AND t.table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')" +
	" ORDER BY t.table_schema, t.table_name, c.ordinal_position"

// mariadbShapes has the types that are not text to us.
var mariadbShapes = map[string]dump.Shape{
	"TINYINT": dump.Integer, "SMALLINT": dump.Integer, "MEDIUMINT": dump.Integer, "INT": dump.Integer,
	"BIGINT": dump.Integer, "YEAR": dump.Integer,
	"DECIMAL": dump.Number, "FLOAT": dump.Number, "DOUBLE": dump.Number,
	"BIT":    dump.Bits,
	"BINARY": dump.Bytes, "VARBINARY": dump.Bytes, "TINYBLOB": dump.Bytes, "BLOB": dump.Bytes,
	"MEDIUMBLOB": dump.Bytes, "LONGBLOB": dump.Bytes, "GEOMETRY": dump.Bytes, "VECTOR": dump.Bytes,
}

// givesRows has the server look at a statement where only one that gives rows can stand,
// without running it: COMMIT, CALL, SET or INTO OUTFILE would do more than to read.
func givesRows(ctx context.Context, conn *sqlx.Conn, statement string) error {
	statement = strings.TrimRight(statement, "; \t\r\n")
	prepared, err := conn.PrepareContext(ctx, fmt.Sprintf("SELECT * FROM (%s\n) AS export_query", statement))
	if err != nil {
		return err
	}
	return prepared.Close()
}

func mariadbInto(typeName string, value *[]byte) any {
	if typeName == "FLOAT" || typeName == "DOUBLE" {
		return &floating{text: value}
	}
	return (*sql.RawBytes)(value)
}

// floating scans a number that the driver has made of its text, and makes it text again
// that reads as the server's own: whole numbers of up to 15 digits have no exponent.
type floating struct {
	text *[]byte
	room [32]byte
}

// Scan is part of sql.Scanner.
func (f *floating) Scan(value any) error {
	var number float64
	bits := 64
	switch v := value.(type) {
	case nil:
		*f.text = nil
		return nil
	case float64:
		number = v
	case float32:
		number, bits = float64(v), 32
	default:
		return fmt.Errorf("a number is a %T", value)
	}
	format := byte('g')
	if math.Abs(number) < 1e15 {
		format = 'f'
	}
	*f.text = strconv.AppendFloat(f.room[:0], number, format, -1, bits)
	return nil
}
