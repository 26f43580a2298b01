// Package export reads any export of accounts as a stream of account.Record: CSV, TSV,
// JSON and NDJSON files, SQLite databases, the dumps of pg_dump and mysqldump, each also
// packed by gzip, zstd, bzip2 or xz and from standard input, and live databases.
//
// It guarantees that every row of the export is either handed on, left out by the
// operator's own SQL, or an error that names its line; that memory does not grow with
// the export; that a source is only ever read; and that the values of a row come as
// the source holds them, untrimmed. An error never holds a value of a row. A password and
// an SSO identity may be bytes, which come as digits behind 0x, and as nothing where they
// are all zeros and blanks; whatever else is not UTF-8 text is an error.
//
// What a file is goes by its content. Its name tells only what the content leaves open: a
// .csv from a .tsv, where the header is not one of tabs or semicolons without a comma, and no
// line before it says sep=. A dump is parsed and never run.
//
// # Selecting with SQL
//
// Rows are put into a private SQLite database, in which the export is the table export
// and each of Spec.Tables a table by its own name. A CSV file without where streams
// straight through, and so do a table and a query of a live database. The private database
// is a temporary file that SQLite creates with mode 0600 and unlinks at once, so that
// nothing is left however the process ends. It lies in the folder that SQLITE_TMPDIR or
// else TMPDIR names, by default /var/tmp, and takes about as much room as the files do,
// unpacked. A SQLite file that is packed is unpacked there too.
//
// The columns of JSON files and dumps are known only at their end: Open reads them whole,
// the others it leaves to Records. Of a file with several tables only those are loaded
// that are needed: the export, and those whose name stands in where or query. SQL knows a
// table by its bare name, and by "schema.table", in double quotes, where two have the same
// bare name. The export has its own name beside export.
//
// # Types
//
// A column is numeric where all of its values are numbers, and text else. Values of CSV
// files are text, so that 007 stays 007. Of JSON, an object or an array is its text, which
// json_extract, ->> and the like take apart, and true is 1.
//
// A number and a text are equal where they look equal: 7 and '7', in either direction and
// across files. 007 is another text than 7, and equals the number 7 only where that is in
// a numeric column, since SQLite then compares numbers; the number in user_id = 007 becomes
// 7. As text, 9 comes after 10: Open refuses user_id < 10, and BETWEEN, where a column of
// text that was loaded from a file meets a number. CAST(user_id AS INTEGER) < 10 compares
// numbers, among which an empty value counts as 0. ORDER BY, min and max go by the text as
// well, and are not refused.
//
// Columns of SQLite files keep their type. The text 7 and the integer 7 are equal if
// either column has a type, whichever side is which.
//
// Where the names of the fields differ from those of the columns that Spec.Columns maps
// to them, where may use both: see Spec.Where.
//
// # Presets
//
// Package presets has the fields of known exports as SQL. With one, export has the columns
// of its base table and, under the names of the fields, what the preset makes of them;
// a column of such a name goes before. Further tables may come from the source or from
// Spec.Tables. An export that a preset fits, and of which the Spec says nothing, is an
// error that names the preset, since the default names would miss its signs.
//
// # Live databases
//
// A query runs in the database, in its SQL; what it gives is the export. Everything else
// is as with a dump: where runs in the private database, over the rows that came, and
// Tables are there too.
//
// The package leaves it to classify what the columns mean, to account which addresses
// are valid, and to the ledger to find accounts that come twice.
//
// BUG(export): SQLite opens the files by name. Between the look at a SQLite file and its
// opening somebody may put another one in its place.
//
// BUG(export): A process that is killed while it unpacks a SQLite file leaves what it has
// written of it, notify-*.sqlite with mode 0600.
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
//
// BUG(export): A float64 that has become text, because other values of its column are
// text, has no more than 15 digits.
package export
