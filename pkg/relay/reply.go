package relay

import (
	"bufio"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a reply. RFC 5321 section 4.5.3.1.5 allows lines of 512 octets; real
// relays exceed that, but not by this much.
const (
	maxReplyLine  = 2 << 10
	maxReplyLines = 100
	maxReply      = 64 << 10
	maxReplyText  = 512
)

// errProtocol says that the relay does not speak SMTP: a malformed or oversized
// reply, one of a kind that cannot answer the command, or one that answers none.
var errProtocol = errors.New("the relay broke the protocol")

// readReply reads one reply (RFC 5321 section 4.2). It fails with errProtocol, or
// as r fails; an end of input inside a reply is io.EOF.
func readReply(r *bufio.Reader) (Reply, error) {
	var lines []string
	code, size := 0, 0
	for {
		raw, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) || len(raw) > maxReplyLine {
			return Reply{}, fmt.Errorf("%w: a reply line is too long", errProtocol)
		}
		if err != nil {
			return Reply{}, fmt.Errorf("read a reply: %w", err)
		}
		lineCode, more, text, ok := parseReplyLine(strings.TrimRight(string(raw), "\r\n"))
		if !ok || code != 0 && code != lineCode {
			return Reply{}, fmt.Errorf("%w: a malformed reply", errProtocol)
		}
		code, size, lines = lineCode, size+len(raw), append(lines, text)
		if !more {
			return newReply(code, lines), nil
		}
		if size > maxReply || len(lines) >= maxReplyLines {
			return Reply{}, fmt.Errorf("%w: an endless reply", errProtocol)
		}
	}
}

// parseReplyLine takes a line apart: three digits, then a hyphen where more lines
// follow, or a space, or nothing.
func parseReplyLine(line string) (code int, more bool, text string, ok bool) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' {
		return 0, false, "", false
	}
	for i := range 3 {
		if line[i] < '0' || line[i] > '9' {
			return 0, false, "", false
		}
		code = 10*code + int(line[i]-'0')
	}
	if len(line) == 3 {
		return code, false, "", true
	}
	if line[3] != ' ' && line[3] != '-' {
		return 0, false, "", false
	}
	return code, line[3] == '-', line[4:], true
}

// newReply joins the lines of a reply into one and takes the enhanced status code
// out of them; RFC 2034 section 4 repeats it on every line.
func newReply(code int, lines []string) Reply {
	enhanced, _ := cutEnhanced(code, lines[0])
	for i, line := range lines {
		if found, rest := cutEnhanced(code, line); found == enhanced {
			lines[i] = rest
		}
	}
	return Reply{Code: code, Enhanced: enhanced, Text: oneLine(strings.Join(lines, " "))}
}

// enhancedCode is the grammar of RFC 3463 section 2.
var enhancedCode = regexp.MustCompile(`^([245])\.[0-9]{1,3}\.[0-9]{1,3}(?: |$)`)

// cutEnhanced splits an enhanced status code off line. One whose class is not the
// reply's own (RFC 2034 section 4) is text like any other.
func cutEnhanced(code int, line string) (enhanced, rest string) {
	found := enhancedCode.FindString(line)
	if found == "" || int(found[0]-'0') != code/100 {
		return "", line
	}
	return strings.TrimSuffix(found, " "), line[len(found):]
}

// oneLine makes foreign text fit for one line of a log, a ledger or a terminal.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.TrimSpace(s)
	if len(s) <= maxReplyText {
		return s
	}
	end := maxReplyText
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
