package mailbox

import (
	"bufio"
	"bytes"
	"io"
	"strings"

	"breachnotify/pkg/bounce/internal/source"
)

// kind is what a file is by its content.
type kind int

const (
	notMail kind = iota
	single
	mbox
)

// form is how a file is to be read.
type form struct {
	kind   kind
	oldMac bool // lines end with CR
}

// isEML reports whether a file's name says that it is one message.
func isEML(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	return strings.HasSuffix(name, ".eml")
}

// sniff tells what a file is. alone says that its place or its name promises a single
// message. Where it is no mail, why says so in words.
func sniff(src *source.Source, alone bool) (form, string, error) {
	head, err := src.Head()
	if err != nil {
		return form{}, "", err
	}
	if len(head) == 0 {
		return form{}, "empty", nil
	}
	f := form{oldMac: bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0}
	if f.oldMac {
		head = bytes.ReplaceAll(head, []byte{'\r'}, []byte{'\n'})
	}
	head = head[topOf(head):]
	wanted := 2 // a README may well begin with "Note:", and a YAML file with "date:"
	if alone {
		wanted = 1
	}
	switch {
	case bytes.HasPrefix(head, fromLine) && !alone:
		f.kind = mbox
	case knownFields(head) >= wanted:
		f.kind = single
	default:
		return form{}, "it does not begin with the header of a mail", nil
	}
	return f, "", nil
}

// topOf returns how many bytes stand before the first line that says something: a byte
// order mark and empty lines, which editors and exports leave there.
func topOf(head []byte) int {
	return len(head) - len(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), "\r\n"))
}

// known are header fields of which a message has some, in lower case: those of RFC 5322
// and MIME, and those that delivery agents and filters put on top.
var known = map[string]bool{
	"from": true, "to": true, "cc": true, "date": true, "subject": true, "sender": true, "reply-to": true,
	"message-id": true, "in-reply-to": true, "references": true, "received": true, "return-path": true,
	"mime-version": true, "content-type": true, "content-transfer-encoding": true, "auto-submitted": true,
	"precedence": true, "delivered-to": true, "x-original-to": true, "envelope-to": true, "errors-to": true,
	"apparently-to": true, "resent-from": true, "resent-to": true, "resent-date": true, "x-mailer": true,
	"x-failed-recipients": true, "x-envelope-from": true, "x-envelope-to": true, "x-apparently-to": true,
	"dkim-signature": true, "domainkey-signature": true, "authentication-results": true, "received-spf": true,
	"arc-seal": true, "x-received": true, "x-spam-status": true, "x-spam-flag": true, "list-id": true,
}

// knownFields counts the different fields of known above the first empty line.
func knownFields(head []byte) int {
	found := map[string]bool{}
	for line := range bytes.Lines(head) {
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
		name, ok := fieldName(line)
		if key := strings.ToLower(string(name)); ok && known[key] {
			found[key] = true
		}
	}
	return len(found)
}

// maxFieldName bounds the name of a header field: longer ones are no mail.
const maxFieldName = 76

// fieldName returns the name of the header field that a line begins with (RFC 5322,
// section 3.6.8; the space before the colon is of section 4.5).
func fieldName(line []byte) ([]byte, bool) {
	for i, c := range line[:min(len(line), maxFieldName+1)] {
		switch {
		case c == ':':
			name := bytes.TrimRight(line[:i], " \t")
			return name, len(name) > 0 && !bytes.ContainsAny(name, " \t")
		case c != ' ' && c != '\t' && (c < 0x21 || c > 0x7e):
			return nil, false
		}
	}
	return nil, false
}

// asLF reads CR as LF.
func asLF(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(macReader{r}, source.Window) }

type macReader struct{ r io.Reader }

func (m macReader) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	for i, c := range p[:n] {
		if c == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}
