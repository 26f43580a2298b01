package notice

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// columns is the width of the text part, which leaves room for being quoted twice
// in the usual 78.
const columns = 72

// layOut turns what a text template rendered into the text part, in b: it wraps the
// lines, marks the items of lists, underlines the headings and leaves one blank
// line where there are several.
func layOut(b *bytes.Buffer, rendered string) {
	w := textWriter{Buffer: b}
	for line := range strings.SplitSeq(rendered, markLine) {
		w.line(line)
	}
}

// textWriter writes the text part line by line.
type textWriter struct {
	*bytes.Buffer
	blank bool // a blank line is due
	marks []itemMark
}

// itemMark is the mark of an item that has no line yet.
type itemMark struct {
	column int // octets of the indent before it
	mark   string
}

func (w *textWriter) line(line string) {
	indent, content, fields := strings.Cut(line, markField)
	if item, ok := strings.CutPrefix(indent, markItem); ok {
		w.marks = append(w.marks, itemMark{len(item), content})
		return
	}
	if !fields {
		w.blank = w.Len() > 0
		return
	}
	if w.blank {
		w.WriteByte('\n')
		w.blank = false
	}
	if underline, ok := strings.CutPrefix(indent, markHead); ok {
		w.heading(content, underline)
		return
	}
	first := w.marked(indent)
	if code, ok := strings.CutPrefix(content, markCode); ok {
		w.WriteString(strings.TrimRight(first+"    "+code, " ") + "\n")
		return
	}
	for piece := range strings.SplitSeq(content, markBreak) {
		wrap(w.Buffer, first, indent, piece)
		first = indent
	}
}

// marked returns indent with the marks of the items that begin here, the outer
// ones first. The indent of an item is as wide as that of its list and its mark.
func (w *textWriter) marked(indent string) string {
	for _, m := range w.marks {
		from := min(len(indent), m.column)
		indent = indent[:from] + m.mark + indent[min(len(indent), from+len(m.mark)):]
	}
	w.marks = w.marks[:0]
	return indent
}

func (w *textWriter) heading(words, underline string) {
	words = strings.ReplaceAll(words, markBreak, " ")
	w.WriteString(words + "\n")
	if underline != "" {
		w.WriteString(strings.Repeat(underline, utf8.RuneCountInString(words)) + "\n")
	}
}

// wrap writes content as lines that begin with first and further. It breaks at
// spaces only, so that a long URL stays whole, and never at a no-break space.
func wrap(b *bytes.Buffer, first, further, content string) {
	b.WriteString(first)
	width, empty := utf8.RuneCountInString(first), true
	for content = strings.TrimLeft(content, " "); content != ""; content = strings.TrimLeft(content, " ") {
		word := content
		if end := strings.IndexByte(content, ' '); end >= 0 {
			word = content[:end]
		}
		size := utf8.RuneCountInString(word)
		switch {
		case empty:
		case width+1+size > columns:
			b.WriteByte('\n')
			b.WriteString(further)
			width = utf8.RuneCountInString(further)
		default:
			b.WriteByte(' ')
			width++
		}
		b.WriteString(word)
		width, empty = width+size, false
		content = content[len(word):]
	}
	b.WriteByte('\n')
}
