package notice

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"maps"
	"slices"
	"sync"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

// Set is the notices of a campaign, ready to be composed. It does not change
// after Load, and its methods can be called from any goroutine.
type Set struct {
	facts    Facts
	sender   account.Address
	domain   string // of Message-ID
	fallback string // the folder of the default language
	dkim     *DKIM
	notices  map[variant]*compiled
	tags     map[string]string // canonical language tag -> folder
	locales  []string          // folders, sorted
	wordings map[string][]byte
	layout   *htmltemplate.Template // without a notice
	links    []Link                 // sorted
	parts    sync.Pool              // of *parts
}

// Load reads and compiles every notice in o.FS and renders each with sample
// accounts (Check). It returns every problem that it finds, each with the file and
// line or the configuration key that it lies in.
func Load(o Options) (*Set, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	sender, err := account.ParseAddress(o.Facts.From.Address)
	if err != nil {
		return nil, fmt.Errorf("notice.from: %w", err)
	}
	files, err := readFolder(o.FS)
	if err != nil {
		return nil, err
	}
	s := &Set{
		facts: o.Facts, sender: sender, domain: o.MessageIDDomain, dkim: o.DKIM, locales: files.locales,
		notices: map[variant]*compiled{}, tags: map[string]string{},
		parts:    sync.Pool{New: func() any { return new(parts) }},
		wordings: map[string][]byte{namePrefix + layoutName: files.layout},
	}
	if err := s.indexLocales(o.DefaultLocale); err != nil {
		return nil, err
	}
	if err := s.compile(files); err != nil {
		return nil, err
	}
	for _, c := range s.notices {
		if c.stencil, err = s.newStencil(c); err != nil {
			return nil, err
		}
	}
	if s.links, err = s.check(); err != nil && !o.Unchecked {
		return nil, err
	}
	return s, nil
}

// indexLocales fills s.tags and finds the folder of the default language.
func (s *Set) indexLocales(preferred string) error {
	for _, name := range s.locales {
		tag := canonicalLocale(name)
		if other, twice := s.tags[tag]; twice {
			return fmt.Errorf("%s and %s are the same language", namePrefix+other, namePrefix+name)
		}
		s.tags[tag] = name
	}
	if s.fallback = s.lookUp(preferred); s.fallback == "" {
		err := fmt.Errorf("notice.locale is %s, which has no notice", preferred)
		return hint.Wrap(err, "add the folder %s, or choose one of %v", namePrefix+preferred, s.locales)
	}
	return nil
}

func (s *Set) compile(files folder) error {
	var err error
	if s.layout, err = parseLayout(files.layout); err != nil {
		return err
	}
	var errs []error
	for _, locale := range files.locales {
		shared := s.facts
		incident, origins := localFacts(s.facts.Incident, locale)
		shared.Incident = incident
		facts, err := parseFacts(incident, origins)
		if err != nil {
			return err // facts are wrong in every language alike
		}
		for _, class := range account.Classes() {
			v := variant{class, locale}
			s.wordings[v.name()] = files.notices[v]
			in := input{variant: v, content: files.notices[v], layout: s.layout, facts: facts, shared: shared}
			if s.notices[v], err = in.compile(); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// Locales returns the languages that have a notice for class, sorted. It is empty
// for a class that does not exist.
func (s *Set) Locales(class account.Class) []string {
	if !class.Valid() {
		return nil
	}
	return slices.Clone(s.locales)
}

// Locale returns the language of the notice for an account that prefers a
// language: its own, else a wider one (de for de-AT), else the default. Tags of
// BCP 47 and POSIX (de_AT.UTF-8) are understood; anything else prefers nothing.
// ok is false only where class does not exist.
func (s *Set) Locale(class account.Class, preferred string) (locale string, ok bool) {
	if !class.Valid() {
		return "", false
	}
	if found := s.lookUp(preferred); found != "" {
		return found, true
	}
	return s.fallback, true
}

func (s *Set) lookUp(preferred string) string {
	for tag := canonicalLocale(preferred); tag != ""; tag = wider(tag) {
		if name, ok := s.tags[tag]; ok {
			return name
		}
	}
	return ""
}

// Subject returns the subject of a notice, or nothing where there is no such
// notice.
func (s *Set) Subject(class account.Class, locale string) string {
	if c, ok := s.notices[variant{class, locale}]; ok {
		return c.subject
	}
	return ""
}

// DKIM returns the key that messages are signed with; nil where they are not.
func (s *Set) DKIM() *DKIM { return s.dkim }

// Wordings returns the exact bytes of every template under its name, such as
// templates/en/password.md: the evidence of what was said. The bytes are not to be
// changed.
func (s *Set) Wordings() map[string][]byte { return maps.Clone(s.wordings) }

// Digests returns the SHA-256 of every template in hexadecimal under the names of
// Wordings. The facts, links and sender have their digests in the configuration.
func (s *Set) Digests() map[string]string {
	digests := make(map[string]string, len(s.wordings))
	for name, content := range s.wordings {
		sum := sha256.Sum256(content)
		digests[name] = hex.EncodeToString(sum[:])
	}
	return digests
}

// Links returns every link of every notice with each place where it stands, sorted:
// those of Facts and those that templates, facts and the layout write out, also where
// no sample comes by. Whether they lead to the organisation is for the caller to check.
func (s *Set) Links() []Link { return slices.Clone(s.links) }
