package bounce

import (
	"slices"
	"strings"
)

// Bounds of a mail system's own words: lines, octets of a line, and octets of all.
const (
	maxNotice      = 2000
	maxNoticeLine  = 2 << 10
	maxNoticeWords = 256 << 10
)

// notice is what a mail system wrote in its own words, and the copy of the original
// that it put underneath.
type notice struct {
	lines []string // its own words; trailing white space is gone
	copy  []string // the copy of the original, where it stands in the text
	plain string   // lines in the form of normalise
	cut   bool     // there were more lines, and addresses in them
}

// readNotice gathers the text parts of a message, HTML where html is set. A part
// that is nothing but preamble counts only if there is nothing else.
func readNotice(m message, html bool) notice {
	for _, preamble := range []bool{false, true} {
		var n notice
		for _, p := range m.parts {
			if p.preamble == preamble && isText(p.mediaType) && isHTML(p) == html {
				n.add(p.text, html)
			}
		}
		if len(n.lines) > 0 || len(n.copy) > 0 {
			kept := keptLines(n.lines)
			n.cut = slices.ContainsFunc(n.lines[kept:], func(line string) bool { return strings.Contains(line, "@") })
			n.lines = n.lines[:kept]
			n.plain = normalise(strings.Join(n.lines, "\n"))
			return n
		}
	}
	return notice{}
}

// keptLines returns how many lines are within the bounds.
func keptLines(lines []string) int {
	size := 0
	for i, line := range lines {
		if size += len(line); i == maxNotice || size > maxNoticeWords {
			return i
		}
	}
	return len(lines)
}

// isHTML reports whether a part is HTML, by its type or, where a gateway has lost that, by
// how it begins.
func isHTML(p part) bool {
	start := strings.ToLower(strings.TrimSpace(p.text[:min(len(p.text), 200)]))
	return p.mediaType == "text/html" || strings.HasPrefix(start, "<html") || strings.HasPrefix(start, "<!doctype html")
}

func isText(mediaType string) bool {
	return strings.HasPrefix(mediaType, "text/") && mediaType != "text/rfc822-headers" && mediaType != "text/calendar" ||
		strings.HasPrefix(mediaType, "multipart/") // nested too deep to be split
}

func (n *notice) add(text string, html bool) {
	if html {
		text = htmlText(text)
	}
	lines := strings.Split(text, "\n")
	for i := range lines {
		line := strings.ReplaceAll(lines[i], "\u00a0", " ")
		if len(line) > maxNoticeLine {
			line = strings.ToValidUTF8(line[:maxNoticeLine], "")
		}
		lines[i] = strings.TrimRight(line, " \t\r")
	}
	end := copyStart(lines)
	n.lines = append(n.lines, trimBlank(lines[:end])...)
	n.lines = append(n.lines, "")
	n.copy = append(n.copy, unquoted(lines[end:])...)
}

// unquoted takes the mark of a quotation off lines of which the first has it.
func unquoted(lines []string) []string {
	if len(lines) == 0 || !strings.HasPrefix(lines[0], ">") {
		return lines
	}
	bare := make([]string, len(lines))
	for i, line := range lines {
		bare[i] = strings.TrimPrefix(strings.TrimPrefix(line, ">"), " ")
	}
	return bare
}

func trimBlank(lines []string) []string {
	for len(lines) > 0 && lines[0] == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// copyStart returns the index of the line at which the copy of the original begins:
// after a line that announces it, or at the first line of something that looks like
// a header. There is always at least one line before it that says something.
func copyStart(lines []string) int {
	said := false
	for i, line := range lines {
		if said && (announcesCopy(line) || startsHeader(lines[i:])) {
			return i
		}
		said = said || line != ""
	}
	return len(lines)
}

// announcesCopy reports whether a line is one of the phrases of the section [copy],
// apart from the dashes, equals signs and stars around it. A short phrase must be all
// of its line, unless a dash begins it.
func announcesCopy(line string) bool {
	if len(line) > 120 {
		return false
	}
	bare := strings.Trim(strings.ToLower(line), "-=*_#:.> \t<|+")
	if bare == "" || !strings.HasPrefix(line, "-") && len(bare) > 80 {
		return false
	}
	ruled := strings.HasPrefix(line, "-")
	for _, p := range phraseSections()["copy"].phrases {
		if p.begins(bare) && (ruled || len(p) > 1 || len(bare) <= len(p[0])+1 || len(p[0]) >= 20) {
			return true
		}
	}
	return false
}

// headerNames are the fields that begin the header of a mail, and never one of a
// report's own lists.
var headerNames = []string{
	"received", "return-path", "message-id", "mime-version", "dkim-signature", "delivered-to", "x-original-to",
	"content-type", "content-transfer-encoding", "x-mailer", "from", "subject", "date", "to", "reply-to",
	"domainkey-signature", "received-spf", "authentication-results", "arc-seal", "x-received", "envelope-to",
}

// startsHeader reports whether lines begin with three fields of a mail's header, not
// indented, within eight lines. They may be quoted.
func startsHeader(lines []string) bool {
	found := 0
	for i, line := range unquoted(lines[:min(len(lines), 8)]) {
		name, _, ok := cutField(line)
		folded := isFolded(line)
		known := ok && !folded && slices.Contains(headerNames, name)
		switch {
		case i == 0 && !known:
			return false
		case known:
			found++
		case !ok && !folded:
			return false
		}
		if found >= 3 {
			return true
		}
	}
	return false
}
