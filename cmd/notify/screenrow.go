package main

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/width"
)

// span is a piece of a row in one ink.
type span struct {
	ink  ink
	text string
}

// row is one line of a screen.
type row []span

// line returns the row as text of at most so many columns, with an ellipsis where it was
// cut.
func (r row) line(on inks, columns int) string {
	cut := r.columns() > columns
	if cut {
		columns-- // for the ellipsis
	}
	var text strings.Builder
	for _, s := range r {
		head := cutTo(s.text, columns)
		columns -= columnsOf(head)
		text.WriteString(on.paint(s.ink, head))
		if head != s.text {
			break
		}
	}
	if cut && columns >= 0 {
		text.WriteString("…")
	}
	return strings.TrimRight(text.String(), " ")
}

func (r row) columns() int {
	var n int
	for _, s := range r {
		n += columnsOf(s.text)
	}
	return n
}

// cutTo returns the beginning of a text that fits into so many columns.
func cutTo(text string, columns int) string {
	for i, c := range text {
		if columns -= columnsOfRune(c); columns < 0 {
			return text[:i]
		}
	}
	return text
}

func columnsOf(text string) int {
	var n int
	for _, c := range text {
		n += columnsOfRune(c)
	}
	return n
}

// columnsOfRune returns how many columns a terminal gives to one rune of shown text:
// two where Unicode calls it wide (UAX #11).
func columnsOfRune(c rune) int {
	switch width.LookupRune(c).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// shown makes text of a stranger safe for one row of a screen: what moves the cursor,
// joins its neighbours, turns the direction of writing round or has no width of its own
// becomes a question mark.
func shown(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == ' ' || c > ' ' && c < unicode.MaxASCII:
			return c
		case c == '\t' || c == '\n' || c == '\r':
			return ' '
		case !unicode.IsPrint(c) || c == unicode.ReplacementChar || unicode.In(c, unicode.M) || rightToLeft(c):
			return '?'
		}
		return c
	}, text)
}

func rightToLeft(c rune) bool {
	properties, _ := bidi.LookupRune(c)
	switch properties.Class() {
	case bidi.R, bidi.AL, bidi.AN:
		return true
	}
	return false
}

// indent is where the values of a screen begin.
const indent = 10

// labelled is a row that begins with a label.
func labelled(label string, spans ...span) row {
	return append(row{{faint, label + strings.Repeat(" ", max(1, indent-len(label)))}}, spans...)
}

// folded is text behind a label, on as many rows as it takes.
func folded(label string, i ink, text string, columns int) []row {
	var rows []row
	var line string
	for _, word := range strings.Fields(text) {
		if line != "" && indent+columnsOf(line)+1+columnsOf(word) > columns {
			rows, label, line = append(rows, labelled(label, span{i, line})), "", ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(rows, labelled(label, span{i, line}))
}
