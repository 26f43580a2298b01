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
	if e.To.IsZero() {
		return errEnvelope
	}
	return e.validateSender()
}

func (e Envelope) validateSender() error {
	if strings.ContainsFunc(e.From, func(r rune) bool {
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
	largest                         int // octets of a message that it takes (RFC 1870 section 4); 0: it names no limit
}

// declares reports whether MAIL says how large the message of e is.
func (e Envelope) declares(o offers) bool { return o.size && e.Size > 0 }

// own begins the text of a reply that no relay gave: this program itself knows that the
// relay could not take the message.
const own = "notify: "

// unsendable returns the reply that a relay with these offers would have to give to e;
// ok is false where there is none. It has no code, and says whose words it is.
func (e Envelope) unsendable(o offers) (_ Reply, ok bool) {
	switch {
	case e.needsSMTPUTF8() && !o.smtputf8:
		return Reply{Enhanced: "5.6.7", Text: own + "the relay does not offer SMTPUTF8, which the address needs"}, true
	case e.declares(o) && o.largest > 0 && e.Size > o.largest:
		return Reply{Enhanced: "5.3.4", Text: fmt.Sprintf(own+"the relay takes messages of %d octets at most, this one has %d", o.largest, e.Size)}, true
	}
	return Reply{}, false
}

func (e Envelope) appendMail(b []byte, o offers) []byte {
	b = append(b, "MAIL FROM:<"...)
	b = append(b, e.From...)
	b = append(b, '>')
	if e.declares(o) {
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
// the final dot stands. What needs no change is copied in one piece.
func appendBody(b, message []byte) (grown []byte, dotAt int) {
	copied := 0
	for at := 0; at < len(message); { // a line begins here
		if message[at] == '.' {
			b = append(append(b, message[copied:at]...), '.')
			copied = at
		}
		size := bytes.IndexByte(message[at:], '\n')
		if size < 0 {
			b = append(append(b, bytes.TrimSuffix(message[copied:], []byte("\r"))...), "\r\n"...)
			copied = len(message)
			break
		}
		end := at + size
		if size == 0 || message[end-1] != '\r' {
			b = append(append(b, message[copied:end]...), "\r\n"...)
			copied = end + 1
		}
		at = end + 1
	}
	b = append(b, message[copied:]...)
	dotAt = len(b)
	return append(b, ".\r\n"...), dotAt
}
