package live

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/export/dump"
	"breachnotify/pkg/hint"
)

// DefaultMaxRecord is the largest row, in bytes, where Options name no other.
const DefaultMaxRecord = 16 << 20

const (
	// connectTimeout bounds each attempt to connect where the URL says nothing.
	connectTimeout = 20 * time.Second
	// openTimeout bounds all that Open does.
	openTimeout = time.Minute
	// farewellTimeout bounds the end of a transaction that is over anyway.
	farewellTimeout = 5 * time.Second
)

// Options are what Open wants to know besides the URL.
type Options struct {
	// MaxRecord is the size in bytes of all values of a row as text, above which the row is
	// an error. 0: DefaultMaxRecord. A row of MySQL is first read, which the server's
	// max_allowed_packet bounds.
	MaxRecord int
}

// Source is a database within its transaction. It is not for use by several goroutines.
type Source struct {
	name      string // for errors: without the user and the password
	db        *sqlx.DB
	conn      *sqlx.Conn
	server    server
	maxRecord int
	reader    *Reader // the last one
}

// server is what is particular to a kind of database.
type server struct {
	driver    string // by the name that sqlx knows
	connector driver.Connector
	session   []string              // the statements that begin the transaction
	tables    string                // the query for the catalog; see entry
	quote     byte                  // around a name; doubled within it
	shapes    map[string]dump.Shape // of the types that are not text to us, as in the catalog
	// into returns where to scan values of a type, so that value is their text. It is nil
	// for NULL, and valid until the next row.
	into func(typeName string, value *[]byte) any
	// check refuses a statement that does more than give rows, without running it.
	check func(ctx context.Context, conn *sqlx.Conn, statement string) error
	// explain says what an error means, without what may not be said.
	explain func(err error) error
}

// schemes has what reads the URLs of each kind of database: it returns also what errors
// call the database. maxRecord is in bytes.
var schemes = map[string]func(a address, maxRecord int) (s server, name string, err error){
	"postgres":   newPostgres,
	"postgresql": newPostgres,
	"mysql":      newMySQL,
}

// IsURL reports whether the source of an export is the URL of a database, in whatever
// case its scheme is.
func IsURL(source string) bool {
	scheme, _, found := strings.Cut(source, "://")
	return found && schemes[strings.ToLower(scheme)] != nil
}

// Open connects to the database at url and begins the transaction. Its errors never hold
// the user or the password; where ctx has ended they wrap its error.
func Open(ctx context.Context, url string, o Options) (*Source, error) {
	a, err := parseAddress(url)
	if err != nil {
		return nil, err
	}
	s := &Source{maxRecord: cmp.Or(o.MaxRecord, DefaultMaxRecord)}
	if s.server, s.name, err = schemes[a.scheme](a, s.maxRecord); err != nil {
		return nil, err
	}
	s.db = sqlx.NewDb(sql.OpenDB(s.server.connector), s.server.driver)
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(s.fail(ctx, "connect to the database", err), s.Close())
	}
	return s, nil
}

func (s *Source) connect(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if s.conn, err = s.db.Connx(ctx); err != nil {
		return err
	}
	for _, statement := range s.server.session {
		if _, err := s.conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// Name returns the URL without the user, the password and the parameters.
func (s *Source) Name() string { return s.name }

// Close ends the reader that is still open, the transaction and the connection.
func (s *Source) Close() error {
	if s.reader != nil {
		s.reader.Close()
	}
	if s.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), farewellTimeout)
		defer cancel()
		_, _ = s.conn.ExecContext(ctx, "ROLLBACK") // the end of the connection does the same
		_ = s.conn.Close()                         // it only goes back to db
	}
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("%s: close the connection: %w", s.name, s.server.explain(err))
	}
	return nil
}

// fail returns the error of something that was tried. The end of ctx goes before what
// the driver makes of it.
func (s *Source) fail(ctx context.Context, tried string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %s: %w", s.name, tried, ctx.Err())
	}
	return fmt.Errorf("%s: %s: %w", s.name, tried, s.server.explain(err))
}

// busy returns an error while a reader is open, since it has the connection.
func (s *Source) busy() error {
	if s.reader == nil || s.reader.done {
		return nil
	}
	return hint.Wrap(fmt.Errorf("%s: the rows before are not read to their end", s.name), "read to io.EOF first")
}
