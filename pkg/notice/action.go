package notice

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// An action is one {{…}} of a template. While the Markdown is parsed a
// placeholder stands for it: its number between two private-use characters,
// which Markdown takes for letters and which no source may hold.
type action struct {
	src  string // with its braces, without trim markers
	line int    // in the file, from 1
	kind actionKind
	key  string // of the fact or link, for kindFact and kindLink
}

type actionKind int

const (
	kindValue actionKind = iota
	kindFact             // {{.Incident.key}} and nothing else
	kindLink             // {{.Links.key}} and nothing else
	kindOpen             // if, range, with
	kindElse
	kindEnd
)

func (k actionKind) control() bool { return k >= kindOpen }

const (
	placeholderBegin = '\uE000'
	placeholderEnd   = '\uE001'
)

var (
	anyPlaceholder = regexp.MustCompile(`\x{E000}([0-9]+)\x{E001}`)
	// onlyPlaceholders is a line with nothing else on it.
	onlyPlaceholders = regexp.MustCompile(`^(?:\s*\x{E000}[0-9]+\x{E001})+\s*$`)
	factAction       = regexp.MustCompile(`^\{\{\s*\$?\.Incident\.([A-Za-z0-9_]+)\s*\}\}$`)
	linkAction       = regexp.MustCompile(`^\{\{\s*\$?\.Links\.([A-Za-z0-9_]+)\s*\}\}$`)
	// factMention finds the facts that any action asks for.
	factMention = regexp.MustCompile(`\.Incident\.([A-Za-z0-9_]+)`)
)

var actionWords = map[string]actionKind{
	"if": kindOpen, "range": kindOpen, "with": kindOpen, "else": kindElse, "end": kindEnd,
}

// refusedWords are actions that would need a notice to be more than one file
// read from top to bottom.
var refusedWords = map[string]bool{"define": true, "template": true, "block": true, "break": true, "continue": true}

// mask replaces the actions of source by placeholders. first is the line of the
// file that source begins on.
func mask(source []byte, file string, first int) ([]byte, []action, error) {
	var masked bytes.Buffer
	var actions []action
	line := first
	for {
		begin := bytes.Index(source, []byte("{{"))
		if begin < 0 {
			masked.Write(source)
			return masked.Bytes(), actions, nil
		}
		masked.Write(source[:begin])
		line += bytes.Count(source[:begin], []byte("\n"))
		if size := commentSize(source[begin:]); size > 0 {
			// Its line ends stay, so that lines can be counted.
			lines := bytes.Count(source[begin:begin+size], []byte("\n"))
			masked.WriteString(strings.Repeat("\n", lines))
			line += lines
			source = source[begin+size:]
			continue
		}
		size := actionSize(source[begin:])
		if size < 0 {
			return nil, nil, at(file, line, "an action is not closed on its line")
		}
		a, err := newAction(string(source[begin:begin+size]), line)
		if err != nil {
			return nil, nil, at(file, line, "%w", err)
		}
		masked.WriteString(placeholder(len(actions)))
		actions = append(actions, a)
		source = source[begin+size:]
	}
}

func placeholder(index int) string {
	return string(placeholderBegin) + strconv.Itoa(index) + string(placeholderEnd)
}

// comment is an action that says nothing. It may span lines.
var comment = regexp.MustCompile(`^\{\{(?:- )?/\*(?s:.*?)\*/(?: -)?\}\}`)

// commentSize returns the length of the comment that s begins with, or 0.
func commentSize(s []byte) int { return len(comment.Find(s)) }

// actionSize returns the length of the action that s begins with, or -1. Braces
// inside of quotes are no end of it.
func actionSize(s []byte) int {
	quote := byte(0)
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\n':
			return -1
		case quote != 0:
			if c == '\\' && quote != '`' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '`' || c == '\'':
			quote = c
		case bytes.HasPrefix(s[i:], []byte("}}")):
			return i + 2
		}
	}
	return -1
}

// newAction reads one action. Trim markers go: white space around an action means
// nothing in Markdown, and in the text part they would eat line ends.
func newAction(src string, line int) (action, error) {
	inner := src[2 : len(src)-2]
	if rest, ok := strings.CutPrefix(inner, "- "); ok {
		inner = rest
	}
	if rest, ok := strings.CutSuffix(inner, " -"); ok {
		inner = rest
	}
	inner = strings.TrimSpace(inner)
	word := inner
	if end := strings.IndexFunc(inner, func(r rune) bool { return !unicode.IsLetter(r) }); end >= 0 {
		word = inner[:end]
	}
	if refusedWords[word] {
		return action{}, fmt.Errorf("{{%s}} has no place in a notice", word)
	}
	a := action{src: "{{" + inner + "}}", line: line, kind: actionWords[word]}
	if m := factAction.FindStringSubmatch(a.src); m != nil {
		a.kind, a.key = kindFact, m[1]
	} else if m := linkAction.FindStringSubmatch(a.src); m != nil {
		a.kind, a.key = kindLink, m[1]
	}
	return a, nil
}

// checkText refuses what neither Markdown nor a part of a message may hold.
func checkText(source []byte, file string, first int) error {
	line := first
	for _, r := range string(source) {
		switch {
		case r == '\n':
			line++
		case r == unicode.ReplacementChar:
			return at(file, line, "not UTF-8")
		case unicode.IsControl(r) && r != '\t', r == placeholderBegin, r == placeholderEnd, unicode.Is(unicode.Bidi_Control, r):
			return at(file, line, "character %U is not allowed", r)
		}
	}
	return nil
}

// A PlaceError is what is wrong at one place of a template or of a fact. It is among the
// errors of Load and Check.
type PlaceError struct {
	File string // as Set.Wordings names it, or the key of a fact
	Line int    // from 1; 0: all of it
	Err  error
}

// Error returns the place and the error on one line.
func (e *PlaceError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
}

// Unwrap returns the error without its place.
func (e *PlaceError) Unwrap() error { return e.Err }

// at returns an error that says where in a file it is.
func at(file string, line int, format string, args ...any) error {
	return &PlaceError{file, line, fmt.Errorf(format, args...)}
}
