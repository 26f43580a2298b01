package feed

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"breachnotify/pkg/bounce/internal/source"
)

// readCSV reads a table with a header. A row is read as an object of JSON that has the
// columns as names, all of them text.
func readCSV(src *source.Source, yield func(statement, error) bool) {
	head, _ := src.Head() // it has been looked at before
	bounded := &budget{r: src}
	rows := csv.NewReader(bounded)
	rows.Comma, rows.LazyQuotes, rows.FieldsPerRecord = separatorOf(head), true, -1
	header, err := rows.Read()
	columns, known := columnsOf(header)
	if err != nil || !known {
		yield(statement{}, unknown(src.Name+": line 1", "not JSON, and no header of a CSV file of a provider"))
		return
	}
	for {
		bounded.used = 0
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			yield(statement{}, csvError(src.Name, err))
			return
		}
		line, _ := rows.FieldPos(0)
		if !readRow(fmt.Sprintf("%s: line %d", src.Name, line), columns, row, yield) {
			return
		}
	}
}

// separatorOf chooses the separator that is in the first line most.
func separatorOf(head []byte) rune {
	first, _, _ := bytes.Cut(head, []byte{'\n'})
	return slices.MaxFunc([]rune{',', ';', '\t'}, func(a, b rune) int {
		return bytes.Count(first, []byte(string(a))) - bytes.Count(first, []byte(string(b)))
	})
}

// columnsOf returns the names of the columns, and whether a provider has such a table.
// SendGrid writes its names in lower case, but not in every export; those of Postmark
// have the case of its API.
func columnsOf(header []string) ([]string, bool) {
	columns := make([]string, len(header))
	for i, name := range header {
		columns[i] = strings.TrimSpace(name)
	}
	if slices.Contains(columns, "TypeCode") || slices.Contains(columns, "RecordType") {
		return columns, slices.Contains(columns, "Email") || slices.Contains(columns, "Recipient")
	}
	for i, name := range columns {
		columns[i] = strings.ToLower(name)
	}
	return columns, slices.Contains(columns, "email") && (slices.Contains(columns, "event") || slices.Contains(columns, "created"))
}

func readRow(place string, columns, row []string, yield func(statement, error) bool) bool {
	if len(row) > len(columns) {
		return yield(statement{counted: true}, fmt.Errorf("%s: %d values, but the header has %d columns", place, len(row), len(columns)))
	}
	object := map[string]string{}
	for i, value := range row {
		object[columns[i]] = value
	}
	raw, err := json.Marshal(object, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return yield(statement{counted: true}, fmt.Errorf("%s: the values are no text", place))
	}
	return interpret(place, raw, maxDepth, yield)
}

// csvError is an error of reading a table. One of encoding/csv has its line in it, and
// no value.
func csvError(name string, err error) error {
	var bad *csv.ParseError
	switch {
	case errors.Is(err, errTooLarge):
		return fmt.Errorf("%s: one row is larger than %d bytes; what follows is not read", name, maxValue)
	case errors.As(err, &bad):
		return fmt.Errorf("%s: line %d: %w; what follows is not read", name, bad.Line, bad.Err)
	}
	return err
}
