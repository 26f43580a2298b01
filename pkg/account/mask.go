package account

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// anyAddress finds what looks like an address in running text, also where its @ is
// spelled out or encoded (xtext of RFC 3461 section 4, a URL, quoted-printable). It is
// wide on purpose: to hide too much costs nothing here.
var anyAddress = regexp.MustCompile(`("(?:[^"\\]|\\.)*"|[^\s<>()\[\],;:"@]+)(@|(?i:\(at\)|\[at\])|[+%=]40)([^\s<>()\[\],;:"'@]+)`)

// MaskText hides the local part of everything in text that looks like an
// address. Replies of mail servers repeat the recipient: they pass through here
// before anybody sees them.
func MaskText(text string) string {
	if !strings.ContainsAny(text, "@([") && !strings.Contains(text, "40") {
		return text // the search is slow
	}
	return anyAddress.ReplaceAllStringFunc(text, func(found string) string {
		part := anyAddress.FindStringSubmatch(found)
		return maskLocal(part[1]) + part[2] + part[3]
	})
}

// leastLocal is the length from which a word is looked for by itself: shorter
// ones are parts of ordinary words.
const leastLocal = 3

// MaskIn hides in text everything that looks like an address, and the local part of
// a where it stands alone: some mail servers name the user and leave the domain out.
func (a Address) MaskIn(text string) string {
	return hideAlone(MaskText(text), strings.Trim(a.local, `"`), maskLocal(a.local))
}

// HideIn is MaskIn for text that people beyond the operator read: it hides the domain of
// a as well, which can be that of a person.
func (a Address) HideIn(text string) string {
	if a.IsZero() {
		return MaskText(text)
	}
	text = a.MaskIn(text)
	for _, at := range []string{"", "+40", "%40", "=40"} { // whose last digit touches the domain
		text = hideAlone(text, at+a.domain, at+"***")
	}
	return text
}

// MaskName hides in text each word of a person's name: some mail servers know it.
func MaskName(text, name string) string {
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return !wordRune(r) }) {
		text = hideAlone(text, word, "***")
	}
	return text
}

// hideAlone puts mask in the place of word where it stands alone in text.
func hideAlone(text, word, mask string) string {
	if word = strings.ToLower(word); len(word) < leastLocal {
		return text
	}
	var masked strings.Builder
	for {
		i := indexAlone(text, word)
		if i < 0 {
			masked.WriteString(text)
			return masked.String()
		}
		masked.WriteString(text[:i] + mask)
		text = text[i+len(word):]
	}
}

// indexAlone returns where word, which is in lower case, stands in text with neither
// a letter nor a digit beside it; -1: nowhere. The case of text does not matter, as
// long as it is as long in lower case.
func indexAlone(text, word string) int {
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		lower = text
	}
	for from := 0; ; {
		i := strings.Index(lower[from:], word)
		if i < 0 {
			return -1
		}
		start, end := from+i, from+i+len(word)
		before, _ := utf8.DecodeLastRuneInString(lower[:start])
		after, _ := utf8.DecodeRuneInString(lower[end:])
		if !wordRune(before) && !wordRune(after) {
			return start
		}
		from = end
	}
}

func wordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func maskLocal(local string) string {
	first, size := utf8.DecodeRuneInString(local)
	if size == len(local) || first == '"' || first == '*' { // as what is hidden already
		return "***"
	}
	return string(first) + "***"
}

// MaskWritten hides what stands where an address should and is none: all but its first
// character.
func MaskWritten(text string) string {
	if text == "" {
		return ""
	}
	return maskLocal(text)
}
