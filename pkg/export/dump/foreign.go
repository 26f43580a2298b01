package dump

import (
	"bytes"
	"strings"

	"breachnotify/pkg/hint"
)

const (
	alone = "write the dump to its file alone, without the program's messages: %s … 2>errors.log"
	ended = "put a ; behind that statement, or take it out if it is a message of a program: a dump is in its file alone, with the messages elsewhere (2>errors.log)"
)

// Other passes over a statement without rows, which begins with one of words, in lower
// case, or is empty. Anything else is not of the tool: what looks like a statement up to
// the next semicolon would take rows with it.
func (p *Parser) Other(tool string, words map[string]bool) error {
	known := p.Tok.Kind == Word && len(p.Tok.Text) <= MaxName && words[strings.ToLower(string(p.Tok.Text))]
	if !known && p.Tok.Kind != Stop {
		return hint.Wrap(p.Expected("a statement of "+tool), alone, tool)
	}
	return p.Pass()
}

// opens reports whether the token is the first word of a statement with rows or tables.
// The tools indent what they continue on the next line.
func (p *Parser) opens() bool {
	switch {
	case p.Tok.Is("insert"), p.Tok.Is("replace"), p.Tok.Is("copy"), p.Tok.Is("create"):
		return true
	case p.Tok.Is("alter"): // ALTER COLUMN continues ALTER TABLE
		const behind = " table "
		ahead := p.W.Ahead(len(behind))
		return len(ahead) >= len(behind) && bytes.EqualFold(ahead[:len(behind)], []byte(behind))
	}
	return false
}

// unended returns the error for a statement that has not ended where the next one begins.
func (p *Parser) unended(next Place) error {
	err := p.W.Errorf(p.Opening, "what begins here has no ; before the statement at line %d, byte %d", next.Line, next.Offset)
	return hint.Wrap(err, ended)
}
