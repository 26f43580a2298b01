package main

import (
	"context"
	"fmt"
	"strings"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/ledger"
	"breachnotify/pkg/preview"
)

// groups returns what the page lists: the plan's, or samples without one.
func (s *served) groups(ctx context.Context) ([]preview.Group, error) {
	if s.book == nil {
		return s.samples(), nil
	}
	kinds, err := s.kinds(ctx)
	if err != nil {
		return nil, err
	}
	telling, err := s.telling(ctx)
	return append(kinds, telling), err
}

// sampleTitles name the samples of notice.Set.Samples.
var sampleTitles = []string{"With a name", "Without a name", "Several accounts"}

func (s *served) samples() []preview.Group {
	var groups []preview.Group
	for _, class := range account.Classes() {
		group := preview.Group{Class: class}
		for _, locale := range s.notices.Locales(class) {
			for i, r := range s.notices.Samples(class, locale, s.process.now()) {
				group.Cases = append(group.Cases, preview.Case{
					Key:       fmt.Sprintf("%s-%s-%d", class, strings.ToLower(locale), i+1),
					Title:     sampleTitles[i],
					Detail:    locale,
					Recipient: r,
				})
			}
		}
		groups = append(groups, group)
	}
	return groups
}

// kinds are the classes and languages of the plan.
func (s *served) kinds(ctx context.Context) ([]preview.Group, error) {
	firsts, err := s.book.Firsts(ctx)
	if err != nil {
		return nil, err
	}
	var groups []preview.Group
	for _, class := range account.Classes() {
		group := preview.Group{Class: class}
		for _, f := range firsts {
			if f.Class != class || f.Notice.Seq == 0 {
				continue // its accounts share notices in other languages
			}
			c := s.newCase(string(class)+"-"+strings.ToLower(f.Locale), "Language "+f.Locale, f.Notice)
			c.Accounts = f.Accounts
			group.Cases = append(group.Cases, c)
		}
		if len(group.Cases) > 0 {
			groups = append(groups, group)
		}
	}
	return groups, nil
}

// traitTitles name the traits of notices.
var traitTitles = map[ledger.Trait]string{
	ledger.LongestName: "Longest name",
	ledger.NoName:      "No name",
	ledger.OddName:     "Name with a link or markup",
	ledger.RightToLeft: "Name from right to left",
	ledger.IDN:         "Internationalised domain",
	ledger.Several:     "Most accounts in one notice",
	ledger.BothClasses: "Both kinds of sign-in",
}

// telling are the notices that are most likely to look wrong.
func (s *served) telling(ctx context.Context) (preview.Group, error) {
	found, err := s.book.Telling(ctx)
	if err != nil {
		return preview.Group{}, err
	}
	group := preview.Group{Title: "Telling cases"}
	var missing []string
	for _, trait := range ledger.Traits() {
		notices := found.Notices[trait]
		for _, n := range notices {
			key := strings.ReplaceAll(string(trait), "_", "-")
			if len(notices) > 1 {
				key += "-" + string(n.Class)
			}
			group.Cases = append(group.Cases, s.newCase(key, traitTitles[trait], n))
		}
		if len(notices) == 0 {
			missing = append(missing, strings.ToLower(traitTitles[trait][:1])+traitTitles[trait][1:])
		}
	}
	if len(missing) > 0 {
		group.Note = "Not found: " + strings.Join(missing, ", ") + "."
	}
	if !found.Whole {
		group.Note = strings.TrimSpace(group.Note + " Looked for in a part of this large plan.")
	}
	return group, nil
}

func (s *served) newCase(key, title string, n campaign.Notice) preview.Case {
	return preview.Case{Key: key, Title: title, Recipient: n.Recipient(s.process.now())}
}
