package notice

import (
	"bytes"
	"errors"

	"github.com/wneessen/go-mail"
)

// encode writes m as a multipart/alternative message with the text part first
// (RFC 2046 section 5.1.4: the last part is the best). Everything in it comes from
// m, r and s; nothing is random and no clock is read.
func (s *Set) encode(m Message, r Recipient) ([]byte, error) {
	date := r.Date.UTC()
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithBoundary("notice-"+r.ID))
	msg.FromMailAddress(s.facts.From)
	if s.facts.ReplyTo != nil {
		msg.ReplyToMailAddress(s.facts.ReplyTo)
	}
	if err := msg.To(m.To.Wire()); err != nil {
		// The error of go-mail repeats the address.
		return nil, errors.New("the address of the recipient cannot stand in a header")
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(date)
	msg.SetMessageIDWithValue(r.ID + "@" + s.domain)
	msg.SetGenHeader(mail.HeaderContentLang, r.Locale)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 section 5
	msg.SetGenHeader("X-Auto-Response-Suppress", "OOF, AutoReply, RN, NRN")
	msg.SetGenHeader("X-Notice-ID", r.ID)
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	if s.dkim != nil {
		msg.SetDKIM(s.dkim.signer(date))
	}
	var b bytes.Buffer
	b.Grow(len(m.Text) + len(m.HTML) + len(m.HTML)/4)
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
