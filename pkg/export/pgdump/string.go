package pgdump

import (
	"bytes"
	"unicode/utf8"

	"breachnotify/pkg/export/dump"
)

// str reads a string behind its opening quote.
func (p *parser) str(escapes bool) {
	for p.Fault() == nil {
		rest := p.W.Rest()
		if len(rest) == 0 {
			p.Fail(p.W.Cut(p.Tok.At, "the string", "its closing quote"))
			return
		}
		i := bytes.IndexByte(rest, '\'')
		if i < 0 {
			i = len(rest)
		}
		if escapes {
			if k := bytes.IndexByte(rest[:i], '\\'); k >= 0 {
				i = k
			}
		}
		p.Gather(rest[:i])
		p.W.Skip(i)
		if i < len(rest) && p.closes() {
			return
		}
	}
}

// closes reads a quote or an escape within a string, and reports whether it ends it.
func (p *parser) closes() bool {
	ahead := p.W.Ahead(2)
	switch {
	case ahead[0] == '\\':
		p.escape(inSQL)
		return false
	case len(ahead) < 2 || ahead[1] != '\'':
		p.W.Skip(1)
		return true
	}
	p.Gather(ahead[:1])
	p.W.Skip(2)
	return false
}

// dialect is a language with escapes of its own.
type dialect int

const (
	inSQL  dialect = iota // knows \u and \U
	inCopy                // knows \v
)

// escape reads a backslash and what follows it.
func (p *parser) escape(d dialect) {
	ahead := p.W.Ahead(len(`\U0010FFFF`))
	if len(ahead) < 2 {
		p.Fail(p.W.Cut(p.Opening, "what", "more behind a backslash"))
		return
	}
	switch c := ahead[1]; {
	case '0' <= c && c <= '7':
		size, value := numeral(ahead[1:min(4, len(ahead))], 8)
		p.escaped(byte(value), 1+size)
	case c == 'x':
		size, value := numeral(ahead[2:min(4, len(ahead))], 16)
		if size == 0 {
			value = 'x'
		}
		p.escaped(byte(value), 2+size)
	case d == inSQL && (c == 'u' || c == 'U'):
		p.character(ahead)
	default:
		p.escaped(control(c, d), 2)
	}
}

// control returns the control character that a letter stands for behind a backslash, and
// any other byte as it is.
func control(c byte, d dialect) byte {
	switch {
	case c == 'b':
		return '\b'
	case c == 'f':
		return '\f'
	case c == 'n':
		return '\n'
	case c == 'r':
		return '\r'
	case c == 't':
		return '\t'
	case c == 'v' && d == inCopy:
		return '\v'
	}
	return c
}

// escaped adds the byte that an escape of a size stands for.
func (p *parser) escaped(c byte, size int) {
	if c == 0 {
		p.Fail(p.W.Errorf(p.W.Here(), "an escape for a NUL, which no text of PostgreSQL has"))
		return
	}
	if err := p.Into.AddByte(c); err != nil {
		p.Fail(err)
	}
	p.W.Skip(size)
}

// character reads \uXXXX or \UXXXXXXXX.
func (p *parser) character(ahead []byte) {
	want := 4
	if ahead[1] == 'U' {
		want = 8
	}
	size, value := numeral(ahead[2:min(2+want, len(ahead))], 16)
	if size < want || value == 0 || value > utf8.MaxRune || !utf8.ValidRune(rune(value)) {
		p.Fail(p.W.Errorf(p.W.Here(), `an escape that is no character, expected %d hexadecimal digits behind \%c`, want, ahead[1]))
		return
	}
	p.W.Skip(2 + want)
	p.Gather(utf8.AppendRune(nil, rune(value)))
}

// numeral returns how many of the bytes are digits of a base, and their value.
func numeral(text []byte, base int) (size, value int) {
	for _, c := range text {
		digit := base
		switch {
		case '0' <= c && c <= '9':
			digit = int(c - '0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			digit = int(c|0x20-'a') + 10
		}
		if digit >= base {
			break
		}
		size, value = size+1, value*base+digit
	}
	return size, value
}

// nibbles are the hexadecimal digits as bits.
const nibbles = "0000000100100011010001010110011110001001101010111100110111101111"

// bits reads B'…' and X'…' behind the opening quote, as zeros and ones.
func (p *parser) bits(prefix byte) {
	base := 2
	if prefix == 'x' {
		base = 16
	}
	for p.Fault() == nil {
		rest := p.W.Rest()
		if len(rest) == 0 {
			p.Fail(p.W.Cut(p.Tok.At, "the string of bits", "its closing quote"))
			return
		}
		size, value := numeral(rest[:1], base)
		switch {
		case rest[0] == '\'':
			p.W.Skip(1)
			return
		case size == 0:
			p.Fail(p.W.Errorf(p.W.Here(), "a string of bits holds what is no digit of base %d", base))
			return
		case base == 2:
			p.Gather(rest[:1])
		default:
			p.Gather([]byte(nibbles[4*value : 4*value+4]))
		}
		p.W.Skip(1)
	}
}

// dollar reads $tag$…$tag$, or else the mark $.
func (p *parser) dollar() {
	ahead := p.W.Ahead(dump.MaxName)
	ahead = ahead[:min(len(ahead), dump.MaxName)] // more may be at hand
	size := 1
	for size < len(ahead) && ahead[size] != '$' && wordBytes[ahead[size]] {
		size++
	}
	numbered := len(ahead) > 1 && '0' <= ahead[1] && ahead[1] <= '9'
	if size == len(ahead) || ahead[size] != '$' || numbered {
		p.Single()
		return
	}
	p.Tok.Kind = dump.String
	tag := bytes.Clone(ahead[:size+1])
	p.W.Skip(len(tag))
	p.until(tag)
}

// until reads a string that ends with tag.
func (p *parser) until(tag []byte) {
	for p.Fault() == nil {
		ahead := p.W.Ahead(len(tag))
		if len(ahead) < len(tag) {
			p.Fail(p.W.Cut(p.Tok.At, "the string", string(tag)))
			return
		}
		i := bytes.Index(ahead, tag)
		if i >= 0 {
			p.Gather(ahead[:i])
			p.W.Skip(i + len(tag))
			return
		}
		i = len(ahead) - len(tag) + 1 // what is left may be the beginning of the tag
		p.Gather(ahead[:i])
		p.W.Skip(i)
	}
}
