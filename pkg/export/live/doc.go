// Package live reads the rows of a running PostgreSQL, MySQL or MariaDB database, for
// export.
//
//	source, err := live.Open(ctx, url, live.Options{})  // postgres://, postgresql://, mysql://
//	defer source.Close()
//	tables, err := source.Tables(ctx)                    // every table, with its columns and about how many rows
//	reader := source.Read(ctx, "public.users")           // whole tables, or
//	reader := source.Query(ctx, "SELECT id, email FROM users") // one query in the database's own SQL
//	defer reader.Close()
//	row, err := reader.Next()                            // a rows.Row; io.EOF after the last one
//
// It guarantees that the database is only read: everything runs in one transaction that
// is READ ONLY and REPEATABLE READ, so that all tables are seen as they were at one
// moment, and that ends with ROLLBACK. A query must be one statement that gives rows, and
// nothing else reaches the server. Rows stream: the memory that is taken is that of the
// largest row. The end of a context ends what the server does for it.
//
// # Values
//
// The values are those that the readers of dumps give for the same rows (packages pgdump
// and mysqldump), so that a column means the same however it arrives: NULL is nil; numbers
// are int64 and float64 where no digit is lost, and otherwise text, as all else is.
//
// PostgreSQL's text is what COPY writes (PostgreSQL, COPY, Text Format), with the settings
// of pg_dump: a boolean is t or f, bytea is \x and hexadecimal digits, a date is in ISO
// form. Of MySQL and MariaDB time stamps are in UTC, BIT is a number, and a binary value is
// []byte unless it is UTF-8 without a NUL.
//
// Columns that the server computes are there too, which dumps leave out, and the columns of
// a domain are of the type below it.
//
// # Who may see what
//
// Clear text goes only to this machine (a Unix socket, localhost, a loopback address)
// unless the URL says sslmode=disable or tls=false. To any other server TLS is verified in
// full where the URL says nothing; sslmode=require and tls=skip-verify do what they say.
//
// PostgreSQL's environment (PGPASSWORD, PGSERVICE, ...) and password file count as they do
// for psql, but cannot allow clear text; MYSQL_PWD counts as for mysql. A PostgreSQL URL
// must name its database. A MySQL URL takes the parameters tls, ssl-mode, ssl-ca and
// socket, and no others.
//
// No error holds the user, the password, or a value of a row: of what a server says only
// that is repeated which cannot hold one.
//
// Row-level security is never silently obeyed, since it would leave people out: a
// table that hides rows from the user is an error of the server.
//
// The package leaves it to export to choose the table and to select from the rows.
//
// BUG(live): Tables of MySQL engines without transactions, such as MyISAM, are read as
// they are at the time, not as they were when the transaction began.
//
// BUG(live): A function that an operator's query calls can do what no transaction rules:
// write by a connection of its own (dblink), write a file on the server, or end another
// session, if the user may do that. Give notify a user that may only read.
package live
