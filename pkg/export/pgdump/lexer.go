package pgdump

import (
	"bytes"
	"unicode/utf8"

	"breachnotify/pkg/export/dump"
)

// The bytes of words, numbers and other runs.
var (
	wordBytes = dump.ByteSet(func(c byte) bool { return begins(c) || '0' <= c && c <= '9' || c == '$' })
	digit     = dump.ByteSet(func(c byte) bool { return begins(c) || '0' <= c && c <= '9' || c == '.' })
	inQuotes  = dump.ByteSet(func(c byte) bool { return c != '"' })
	inLine    = dump.ByteSet(func(c byte) bool { return c != '\n' })
)

func begins(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= utf8.RuneSelf
}

func blank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// Lex makes a token.
func (p *parser) Lex() {
	switch c := p.W.Rest()[0]; {
	case begins(c):
		p.word()
	case '0' <= c && c <= '9', c == '.' && p.digitBehind():
		p.number()
	case c == '\'':
		p.W.Skip(1)
		p.Tok.Kind = dump.String
		p.str(p.escapes)
	case c == '"':
		p.QuotedName(inQuotes)
	case c == '$':
		p.dollar()
	default:
		p.Single()
		p.bracket(c)
	}
}

// bracket counts brackets, within which a semicolon ends no statement.
func (p *parser) bracket(c byte) {
	switch {
	case c == '(':
		p.depth++
	case c == ')':
		p.depth = max(0, p.depth-1)
	case c == ';' && p.depth == 0:
		p.Tok.Kind = dump.Stop
	}
}

func (p *parser) digitBehind() bool {
	ahead := p.W.Ahead(2)
	return len(ahead) > 1 && '0' <= ahead[1] && ahead[1] <= '9'
}

// word reads a word, or a string that a letter begins.
func (p *parser) word() {
	p.Text = p.Text[:0]
	p.While(wordBytes)
	for i, c := range p.Text {
		if 'A' <= c && c <= 'Z' {
			p.Text[i] = c + 'a' - 'A'
		}
	}
	p.Tok.Kind, p.Tok.Text = dump.Word, p.Text
	if rest := p.W.Rest(); len(p.Text) == 1 && len(rest) > 0 && rest[0] == '\'' {
		p.prefixed(p.Text[0])
	}
}

// prefixed reads a string behind the letter that says what it is.
func (p *parser) prefixed(prefix byte) {
	switch prefix {
	case 'e', 'n':
		p.W.Skip(1)
		p.Tok.Kind = dump.String
		p.str(prefix == 'e' || p.escapes)
	case 'b', 'x':
		p.W.Skip(1)
		p.Tok.Kind = dump.Octets
		p.bits(prefix)
	}
}

// number reads digits, a point and an exponent.
func (p *parser) number() {
	p.Text = p.Text[:0]
	p.While(digit)
	if rest := p.W.Rest(); len(rest) > 0 && (rest[0] == '-' || rest[0] == '+') && bytes.HasSuffix(bytes.ToLower(p.Text), []byte{'e'}) {
		p.Text = append(p.Text, rest[0])
		p.W.Skip(1)
		p.While(digit)
	}
	p.Tok.Kind, p.Tok.Text = dump.Numeral, p.Text
}

// Space passes over blanks and comments.
func (p *parser) Space() {
	for rest := p.W.Rest(); len(rest) > 0 && p.Fault() == nil; rest = p.W.Rest() {
		i := 0
		for i < len(rest) && blank(rest[i]) {
			i++
		}
		p.W.Skip(i)
		if i == len(rest) {
			continue
		}
		switch ahead := p.W.Ahead(2); {
		case bytes.HasPrefix(ahead, []byte("--")):
			p.lineComment()
		case bytes.HasPrefix(ahead, []byte("/*")):
			p.comment()
		default:
			return
		}
	}
}

// restOfLine passes over the line and returns its beginning.
func (p *parser) restOfLine() []byte {
	p.Text = p.Text[:0]
	p.While(inLine)
	return p.Text
}

func (p *parser) lineComment() {
	p.W.Skip(2)
	p.remark(p.restOfLine())
}

// comment passes over a comment in which there may be others.
func (p *parser) comment() {
	at := p.W.Here()
	for depth := 0; ; {
		rest := p.W.Rest()
		i := bytes.IndexAny(rest, "/*")
		if i < 0 {
			i = len(rest)
		}
		p.W.Skip(i)
		switch ahead := p.W.Ahead(2); {
		case len(ahead) == 0:
			p.Fail(p.W.Cut(at, "the comment", "*/"))
			return
		case bytes.HasPrefix(ahead, []byte("/*")):
			depth++
			p.W.Skip(2)
		case bytes.HasPrefix(ahead, []byte("*/")):
			depth--
			p.W.Skip(2)
		default:
			p.W.Skip(1)
		}
		if depth == 0 {
			return
		}
	}
}
