package notice

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"breachnotify/pkg/account"
)

// Bounds in characters. A longer name is no name to greet with; in a label it is
// cut.
const (
	maxGreeting = 50
	maxLabel    = 60
)

// clean makes one short line of s: white space and control characters become one
// space, what is invisible or steers the direction of writing goes, and what is
// longer than limit ends in an ellipsis.
func clean(s string, limit int) string {
	var b strings.Builder
	length, space := 0, false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			space = length > 0
			continue
		case !unicode.IsGraphic(r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r),
			unicode.Is(unicode.Variation_Selector, r), length == 0 && unicode.IsMark(r):
			continue
		}
		if length >= limit {
			b.WriteRune('…')
			break
		}
		if space {
			b.WriteByte(' ')
			length++
			space = false
		}
		b.WriteRune(r)
		length++
	}
	return b.String()
}

// dotted finds a dot that mail readers could take for one inside of a host name.
// Initials are none.
var dotted = regexp.MustCompile(`\.[\pL\pM]{2}`)

// greetable reports whether a clean name can stand in a greeting: letters and
// what stands between the letters of names. Digits, signs and symbols make
// telephone numbers, addresses and advertisements.
func greetable(name string) bool {
	odd := strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !strings.ContainsRune(" .,'’-·", r)
	})
	return !odd && strings.ContainsFunc(name, unicode.IsLetter) && !dotted.MatchString(name)
}

// greeting returns the name that all accounts with a usable name agree on, or
// nothing: a mailbox can belong to several people.
func greeting(accounts []account.Account) string {
	agreed := ""
	for _, a := range accounts {
		name := clean(a.Name, maxGreeting)
		if !greetable(name) {
			continue
		}
		if agreed != "" && !strings.EqualFold(agreed, name) {
			return ""
		}
		agreed = name
	}
	return agreed
}

// label returns what tells one account of a mailbox from another, such as
// "Jane Doe (17)".
func label(a account.Account) string {
	name, id := clean(a.Name, maxLabel), clean(a.ID, maxLabel)
	switch {
	case name == "" || name == id:
		return unlink(id)
	case id == "":
		return unlink(name)
	}
	return fmt.Sprintf("%s (%s)", unlink(name), unlink(id))
}

// BUG(notice): some mail readers make a link of any long row of digits, as of a
// telephone number. An id of digits can become such a link in the text part; the
// built-in layout asks readers of the HTML part not to.

// What keeps mail readers from making a link of a name and a reader from noticing:
// a word joiner has no width and breaks what looks like a host or a path. Some
// readers end an address at white space only, so that what makes a mail address or
// a scheme is set off by no-break spaces.
const (
	wordJoiner   = '\u2060'
	noBreakSpace = '\u00a0'
)

// unlink defuses everything in a clean string that a mail reader could turn into a
// link. A mark at the end of a word, as in "J. Doe", stays as it is.
func unlink(s string) string {
	var b strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		apart := separator(r)
		if apart == 0 || i+1 == len(runes) || runes[i+1] == ' ' {
			b.WriteRune(r)
			continue
		}
		if i > 0 && runes[i-1] != ' ' {
			b.WriteRune(apart)
		}
		b.WriteRune(r)
		b.WriteRune(apart)
	}
	return b.String()
}

// separator returns what sets r apart from its neighbours, or 0 for a character
// that needs none.
func separator(r rune) rune {
	switch r {
	case '.', '。', '．', '｡', '/', '\\':
		return wordJoiner
	case '@', '＠', ':', '：':
		return noBreakSpace
	}
	return 0
}
