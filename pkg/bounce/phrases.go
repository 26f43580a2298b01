package bounce

import (
	_ "embed"
	"iter"
	"strings"
	"sync"
)

//go:embed rules/phrases.txt
var phrasesText string

// phraseSections are the lists of rules/phrases.txt by their names.
var phraseSections = sync.OnceValue(func() map[string]*phraseList {
	sections := map[string]*phraseList{}
	for section, line := range ruleLines(phrasesText) {
		if sections[section] == nil {
			sections[section] = &phraseList{}
		}
		sections[section].add(newPhrase(line))
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
	for start := range len(text) {
		if beginsWord(text, start) && p.begins(text[start:]) {
			return true
		}
	}
	return false
}

func beginsWord(text string, at int) bool {
	return at == 0 || !isWordByte(text[at-1]) || !isWordByte(text[at])
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
	_, found := phraseSections()[section].first(text)
	return found
}

// phraseList is a list of phrases that are looked for together, in one pass over a text
// however many they are: there are more than a thousand, and a text may be hostile.
type phraseList struct {
	phrases []phrase
	starts  map[string][]int // the phrases, in their order, by the octets that begin them
}

// startLength is how many octets of a phrase are looked up.
const startLength = 3

func (l *phraseList) add(p phrase) {
	if l.starts == nil {
		l.starts = map[string][]int{}
	}
	key := p[0][:min(len(p[0]), startLength)]
	l.starts[key] = append(l.starts[key], len(l.phrases))
	l.phrases = append(l.phrases, p)
}

// first returns the place in the list of the first phrase that a text in the form of
// normalise holds, wherever in the text that stands.
func (l *phraseList) first(text string) (place int, found bool) {
	place = len(l.phrases)
	for at := range len(text) {
		if !beginsWord(text, at) {
			continue
		}
		rest := text[at:]
		for length := 1; length <= min(startLength, len(rest)); length++ {
			for _, candidate := range l.starts[rest[:length]] {
				if candidate >= place {
					break
				}
				if l.phrases[candidate].begins(rest) {
					place = candidate
				}
			}
		}
	}
	return place, place < len(l.phrases)
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
