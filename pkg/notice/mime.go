package notice

import (
	"bytes"
	"errors"
	"io"

	"github.com/wneessen/go-mail"
)

// quotedPrintable has go-mail encode the parts as quoted-printable straight into the
// message. Spelt in lower case it is the same encoding (RFC 2045 section 6.1), but go-mail
// then gathers each part in a buffer before, which makes a third of all garbage.
const quotedPrintable mail.Encoding = "Quoted-Printable"

// encode returns the message to r with the two parts p, as write does.
func (s *Set) encode(k *stencil, subject string, r Recipient, p *parts) ([]byte, error) {
	if k.fits(r) {
		p.whole = k.append(p.whole[:0], r, p)
		return bytes.Clone(p.whole), nil
	}
	return s.write(subject, r, p)
}

// write has go-mail write a multipart/alternative message with the text part first (RFC
// 2046 section 5.1.4: the last part is the best). Everything in it comes from the
// arguments and s; nothing is random and no clock is read.
func (s *Set) write(subject string, r Recipient, p *parts) ([]byte, error) {
	date := r.Date.UTC()
	msg := mail.NewMsg(
		mail.WithNoDefaultUserAgent(), mail.WithBoundary("notice-"+r.ID), mail.WithEncoding(quotedPrintable),
	)
	msg.FromMailAddress(s.facts.From)
	if s.facts.ReplyTo != nil {
		msg.ReplyToMailAddress(s.facts.ReplyTo)
	}
	if err := msg.To(r.To.Wire()); err != nil {
		// The error of go-mail repeats the address.
		return nil, errors.New("the address of the recipient cannot stand in a header")
	}
	msg.Subject(subject)
	msg.SetDateWithValue(date)
	msg.SetMessageIDWithValue(r.ID + "@" + s.domain)
	msg.SetGenHeader(mail.HeaderContentLang, r.Locale)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 section 5
	msg.SetGenHeader("X-Auto-Response-Suppress", "OOF, AutoReply, RN, NRN")
	msg.SetGenHeader("X-Notice-ID", r.ID)
	msg.SetBodyWriter(mail.TypeTextPlain, writing(&p.text))
	msg.AddAlternativeWriter(mail.TypeTextHTML, writing(&p.page))
	if s.dkim != nil {
		msg.SetDKIM(s.dkim.signer(date))
	}
	var b bytes.Buffer
	b.Grow(p.text.Len() + p.page.Len() + p.page.Len()/4)
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// writing hands b to go-mail without a copy.
func writing(b *bytes.Buffer) func(io.Writer) (int64, error) {
	return func(w io.Writer) (int64, error) {
		n, err := w.Write(b.Bytes())
		return int64(n), err
	}
}
