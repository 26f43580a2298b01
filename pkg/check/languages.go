package check

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"

	"breachnotify/pkg/account"
	"breachnotify/pkg/notice"
)

// languageRules hold the languages of a class against each other.
func languageRules() []rule {
	return []rule{
		{Rule{"language-sections", SeverityWarning, "a notice with fewer sections than another language has",
			"readers of one language are told less",
			"translate what is missing"}, checkSameSections},
		{Rule{"language-links", SeverityWarning, "a notice without a configured link that another language has",
			"readers of one language can do less",
			"put the link into this notice too"}, checkSameLinks},
		{Rule{"language-facts", SeverityWarning, "a notice that shows a fact in another language than its own",
			"its readers may not understand what counts most",
			"give the fact in the language of the notice too, under its key with the language behind it, such as what_happened_de"}, each(checkFactLanguage)},
	}
}

// leastPhrase is from how many words on a fact is of a language: a number or a name is of all.
const leastPhrase = 2

func checkFactLanguage(v *view, report reporter) {
	if v.in.DefaultLocale == "" || languageOf(v.in.DefaultLocale) == v.language {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(v.in.Facts.Incident)) {
		value := strings.TrimSpace(v.in.Facts.Incident[key])
		written := strings.FieldsFunc(wordsOf(value), func(r rune) bool { return !unicode.IsLetter(r) })
		if len(written) < leastPhrase || v.in.isOfLanguage(key) || v.hasOwn(key) || !v.showsFact(incidentPrefix+key) {
			continue
		}
		report(place{file: incidentPrefix + key}, "the notice in %s shows incident.%s, which is given in %s alone", v.locale, key, v.in.DefaultLocale)
	}
}

// hasOwn reports whether a fact is given in the language of the notice.
func (v *view) hasOwn(key string) bool {
	return slices.ContainsFunc(tagsOf(v.locale), func(tag string) bool { return strings.TrimSpace(v.in.Facts.Incident[key+"_"+tag]) != "" })
}

// isOfLanguage reports whether a key is one of a fact in the language of some notice.
func (in *inspected) isOfLanguage(key string) bool {
	return slices.ContainsFunc(in.views, func(v *view) bool {
		return slices.ContainsFunc(tagsOf(v.locale), func(tag string) bool { return strings.HasSuffix(key, "_"+tag) })
	})
}

// byLocale returns what of gives for the notices of a class, all readers together.
func (in *inspected) byLocale(class account.Class, of func(*view) []string) map[string]map[string]bool {
	found := map[string]map[string]bool{}
	for _, v := range in.views {
		if v.class != class {
			continue
		}
		if found[v.locale] == nil {
			found[v.locale] = map[string]bool{}
		}
		for _, item := range of(v) {
			found[v.locale][item] = true
		}
	}
	return found
}

func checkSameSections(in *inspected, report reporter) {
	for _, class := range account.Classes() {
		sections := in.byLocale(class, func(v *view) []string {
			var names []string
			for _, h := range v.page.headings {
				names = append(names, strings.Repeat("#", h.level)+" "+h.text)
			}
			return names
		})
		if len(sections) == 0 {
			continue
		}
		most := slices.MaxFunc(slices.Sorted(maps.Keys(sections)), func(a, b string) int {
			return cmp.Compare(len(sections[a]), len(sections[b]))
		})
		for locale, found := range sections {
			if len(found) < len(sections[most]) {
				report(place{file: fileOf(class, locale)}, "the notice has %d sections, the one in %s has %d", len(found), most, len(sections[most]))
			}
		}
	}
}

func checkSameLinks(in *inspected, report reporter) {
	for _, class := range account.Classes() {
		links := in.byLocale(class, func(v *view) []string {
			var keys []string
			for _, key := range notice.LinkKeys() {
				if target := in.Facts.Links[key]; target != "" && slices.Contains(v.links, target) {
					keys = append(keys, key)
				}
			}
			return keys
		})
		locales := slices.Sorted(maps.Keys(links))
		for _, key := range notice.LinkKeys() {
			if class == account.SSO && key == notice.LinkReset {
				continue // which no SSO notice is to have
			}
			has := slices.IndexFunc(locales, func(locale string) bool { return links[locale][key] })
			for _, locale := range locales {
				if has >= 0 && !links[locale][key] {
					report(place{file: fileOf(class, locale)}, "the notice lacks links.%s, which the one in %s has", key, locales[has])
				}
			}
		}
	}
}
