package notice

import (
	"errors"
	"fmt"
	"strings"
)

// data is what templates see.
type data struct {
	Name         string // to greet with; may be empty
	Accounts     []accountData
	Organisation string
	Incident     map[string]string
	Links        map[string]string
	Date         string // the day of the notice, in words
	Class        string
	Locale       string
	Subject      string
}

// accountData is one account as a template sees it. Everything is one short line
// that no mail reader makes a link of.
type accountData struct {
	Label string // name and id, such as "Jane Doe (17)"
	Name  string
	ID    string
}

// isNoticeID reports whether id can stand in a Message-ID, a header and a MIME boundary
// as it is.
func isNoticeID(id string) bool {
	return id != "" && len(id) <= 60 && !strings.ContainsFunc(id, func(c rune) bool {
		return (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
}

// Compose renders one notice and writes it as a MIME message. The same Recipient
// gives the same bytes. It returns an error for a Recipient without an address,
// account or date, with an id that is not 1 to 60 letters and digits, or for a
// class and locale that have no notice; errors hold no account data.
func (s *Set) Compose(r Recipient) (Message, error) {
	c, err := s.find(r)
	if err != nil {
		return Message{}, fmt.Errorf("compose a notice: %w", err)
	}
	p := s.parts.Get().(*parts)
	defer s.parts.Put(p)
	if err := c.render(s.data(c, r), p); err != nil {
		return Message{}, err
	}
	m := Message{
		ID: r.ID, To: r.To, Class: r.Class, Locale: r.Locale, Subject: c.subject,
		Text: p.text.String(), HTML: p.page.String(),
	}
	if r.Test {
		m.Subject = "[TEST] " + m.Subject
	}
	m.Bytes, err = s.encode(c.stencil, m.Subject, r, p)
	if err != nil {
		return Message{}, fmt.Errorf("compose notice %s: %w", r.ID, err)
	}
	return m, nil
}

func (s *Set) find(r Recipient) (*compiled, error) {
	c, ok := s.notices[variant{r.Class, r.Locale}]
	switch {
	case !isNoticeID(r.ID):
		return nil, errors.New("the id is not letters and digits")
	case !ok:
		return nil, fmt.Errorf("there is no %q notice in %q", r.Class, r.Locale)
	case r.To.IsZero():
		return nil, errors.New("there is no address")
	case len(r.Accounts) == 0:
		return nil, errors.New("there is no account")
	case r.Date.IsZero():
		return nil, errors.New("there is no date")
	}
	return c, nil
}

func (s *Set) data(c *compiled, r Recipient) data {
	accounts := make([]accountData, len(r.Accounts))
	for i, a := range r.Accounts {
		accounts[i] = accountData{Label: label(a), Name: unlink(clean(a.Name, maxLabel)), ID: unlink(clean(a.ID, maxLabel))}
	}
	return data{
		Name: greeting(r.Accounts), Accounts: accounts, Organisation: s.facts.Organisation,
		Incident: c.incident, Links: c.links, Date: longDate(r.Date.UTC(), c.locale),
		Class: string(c.class), Locale: c.locale, Subject: c.subject,
	}
}
