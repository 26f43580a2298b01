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

// binaryKind is a kind of file that is often taken for an export.
type binaryKind struct {
	magic  string // the file begins with it
	name   string
	advice string // %s is the path
}

// binaryKinds has the magic numbers that the makers of the formats document. Those that
// are letters go on to a byte that no header has.
var binaryKinds = []binaryKind{
	{"\x1F\x8B", "gzip", "unpack it first: gzip -dc %s > unpacked.csv"},
	{"\x28\xB5\x2F\xFD", "zstd", "unpack it first: zstd -dc %s > unpacked.csv"},
	{"\xFD7zXZ\x00", "xz", "unpack it first: xz -dc %s > unpacked.csv"},
	{"BZh91AY&SY", "bzip2", "unpack it first: bzip2 -dc %s > unpacked.csv"},
	{"PK\x03\x04", "zip", "unpack it first: unzip -p %s > unpacked.csv; a spreadsheet is to be saved as CSV"},
	{"7z\xBC\xAF\x27\x1C", "7z", "unpack it first: 7z x %s"},
	{"\xD0\xCF\x11\xE0", "an old spreadsheet", "open %s and save it as CSV in UTF-8"},
	{"PGDMP\x01", "a custom dump of PostgreSQL",
		`restore it into an empty database: pg_restore --no-owner -d restored %s; then write the table: psql restored -c '\copy users TO users.csv CSV HEADER'`},
	{sqliteMagic, "a SQLite database", "rename it to .sqlite: %s"},
	{"PAR1\x15", "Parquet", "write the table in %s as CSV"},
	{"\x7FELF", "a program", "check the path %s"},
	{"%PDF-", "PDF", "%s is a document: write the export as CSV"},
}

// knownBinary returns an error where head begins a file of a known kind that is not
// text, or one in UTF-16.
func knownBinary(path string, head []byte) error {
	if bytes.HasPrefix(head, []byte("\xFF\xFE")) || bytes.HasPrefix(head, []byte("\xFE\xFF")) {
		return hint.Wrap(fmt.Errorf("%s: the file is UTF-16", path), "convert it: iconv -f UTF-16 -t UTF-8 %s", path)
	}
	for _, kind := range binaryKinds {
		if bytes.HasPrefix(head, []byte(kind.magic)) {
			return hint.Wrap(fmt.Errorf("%s: a binary file: %s", path, kind.name), kind.advice, path)
		}
	}
	return nil
}

// sniffed is how much of a file that cannot be read as text is looked at.
const sniffed = 512

// unknownBinary returns an error where data, whose first record is broken, is no text at
// all or text in UTF-16, so that what is said to be wrong with the record would mislead.
func unknownBinary(path string, data []byte) error {
	data = data[:min(sniffed, len(data))]
	switch even, odd := zeroBytes(data); {
	case even+odd > len(data)/4 && even == 0:
		return bareUTF16(path, "UTF-16LE")
	case even+odd > len(data)/4 && odd == 0:
		return bareUTF16(path, "UTF-16BE")
	case even+odd > 0, !utf8.Valid(data) && bytes.ContainsFunc(data, isControl):
		return hint.Wrap(fmt.Errorf("%s: a binary file", path), "exports are .csv, .tsv, .sqlite and .db files: write it as one of them")
	}
	return nil
}

// zeroBytes counts the zeros at even and at odd places.
func zeroBytes(data []byte) (even, odd int) {
	for i, c := range data {
		switch {
		case c == 0 && i%2 == 0:
			even++
		case c == 0:
			odd++
		}
	}
	return even, odd
}

func bareUTF16(path, encoding string) error {
	return hint.Wrap(fmt.Errorf("%s: the file seems to be UTF-16 without a byte order mark", path),
		"convert it: iconv -f %s -t UTF-8 %s", encoding, path)
}

// isControl reports whether r is a control character that text files do not have.
func isControl(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\n\f\r\x1B", r) }
