package notice

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

// errReset says that an SSO notice leads to the password reset, by what stands in it.
func errReset(found string) error {
	err := fmt.Errorf("an SSO notice with the reset link (%s): its reader has no password to reset", found)
	return hint.Wrap(err, "leave it to password.md: facts stand in both notices, and two links that differ after ? or # only are one page")
}

// checkMentions refuses each link of an SSO notice that leads to the password reset,
// also where no sample comes by.
func (s *Set) checkMentions(c *compiled) error {
	if c.class != account.SSO {
		return nil
	}
	var errs []error
	for _, m := range c.mentions {
		if !samePlace(m.url, s.facts.Links[LinkReset]) {
			continue
		}
		var err error = &PlaceError{m.file, m.line, errReset(m.url)}
		if m.file != c.name() { // a fact, which other notices share
			err = &PlaceError{c.name(), 0, err}
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// checkNoReset refuses a rendered SSO notice that leads to the password reset: by a
// link of the layout, or by words that a mail reader may make a link of.
func checkNoReset(reset string, m Message, p page) error {
	for _, link := range slices.Sorted(maps.Keys(p.links)) {
		if samePlace(link, reset) {
			return errReset(link)
		}
	}
	for _, text := range []string{m.Subject, m.Text, p.text} {
		if word := wordFor(reset, text); word != "" {
			return errReset(word)
		}
	}
	return nil
}
