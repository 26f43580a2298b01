// Package event has what the readers of provider feeds and of logs share when they make
// a bounce.Report: its identity, and its texts within bounds.
//
// It guarantees that the same parts give the same digest on every machine, and that no
// text is longer than a line of a terminal needs. It leaves what a text means to bounce
// and to the tables of its callers.
package event

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// Queued is the action of a recipient for whom the sending system took the message and
// said no more yet. It settles the doubt whether the message was handed over.
const Queued = "queued"

// Bounds, in bytes, of what is taken out of a foreign text.
const (
	maxDiagnostic = 1000
	maxToken      = 128
	maxID         = 998 // a line of RFC 5322, section 2.1.1
)

// Digest returns the sha256 of parts, in hexadecimal. Different parts never run together
// into the same text.
func Digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		_, _ = io.WriteString(h, strconv.Itoa(len(part))+":"+part) // a hash never fails
	}
	return hex.EncodeToString(h.Sum(nil))
}

// OneLine puts a text on one line and bounds its length.
func OneLine(s string) string {
	if len(s) > 4*maxDiagnostic {
		s = s[:4*maxDiagnostic]
	}
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
	if len(s) > maxDiagnostic {
		s = s[:maxDiagnostic]
	}
	return strings.ToValidUTF8(s, "�")
}

// MessageID takes the angle brackets off, and returns "" for what can be no Message-ID.
func MessageID(s string) string {
	s = strings.TrimSpace(s)
	s = strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
	if len(s) > maxID || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return ""
	}
	return s
}

// Tokens returns what can be the VERP token in the address of an envelope's sender: what
// stands behind the first plus of its local part.
func Tokens(sender string) []string {
	local, _, _ := strings.Cut(sender, "@")
	_, token, _ := strings.Cut(local, "+")
	if token == "" || len(token) > maxToken {
		return nil
	}
	return []string{token}
}

var status = regexp.MustCompile(`(?:^|[^0-9A-Za-z.\-])([245]\.[0-7]\.[0-9]{1,3})(?:$|[^0-9.]|\.(?:$|[^0-9]))`)

// Status returns the first enhanced status code (RFC 3463) of a text, or "".
func Status(text string) string {
	if m := status.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}
