// Package export reads any export of accounts as a stream of account.Record: CSV and
// TSV files, and SQLite databases.
//
// It guarantees that every row of the export is either handed on, left out by the
// operator's own SQL, or an error that names its line; that memory does not grow with
// the export; that a source is only ever read; and that the values of a row come as
// the source holds them, untrimmed. An error never holds a value of a row.
//
// # Selecting with SQL
//
// With where or query the rows are put into a private SQLite database, in which the
// export is the table export and each of Spec.Tables a table by its own name. A CSV
// file without them streams straight through. The private database is a temporary file
// that SQLite creates with mode 0600 and unlinks at once, so that nothing is left
// however the process ends. It lies in the folder that SQLITE_TMPDIR or else TMPDIR
// names, by default /var/tmp, and takes about as much room as the files do.
//
// Values of text files are text there, so that 007 stays 007. The number in user_id = 7
// becomes text too, and so does that in user_id = 007, which finds 7. As text, 9 comes
// after 10: Open refuses user_id < 10, and BETWEEN, where a column of a text file meets a
// number. CAST(user_id AS INTEGER) < 10 compares numbers, among which an empty value
// counts as 0. ORDER BY, min and max go by the text as well, and are not refused.
//
// Columns of SQLite files keep their type. The text 7 and the integer 7 are equal if
// either column has a type, whichever side is which. The text 007 is another text than 7,
// and equals the integer 7 only where that is in a column declared as a number, since
// SQLite then compares numbers.
//
// Where the names of the fields differ from those of the columns that Spec.Columns maps
// to them, where may use both: see Spec.Where.
//
// The package leaves it to classify what the columns mean, to account which addresses
// are valid, and to the ledger to find accounts that come twice.
//
// BUG(export): SQLite opens the files by name. Between the look at a SQLite file and its
// opening somebody may put another one in its place.
//
// BUG(export): In id IN (SELECT id FROM affected WHERE kind = 'a') SQL takes the inner id
// from the export where affected has none, and selects everybody. This is an error if id
// is a further name of another column of the export, or if no column of affected is used,
// but not if the export itself has a column id.
//
// BUG(export): A comparison by order of text with a number is not seen where the text
// has another name without AS, as in WITH w(u) AS (SELECT user_id FROM export), where it is
// in a row value or comes from a SELECT in brackets, and where the number comes from a
// function or from such a SELECT. Numbers in quotes are text, and '9' > '10'.
//
// BUG(export): The text 7 and the integer 7 are not equal where both are in columns that
// their SQLite tables declare without a type.
package export
