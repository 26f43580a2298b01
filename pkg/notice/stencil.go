package notice

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"breachnotify/pkg/account"
)

// stencil is what go-mail writes around the two parts of a notice, cut where one
// message differs from the next. To have it written anew for each message costs more
// than everything else about a message.
//
// It serves for messages of which go-mail neither folds nor encodes what differs; see
// fits.
type stencil struct {
	pieces []string
	slots  []slot // slots[i] is between pieces[i] and pieces[i+1]
}

// slot is what stands at a cut.
type slot int

const (
	slotID slot = iota
	slotTo
	slotDate
	slotText
	slotPage
	slotCount
)

// longestTo is how long an address may be whose field go-mail leaves on one line.
const longestTo = 66

// newStencil returns the stencil of a notice, or nil where go-mail has to write each
// message: where they are signed, and where a fact of the campaign looks like a value
// of the message that is cut up.
func (s *Set) newStencil(c *compiled) (*stencil, error) {
	if s.dkim != nil {
		return nil, nil
	}
	var k *stencil
	for i, pattern := range patterns {
		r, p, err := pattern.fill(c)
		if err != nil {
			return nil, err
		}
		message, err := s.write(c.subject, r, p)
		if err != nil {
			return nil, fmt.Errorf("lay out %s: %w", c.name(), err)
		}
		if i == 0 {
			k = cut(string(message), pattern.values())
		}
		if !bytes.Equal(k.append(nil, r, p), message) {
			return nil, nil
		}
	}
	return k, nil
}

// fits reports whether r's message is the stencil with other values in it.
func (k *stencil) fits(r Recipient) bool {
	to := r.To.Wire()
	return k != nil && !r.Test && len(r.ID) == len(patterns[0].id) && len(to) <= longestTo &&
		!strings.ContainsFunc(to, func(c rune) bool { return c == '"' || c > '~' })
}

// append appends the message to r with the parts p.
func (k *stencil) append(b []byte, r Recipient, p *parts) []byte {
	for i, piece := range k.pieces {
		b = append(b, piece...)
		if i == len(k.slots) {
			break
		}
		switch k.slots[i] {
		case slotID:
			b = append(b, r.ID...)
		case slotTo:
			b = append(b, r.To.Wire()...)
		case slotDate:
			b = r.Date.UTC().AppendFormat(b, time.RFC1123Z)
		case slotText:
			b = appendQuoted(b, p.text.Bytes())
		case slotPage:
			b = appendQuoted(b, p.page.Bytes())
		}
	}
	return b
}

// cut takes values out of a message.
func cut(message string, values [slotCount]string) *stencil {
	k := &stencil{}
	for {
		first, which := len(message), slotCount
		for i, value := range values {
			if at := strings.Index(message, value); at >= 0 && at < first {
				first, which = at, slot(i)
			}
		}
		k.pieces = append(k.pieces, message[:first])
		if which == slotCount {
			return k
		}
		k.slots = append(k.slots, which)
		message = message[first+len(values[which]):]
	}
}

// pattern is a message that a stencil is made of, or held against. Its id is as long
// as those of campaign.Key, and its values are found in no text of a campaign.
type pattern struct{ id, to, date, text, page string }

var patterns = []pattern{
	{"0pattern0of0a0notice0000", "pattern.0@of.a.notice.invalid", "Tue, 02 Jan 1990 03:04:05 +0000", "0text0of0a0notice0", "0page0of0a0notice0"},
	{"notice1of1a1pattern11111", "m@x.invalid", "Sat, 30 Nov 1991 23:59:58 +0000", "a=b \n\tü\n", "<p>" + strings.Repeat("1234567 =", 20) + "</p>\n\n"},
}

func (p pattern) values() [slotCount]string {
	return [slotCount]string{slotID: p.id, slotTo: p.to, slotDate: p.date, slotText: p.text, slotPage: p.page}
}

// fill makes a recipient and the parts of the pattern.
func (p pattern) fill(c *compiled) (Recipient, *parts, error) {
	date, err := time.Parse(time.RFC1123Z, p.date)
	if err != nil {
		return Recipient{}, nil, err
	}
	to, err := account.ParseAddress(p.to)
	if err != nil {
		return Recipient{}, nil, err
	}
	filled := new(parts)
	filled.text.WriteString(p.text)
	filled.page.WriteString(p.page)
	return Recipient{ID: p.id, To: to, Class: c.class, Locale: c.locale, Date: date}, filled, nil
}
