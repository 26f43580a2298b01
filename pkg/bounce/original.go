package bounce

import (
	"net/url"
	"strings"
)

// original is what a report tells about the message that it is about.
type original struct {
	header    fields // of the copy, where there is one
	messageID string
	noticeID  string
}

// maxID bounds a Message-ID or a notice's id, in octets.
const maxID = 250

// findOriginal looks for the original: the part that holds it or its header, the copy
// in the text, and what the report's own header and fields refer to.
func findOriginal(m message, n notice, groups []fields) original {
	o := original{header: originalHeader(m, n)}
	o.messageID = firstID(append(o.header.all("message-id"), referredIDs(m, n, groups)...))
	o.noticeID = cleanID(o.header.get("x-notice-id"))
	for _, fs := range groups {
		if o.noticeID == "" {
			o.noticeID = cleanID(decodeXtext(fs.get("original-envelope-id"))) // notify sends its notice's id as ENVID
		}
	}
	return o
}

// originalHeader returns the header of the copy of the original.
func originalHeader(m message, n notice) fields {
	for _, p := range m.parts {
		switch p.mediaType {
		case "message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers":
			if fs := leadingFields(strings.Split(p.text, "\n")); len(fs) > 0 {
				return fs
			}
		}
	}
	if len(n.copy) == 0 {
		return nil
	}
	lines := n.copy
	if announcesCopy(lines[0]) {
		lines = lines[1:]
	}
	return leadingFields(lines)
}

// leadingFields reads the header at the top of lines, blank lines before it aside.
func leadingFields(lines []string) fields {
	lines = trimBlank(lines)
	for i, line := range lines {
		if line == "" {
			return parseFields(lines[:i])
		}
	}
	return parseFields(lines)
}

// referredIDs returns the Message-IDs that a report names apart from a copy: RFC 8098
// and RFC 5965 have a field for it, the Messaging Server lists it in its text, and
// many answer in the thread of the original.
func referredIDs(m message, n notice, groups []fields) []string {
	var ids []string
	for _, p := range m.parts {
		if isReport(p.mediaType) {
			ids = append(ids, parseFields(strings.Split(p.text, "\n")).all("original-message-id")...)
		}
	}
	for _, fs := range groups {
		ids = append(ids, fs.all("original-message-id", "x-original-message-id")...)
	}
	for _, line := range n.lines {
		if name, value, ok := cutField(strings.TrimSpace(line)); ok && name == "message-id" {
			ids = append(ids, value)
		}
	}
	for _, line := range n.copy {
		if name, value, ok := cutField(line); ok && name == "message-id" {
			ids = append(ids, value)
		}
	}
	ids = append(ids, m.header.all("in-reply-to", "x-original-message-id")...)
	references := strings.Fields(m.header.get("references"))
	if len(references) > 0 {
		ids = append(ids, references[len(references)-1])
	}
	return ids
}

func firstID(values []string) string {
	for _, value := range values {
		if id := cleanID(value); id != "" {
			return id
		}
	}
	return ""
}

// cleanID returns an id without angle brackets and what surrounds them; "" for one
// that is too long or holds white space.
func cleanID(value string) string {
	if _, after, ok := strings.Cut(value, "<"); ok {
		value, _, _ = strings.Cut(after, ">")
	}
	value = strings.TrimSpace(value)
	if len(value) > maxID || strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return ""
	}
	return value
}

// decodeXtext undoes the encoding of ENVID (RFC 3461, section 4): +2B for a plus.
func decodeXtext(s string) string {
	decoded, err := url.PathUnescape(strings.ReplaceAll(strings.ReplaceAll(s, "%", "%25"), "+", "%"))
	if err != nil {
		return s
	}
	return decoded
}

// toWhom are the fields that say to whom a message went, the surest first.
var toWhom = []string{"to", "cc", "bcc", "x-original-to", "delivered-to", "envelope-to"}

// recipients returns to whom the original went, by its own header: the fields that say so,
// or else the servers that took it for somebody (RFC 5321, section 4.4).
func (o original) recipients() []string {
	for _, name := range toWhom {
		if found := findAddresses(strings.Join(o.header.all(name), ", "), enoughRecipients); len(found) > 0 {
			return found
		}
	}
	for _, received := range o.header.all("received") {
		if recipient := takenFor(received); recipient != "" {
			return []string{recipient}
		}
	}
	return nil
}

// takenFor returns the address behind "for" in a field Received.
func takenFor(received string) string {
	_, rest, ok := strings.Cut(received, " for ")
	if !ok {
		return ""
	}
	word, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	return firstAddress(word)
}
