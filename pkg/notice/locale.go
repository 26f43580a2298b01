package notice

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// languageTag is the form of BCP 47 that names of folders have.
var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*$`)

// canonicalLocale returns s in the form in which languages are compared: lower
// case, hyphens, without the character set and modifier of POSIX. It returns
// nothing for what is no language tag.
func canonicalLocale(s string) string {
	s = strings.TrimSpace(s)
	if end := strings.IndexAny(s, ".@"); end >= 0 {
		s = s[:end]
	}
	s = strings.ReplaceAll(s, "_", "-")
	if !languageTag.MatchString(s) {
		return ""
	}
	return strings.ToLower(s)
}

// wider returns a language tag without its last subtag, as the lookup of RFC 4647
// section 3.4 does, or nothing.
func wider(tag string) string {
	end := strings.LastIndexByte(tag, '-')
	if end < 0 {
		return ""
	}
	return tag[:end]
}

var months = map[string][12]string{
	"en": {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
	"de": {"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
}

// longDate returns the day of t in words, and for a language without a table of
// months as ISO 8601 has it, which is read everywhere.
func longDate(t time.Time, locale string) string {
	language, _, _ := strings.Cut(canonicalLocale(locale), "-")
	names, ok := months[language]
	if !ok {
		return t.Format(time.DateOnly)
	}
	day := strconv.Itoa(t.Day())
	if language == "de" {
		day += "."
	}
	return day + " " + names[t.Month()-1] + " " + strconv.Itoa(t.Year())
}
