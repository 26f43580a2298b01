package notice

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

// checkDate is the date of the notices that Check renders; the wording does not
// depend on it.
var checkDate = time.Date(2006, time.January, 2, 0, 0, 0, 0, time.UTC)

// Check renders every notice in every language for every sample, as Load does. It
// returns what is wrong with the layout, or else with each notice: an empty part or
// element, an unresolved action, a fact or link that is missing, links that differ
// between the parts, a password notice without the reset link, an SSO notice that
// leads to its page in any spelling or lacks the sign-out link, and anything in the
// page that would be fetched or run.
func (s *Set) Check() error {
	_, err := s.check()
	return err
}

// check returns the links of all notices.
func (s *Set) check() ([]Link, error) {
	if err := s.checkLayout(variant{account.Password, s.fallback}); err != nil {
		return nil, err
	}
	var errs []error
	links := map[Link]bool{}
	for _, locale := range s.locales {
		for _, class := range account.Classes() {
			if err := s.checkVariant(variant{class, locale}, links); err != nil {
				errs = append(errs, err)
			}
		}
	}
	sorted := slices.SortedFunc(maps.Keys(links), func(a, b Link) int {
		return cmp.Or(strings.Compare(a.URL, b.URL), strings.Compare(a.Where, b.Where))
	})
	return sorted, errors.Join(errs...)
}

// checkVariant adds the links of one notice to links.
func (s *Set) checkVariant(v variant, links map[Link]bool) error {
	mentioned := map[string]bool{}
	for _, m := range s.notices[v].mentions {
		mentioned[m.url] = true
		links[m.link()] = true
	}
	if err := s.checkMentions(s.notices[v]); err != nil {
		return err
	}
	for _, sample := range s.Samples(v.class, v.locale, checkDate) {
		m, err := s.Compose(sample)
		if err != nil {
			return &PlaceError{v.name(), 0, err}
		}
		found, err := s.checkMessage(v, m)
		if err != nil {
			return &PlaceError{v.name(), 0, err}
		}
		for link := range found {
			if !mentioned[link] {
				links[Link{link, s.inLayout(link)}] = true
			}
		}
	}
	return nil
}

// checkMessage returns the links of a rendered notice.
func (s *Set) checkMessage(v variant, m Message) (map[string]bool, error) {
	if strings.TrimSpace(m.Text) == "" {
		return nil, errors.New("the text part is empty")
	}
	p, err := readPage(m.HTML)
	if err != nil {
		return nil, fmt.Errorf("the HTML part: %w", err)
	}
	for _, part := range []string{m.Text, p.text} {
		if strings.Contains(part, "{{") || strings.Contains(part, "}}") || strings.Contains(part, "<no value>") {
			return nil, errors.New("it holds an unresolved action")
		}
	}
	if err := s.checkClass(v.class, m, p); err != nil {
		return nil, err
	}
	return p.links, sameLinks(m.Text, p)
}

// sameLinks refuses a link that only one part has, and one that is none in the
// HTML part, although mail readers would make one of it.
func sameLinks(text string, p page) error {
	inText, inPage := map[string]bool{}, map[string]bool{}
	for link := range p.links {
		inPage[CanonicalURL(link)] = true
	}
	for _, found := range append(urlsIn(text), urlsIn(p.text)...) {
		inText[CanonicalURL(found)] = true
		if !inPage[CanonicalURL(found)] {
			return hint.Wrap(fmt.Errorf("%s stands in the text and is no link", found), "write <%s>, or [words](%s)", found, found)
		}
	}
	for link := range p.links {
		if !inText[CanonicalURL(link)] && !strings.Contains(text, visible(link)) {
			err := fmt.Errorf("the text part lacks the link %s of the layout", link)
			return hint.Wrap(err, "a link of layout.html must stand in every notice too, so that the text part has it")
		}
	}
	return nil
}

// checkClass holds a notice against what its class needs.
func (s *Set) checkClass(class account.Class, m Message, p page) error {
	reset, signOut := s.facts.Links[LinkReset], s.facts.Links[LinkSignOut]
	switch {
	case class == account.Password && !p.links[reset]:
		return hint.Wrap(errors.New("a password notice without the reset link"), "write [Reset your password]({{.Links.reset}})")
	case class == account.SSO && !p.links[signOut]:
		return hint.Wrap(errors.New("an SSO notice without the sign-out link"), "write [Open the security page]({{.Links.sign_out}})")
	case class == account.SSO:
		return checkNoReset(reset, m, p)
	}
	return nil
}
