package mysqldump

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"breachnotify/pkg/export/dump"
)

// The bytes of words and other runs.
var (
	wordBytes = dump.ByteSet(func(c byte) bool { return begins(c) || '0' <= c && c <= '9' })
	digit     = dump.ByteSet(func(c byte) bool { return begins(c) || '0' <= c && c <= '9' || c == '.' })
	zeroOrOne = dump.ByteSet(func(c byte) bool { return c == '0' || c == '1' })
	decimal   = dump.ByteSet(func(c byte) bool { return '0' <= c && c <= '9' })
	inLine    = dump.ByteSet(func(c byte) bool { return c != '\n' })
	inTicks   = dump.ByteSet(func(c byte) bool { return c != '`' })
	inQuotes  = dump.ByteSet(func(c byte) bool { return c != '"' })
)

func begins(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '$' || c >= utf8.RuneSelf
}

func blank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// Lex makes a token.
func (p *parser) Lex() {
	switch c := p.W.Rest()[0]; {
	case c == p.delimiter[0] && p.stops():
		p.W.Skip(len(p.delimiter))
		p.Tok.Kind = dump.Stop
	case begins(c):
		p.word()
	case '0' <= c && c <= '9', c == '.' && p.digitBehind():
		p.number()
	case c == '`':
		p.QuotedName(inTicks)
	case c == '"' && p.mode.ansiQuotes:
		p.QuotedName(inQuotes)
	case c == '\'', c == '"':
		p.Tok.Kind = dump.String
		p.str()
	default:
		p.Single()
	}
}

// stops reports whether the statement ends here.
func (p *parser) stops() bool {
	return !p.executed && bytes.HasPrefix(p.W.Ahead(len(p.delimiter)), p.delimiter)
}

func (p *parser) digitBehind() bool {
	ahead := p.W.Ahead(2)
	return len(ahead) > 1 && '0' <= ahead[1] && ahead[1] <= '9'
}

// word reads a word, or x'…' or b'…'.
func (p *parser) word() {
	p.Text = p.Text[:0]
	p.While(p.words)
	p.Tok.Kind, p.Tok.Text = dump.Word, p.Text
	if rest := p.W.Rest(); len(p.Text) != 1 || len(rest) == 0 || rest[0] != '\'' {
		return
	}
	switch p.Text[0] {
	case 'x', 'X':
		p.W.Skip(1)
		p.hexadecimal()
		p.closeDigits()
	case 'b', 'B':
		p.W.Skip(1)
		p.binary()
		p.closeDigits()
	case 'n', 'N':
		p.Tok.Kind = dump.String
		p.str()
	}
}

// number reads digits, a point and an exponent, or 0x… or 0b….
func (p *parser) number() {
	switch ahead := p.W.Ahead(3); {
	case len(ahead) > 2 && ahead[0] == '0' && ahead[1] == 'x' && nibble(ahead[2]) < 16:
		p.W.Skip(2)
		p.hexadecimal()
		return
	case len(ahead) > 2 && ahead[0] == '0' && ahead[1] == 'b' && nibble(ahead[2]) < 2:
		p.W.Skip(2)
		p.binary()
		return
	}
	p.Text = p.Text[:0]
	p.While(digit)
	if rest := p.W.Rest(); len(rest) > 0 && (rest[0] == '-' || rest[0] == '+') && p.exponent() {
		p.Text = append(p.Text, rest[0])
		p.W.Skip(1)
		p.While(digit)
	}
	p.Tok.Kind, p.Tok.Text = dump.Numeral, p.Text
}

// exponent reports whether Text is a number whose exponent is still to come.
func (p *parser) exponent() bool {
	last := p.Text[len(p.Text)-1]
	return last == 'e' || last == 'E'
}

// Space passes over blanks and comments, and goes into executable ones and out of them.
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
		if !p.comment() {
			return
		}
	}
}

// comment passes over a comment or the edge of an executable one, and reports whether
// there was one.
func (p *parser) comment() bool {
	c := p.W.Rest()[0]
	if c != '#' && c != '-' && c != '/' && c != '*' {
		return false
	}
	switch ahead := p.W.Ahead(4); {
	case c == '#':
		p.lineComment(1)
	case bytes.HasPrefix(ahead, []byte("--")) && (len(ahead) < 3 || blank(ahead[2])):
		p.lineComment(2)
	case p.executed && bytes.HasPrefix(ahead, []byte("*/")):
		p.W.Skip(2)
		p.executed = false
	case bytes.HasPrefix(ahead, []byte("/*!")):
		p.executable(3)
	case bytes.HasPrefix(ahead, []byte("/*M!")):
		p.executable(4)
	case bytes.HasPrefix(ahead, []byte("/*")):
		p.blockComment(p.W.Here())
	default:
		return false
	}
	return true
}

func (p *parser) lineComment(dashes int) {
	p.W.Skip(dashes)
	p.Text = p.Text[:0]
	p.While(inLine)
	p.remark(p.Text)
}

// noVersion is from which version on no server executes a comment.
const noVersion = 999999

// executable reads the beginning of an executable comment and the version behind it.
func (p *parser) executable(size int) {
	at := p.W.Here()
	p.W.Skip(size)
	p.Text = p.Text[:0]
	p.While(decimal)
	if version, _ := strconv.Atoi(string(p.Text)); version >= noVersion {
		p.blockComment(at)
		return
	}
	p.executed = true
}

// blockComment passes over a comment that begins at a place.
func (p *parser) blockComment(at dump.Place) {
	for p.Fault() == nil {
		rest := p.W.Rest()
		if len(rest) == 0 {
			p.Fail(p.W.Cut(at, "the comment", "*/"))
			return
		}
		i := bytes.IndexByte(rest, '*')
		if i < 0 {
			p.W.Skip(len(rest))
			continue
		}
		p.W.Skip(i)
		if bytes.HasPrefix(p.W.Ahead(2), []byte("*/")) {
			p.W.Skip(2)
			return
		}
		p.W.Skip(1)
	}
}
