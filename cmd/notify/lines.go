package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// listed is a line of a list. Its JSON form is that of encoding/json.
type listed interface {
	fields() []string // for CSV, as many as the header has
	words() []string  // for a human; empty ones are left out
}

// lineWriter prints a list as it comes: for a long one nothing is kept.
type lineWriter interface {
	line(l listed) error
	end() error
}

func newLineWriter(w io.Writer, asJSON, asCSV bool, header []string) lineWriter {
	switch {
	case asJSON:
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return jsonLines{encoder}
	case asCSV:
		return &csvLines{w: csv.NewWriter(w), header: header}
	}
	return humanLines{w}
}

type jsonLines struct{ encoder *json.Encoder }

var _ lineWriter = jsonLines{}

func (j jsonLines) line(l listed) error { return j.encoder.Encode(l) }
func (j jsonLines) end() error          { return nil }

type csvLines struct {
	w      *csv.Writer
	header []string
	headed bool
}

var _ lineWriter = (*csvLines)(nil)

func (c *csvLines) line(l listed) error {
	if err := c.head(); err != nil {
		return err
	}
	fields := l.fields()
	for i, field := range fields {
		fields[i] = noFormula(noControls(field))
	}
	return c.w.Write(fields)
}

func (c *csvLines) head() error {
	if c.headed {
		return nil
	}
	c.headed = true
	return c.w.Write(c.header)
}

func (c *csvLines) end() error {
	if err := c.head(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

// writeList writes a line for each thing until the end or the first error.
func writeList[T any](write lineWriter, things iter.Seq2[T, error], line func(T) listed) error {
	for thing, err := range things {
		if err != nil {
			return err
		}
		if err := write.line(line(thing)); err != nil {
			return fmt.Errorf("write the list: %w", err)
		}
	}
	return write.end()
}

// noControls keeps what came from an export from steering the terminal that a list is looked
// at with. Line ends and tabs stay: CSV can hold them.
func noControls(field string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, field)
}

// noFormula keeps a spreadsheet from taking a field for a formula, by the apostrophe
// that spreadsheets know for that. Negative numbers are left as they are.
func noFormula(field string) string {
	if field == "" || !strings.ContainsRune("=+-@\t\r", rune(field[0])) {
		return field
	}
	if _, err := strconv.ParseFloat(field, 64); err == nil {
		return field
	}
	return "'" + field
}

type humanLines struct{ w io.Writer }

var _ lineWriter = humanLines{}

func (h humanLines) line(l listed) error {
	_, err := fmt.Fprintln(h.w, strings.Join(strings.Fields(strings.Join(l.words(), " ")), " "))
	return err
}

func (h humanLines) end() error { return nil }

// printable keeps what came from an export or a relay from steering a terminal.
func printable(s string) string {
	quoted := strconv.QuoteToGraphic(s)
	if quoted == `"`+s+`"` {
		return s
	}
	return quoted
}

// inert is printable for a sentence, in which quotes are no cause to quote all of it: what
// a terminal does not show becomes U+FFFD.
func inert(s string) string {
	return strings.Map(func(r rune) rune {
		if strconv.IsGraphic(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

// orNull returns nil for a zero value, which is null in JSON.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// optionalTime is orNull for times, in UTC.
func optionalTime(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

// text is the text of an optional value, empty for none.
func text[T any](v *T) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(*v)
}

// rfc3339 is text for times.
func rfc3339(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.Format(time.RFC3339)
}
