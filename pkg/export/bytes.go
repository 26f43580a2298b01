package export

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"breachnotify/pkg/hint"
)

// mayBeBytes are the fields of which only matters whether they are there: a hash and an
// identity may be bytes.
var mayBeBytes = [fieldCount]bool{3: true, 4: true}

// blankBytes are what bytes that say nothing are made of. BINARY columns are filled up
// with zeros.
const blankBytes = "\x00 \t\r\n\f\v"

// sign returns a password or an SSO identity as text. Bytes are their digits behind 0x,
// or the text that they are but for the zeros around it. The \x of PostgreSQL's bytea
// stands for bytes too.
func sign(value string) string {
	if digits, ok := strings.CutPrefix(value, `\x`); ok {
		octets, err := hex.DecodeString(digits)
		if err != nil {
			return value
		}
		value = string(octets)
	} else if isUTF8(value) {
		return value
	}
	trimmed := strings.Trim(value, blankBytes)
	if isUTF8(trimmed) {
		return trimmed
	}
	return "0x" + hex.EncodeToString([]byte(value))
}

// isUTF8 reports whether a value is what a text file may hold.
func isUTF8(value string) bool {
	return utf8.ValidString(value) && strings.IndexByte(value, 0) < 0
}

// notText returns the first field that has to be text and is not; -1: there is none.
func notText(values *[fieldCount]string) int {
	for i, value := range values {
		if !mayBeBytes[i] && !isUTF8(value) {
			return i
		}
	}
	return -1
}

// textualSQL is how a kind of SQL reads a column that is not text: an id by its digits,
// and others as far as they are text. %[1]s is the column.
type textualSQL struct {
	id, other string
	quote     string // around names
}

var (
	ownSQL   = textualSQL{id: "hex(%[1]s)", other: "iif(typeof(%[1]s) = 'blob', NULL, %[1]s)", quote: `"`}
	mysqlSQL = textualSQL{id: "HEX(%[1]s)", other: "CONVERT(%[1]s USING utf8mb4)", quote: "`"}
)

// column returns the SQL that reads a field.
func (t textualSQL) column(field int, name string) string {
	form := t.other
	if field == 0 {
		form = t.id
	}
	return fmt.Sprintf(form, t.name(name)) + " AS " + fieldNames[field]
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// name returns a name as SQL takes it.
func (t textualSQL) name(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return t.quote + strings.ReplaceAll(name, t.quote, t.quote+t.quote) + t.quote
}

// query returns the query that reads the same columns, and one of them as text.
func (t textualSQL) query(field int, columns Columns, from string) string {
	var list []string
	for i, column := range columns.fields() {
		switch {
		case *column == "":
		case i == field:
			list = append(list, t.column(i, *column))
		case *column == fieldNames[i]:
			list = append(list, *column)
		default:
			list = append(list, t.name(*column)+" AS "+fieldNames[i])
		}
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM " + from
}

// textError is the error for a field that is not text.
func textError(place string, field int, column string) error {
	name := fieldNames[field]
	if column != "" && column != name {
		name += fmt.Sprintf(", which is the column %s,", list([]string{column}))
	}
	return fmt.Errorf("%s: the %s is not UTF-8 text", place, name)
}

// textError adds what helps to the error for a field of a row.
func (d *database) textError(row selectedRow, field int) error {
	place := d.place(row.line >> d.shift)
	if nth := row.line & (1<<d.shift - 1); nth > 0 && !d.unnumbered {
		place += fmt.Sprintf(", row %d of it", nth+1)
	}
	column := ""
	if d.preset.Name == "" && d.clause.key != "export.query" {
		column = *d.selects.fields()[field]
	}
	err := d.reencoded(textError(place, field, column), field)
	switch {
	case d.preset.Name != "":
		return hint.Wrap(err, "write a query in the place of the preset, with such as: SELECT %s; notify presets %s has the rest",
			ownSQL.column(field, fieldNames[field]), d.preset.Name)
	case d.clause.key == "export.query":
		return hint.Wrap(err, "read it as text in the query, with such as: SELECT %s", ownSQL.column(field, fieldNames[field]))
	case d.ofLive != nil:
		return d.ofLive.textError(place, field, d.selects)
	}
	query := ownSQL.query(field, d.selects, exportTable)
	if d.spec.Where != "" {
		query += " WHERE " + d.clause.text
	}
	return hint.Wrap(err, "read it as text, in the place of export.columns and export.where: query: %s", query)
}

// reencoded adds how text in another encoding becomes UTF-8, to an error about what is
// hardly meant to be bytes.
func (d *database) reencoded(err error, field int) error {
	if field == 0 || d.ofLive != nil {
		return err
	}
	const iconv, advice = "iconv -f WINDOWS-1252 -t UTF-8", "if it is text in Latin-1 or Windows-1252, convert the file: "
	switch in := d.inputs[0]; in.format {
	case mysqlDump:
		return hint.Wrap(err, advice+iconv+" %s > utf8.txt", in.name)
	case sqliteFile:
		return hint.Wrap(err, advice+"sqlite3 %s .dump | "+iconv+" | sqlite3 utf8.db", in.name)
	}
	return err
}

// liveQuestion is what a live database was asked for: a table, or a query of the operator.
type liveQuestion struct{ table, query string }

// textError is that of a row of a live database. PostgreSQL gives bytes as text.
func (q liveQuestion) textError(place string, field int, columns Columns) error {
	column := *columns.fields()[field]
	if q.query != "" {
		return hint.Wrap(textError(place, field, ""), "read it as text in the query, with such as: SELECT %s", mysqlSQL.column(field, column))
	}
	from := strings.Split(q.table, ".")
	for i, name := range slices.Clone(from) {
		from[i] = mysqlSQL.name(name)
	}
	return hint.Wrap(textError(place, field, column), "read it as text, in the place of export.columns and export.table: query: %s",
		mysqlSQL.query(field, columns, strings.Join(from, ".")))
}
