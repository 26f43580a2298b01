package account

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// stripInvisible removes what copying out of a spreadsheet or a web page leaves
// behind and nobody sees: byte order marks and zero-width characters.
func stripInvisible(s string) string {
	if isASCII(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case '\uFEFF', '\u200B', '\u200C', '\u200D', '\u2060', '\u00AD':
			return -1
		}
		return r
	}, s)
}

// forbidden tells the characters that no part of an address may hold, quoted or
// not: what ends a command or a header line, what delimits addresses, what changes
// the order in which a reader sees the rest, and U+FFFD, which stands where a
// character was lost.
func forbidden(r rune) bool {
	switch r {
	case '<', '>', ',', '\u2028', '\u2029', '\uFFFD':
		return true
	}
	return unicode.IsControl(r) || r >= utf8.RuneSelf && unicode.Is(unicode.Bidi_Control, r)
}

// parseLocal returns the local part as it goes on the wire: a dot-atom where it
// is one, else a quoted string (RFC 5321 section 4.1.2; RFC 6531 section 3.3 for
// what is not ASCII).
func parseLocal(s string) (string, error) {
	content := s
	if strings.HasPrefix(s, `"`) {
		var err error
		if content, err = unquote(s); err != nil {
			return "", err
		}
	} else if !isDotAtom(s) {
		return "", invalid("the local part is not a dot-atom")
	}
	wire := content
	if !isDotAtom(content) {
		wire = quote(content)
	}
	if content == "" || len(wire) > maxLocal {
		return "", invalid("the local part is empty or longer than %d octets", maxLocal)
	}
	return wire, nil
}

func unquote(s string) (string, error) {
	if len(s) < 2 || !strings.HasSuffix(s, `"`) {
		return "", invalid("the quoted local part does not end")
	}
	var content strings.Builder
	escaped := false
	for _, r := range s[1 : len(s)-1] {
		switch {
		case escaped:
			escaped = false
			content.WriteRune(r)
		case r == '\\':
			escaped = true
		case r == '"':
			return "", invalid("a bare quote in the quoted local part")
		default:
			content.WriteRune(r)
		}
	}
	if escaped {
		return "", invalid("the quoted local part does not end")
	}
	return content.String(), nil
}

func quote(content string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(content) + `"`
}

func isDotAtom(s string) bool {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return r != '.' && !isAtext(r) }) < 0
}

// isAtext tells the characters of an atom: RFC 5322 section 3.2.3, and beyond
// ASCII whatever is seen (RFC 6532 section 3.2).
func isAtext(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return true
	case r < 0x80:
		return strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
	}
	return unicode.IsGraphic(r) && !unicode.IsSpace(r)
}
