package export

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"breachnotify/pkg/hint"
)

// utf8Mark is the byte order mark that some programs put before UTF-8.
const utf8Mark = "\xEF\xBB\xBF"

// longestMagic is how much of a file it takes to know its kind.
const longestMagic = len(sqliteMagic)

// sqliteMagic begins every SQLite database (SQLite's file format, section 1.3).
const sqliteMagic = "SQLite format 3\x00"

// binaryKind is a kind of file that is often taken for an export.
type binaryKind struct {
	magic  string // the file begins with it
	name   string
	advice string // %s is the path
}

// binaryKinds has the magic numbers that the makers of the formats document. Those that
// are letters go on to a byte that no header has.
var binaryKinds = []binaryKind{
	{"PK\x03\x04", "zip", "unpack it first: unzip -p %s > unpacked.csv; a spreadsheet is to be saved as CSV"},
	{"Rar!\x1A\x07", "rar", "unpack it first: unrar x %s"},
	{"7z\xBC\xAF\x27\x1C", "7z", "unpack it first: 7z x %s"},
	{"\xD0\xCF\x11\xE0", "an old spreadsheet", "open %s and save it as CSV in UTF-8"},
	{"PAR1\x15", "Parquet", "write the table in %s as CSV"},
	{"\x7FELF", "a program", "check the path %s"},
	{"%PDF-", "PDF", "%s is a document: write the export as CSV"},
}

// ustarMagic is in the header of the first member of a tar archive (POSIX pax, ustar
// Interchange Format).
const (
	ustarMagic = "ustar"
	ustarAt    = 257
)

// errTar returns an error where head begins a tar archive.
func errTar(path string, head []byte) error {
	if len(head) < ustarAt || !bytes.HasPrefix(head[ustarAt:], []byte(ustarMagic)) {
		return nil
	}
	return hint.Wrap(fmt.Errorf("%s: a tar archive", path), "unpack it first: tar -xvf %s; then name the file that holds the accounts", path)
}

// What the archives of pg_dump begin with: the custom format, and the first member of
// the tar format.
const (
	customMagic = "PGDMP\x01"
	tarMagic    = "toc.dat\x00"
)

// restoreFirst is the error for an archive of pg_dump.
func restoreFirst(form, path string) error {
	return hint.Wrap(fmt.Errorf("%s: %s that pg_dump wrote, which only pg_restore reads", path, form),
		"write it as SQL, which notify reads: pg_restore --no-owner -f dump.sql %s; add -t and the names of tables if it is large", path)
}

// unicodeMarks are the byte order marks of the encodings that are not UTF-8, the longer
// ones first.
var unicodeMarks = []struct{ mark, encoding string }{
	{"\xFF\xFE\x00\x00", "UTF-32"},
	{"\x00\x00\xFE\xFF", "UTF-32"},
	{"\xFF\xFE", "UTF-16"},
	{"\xFE\xFF", "UTF-16"},
}

// knownBinary returns an error where head begins a file of a known kind that is neither
// text nor a SQLite database, or one in UTF-16 or UTF-32.
func knownBinary(path string, head []byte) error {
	for _, u := range unicodeMarks {
		if bytes.HasPrefix(head, []byte(u.mark)) {
			return hint.Wrap(fmt.Errorf("%s: the file is %s", path, u.encoding), "convert it: iconv -f %s -t UTF-8 %s > utf8.txt", u.encoding, path)
		}
	}
	for _, kind := range binaryKinds {
		if bytes.HasPrefix(head, []byte(kind.magic)) {
			return hint.Wrap(fmt.Errorf("%s: a binary file: %s", path, kind.name), kind.advice, path)
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte(customMagic)):
		return restoreFirst("a custom archive", path)
	case bytes.HasPrefix(head, []byte(tarMagic)):
		return restoreFirst("a tar archive", path)
	}
	return nil
}

// looked is how much of a file that cannot be read as text is looked at.
const looked = 512

// unknownBinary returns an error where data, whose first record is broken, is no text at
// all or text in UTF-16 or UTF-32, so that what is said to be wrong with the record would
// mislead.
func unknownBinary(path string, data []byte) error {
	if err := bareUnicode(path, data); err != nil {
		return err
	}
	data = data[:min(looked, len(data))]
	if bytes.IndexByte(data, 0) >= 0 || !utf8.Valid(data) && bytes.ContainsFunc(data, isControl) {
		return hint.Wrap(fmt.Errorf("%s: a binary file", path), "exports are CSV, TSV, JSON and SQLite files and SQL dumps: write it as one of them")
	}
	return nil
}

// bareUnicode returns an error where data seems to be UTF-16 or UTF-32 without a byte
// order mark: the zeros that letters of ASCII have there are all in the same places.
func bareUnicode(path string, data []byte) error {
	data = data[:min(looked, len(data))]
	var zeros [4]int // by their places modulo 4
	all := 0
	for i, c := range data {
		if c == 0 {
			zeros[i%4]++
			all++
		}
	}
	encoding := ""
	switch {
	case all > len(data)*5/8 && zeros[0] == 0:
		encoding = "UTF-32LE"
	case all > len(data)*5/8 && zeros[3] == 0:
		encoding = "UTF-32BE"
	case all > len(data)/4 && zeros[0]+zeros[2] == 0:
		encoding = "UTF-16LE"
	case all > len(data)/4 && zeros[1]+zeros[3] == 0:
		encoding = "UTF-16BE"
	default:
		return nil
	}
	return hint.Wrap(fmt.Errorf("%s: the file seems to be %s without a byte order mark", path, encoding[:6]),
		"convert it: iconv -f %s -t UTF-8 %s > utf8.txt", encoding, path)
}

// isControl reports whether r is a control character that text files do not have.
func isControl(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\n\f\r\x1B", r) }
