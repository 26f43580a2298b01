package check

import (
	"errors"
	"fmt"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/notice"
)

// Subject is everything that a check looks at.
type Subject struct {
	Notices         []Notice          // every class in every language
	Wordings        map[string][]byte // notice.Set.Wordings: what File and Line of findings refer to
	Facts           notice.Facts      // as they were given to notice.Load
	OfficialDomains []string          // every link is on one of them or below it
	Discovered      time.Time         // zero: not known
	At              time.Time         // the moment from which the notices go out

	// DefaultLocale is the language of the facts that are given in no other; empty: not known.
	DefaultLocale string

	// FurnishedMailDomains are those under which the organisation gives its users
	// mailboxes, which may have been broken into together with the accounts.
	FurnishedMailDomains []string
	Jurisdictions        []string // names of data files (JurisdictionNames)
	// Attested has who vouches for an element, under its id (PLAIN) or, for one
	// jurisdiction alone, behind its name (us-ca.PLAIN).
	Attested map[string]string

	Plan *Plan // nil: nothing is planned yet

	// Problems are why notices or links cannot be made use of at all. There need not be a
	// notice beside them.
	Problems []Problem
}

// Problem is what keeps a notice, a fact or a link from being made use of, as whoever
// refuses it says.
type Problem struct {
	File string // as in Finding
	Line int
	What string
	Mend string // empty: What says it
}

// Notice is one class in one language.
type Notice struct {
	Class    account.Class
	Locale   string
	Variants []Variant // rendered for different readers; at least one
}

// Variant is a notice as one reader gets it.
type Variant struct {
	Recipient notice.Recipient
	Message   notice.Message
}

// Plan is the numbers of a plan.
type Plan struct {
	Status    campaign.Status
	Mailboxes Mailboxes // zero: nobody has counted them
}

// Validate returns what keeps a check from saying anything.
func (s *Subject) Validate() error {
	var errs []error
	if len(s.Notices) == 0 && len(s.Problems) == 0 {
		errs = append(errs, errors.New("there is no notice to check"))
	}
	for _, n := range s.Notices {
		if len(n.Variants) == 0 {
			errs = append(errs, fmt.Errorf("%s was not rendered", fileOf(n.Class, n.Locale)))
		}
	}
	if s.At.IsZero() {
		errs = append(errs, errors.New("the date of the notices is not given"))
	}
	return errors.Join(errs...)
}

// sampleReader is the local part of the reader of samples: one that no link holds by
// chance, which that of the sender could.
const sampleReader = "sample-reader-7f3a"

// Samples renders every notice of set for made-up readers at the domain of the sender.
// It leaves out those that cannot be rendered, and joins why: the errors of
// notice.Set.Compose.
func Samples(set *notice.Set, at time.Time) ([]Notice, error) {
	var all []Notice
	var errs []error
	for _, class := range account.Classes() {
		for _, locale := range set.Locales(class) {
			n, err := sample(set, class, locale, at)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			all = append(all, n)
		}
	}
	return all, errors.Join(errs...)
}

func sample(set *notice.Set, class account.Class, locale string, at time.Time) (Notice, error) {
	n := Notice{Class: class, Locale: locale}
	for _, reader := range set.Samples(class, locale, at) {
		to, err := account.ParseAddress(sampleReader + "@" + reader.To.Domain())
		if err != nil {
			return Notice{}, fmt.Errorf("address a sample: %w", err)
		}
		reader.To = to
		message, err := set.Compose(reader)
		if err != nil {
			return Notice{}, err
		}
		n.Variants = append(n.Variants, Variant{reader, message})
	}
	return n, nil
}

// fileOf returns the name of the template of a notice, as notice.Set.Wordings has it.
func fileOf(class account.Class, locale string) string {
	return "templates/" + locale + "/" + string(class) + ".md"
}

const layoutFile = "templates/layout.html"
