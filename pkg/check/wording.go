package check

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The grades up to which English text is easy, and no more than hard.
const (
	easyGrade = 8
	hardGrade = 12
)

// wordRules are about what the notices say.
func wordRules() []rule {
	return []rule{
		{Rule{"placeholder", SeverityError, "a place that nobody filled in: braces, <no value>, TODO, [Company Name], %NAME%, *|NAME|*, ____, XX/XX/2026",
			"it tells the reader that nobody has read the notice before",
			"fill it in, or take it out"}, each(checkPlaceholder)},
		{Rule{"empty-section", SeverityError, "a heading with nothing below it",
			"something is missing that somebody meant to say",
			"fill the section, or put {{if}} around it together with its heading"}, each(checkSections)},
		{Rule{"relative-date", SeverityWarning, "a date that depends on the day of reading, such as yesterday, or recently where a date is known",
			"mail is read days later, and a regulator reads it after years",
			"write the date"}, each(checkRelative)},
		{Rule{"encrypted-hashed", SeverityError, "passwords are called encrypted where the facts say hashed",
			"what is encrypted can be decrypted; experts quote such a sentence, and it is wrong",
			"write hashed, and with what"}, each(checkEncrypted)},
		{Rule{"link-words", SeverityWarning, "a link that is called click here, or otherwise says nothing",
			"a screen reader reads links by themselves, and forged mails say click here",
			"call the link by what it leads to"}, each(checkLinkWords)},
		{Rule{"reading-grade-12", SeverityError, "English text above grade 12 (Flesch-Kincaid)",
			"most readers cannot follow it, and laws ask for plain language",
			"shorten the sentences and take shorter words"}, each(checkGrade(hardGrade, math.Inf(1)))},
		{Rule{"reading-grade-8", SeverityWarning, "English text above grade 8 (Flesch-Kincaid)",
			"it is harder to read than it has to be for somebody who is alarmed",
			"shorten the sentences and take shorter words"}, each(checkGrade(easyGrade, hardGrade))},
		{Rule{"language-words", SeverityInfo, "a language whose words no rule knows",
			"the rules that go by words say nothing about it",
			"have somebody who speaks it read the notice with the documentation of the rules at hand"}, each(checkLanguageKnown)},
	}
}

// placeholder finds what authors and mail services write for what is filled in later.
var placeholder = regexp.MustCompile(`\{\{|\}\}|<no value>|(?i:lorem ipsum)|%(?:s|d|v)\b` +
	`|\$?\{[A-Za-z_][\w .-]*\}` + // ${name}, {name}
	`|\*\|[^|\n]+\|\*` + // *|FNAME|*
	`|%%?[A-Z][A-Z0-9_]{2,}%%?` + // %NAME%
	`|<[A-Z][A-Z0-9 _-]+>` + // <NAME>
	`|_{4,}|\?{3,}` +
	`|\b(?:XX|DD|MM|xx|dd|mm)[/.-](?:XX|DD|MM|xx|dd|mm)[/.-](?:[0-9X]{2,4}|YYYY|YY|yyyy|yy|xxxx|xx)\b` +
	`|\b(?:INSERT|ENTER|ADD) (?:[A-Z]+ ){0,4}(?:HERE|DATE|NAME|TEXT|LINK|URL|NUMBER|ADDRESS)\b` +
	`|\[(?i:insert|enter|add|your|company|organi[sz]ation|customer|recipient|first|last|full|date|name|number|phone|telephone|address|e-?mail|link|url|title|description|details|describe|xx+|ihr[er]?|datum|einfügen|vorname|nachname|firma|tbd|todo)(?:[ _/-][^\[\]\n]{0,60})?\]`)

// markers are the words by which authors mark what is still to do, and brackets around
// capitals: neither as a part of a longer word with a hyphen, such as TODO-list.
var (
	marker   = regexp.MustCompile(`\b(?:TODO|TBD|TBA|FIXME|XXX+|PLACEHOLDER)\b`)
	capitals = regexp.MustCompile(`\[[A-Z][A-Z0-9 _-]{2,}\]`)
)

// longestAbbreviation is how many capitals alone in brackets can stand for something, as
// those of [PDF] and [GDPR] do.
const longestAbbreviation = 6

func placeholdersIn(part string) []string {
	found := placeholder.FindAllString(part, -1)
	for _, at := range marker.FindAllStringIndex(part, -1) {
		before, _ := utf8.DecodeLastRuneInString(part[:at[0]])
		after, _ := utf8.DecodeRuneInString(part[at[1]:])
		if !isOfWord(before) && !isOfWord(after) {
			found = append(found, part[at[0]:at[1]])
		}
	}
	for _, words := range capitals.FindAllString(part, -1) {
		inner := strings.Trim(words, "[]")
		if (len(inner) > longestAbbreviation || strings.ContainsAny(inner, " _-")) && !slices.Contains(found, words) {
			found = append(found, words)
		}
	}
	return found
}

func isOfWord(r rune) bool {
	return r == '-' || r == '_' || r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r))
}

func checkPlaceholder(v *view, report reporter) {
	for _, part := range []string{v.Message.Subject, v.Message.Text, v.page.text} {
		part = strings.TrimPrefix(part, "[TEST] ")
		part = webAddress.ReplaceAllString(part, " ") // where the same marks are escapes
		for _, found := range placeholdersIn(part) {
			report(v.find(found), "the notice shows %s", found)
		}
	}
}

func checkSections(v *view, report reporter) {
	for i, h := range v.page.headings {
		parent := i+1 < len(v.page.headings) && v.page.headings[i+1].level > h.level
		switch {
		case h.text == "":
			report(v.whole(), "a heading of level %d is empty", h.level)
		case h.body == "" && !parent:
			report(v.find(h.text), "the section %q is empty", h.text)
		}
	}
}

// someDate finds a date with its year.
var someDate = regexp.MustCompile(`\b(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]\b|\b[0-3]?[0-9](?:st|nd|rd|th|\.)? \p{L}{3,9},? (?:19|20)[0-9]{2}\b|\b\p{L}{3,9} [0-3]?[0-9],? (?:19|20)[0-9]{2}\b`)

// knowsDate reports whether the facts say when something happened.
func (in *inspected) knowsDate() bool {
	for _, value := range in.Facts.Incident {
		if someDate.MatchString(value) {
			return true
		}
	}
	return !in.Discovered.IsZero()
}

func checkRelative(v *view, report reporter) {
	if v.words == nil {
		return
	}
	found := v.words.relative.FindAllString(v.page.text, -1)
	if v.in.knowsDate() {
		found = append(found, v.words.recently.FindAllString(v.page.text, -1)...)
	}
	for _, date := range found {
		report(v.find(trimmed(date)), "the date %q depends on when it is read", trimmed(date))
	}
}

var hashed = regexp.MustCompile(`(?i)\bhash(?:ed|es)?\b|gehasht|hashwert`)

var notEncrypted = regexp.MustCompile(`(?i)\b(?:not|never|nicht|nie) (?:\p{L}+ )?(?:encrypted|verschlüsselt)`)

func checkEncrypted(v *view, report reporter) {
	facts := ""
	for _, value := range v.in.Facts.Incident {
		facts += value + "\n"
	}
	if v.words == nil || !hashed.MatchString(facts) {
		return
	}
	for _, sentence := range sentences(v.page.text) {
		if found := v.words.encrypted.FindString(sentence); found != "" && !notEncrypted.MatchString(sentence) && !hashed.MatchString(sentence) {
			report(v.find(trimmed(found)), "the facts say hashed, the notice says %q", trimmed(found))
		}
	}
}

func checkLinkWords(v *view, report reporter) {
	for _, a := range v.page.anchors {
		switch {
		case a.words == "":
			report(v.findLink(a.target), "a link has no words")
		case v.words != nil && v.words.emptyLink.MatchString(a.words):
			report(v.find("["+a.words+"]"), "a link is called %q", a.words)
		}
	}
}

func checkLanguageKnown(v *view, report reporter) {
	if v.words == nil {
		report(v.whole(), "the words of the language %s are not known", v.locale)
	}
}

// checkGrade finds English text whose grade is over one bound and not over another.
func checkGrade(over, upTo float64) func(*view, reporter) {
	return func(v *view, report reporter) {
		if v.language != "en" {
			return
		}
		if grade := readingGrade(v.page.text); grade > over && grade <= upTo {
			report(v.whole(), "the text is of grade %.1f", grade)
		}
	}
}

// trimmed returns what an expression of words found, without the character before it.
func trimmed(found string) string {
	return strings.TrimFunc(found, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// sentences returns the sentences of text, in which each line is a block. A full stop
// inside of a number or a host name ends none.
func sentences(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		from := 0
		for i, word := range words {
			if strings.ContainsAny(word[len(word)-1:], ".!?:") || i == len(words)-1 {
				all = append(all, strings.Join(words[from:i+1], " "))
				from = i + 1
			}
		}
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}
