package bounce

import (
	"regexp"
	"slices"
	"strings"
)

// maxDiagnostic bounds a diagnostic, in octets.
const maxDiagnostic = 1 << 10

var (
	separatorPattern = regexp.MustCompile(`^\s*[-=*_~#]{4,}`)
	// What may stand before an address that begins an entry: marks of a list, a
	// number, a type.
	bulletPattern = regexp.MustCompile(`^[\s>*•·\-+=|]*(?:[0-9]{1,3}[.:)]\s+)?["'<(]*(?i:mailto:|smtp:|rfc822;\s?)?["'<(]*$`)
	// A date behind an address, in any language: on 9/8/2026, am 08.09.2026.
	datedPattern = regexp.MustCompile(`^(?:\p{L}{1,5}\s){0,2}[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{2,4}\b`)
	// A name before it, in which case nothing may follow: Name <address>.
	namePattern = regexp.MustCompile(`^\s*[^@<>:]{1,60}[<(](?i:mailto:)?$`)
)

// entry is a line of a list of recipients.
type entry struct {
	line      int
	address   string
	rest      string // of the line
	announced bool   // the text before says that a list of failures follows
}

// findList reads lists of failed recipients: an address at the beginning of a line,
// what the mail system has to say about it after a colon, in brackets, or on the
// lines below. So write qmail, Postfix, Exim, Sendmail, Courier, OpenSMTPD, Exchange,
// Domino, Google, Yahoo, GMX, Zoho and most of the others.
func findList(n notice) []finding {
	var found []finding
	entries := listEntries(n.lines)
	for i, e := range entries {
		end := len(n.lines)
		if i+1 < len(entries) {
			end = entries[i+1].line
		}
		f := finding{diagnostic: saidAbout(e, n.lines, end)}
		f.address = addressed(e.address, f.diagnostic)
		if e.announced && isListed(e.rest) || tellsTrouble(f.diagnostic) && !isProse(e.rest) {
			found = append(found, f)
		}
	}
	return found
}

// aliasPattern finds the address to which the mail was sent before an alias changed it:
// Postfix and Sendmail write "expanded from", Exim "generated from".
var aliasPattern = regexp.MustCompile(`(?i)\((?:ultimately )?(?:expanded|generated|forwarded) from:? <?([^\s<>()]+@[^\s<>()]+)>?\)`)

// addressed returns an address, or, if that is one of the host alone (ann@mail), the one
// that it stands for by what is said about it.
func addressed(address, said string) string {
	if m := aliasPattern.FindStringSubmatch(said); m != nil && !isWhole(address) {
		return m[1]
	}
	return address
}

func listEntries(lines []string) []entry {
	var entries []entry
	reach := -1 // the last line to which an announcement, or the list that it began, reaches
	for i, line := range lines {
		if says(normalise(line), "announce") {
			reach = i + announceReach
		}
		if e, ok := parseEntry(line); ok && !isContact(lines[i+1:]) {
			e.line, e.announced = i, i <= reach
			entries = append(entries, e)
			if i <= reach {
				reach = i + announceReach
			}
		}
	}
	return entries
}

// isContact reports whether what stands below an address makes it that of somebody who
// helps.
func isContact(below []string) bool {
	return len(below) > 0 && slices.ContainsFunc(phraseSections()["contact-below"].phrases, func(p phrase) bool { return p.begins(below[0]) })
}

// parseEntry reads a line that begins with an address:
//
//	<address>: reason     "address":       * address
//	>>> address           1. address       address [reason]
//	Name <address>        Name (address)<mailto:address>
func parseEntry(line string) (entry, bool) {
	at, ok := nextAddress(line, 0)
	if !ok {
		return entry{}, false
	}
	before, rest := line[:at.start], strings.TrimSpace(strings.TrimLeft(line[at.end:], `"'>)`))
	named := len(before) < 100 && namePattern.MatchString(before) && (rest == "" || strings.HasPrefix(rest, "<")) &&
		!says(normalise(before), "contact")
	if !named && (len(before) > 40 || !bulletPattern.MatchString(before)) {
		return entry{}, false
	}
	return entry{address: line[at.start:at.end], rest: rest}, true
}

// announceReach is how many lines after its announcement a list may begin.
const announceReach = 12

// isListed reports whether what follows an address on its line is that of a list.
func isListed(rest string) bool {
	return rest == "" || strings.ContainsRune(`:;[(<-.,|>#`, rune(rest[0])) || strings.HasPrefix(rest, "on ") ||
		datedPattern.MatchString(rest) || tellsOutcome(rest)
}

// tellsOutcome reports whether a text tells of trouble or, as PowerMTA has it behind each
// address, of no more than that there was some.
func tellsOutcome(text string) bool {
	plain := normalise(text)
	return tellsTrouble(text) || says(plain, "failed") || says(plain, "delay")
}

// isProse reports whether an address only happens to begin a line of a sentence.
func isProse(rest string) bool {
	return rest != "" && rest[0] >= 'a' && rest[0] <= 'z' && !datedPattern.MatchString(rest) && !tellsOutcome(rest)
}

// tellsTrouble reports whether a text holds a code of trouble or words for it.
func tellsTrouble(text string) bool {
	return weight(text) > 0
}

// saidAbout returns what is said about an entry that reaches to end: on its line and
// right below, or else right above, as Notes has it, or else in the next paragraph.
func saidAbout(e entry, lines []string, end int) string {
	below := lines[e.line+1 : end]
	if said := diagnosticOf(e.rest, below); said != "" {
		return said
	}
	if e.line > 0 && tellsTrouble(lines[e.line-1]) {
		return clip(lines[e.line-1])
	}
	for len(below) > 0 && below[0] == "" {
		below = below[1:]
	}
	return diagnosticOf("", below)
}

// diagnosticOf returns the rest of a line and the lines below it, up to a blank line
// or a rule.
func diagnosticOf(rest string, below []string) string {
	said := []string{strings.TrimSpace(strings.TrimLeft(rest, ":;- \t"))}
	for _, line := range below {
		if line == "" || separatorPattern.MatchString(line) {
			break
		}
		said = append(said, strings.TrimSpace(line))
	}
	return clip(strings.Join(said, " "))
}

// clip puts a diagnostic on one line of at most maxDiagnostic octets, without control
// characters.
func clip(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
	if len(s) > maxDiagnostic {
		s = strings.ToValidUTF8(s[:maxDiagnostic], "")
	}
	return s
}
