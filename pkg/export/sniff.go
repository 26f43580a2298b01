package export

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"breachnotify/pkg/export/unpack"
	"breachnotify/pkg/hint"
)

// format is a kind of file that this package reads.
type format int

const (
	undecided format = iota
	csvFile
	tsvFile
	jsonFile
	sqliteFile
	postgresDump
	mysqlDump
)

// separated reports whether a file has a record a line, in columns.
func (f format) separated() bool { return f == csvFile || f == tsvFile }

// sniffedMost is how much of an input is looked at.
const sniffedMost = 48 << 10

// sniff finds out what the input is. It looks at no more than it takes, since a pipe
// may fall silent.
func (in *input) sniff() (format, error) {
	for size := longestMagic; ; size++ {
		_, err := in.Peek(size)
		if err != nil && !errors.Is(err, io.EOF) {
			return undecided, fmt.Errorf("read the export: %w", err)
		}
		head, failed := in.Peek(min(in.Buffered(), sniffedMost))
		if failed != nil {
			return undecided, fmt.Errorf("read the export: %w", failed)
		}
		size = len(head)
		f, failed := sniffer{in.name, head, err != nil || size == sniffedMost}.format()
		if failed != nil || f != undecided {
			return f, failed
		}
	}
}

// sniffer looks at the beginning of an input.
type sniffer struct {
	name  string
	head  []byte
	whole bool // no more is to be had
}

// format tells by the content what it is, and by the name where that leaves a choice. It
// is undecided as long as more of the content may tell.
func (s sniffer) format() (format, error) {
	if bytes.HasPrefix(s.head, []byte(sqliteMagic)) {
		return sqliteFile, nil
	}
	if err := knownBinary(s.name, s.head); err != nil {
		return undecided, err
	}
	if bytes.IndexByte(s.head[:min(looked, len(s.head))], 0) >= 0 {
		if len(s.head) < looked && !s.whole {
			return undecided, nil
		}
		if err := cmp.Or(errTar(s.name, s.head), bareUnicode(s.name, s.head)); err != nil {
			return undecided, err
		}
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(s.head, []byte(utf8Mark)), " \t\r\n")
	for _, look := range []func([]byte) (format, bool, error){s.empty, s.json, s.sql, s.named, s.columns} {
		if f, decided, err := look(text); decided {
			return f, err
		}
	}
	if err := unknownBinary(s.name, s.head); err != nil {
		return undecided, err
	}
	return undecided, hint.Wrap(fmt.Errorf("%s: an unknown kind of file", s.name),
		"exports are CSV, TSV, JSON, NDJSON and SQLite files and the dumps of pg_dump and mysqldump, also in gzip, zstd, bzip2 or xz")
}

func (s sniffer) extension() string {
	return strings.ToLower(filepath.Ext(unpack.InnerName(s.name)))
}

// inColumns reports whether the name says that the file is separated.
func (s sniffer) inColumns() bool {
	return slices.Contains([]string{".csv", ".tsv", ".tab"}, s.extension())
}

func (s sniffer) empty(text []byte) (format, bool, error) {
	switch {
	case len(text) > 0:
		return undecided, false, nil
	case s.whole:
		return undecided, true, errEmpty(s.name)
	}
	return undecided, true, nil
}

// json knows the beginning of an object and of an array. Under the name of a separated
// file it may be that of a header, if it does not go on as JSON does.
func (s sniffer) json(text []byte) (format, bool, error) {
	if text[0] != '{' && text[0] != '[' {
		return undecided, false, nil
	}
	inside := bytes.TrimLeft(text[1:], " \t\r\n")
	switch {
	case !s.inColumns():
		return jsonFile, true, nil
	case len(inside) == 0:
		return undecided, !s.whole, nil
	case text[0] == '{':
		return jsonFile, inside[0] == '"' || inside[0] == '}', nil
	}
	return jsonFile, inside[0] == '{' || inside[0] == ']', nil
}

// marks of dumps: what their programs write, and what is in no other SQL.
var marks = []struct {
	format format
	mark   *regexp.Regexp
}{
	{postgresDump, regexp.MustCompile(`(?m)^-- PostgreSQL database|^\\(restrict|connect) |^COPY [^;\n]+ FROM stdin;|^SELECT pg_catalog\.|` +
		`^SET (statement_timeout|standard_conforming_strings|client_encoding|search_path|default_table_access_method) ?=`)},
	{mysqlDump, regexp.MustCompile("(?m)^-- (MySQL|MariaDB) dump|^/\\*M?!|^(CREATE TABLE|INSERT INTO|INSERT IGNORE INTO|REPLACE INTO|" +
		"DROP TABLE IF EXISTS|LOCK TABLES|USE) `|\\bENGINE=|\\bAUTO_INCREMENT\\b")},
	{sqliteFile, regexp.MustCompile(`(?m)^PRAGMA foreign_keys ?=|^BEGIN TRANSACTION;`)},
}

// sqlStart is how SQL begins: with a comment, or with a word that another follows.
var sqlStart = regexp.MustCompile(`^(--|/\*|\\[a-z]+ |(?i:set|create|copy|insert|replace|drop|lock|use|begin|start|alter|pragma|select)[ ;])`)

// sql knows dumps by the first line that has a mark.
func (s sniffer) sql(text []byte) (format, bool, error) {
	if text[0] == '<' || !sqlStart.Match(text) && s.extension() != ".sql" {
		return undecided, false, nil
	}
	if !s.whole {
		text = text[:bytes.LastIndexByte(text, '\n')+1] // lines that are whole
	}
	first, found := len(text), undecided
	for _, m := range marks {
		if at := m.mark.FindIndex(text); at != nil && at[0] < first {
			first, found = at[0], m.format
		}
	}
	switch {
	case found == sqliteFile:
		return undecided, true, hint.Wrap(fmt.Errorf("%s: a dump of SQLite", s.name), "make a database of it: sqlite3 export.sqlite < %s", s.name)
	case found != undecided:
		return found, true, nil
	case !s.whole:
		return undecided, true, nil
	case s.inColumns():
		return undecided, false, nil
	}
	return undecided, true, hint.Wrap(fmt.Errorf("%s: SQL that neither pg_dump nor mysqldump wrote", s.name),
		"dump the table again with pg_dump or mysqldump and keep the first lines, or write it as CSV")
}

// named goes by the extension where the content is nothing but text.
func (s sniffer) named([]byte) (format, bool, error) {
	switch s.extension() {
	case ".csv":
		return csvFile, true, nil
	case ".tsv", ".tab":
		return tsvFile, true, nil
	case ".sqlite", ".sqlite3", ".db":
		return undecided, true, hint.Wrap(fmt.Errorf("%s: not a SQLite database", s.name), "an encrypted database must be decrypted first")
	}
	return undecided, false, nil
}

// columns goes by what separates the columns of the first line.
func (s sniffer) columns(text []byte) (format, bool, error) {
	line, _, ended := bytes.Cut(text, []byte("\n"))
	switch tabs := bytes.Count(line, []byte("\t")); {
	case !ended && !s.whole:
		return undecided, true, nil
	case text[0] == '<':
		return undecided, true, hint.Wrap(fmt.Errorf("%s: HTML or XML", s.name),
			"look into it: a download may have failed; a spreadsheet is to be saved as CSV")
	case bytes.HasPrefix(line, []byte("+-")):
		return undecided, true, hint.Wrap(fmt.Errorf("%s: a table that a client drew for the eye", s.name),
			"have the client write the rows with tabs, as mysql --batch does, or write a dump")
	case !isText(line):
		return undecided, false, nil
	case tabs > bytes.Count(line, []byte(",")):
		return tsvFile, true, nil
	case bytes.ContainsAny(line, ",;|"):
		return csvFile, true, nil
	case slices.Contains([]string{".json", ".ndjson", ".jsonl"}, s.extension()):
		return jsonFile, true, nil
	case columnName.Match(line): // a list of ids
		return csvFile, true, nil
	}
	return undecided, false, nil
}

// columnName is a line that can be the header of a single column.
var columnName = regexp.MustCompile(`^"?[A-Za-z_][A-Za-z0-9_]{0,62}"?\r?$`)

func isText(line []byte) bool { return utf8.Valid(line) && !bytes.ContainsFunc(line, isControl) }
