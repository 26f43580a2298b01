package live

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"breachnotify/pkg/export/dump"
	"breachnotify/pkg/hint"
)

// postgresSafe lists the classes of errors (PostgreSQL, Appendix A) whose messages name
// tables, columns, types and settings, and at most what the operator wrote. Others may
// repeat a value, as 22 does, or the user, as 28 does.
var postgresSafe = []string{"08", "0A", "25", "3D", "3F", "40", "42", "53", "54", "55", "57", "58"}

// postgresAdvice has what helps, by SQLSTATE or its class.
var postgresAdvice = map[string]string{
	"28":    "check the user and the password: in the URL, in PGPASSWORD or in the password file; and that pg_hba.conf lets this machine in",
	"3D":    "check the name of the database at the end of the URL",
	"40":    "run it again, on the primary if this is a standby (see max_standby_streaming_delay)",
	"22021": "the database holds text that is not UTF-8 (SQL_ASCII): write it with pg_dump, convert the file with iconv, and name that as export.source",
	"25006": "notify only reads: write a query that changes nothing",
	"42501": "give the user the right to SELECT, and BYPASSRLS where row-level security hides rows",
	"42601": "write one SELECT, in the SQL of PostgreSQL",
	"42P01": "check the name and its schema: SELECT schemaname, tablename FROM pg_tables",
	"53300": "end other sessions, or raise max_connections",
}

// postgresError explains an error of a connection.
func postgresError(config *pgconn.Config, err error) error {
	var refusal *pgconn.PgError
	var failed *pgconn.ConnectError
	var large *pgproto3.ExceededMaxBodyLenErr
	switch {
	case errors.As(err, &refusal):
		return postgresRefusal(refusal)
	case errors.As(err, &large):
		return tooLarge(fmt.Errorf("a row is %w", dump.ErrLong))
	case errors.As(err, &failed):
		err = failed.Unwrap() // failed itself names the user
	}
	explained, known := unreachable(err, "sslrootcert=FILE")
	if !known && failed != nil && config.TLSConfig != nil {
		return hint.Wrap(err, "TLS is required: turn it on at the server, or write sslmode=disable in the URL if clear text is meant")
	}
	return explained
}

// postgresRefusal repeats what can be repeated of an error of the server.
func postgresRefusal(e *pgconn.PgError) error {
	class := e.Code[:min(2, len(e.Code))]
	err := fmt.Errorf("SQLSTATE %s", e.Code)
	advice := cmp.Or(postgresAdvice[e.Code], postgresAdvice[class])
	switch {
	case class == "28":
		err = fmt.Errorf("the server does not let this user in (SQLSTATE %s)", e.Code)
	case !slices.Contains(postgresSafe, class):
		advice = cmp.Or(advice, notRepeated)
	case e.Position > 0:
		err = fmt.Errorf("%s, at character %d (SQLSTATE %s)", e.Message, e.Position, e.Code)
	default:
		err = fmt.Errorf("%s (SQLSTATE %s)", e.Message, e.Code)
	}
	if advice == "" {
		return err
	}
	return hint.Wrap(err, "%s", advice)
}
