package dump

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"breachnotify/pkg/export/rows"
)

// Shape is what the values of a column are.
type Shape int

// The shapes.
const (
	Text    Shape = iota
	Integer       // int64, and the text of what does not fit
	Number        // int64 or float64 where neither loses a digit, or else the text
	Bytes         // string where it is text without a NUL, or else []byte
	Bits          // a number of bits; int64, and the bytes of what does not fit
)

// Kind returns what the column is to those who read the rows.
func (s Shape) Kind() rows.Kind {
	switch s {
	case Integer, Bits:
		return rows.Integer
	case Number:
		return rows.Number
	}
	return rows.Text
}

// value returns what a value of the shape is, and whether it is right: text is UTF-8.
func (s Shape) value(text string, form Form) (any, bool) {
	switch {
	case form == Null:
		return nil, true
	case form != Digits && s == Bits, form == Binary && (s == Integer || s == Number):
		return bits(text), true
	case s == Bytes, form == Binary:
		if utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
			return text, true
		}
		return []byte(text), true
	case s == Integer, s == Bits:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n, true
		}
	case s == Number:
		if n, ok := number(text); ok {
			return n, true
		}
	}
	return text, utf8.ValidString(text)
}

// bits returns the number that the bytes are, the highest first.
func bits(text string) any {
	trimmed := strings.TrimLeft(text, "\x00")
	if len(trimmed) > 8 || len(trimmed) == 8 && trimmed[0] > 0x7F {
		return []byte(text)
	}
	var n int64
	for i := range len(trimmed) {
		n = n<<8 | int64(trimmed[i])
	}
	return n
}

// safeDigits is how many digits a float64 always keeps, and is a bound where one of the
// bytes may be a point.
const safeDigits = 15

// number returns text as int64, or as the float64 that has the same digits.
func number(text string) (any, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && !strings.HasPrefix(text, "-0") {
		return n, true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, false
	}
	if len(text) <= safeDigits && !strings.ContainsAny(text, "eE") {
		return f, true
	}
	var written [32]byte
	return f, digits(strconv.AppendFloat(written[:0], f, 'e', -1, 64)) == digits([]byte(text))
}

// digits returns the significant digits of a decimal number. Where they are the same, so
// are the exponents of two numbers that are next to each other.
func digits(decimal []byte) string {
	if i := bytes.IndexAny(decimal, "eE"); i >= 0 {
		decimal = decimal[:i]
	}
	kept := make([]byte, 0, 40)
	for _, c := range decimal {
		if '0' <= c && c <= '9' {
			kept = append(kept, c)
		}
	}
	return string(bytes.TrimRight(bytes.TrimLeft(kept, "0"), "0"))
}
