package notice

import (
	"html"
	"strings"
)

// Characters that structure the two template sources and what they render.
// Neither templates nor data hold any of them: control characters are refused in
// the one and removed from the other.
const (
	markLine  = "\x1e" // ends a line
	markField = "\x1f" // divides the indent of a line from its content
	markBreak = "\x1d" // a line break inside of the content
	markHead  = "\x1c" // in place of an indent: a heading, with the character to underline it with
	markItem  = "\x1b" // before an indent: the content marks the item that the next line begins
	markCode  = "\x1a" // begins content that is not wrapped
)

// source is the source of one template while it is written. Its line ends are
// markLine, so that the only newlines are those that action puts in: an error of
// the template package then names the line of the Markdown file.
type source struct {
	strings.Builder
	lines int
}

// literal writes text that is no template source.
func (s *source) literal(text string) {
	text = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, text)
	s.WriteString(strings.ReplaceAll(text, "{", `{{"{"}}`))
}

// action writes a on the line where the file has it.
func (s *source) action(a action) {
	s.WriteString("{{")
	for ; s.lines < a.line-1; s.lines++ {
		s.WriteByte('\n')
	}
	s.WriteString(strings.TrimPrefix(a.src, "{{"))
}

// sources are the two templates that one file becomes, and the links that it
// mentions, also where no sample comes by.
type sources struct {
	html, text source
	mentions   []mention
}

func (s *sources) action(a action) {
	s.html.action(a)
	s.text.action(a)
}

// literal writes text for a reader to both.
func (s *sources) literal(text string) {
	s.html.literal(html.EscapeString(text))
	s.text.literal(text)
}
