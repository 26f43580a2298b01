// Package pgdump reads the plain dumps that pg_dump and pg_dumpall write, as rows. A dump
// is parsed and never run.
//
// It guarantees that the same rows come out equal whether they were dumped as COPY blocks
// or as INSERT statements; that every row of a wanted table is handed on or an error says
// where it is; that a dump that is cut off, or has a line that no dump has, is an error; and that one row is held in memory.
//
// Values are the text that COPY gives: t and f for booleans, \x and hexadecimal digits for
// bytea, zeros and ones for bits. Columns of whole numbers and of numbers are those as far
// as no digit is lost. The rows of a partition, or of a table that inherits, are rows of its own
// and again of the table above it, as in SELECT.
//
// The forms are those of the PostgreSQL documentation: SQL Syntax, Lexical Structure, for
// statements; COPY, File Formats, Text Format, for data.
//
// BUG(pgdump): A dump of data alone does not tell which tables are partitions or inherit:
// their rows are then rows of their own table only.
//
// BUG(pgdump): A foreign line that begins with a word of SQL is found out where the next
// statement makes or changes a table or has rows. It takes any other statement with it.
//
// BUG(pgdump): The columns of a domain are text, whatever the domain is of.
package pgdump
