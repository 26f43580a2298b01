package bounce

import (
	_ "embed"
	"iter"
	"slices"
	"strings"
	"sync"
)

//go:embed rules/phrases.txt
var phrasesText string

// phraseSections are the lists of rules/phrases.txt by their names.
var phraseSections = sync.OnceValue(func() map[string][]phrase {
	sections := map[string][]phrase{}
	for section, line := range ruleLines(phrasesText) {
		sections[section] = append(sections[section], newPhrase(line))
	}
	return sections
})

// ruleLines returns the lines of a file of rules, each with the section it stands in.
// Comments and empty lines are left out.
func ruleLines(text string) iter.Seq2[string, string] {
	return func(yield func(section, line string) bool) {
		section := ""
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			switch {
			case line == "" || strings.HasPrefix(line, "#"):
			case strings.HasPrefix(line, "["):
				section = strings.Trim(line, "[]")
			case !yield(section, line):
				return
			}
		}
	}
}

// phrase is a line of a file of rules: the pieces between its stars.
type phrase []string

func newPhrase(line string) phrase { return strings.Split(line, "*") }

// maxGap is how many octets a star of a phrase stands for.
const maxGap = 80

// in reports whether a text in the form of normalise holds the phrase, at the
// beginning of a word.
func (p phrase) in(text string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], p[0])
		if i < 0 {
			return false
		}
		start := from + i
		from = start + len(p[0])
		if start > 0 && isWordByte(text[start-1]) && isWordByte(text[start]) {
			continue
		}
		if p.goesOn(text[from:]) {
			return true
		}
	}
}

// begins reports whether a text begins with the phrase.
func (p phrase) begins(text string) bool {
	rest, ok := strings.CutPrefix(text, p[0])
	return ok && p.goesOn(rest)
}

// goesOn reports whether the pieces after the first follow, each within its gap.
func (p phrase) goesOn(text string) bool {
	for _, piece := range p[1:] {
		i := strings.Index(text[:min(len(text), maxGap+len(piece))], piece)
		if i < 0 {
			return false
		}
		text = text[i+len(piece):]
	}
	return true
}

// says reports whether a text, in the form of normalise, holds a phrase of a section.
func says(text, section string) bool {
	return slices.ContainsFunc(phraseSections()[section], func(p phrase) bool { return p.in(text) })
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
