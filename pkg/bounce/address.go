package bounce

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of an address in running text, in octets, and of how many a Report holds.
const (
	maxLocal     = 128 // RFC 5321 allows 64; VERP of others writes longer ones
	maxDomain    = 255
	maxAddresses = 200
)

// span is where an address stands in a text.
type span struct{ start, end int }

// nextAddress finds the first address of a text at or after an offset, without the
// marks around it. Local parts in quotes are taken if they hold no space.
func nextAddress(s string, from int) (span, bool) {
	for floor := from; ; {
		i := strings.IndexByte(s[from:], '@')
		if i < 0 {
			return span{}, false
		}
		at := from + i
		found := span{localStart(s[floor:at]) + floor, at + 1 + domainLength(s[at+1:])}
		if found.start < at && found.end > at+1 {
			return found, true
		}
		from = at + 1
	}
}

// localStart returns where the local part begins that ends s.
func localStart(s string) int {
	floor := max(0, len(s)-maxLocal)
	if strings.HasSuffix(s, `"`) && len(s) > 1 {
		if i := strings.LastIndexByte(s[floor:len(s)-1], '"'); i >= 0 && !strings.ContainsAny(s[floor+i:], " \t\n") {
			return floor + i
		}
		return len(s)
	}
	start := len(s)
	for start > floor {
		r, size := utf8.DecodeLastRuneInString(s[:start])
		if !isLocalRune(r) {
			break
		}
		start -= size
	}
	return start + len(s[start:]) - len(strings.TrimLeft(s[start:], ".*-'"))
}

// domainLength returns the length of the domain that begins s.
func domainLength(s string) int {
	s = s[:min(len(s), maxDomain)]
	end := strings.IndexFunc(s, func(r rune) bool {
		return r != '.' && r != '-' && r != '_' && !isAddressLetter(r)
	})
	if end >= 0 {
		s = s[:end]
	}
	return len(strings.TrimRight(s, ".-_"))
}

// isLocalRune reports whether a character can stand in an unquoted local part (RFC
// 5322, section 3.2.3; RFC 6531).
func isLocalRune(r rune) bool {
	return isAddressLetter(r) || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r)
}

// isAddressLetter takes letters and digits, but none of the scripts that write
// without spaces: there nothing would tell where an address begins.
func isAddressLetter(r rune) bool {
	return r < 0x2e80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) && r != utf8.RuneError
}

// findAddresses returns the addresses of a text, each once, in order.
func findAddresses(s string, limit int) []string {
	var found []string
	seen := map[string]bool{}
	for at, ok := nextAddress(s, 0); ok && len(found) < limit; at, ok = nextAddress(s, at.end) {
		a := s[at.start:at.end]
		if key := strings.ToLower(a); !seen[key] {
			seen[key] = true
			found = append(found, a)
		}
	}
	return found
}

// hideAddresses puts an @ in the place of each address.
func hideAddresses(s string) string {
	var b strings.Builder
	end := 0
	for at, ok := nextAddress(s, 0); ok; at, ok = nextAddress(s, at.end) {
		b.WriteString(s[end:at.start])
		b.WriteByte('@')
		end = at.end
	}
	b.WriteString(s[end:])
	return b.String()
}

// firstAddress returns the first address of a text, or "".
func firstAddress(s string) string {
	at, _ := nextAddress(s, 0)
	return s[at.start:at.end]
}

// recipientAddress reads the value of Final-Recipient and its like (RFC 3464, section
// 2.3.2; RFC 6533): a type, a semicolon and an address; each of them may be missing.
func recipientAddress(value string) string {
	if kind, rest, ok := strings.Cut(value, ";"); ok && !strings.Contains(kind, "@") {
		value = rest
		if strings.EqualFold(strings.TrimSpace(kind), "utf-8") {
			value = decodeUnicode(rest)
		}
	}
	value = strings.Trim(strings.TrimSpace(value), "<>")
	if strings.HasPrefix(value, `"`) && strings.Count(value, `"@`) == 1 && len(value) <= maxLocal+maxDomain {
		return value // a quoted local part may hold anything
	}
	if strings.Count(value, "@") != 1 || strings.ContainsAny(value, " \t<>()\"',;:") {
		if a := firstAddress(value); a != "" {
			return a
		}
	}
	if strings.ContainsAny(value, " \t") || len(value) > maxLocal+maxDomain {
		return ""
	}
	return value // an address of any script, or a local name
}

// embedded is a character as the type utf-8 writes it where only ASCII may stand (RFC
// 6533, section 3).
var embedded = regexp.MustCompile(`\\x\{([0-9A-Fa-f]{2,6})\}`)

// decodeUnicode puts the characters into an address of the type utf-8 that it names by
// their numbers. What is the number of none that can be shown stays.
func decodeUnicode(s string) string {
	return embedded.ReplaceAllStringFunc(s, func(named string) string {
		number, err := strconv.ParseUint(named[len(`\x{`):len(named)-len(`}`)], 16, 32)
		if err != nil || !unicode.IsGraphic(rune(number)) {
			return named
		}
		return string(rune(number))
	})
}

// isWhole reports whether an address can be one of the Internet: its domain has a dot, and
// it is no name of a directory that Exchange has put into the form of one (IMCEAEX-_O=…).
func isWhole(a string) bool {
	local, domain, ok := strings.Cut(a, "@")
	return ok && local != "" && strings.Contains(domain, ".") && !strings.HasPrefix(strings.ToUpper(local), "IMCEA")
}

// sameAddress reports whether two addresses are the same mailbox as far as a
// stranger can tell: only letters differ in case.
func sameAddress(a, b string) bool { return strings.EqualFold(a, b) }
