package export

import (
	"errors"
	"fmt"
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
}

// bareName is a word or a quoted name, whatever it names, that has no table before it and
// is outside of every SELECT in the clause.
type bareName struct {
	at   int // where in the text
	name string
}

// readClause makes sure that text stays within the brackets that are put around it: it
// ends every string, comment and bracket that it begins, closes none but its own, and
// is one statement. It gathers the names in double quotes that it does not itself give
// to something, and those that stand bare.
func readClause(key, text string) (clause, error) {
	r := clauseReader{text: text, end: len(text)}
	err := r.read()
	c := clause{key: key, text: text[:r.end], first: r.first, quoted: r.quoted, bare: r.bare}
	if err != nil {
		return c, c.fails(err)
	}
	if key == "export.query" && !isSelect(c.first) {
		return c, hint.Wrap(c.fails(errors.New("not a query")), "write one SELECT, or WITH and one SELECT")
	}
	return c, nil
}

// fails wraps an error about the clause with its text, which the operator wrote.
func (c clause) fails(err error) error {
	return fmt.Errorf("%s: %s: %w", c.key, strings.TrimSpace(c.text), err)
}

// clauseReader splits SQL as far as brackets, quotes, comments and words.
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
}

func (r *clauseReader) read() error {
	for r.pos < len(r.text) {
		if err := r.token(); err != nil {
			return err
		}
	}
	if r.depth > 0 {
		return errors.New("a bracket is not closed")
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
			return errors.New("a comment is not closed")
		}
		r.pos += 2
		return nil
	case strings.IndexByte(" \t\r\n\f", c) >= 0:
		r.pos++
		return nil
	case r.end < len(r.text):
		return errors.New("a second statement")
	case strings.IndexByte("'\"`[", c) >= 0:
		return r.quotedName(c)
	case isWord(c):
		r.bareWord(rest)
		return nil
	case c == 0:
		return errors.New("a NUL byte")
	default:
		return r.punctuation(c)
	}
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

func (r *clauseReader) punctuation(c byte) error {
	switch c {
	case ';':
		r.end = r.pos
	case '(':
		r.depth++
	case ')':
		r.depth--
		if r.depth < r.inner {
			r.inner = 0
		}
	}
	r.pos++
	r.word, r.sign = "", c
	if r.depth < 0 {
		return errors.New("a bracket is closed that was not opened")
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
	r.pos += size
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
			r.endQuoted(opening, inside.String())
			r.pos = i + 1
			return nil
		}
		if doubled {
			i++
		}
		inside.WriteByte(c)
	}
	return fmt.Errorf("a %c is not closed", opening)
}

func (r *clauseReader) endQuoted(opening byte, inside string) {
	if opening == '"' && r.word != "as" {
		r.quoted = append(r.quoted, inside)
	}
	if opening != '\'' {
		r.name(inside)
	}
	r.word, r.sign = "", 0
}

// isSelect reports whether a word begins a query.
func isSelect(word string) bool { return word == "select" || word == "with" || word == "values" }

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
