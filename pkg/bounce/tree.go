package bounce

import (
	"errors"
	"io"
	"strings"
)

// Bounds of what is kept of one message, in octets and pieces. A message may be of
// any size; it is read to its end, and no more than this of it is held.
const (
	maxHeader = 128 << 10 // of the header of one part
	maxPart   = 256 << 10 // of the body of one part
	maxReport = 2 << 20   // of the body of a report: ten thousand recipients
	maxKept   = 4 << 20   // of everything together; reports may take as much again
	maxParts  = 256       // leaves; later ones are passed over, unless they are a report
	maxDepth  = 32        // multiparts within multiparts; deeper ones are taken as text
)

// part is one leaf of the MIME tree.
type part struct {
	header    fields
	mediaType string
	params    map[string]string
	preamble  bool   // the text before the first boundary, which MIME says to ignore
	text      string // the body, decoded to UTF-8, lines ended by LF
}

// message is what is kept of a message: its header and the leaves of its tree.
type message struct {
	header fields
	parts  []part
	cut    bool // of a header or of a report there was more than is kept
}

// treeReader splits a message into the leaves of its MIME tree, line by line. A
// message within the message (message/rfc822) is a leaf: it is the original, and
// what it holds must not be taken for the report. The reader goes on where a strict
// one stops: a boundary that is not declared, never closed or closed by that of an
// outer part, a header without its blank line.
type treeReader struct {
	lines      *lineReader
	boundaries []string // of the open multiparts, the outermost first; "" where not declared
	message    message
	body       strings.Builder
	kept       int // octets kept so far, of headers and bodies
}

// readTree reads a message to its end. The error is that of r alone.
func readTree(r io.Reader) (message, error) {
	t := &treeReader{lines: newLineReader(r)}
	current, first, err := t.readHeader()
	t.message.header = current.header
	for err == nil {
		current, first, err = t.readBody(current, first)
	}
	if !errors.Is(err, io.EOF) {
		return message{}, err
	}
	return t.message, nil
}

// readHeader reads the header of a part and enters it. If the header ends without a
// blank line, the line that is no field is returned as the first of the body.
func (t *treeReader) readHeader() (p part, first string, err error) {
	var lines []string
	size := 0
	for {
		line, err := t.lines.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return part{}, "", err
		}
		if err != nil || strings.TrimSpace(line) == "" || !inHeader(line, len(lines)) {
			p.header = parseFields(lines)
			p.mediaType, p.params = parseMediaType(p.header.get("content-type"))
			if p.mediaType == "" {
				p.mediaType = "text/plain" // RFC 2045, section 5.2
			}
			return p, line, nil
		}
		if size += len(line); size <= maxHeader && t.kept < 2*maxKept {
			t.kept += len(line)
			lines = append(lines, line)
		} else {
			t.message.cut = true
		}
	}
}

// inHeader reports whether a line can belong to a header: a field, a continuation,
// or the "From " line of an mbox at its top.
func inHeader(line string, index int) bool {
	if isFolded(line) {
		return true
	}
	if strings.HasPrefix(strings.TrimPrefix(line, ">"), "From ") && index == 0 {
		return true
	}
	_, _, ok := cutField(line)
	return ok && !strings.HasPrefix(line, "--")
}

// readBody reads the body of p, keeps p if it is a leaf, and returns the next part
// after the boundary that ends it; io.EOF at the end of the message.
func (t *treeReader) readBody(p part, first string) (next part, nextFirst string, err error) {
	t.enter(&p)
	room := t.roomFor(p)
	t.body.Reset()
	for line, pending := first, first != ""; ; pending = false {
		if !pending {
			if line, err = t.lines.next(); err != nil {
				t.keep(p)
				return part{}, "", err
			}
		}
		if opens, closes := t.boundary(line); opens || closes {
			t.keep(p)
			if closes { // what follows is an epilogue, up to the boundary of an outer part
				return part{mediaType: "application/epilogue"}, "", nil
			}
			return t.readHeader()
		}
		if t.body.Len()+len(line) < room {
			t.body.WriteString(line)
			t.body.WriteByte('\n')
		} else if isReport(p.mediaType) {
			t.message.cut = true
		}
	}
}

// enter opens a multipart: its own lines, up to the first boundary, are a preamble.
func (t *treeReader) enter(p *part) {
	if !strings.HasPrefix(p.mediaType, "multipart/") || len(t.boundaries) >= maxDepth {
		return
	}
	t.boundaries = append(t.boundaries, strings.TrimRight(p.params["boundary"], " \t"))
	p.mediaType, p.preamble = "text/plain", true
}

// boundary reports whether a line is a boundary (RFC 2046, section 5.1.1) of any
// open multipart, and leaves those within it.
func (t *treeReader) boundary(line string) (opens, closes bool) {
	mark, ok := strings.CutPrefix(strings.TrimRight(line, " \t"), "--")
	if !ok || len(t.boundaries) == 0 {
		return false, false
	}
	innermost := len(t.boundaries) - 1
	if t.boundaries[innermost] == "" && mark != "" && !strings.ContainsAny(mark, " \t") {
		t.boundaries[innermost] = mark // not declared: the first that looks like one
	}
	for i := innermost; i >= 0; i-- {
		switch b := t.boundaries[i]; {
		case b == "":
		case mark == b:
			t.boundaries = t.boundaries[:i+1]
			return true, false
		case mark == b+"--":
			t.boundaries = t.boundaries[:i]
			return false, true
		}
	}
	return false, false
}

// roomFor returns how many octets of the body of p are worth keeping.
func (t *treeReader) roomFor(p part) int {
	switch {
	case isReport(p.mediaType): // there is always room for what we came for
		return maxReport
	case len(t.message.parts) >= maxParts:
		return 0
	case strings.HasPrefix(p.mediaType, "text/"), strings.HasPrefix(p.mediaType, "message/"),
		strings.HasPrefix(p.mediaType, "multipart/"):
		return min(maxPart, max(0, maxKept-t.kept))
	}
	return 0
}

// keep adds p with the body that was read. Of the parts beyond maxParts only so many
// reports again are kept.
func (t *treeReader) keep(p part) {
	if t.body.Len() == 0 || len(t.message.parts) >= 2*maxParts || t.kept >= 2*maxKept {
		t.message.cut = t.message.cut || t.body.Len() > 0 && isReport(p.mediaType)
		return
	}
	t.kept += t.body.Len()
	p.text = decodeBody(p, t.body.String())
	t.message.parts = append(t.message.parts, p)
}

// isReport reports whether a part is the machine-readable one of a report.
func isReport(mediaType string) bool {
	switch mediaType {
	case "message/delivery-status", "message/global-delivery-status",
		"message/feedback-report", "message/disposition-notification", "message/global-disposition-notification":
		return true
	}
	return false
}
