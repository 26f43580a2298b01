// Package jsonrows reads tables out of JSON: an array of objects, objects one after
// another (NDJSON, a line each, or simply concatenated), and an object that holds such
// arrays by name.
//
// It guarantees that each record is a row or an error that names its line and byte; that
// memory is bounded by Options.MaxRecord, however long the file is and whatever is in it;
// that nothing of a value is in an error; and that the same bytes give the same rows
// however they arrive. The syntax is that of RFC 8259 with what RFC 7493 adds: UTF-8, and
// no name twice in an object. A byte order mark at the start is no data.
//
// # Which objects are records
//
// In an array, and among several objects, each object is a record of a table without a
// name. Further arrays behind the first one go on with the same table, as pages of an API
// do that were written into one file.
//
// An object that stands alone is looked into. Each member that is an array of objects is
// a table of that name; what stands beside is passed over. Several of these objects are
// pages of the same tables. But an object with a member such as email or user_id is an
// account itself: alone and with arrays of objects in it, as in an Auth0 record with its
// identities, it could be read either way and is refused. One without arrays is a record.
//
// # Values
//
// A string comes as text, its escapes undone, and one with a NUL is an error; a truth value
// as the integer 1 or 0, as SQLite's json_extract gives it; null as nil; an object or an
// array as its JSON without white space, its escapes as they are. A number is an integer
// where it is written as one and fits 64 bits; a float64 where it has at most 15
// significant digits, which a float64 gives back; and otherwise its text.
//
// The columns of a table are the names of its records in the order in which they appear,
// so that they become more while the file is read. Letters A to Z are the same in both
// cases, as in SQL: a record that has both email and Email is an error.
//
// The package leaves it to export to store the rows, and what is in a nested value to SQL.
//
// BUG(jsonrows): In a nested value an escaped NUL stays, and comes to light where SQL takes
// the text out.
//
// BUG(jsonrows): In a file of lines, where two records share a line, those behind it are
// numbered higher than their lines. Errors of the reader itself name the right line.
package jsonrows
