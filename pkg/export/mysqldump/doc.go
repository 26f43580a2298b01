// Package mysqldump reads the dumps that mysqldump and mariadb-dump write, as rows. A dump
// is parsed and never run.
//
// It guarantees that every row of a wanted table is handed on or an error says where it
// is; that the same rows come out equal however they were dumped, with long statements or
// short ones, with or without names of columns, as text or with --hex-blob; that a dump
// that is cut off, or has a line that no dump has, is an error; and that one row is held in memory, however long its
// statement.
//
// Values are text, but for columns of whole numbers and of numbers as far as no digit is
// lost. A column of bits is a whole number, and so are TRUE and FALSE. A value of a binary
// column is text where it is UTF-8 without a NUL, and else bytes. The name of a database
// is the schema of its tables.
//
// The forms are those of the MySQL Reference Manual, Language Structure, and of MariaDB
// where it has more: executable comments that begin with /*M!.
//
// BUG(mysqldump): A foreign line that begins with a word of SQL is found out where the next
// statement makes or changes a table or has rows. It takes any other statement with it.
//
// BUG(mysqldump): Text in hexadecimal digits or with _binary, of a column that no CREATE
// TABLE declares, is taken for a value of a binary column.
package mysqldump
