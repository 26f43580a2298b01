package dump

import "fmt"

// Kind is what a token is.
type Kind int

// The kinds.
const (
	End     Kind = iota // of the file, or of what can be read
	Stop                // ends a statement
	Word                // a keyword, or a name that is not quoted
	Name                // a name in quotes
	String              // text in quotes
	Octets              // bits and bytes, such as B'01' and 0xFF
	Numeral             // a number without a sign
	Mark                // any other byte
)

// Token is what a lexer makes of some bytes.
type Token struct {
	Kind Kind
	Text []byte // of a Word, a Name and a Numeral; valid until the next token
	Mark byte
	At   Place
}

// String says what the token is, and of a value only its kind.
func (t Token) String() string {
	switch t.Kind {
	case Stop:
		return "the end of the statement"
	case Word:
		return "a word"
	case Name:
		return "a name in quotes"
	case String, Octets:
		return "a string"
	case Numeral:
		return "a number"
	case Mark:
		return fmt.Sprintf("%q", t.Mark)
	}
	return "the end of the file"
}

// Is reports whether the token is a keyword, which is given in lower case.
func (t Token) Is(keyword string) bool {
	if t.Kind != Word || len(t.Text) != len(keyword) {
		return false
	}
	for i, c := range t.Text {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != keyword[i] {
			return false
		}
	}
	return true
}

// IsMark reports whether the token is the mark c.
func (t Token) IsMark(c byte) bool { return t.Kind == Mark && t.Mark == c }

// ByteSet returns the set of the bytes that belong.
func ByteSet(belongs func(c byte) bool) *[256]bool {
	var set [256]bool
	for c := range set {
		set[c] = belongs(byte(c))
	}
	return &set
}
