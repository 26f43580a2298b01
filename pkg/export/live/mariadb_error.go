package live

import (
	"errors"
	"fmt"

	"github.com/go-sql-driver/mysql"

	"breachnotify/pkg/hint"
)

// mariadbSafe has the errors (MySQL, Server Error Message Reference) whose messages name
// tables, columns and settings, and at most what the operator wrote, with what helps.
// Others may name the user or repeat a value.
var mariadbSafe = map[uint16]string{
	1040: "end other sessions, or raise max_connections",
	1046: "write the name of the database at the end of the URL",
	1049: "check the name of the database at the end of the URL",
	1052: "write the table before the column",
	1054: "check the names of the columns",
	1060: "name each column of the query once, as in: SELECT u.id AS user_id",
	1064: "write one SELECT, in the SQL of the server; nothing else is run",
	1146: "check the name of the table",
	1205: "run it again",
	1305: "check the name of the function",
	1317: "run it again",
	1792: "notify only reads: write a query that changes nothing",
	1969: "raise max_statement_time for this user",
	3024: "raise max_execution_time for this user",
}

// mariadbUnsaid has words of our own for errors whose messages name the user.
var mariadbUnsaid = map[uint16]string{
	1044: "the server does not let this user use the database",
	1045: "the server does not let this user in",
	1698: "the server does not let this user in",
	1142: "this user may not SELECT from the table",
	1143: "this user may not SELECT from a column",
	1227: "this user lacks a privilege",
	1370: "this user may not call a function",
}

// mariadbError explains an error of a connection.
func mariadbError(err error) error {
	var refusal *mysql.MySQLError
	switch {
	case errors.Is(err, mysql.ErrNoTLS):
		return hint.Wrap(err, "turn TLS on at the server, or write tls=false in the URL if clear text is meant")
	case !errors.As(err, &refusal):
		explained, _ := unreachable(err, "ssl-ca=FILE")
		return explained
	}
	code := fmt.Sprintf("error %d, SQLSTATE %s", refusal.Number, refusal.SQLState)
	if advice, safe := mariadbSafe[refusal.Number]; safe {
		return hint.Wrap(fmt.Errorf("%s (%s)", refusal.Message, code), "%s", advice)
	}
	if words, ok := mariadbUnsaid[refusal.Number]; ok {
		return hint.Wrap(fmt.Errorf("%s (%s)", words, code), "check the user and the password in the URL or in MYSQL_PWD, and what it is granted from this machine")
	}
	return hint.Wrap(errors.New(code), notRepeated)
}
