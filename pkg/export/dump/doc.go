// Package dump is what the readers of SQL dumps have in common: a look at the bytes that
// knows its lines, the values of one row, and the tables that a dump declares.
//
// It guarantees that memory grows neither with the file nor with a statement, only with
// the largest row that is allowed and with the tables and columns that are declared, and
// that both are bounded; and that it does not matter in which pieces the bytes come.
//
// It leaves the language of each dump to its reader.
package dump

// The bounds of what is remembered.
const (
	MaxName    = 1024     // bytes of a name; PostgreSQL has 63, MySQL 64 characters
	MaxColumns = 4096     // of a table; PostgreSQL has 1600, MySQL 4096
	maxNames   = 64 << 20 // bytes of all names and columns, with what it takes to hold them
	maxLineage = 64       // tables that a row is part of
)
