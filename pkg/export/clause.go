package export

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"breachnotify/pkg/hint"
)

// clause is the operator's SQL, looked over before SQLite sees it.
type clause struct {
	key    string // export.where or export.query
	text   string // without a semicolon at its end
	first  string // its first word, in lower case
	quoted []string
	bare   []bareName
	tokens []token
}

// token is a word, a quoted name, a text in quotes or an operator.
type token struct {
	kind     tokenKind
	text     string // a word in lower case; a name without its quotes
	from, to int    // where in the clause
	outer    bool   // whether it is outside of every SELECT in the clause
}

type tokenKind int

const (
	operatorToken tokenKind = iota // also brackets, commas and dots
	wordToken                      // also numbers
	nameToken                      // in double quotes, backquotes or square brackets
	textToken
)

// bareName is a word or a quoted name, whatever it names, that has no table before it and
// is outside of every SELECT in the clause.
type bareName struct {
	at   int // where in the text
	name string
}

// readClause makes sure that text stays within the brackets that are put around it: it
// ends every string, comment and bracket that it begins, closes none but its own, and
// is one statement. It gathers the names in double quotes that it does not itself give
// to something, those that stand bare, and the tokens.
func readClause(key, text string) (clause, error) {
	r := clauseReader{text: text, end: len(text)}
	err := r.read()
	c := clause{key: key, text: text[:r.end], first: r.first, quoted: r.quoted, bare: r.bare, tokens: r.tokens}
	if err != nil {
		return c, c.fails(err)
	}
	if key == "export.query" && !isSelect(c.first) {
		return c, hint.Wrap(c.fails(errors.New("not a query")), "write one SELECT, or WITH and one SELECT")
	}
	return c, nil
}

// mentions reports whether a name stands anywhere in the clause, but for texts.
func (c clause) mentions(name string) bool {
	return slices.ContainsFunc(c.tokens, func(t token) bool {
		return (t.kind == wordToken || t.kind == nameToken) && foldASCII(t.text) == foldASCII(name)
	})
}

// fails wraps an error about the clause with its text, which the operator wrote.
func (c clause) fails(err error) error {
	return fmt.Errorf("%s: %s: %w", c.key, strings.TrimSpace(c.text), err)
}

// clauseReader splits SQL into words, names, texts and operators.
type clauseReader struct {
	text   string
	pos    int
	end    int // where the statement ends
	depth  int
	inner  int // the depth of the outermost SELECT in brackets; 0: pos is in none
	first  string
	word   string // the word before pos
	sign   byte   // the punctuation before pos; 0: something else
	quoted []string
	bare   []bareName
	tokens []token
}

func (r *clauseReader) read() error {
	for r.pos < len(r.text) {
		if err := r.token(); err != nil {
			return err
		}
	}
	if r.depth > 0 {
		return hint.Wrap(errors.New("a bracket is not closed"), "close it with ) behind what it holds; in YAML a value that holds ': ' or ' #' must be in quotes or a block (|)")
	}
	return nil
}

func (r *clauseReader) token() error {
	rest := r.text[r.pos:]
	switch c := rest[0]; {
	case strings.HasPrefix(rest, "--"):
		r.comment(rest, "\n")
		return nil
	case strings.HasPrefix(rest, "/*"):
		if !r.comment(rest[2:], "*/") {
			return hint.Wrap(errors.New("a comment is not closed"), "close it with */")
		}
		r.pos += 2
		return nil
	case strings.IndexByte(" \t\r\n\f", c) >= 0:
		r.pos++
		return nil
	case r.end < len(r.text):
		return hint.Wrap(errors.New("a second statement"), "take away the semicolon and what follows it: the SQL is one expression or one SELECT, and only reads")
	case strings.IndexByte("'\"`[", c) >= 0:
		return r.quotedName(c)
	case isWord(c):
		r.bareWord(rest)
		return nil
	case c == 0:
		return hint.Wrap(errors.New("a NUL byte"), "take it away: SQL is text")
	default:
		return r.punctuation(operatorAt(rest))
	}
}

// operatorAt returns the operator, or other punctuation, with which rest begins.
func operatorAt(rest string) string {
	for _, long := range []string{"->>", "->", "||", "<=", "<>", "<<", ">=", ">>", "==", "!="} {
		if strings.HasPrefix(rest, long) {
			return long
		}
	}
	return rest[:1]
}

// add gathers the token between pos and to and goes behind it.
func (r *clauseReader) add(kind tokenKind, text string, to int) {
	r.tokens = append(r.tokens, token{kind, text, r.pos, to, r.inner == 0})
	r.pos = to
}

// comment passes over rest up to and with its end and reports whether there is one.
func (r *clauseReader) comment(rest, end string) bool {
	inside, _, found := strings.Cut(rest, end)
	r.pos += len(inside)
	if found {
		r.pos += len(end)
	}
	return found
}

func (r *clauseReader) punctuation(operator string) error {
	switch operator[0] {
	case ';':
		r.end = r.pos
		r.pos++
		return nil // only spaces and comments may follow
	case '(':
		r.depth++
	case ')':
		r.depth--
		if r.depth < r.inner {
			r.inner = 0
		}
	}
	r.add(operatorToken, operator, r.pos+len(operator))
	r.word, r.sign = "", operator[0]
	if r.depth < 0 {
		return hint.Wrap(errors.New("a bracket is closed that was not opened"), "take the ) away, or open it before")
	}
	return nil
}

func (r *clauseReader) bareWord(rest string) {
	size := strings.IndexFunc(rest, func(c rune) bool { return c < 0x80 && !isWord(byte(c)) })
	if size < 0 {
		size = len(rest)
	}
	word := foldASCII(rest[:size])
	if r.first == "" {
		r.first = word
	}
	if r.sign == '(' && r.inner == 0 && isSelect(word) {
		r.inner = r.depth
	}
	r.name(word)
	r.word = word
	r.add(wordToken, word, r.pos+size)
}

// name gathers the word or the quoted name at pos if it is bare.
func (r *clauseReader) name(name string) {
	if r.inner == 0 && r.sign != '.' {
		r.bare = append(r.bare, bareName{r.pos, name})
	}
	r.sign = 0
}

// quotedName passes over what stands in quotes or square brackets.
func (r *clauseReader) quotedName(opening byte) error {
	closing := opening
	if opening == '[' {
		closing = ']'
	}
	var inside strings.Builder
	for i := r.pos + 1; i < len(r.text); i++ {
		c := r.text[i]
		doubled := c == closing && opening != '[' && i+1 < len(r.text) && r.text[i+1] == c
		if c == closing && !doubled {
			r.endQuoted(opening, inside.String(), i+1)
			return nil
		}
		if doubled {
			i++
		}
		inside.WriteByte(c)
	}
	return hint.Wrap(fmt.Errorf("a %c is not closed", opening),
		"close it with %[1]c; one that is part of a text in quotes is written twice: %[1]c%[1]c", closing)
}

func (r *clauseReader) endQuoted(opening byte, inside string, to int) {
	kind := textToken
	if opening == '"' && r.word != "as" {
		r.quoted = append(r.quoted, inside)
	}
	if opening != '\'' {
		r.name(inside)
		kind = nameToken
	}
	r.word, r.sign = "", 0
	r.add(kind, inside, to)
}

// isSelect reports whether a word begins a query.
func isSelect(word string) bool { return word == "select" || word == "with" || word == "values" }

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
