package bounce

import (
	"slices"
	"strings"
)

// isSystemReport reports whether a message looks like a report of a mail system. Two
// signs must come together: its author or its empty return path, its subject, and
// trouble in its text. Where the author is none, a cause must be told as well: shops
// deliver too, and fail to.
func isSystemReport(m message, n notice) bool {
	h := m.header
	path := strings.ToLower(strings.Trim(h.get("return-path"), "<> "))
	emptyPath := h.has("return-path") && (path == "" || strings.HasPrefix(path, "mailer-daemon"))
	subject := subjectOf(m)
	titled := says(subject, "subject") && !isForwarded(subject)
	trouble := says(n.plain, "failed") || says(n.plain, "delay") || hasCode(n.plain)
	return (fromSystem(m) || emptyPath) && (titled || trouble) || titled && trouble && tellsTrouble(n.plain)
}

// fromSystem reports whether the author of a message is a mail system, or nobody.
func fromSystem(m message) bool {
	from := strings.ToLower(m.header.text("from"))
	nobody := m.header.has("from") && strings.Trim(from, "<> ") == ""
	return nobody || slices.ContainsFunc(phraseSections()["system"].phrases, func(p phrase) bool { return strings.Contains(from, p[0]) })
}

func isForwarded(subject string) bool {
	return slices.ContainsFunc([]string{"re:", "fw:", "fwd:", "aw:", "wg:", "tr:", "rv:"}, func(mark string) bool { return strings.HasPrefix(subject, mark) })
}
