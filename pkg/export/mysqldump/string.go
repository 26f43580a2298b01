package mysqldump

import (
	"bytes"

	"breachnotify/pkg/export/dump"
)

// str reads a string whose opening quote is the next byte.
func (p *parser) str() {
	quote := p.W.Rest()[0]
	p.W.Skip(1)
	for p.Fault() == nil {
		rest := p.W.Rest()
		if len(rest) == 0 {
			p.Fail(p.W.Cut(p.Tok.At, "the string", "its closing quote"))
			return
		}
		i := bytes.IndexByte(rest, quote)
		if i < 0 {
			i = len(rest)
		}
		if !p.mode.noBackslash {
			if k := bytes.IndexByte(rest[:i], '\\'); k >= 0 {
				i = k
			}
		}
		p.Gather(rest[:i])
		p.W.Skip(i)
		if i < len(rest) && p.closes(quote) {
			return
		}
	}
}

// closes reads a quote or an escape within a string, and reports whether it ends it.
func (p *parser) closes(quote byte) bool {
	ahead := p.W.Ahead(2)
	switch {
	case ahead[0] == '\\' && len(ahead) < 2: // the file ends
		p.W.Skip(1)
		return false
	case ahead[0] == '\\':
		p.Gather(escaped(ahead[1]))
	case len(ahead) < 2 || ahead[1] != quote:
		p.W.Skip(1)
		return true
	default:
		p.Gather(ahead[:1])
	}
	p.W.Skip(2)
	return false
}

// escaped returns what a byte behind a backslash stands for (MySQL Reference Manual,
// String Literals).
func escaped(c byte) []byte {
	switch c {
	case '0':
		c = 0
	case 'b':
		c = '\b'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'Z':
		c = 0x1A
	case '%', '_': // keep it for LIKE
		return []byte{'\\', c}
	}
	return []byte{c}
}

// nibble returns the value of a hexadecimal digit; 16 for any other byte.
func nibble(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return 16
}

// hexadecimal reads two digits a byte.
func (p *parser) hexadecimal() {
	p.Tok.Kind = dump.Octets
	for p.Fault() == nil {
		ahead := p.W.Ahead(2)
		ahead = ahead[:min(len(ahead), 2*len(p.octets))]
		size := 0
		for size < len(ahead) && nibble(ahead[size]) < 16 {
			size++
		}
		pairs := p.octets[:0]
		for i := 0; i+1 < size; i += 2 {
			pairs = append(pairs, byte(nibble(ahead[i])<<4|nibble(ahead[i+1])))
		}
		p.Gather(pairs)
		p.W.Skip(2 * len(pairs))
		switch {
		case size == 1:
			p.Fail(p.W.Errorf(p.W.Here(), "an odd number of hexadecimal digits"))
			return
		case size == 0:
			return
		}
	}
}

// binary reads zeros and ones as bytes, of which the first one may be short of digits.
func (p *parser) binary() {
	p.Tok.Kind = dump.Octets
	p.Text = p.Text[:0]
	p.While(zeroOrOne)
	if len(p.Text) > dump.MaxName {
		p.Fail(p.W.Errorf(p.Tok.At, "a string of more than %d bits", dump.MaxName))
		return
	}
	short := -len(p.Text) & 7
	var octet byte
	for i, c := range p.Text {
		octet = octet<<1 | c&1
		if (short+i)&7 == 7 {
			p.Gather([]byte{octet})
			octet = 0
		}
	}
}

// closeDigits passes over the quote that closes digits.
func (p *parser) closeDigits() {
	switch rest := p.W.Rest(); {
	case p.Fault() != nil:
	case len(rest) == 0:
		p.Fail(p.W.Cut(p.Tok.At, "the string of digits", "its closing quote"))
	case rest[0] != '\'':
		p.Fail(p.W.Errorf(p.W.Here(), "a string of digits holds something else"))
	default:
		p.W.Skip(1)
	}
}
