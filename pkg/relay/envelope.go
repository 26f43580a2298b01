package relay

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"breachnotify/pkg/account"
)

// Envelope is what the relay is told about one notice before its body.
type Envelope struct {
	ID   string          // the notice's token; also ENVID (RFC 3461 section 4.4)
	From string          // as on the wire, with VERP; empty: the null sender
	To   account.Address // the one recipient
	Size int             // octets of the message, for SIZE (RFC 1870); 0: left unsaid
}

// errEnvelope says that an envelope cannot be written as SMTP commands.
var errEnvelope = errors.New("the envelope holds what no SMTP command can hold")

func (e Envelope) validate() error {
	if e.To.IsZero() || strings.ContainsFunc(e.From, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == '<' || r == '>'
	}) {
		return errEnvelope
	}
	return nil
}

func (e Envelope) needsSMTPUTF8() bool {
	return e.To.NeedsSMTPUTF8() || strings.ContainsFunc(e.From, func(r rune) bool { return r > 0x7f })
}

// offers is what a relay offered in its last EHLO reply and the options want used.
type offers struct {
	pipelining, size, smtputf8, dsn bool
}

func (e Envelope) appendMail(b []byte, o offers) []byte {
	b = append(b, "MAIL FROM:<"...)
	b = append(b, e.From...)
	b = append(b, '>')
	if o.size && e.Size > 0 {
		b = append(b, " SIZE="...)
		b = strconv.AppendInt(b, int64(e.Size), 10)
	}
	if e.needsSMTPUTF8() {
		b = append(b, " SMTPUTF8"...)
	}
	if o.dsn {
		b = append(b, " RET=HDRS ENVID="...)
		b = appendXtext(b, e.ID)
	}
	return append(b, "\r\n"...)
}

func (e Envelope) appendRcpt(b []byte, o offers) []byte {
	b = append(b, "RCPT TO:<"...)
	b = append(b, e.To.Wire()...)
	b = append(b, '>')
	if o.dsn {
		b = append(b, " NOTIFY=FAILURE,DELAY"...)
		if !e.To.NeedsSMTPUTF8() { // the rfc822 address type is ASCII
			b = append(b, " ORCPT=rfc822;"...)
			b = appendXtext(b, e.To.Wire())
		}
	}
	return append(b, "\r\n"...)
}

// appendXtext encodes s as in RFC 3461 section 4.
func appendXtext(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < '!' || c > '~' || c == '+' || c == '=' {
			b = fmt.Appendf(b, "+%02X", c)
		} else {
			b = append(b, c)
		}
	}
	return b
}

// appendBody appends a message as it follows 354: every line ended by CRLF, leading
// dots doubled (RFC 5321 section 4.5.2), and the final dot. It returns also where
// the final dot stands.
func appendBody(b, message []byte) (grown []byte, dotAt int) {
	for len(message) > 0 {
		line, rest, _ := bytes.Cut(message, []byte("\n"))
		if len(line) > 0 && line[0] == '.' {
			b = append(b, '.')
		}
		b = append(b, bytes.TrimSuffix(line, []byte("\r"))...)
		b = append(b, "\r\n"...)
		message = rest
	}
	dotAt = len(b)
	return append(b, ".\r\n"...), dotAt
}
