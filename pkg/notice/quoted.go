package notice

import (
	"bytes"
	"mime/quotedprintable"
)

// quotedLine is how many octets of a line may be taken before its end or a soft line
// break (RFC 2045 section 6.7, rule 5).
const quotedLine = 75

// standsForItself marks the octets that quoted-printable leaves as they are.
var standsForItself = func() (itself [256]bool) {
	for c := '!'; c <= '~'; c++ {
		itself[c] = c != '='
	}
	itself[' '], itself['\t'] = true, true
	return itself
}()

// appendQuoted appends text in quoted-printable, octet for octet as the Writer of
// mime/quotedprintable does, at a tenth of its price: what stands for itself is copied
// a line at a time.
func appendQuoted(b, text []byte) []byte {
	if bytes.IndexByte(text, '\r') >= 0 {
		return appendQuotedSlowly(b, text)
	}
	for {
		line, rest, more := bytes.Cut(text, []byte("\n"))
		b = appendQuotedLine(b, line)
		if !more {
			return b
		}
		b = append(b, "\r\n"...)
		text = rest
	}
}

// appendQuotedLine appends a line without its end.
func appendQuotedLine(b, line []byte) []byte {
	start := len(b) // of the line under way
	for len(line) > 0 {
		room := quotedLine - (len(b) - start)
		plain := 0
		for plain < len(line) && plain < room && standsForItself[line[plain]] {
			plain++
		}
		b = append(b, line[:plain]...)
		line = line[plain:]
		switch {
		case len(line) == 0:
		case plain == room && standsForItself[line[0]]:
			b = append(b, "=\r\n"...)
			start = len(b)
		case !standsForItself[line[0]]:
			b, start = appendEscaped(b, start, line[0])
			line = line[1:]
		}
	}
	if last := len(b) - 1; last >= start && (b[last] == ' ' || b[last] == '\t') {
		b, _ = appendEscaped(b[:last], start, b[last])
	}
	return b
}

// appendEscaped appends c as its number to a line that begins at start, or to a new one
// where it has no room.
func appendEscaped(b []byte, start int, c byte) (grown []byte, at int) {
	const digits = "0123456789ABCDEF"
	if quotedLine-(len(b)-start) < 3 {
		b = append(b, "=\r\n"...)
		start = len(b)
	}
	return append(b, '=', digits[c>>4], digits[c&0xf]), start
}

// appendQuotedSlowly is for texts with a carriage return, which only a template that
// writes one out can give.
func appendQuotedSlowly(b, text []byte) []byte {
	out := bytes.NewBuffer(b)
	w := quotedprintable.NewWriter(out)
	_, _ = w.Write(text) // a Buffer takes everything
	_ = w.Close()
	return out.Bytes()
}
