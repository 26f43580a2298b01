package account

import (
	"regexp"
	"unicode/utf8"
)

// anyAddress finds what looks like an address in running text. It is wide on
// purpose: to hide too much costs nothing here.
var anyAddress = regexp.MustCompile(`("(?:[^"\\]|\\.)*"|[^\s<>()\[\],;:"'@]+)@([^\s<>()\[\],;:"'@]+)`)

// MaskText hides the local part of everything in text that looks like an
// address. Replies of mail servers repeat the recipient: they pass through here
// before anybody sees them.
func MaskText(text string) string {
	return anyAddress.ReplaceAllStringFunc(text, func(found string) string {
		part := anyAddress.FindStringSubmatch(found)
		return maskLocal(part[1]) + "@" + part[2]
	})
}

func maskLocal(local string) string {
	first, size := utf8.DecodeRuneInString(local)
	if size == len(local) || first == '"' {
		return "***"
	}
	return string(first) + "***"
}
