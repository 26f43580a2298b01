package check

import (
	"regexp"
	"slices"
	"strconv"

	"golang.org/x/net/html"
)

// probes compute the elements that no heading and no fact shows, by their names in
// the data files.
var probes = map[string]func(v *view) answer{
	"notice-date":     probeDate,
	"type-size":       probeType,
	"plain":           probePlain,
	"password-advice": probeAdvice,
	"marketing":       probeMarketing,
	"breach-section":  probeBreachSection,
	"residents":       probeResidents,
	probeOfFurnished:  probeFurnished,
}

const probeOfFurnished = "furnished-mail-withheld"

func answerOf(b bool) answer {
	if b {
		return yes
	}
	return no
}

// probeDate looks for the date of the notice in both parts.
func probeDate(v *view) answer {
	return answerOf(v.inBothParts(func(part string) bool { return showsDate(part, v.Recipient.Date.UTC()) }))
}

// leastType is 10 points in the pixels of CSS, of which 96 are an inch.
const leastType = 10 * 96.0 / 72

var fontSize = regexp.MustCompile(`(?i)font(?:-size)?\s*:[^;{}]*?([0-9]*\.?[0-9]+)(px|pt|rem|em|%)`)

// probeType looks for type of less than 10 points. Sizes relative to others are held
// against 16 pixels, which browsers begin with.
func probeType(v *view) answer {
	small := false
	v.page.elements(func(n *html.Node) {
		style := attribute(n, "style")
		if n.Data == "style" {
			style = textOf(n)
		}
		for _, found := range fontSize.FindAllStringSubmatch(style, -1) {
			size, err := strconv.ParseFloat(found[1], 64)
			small = small || err == nil && size*pixels[found[2]] < leastType
		}
		small = small || n.Data == "small"
	})
	return answerOf(!small)
}

var pixels = map[string]float64{"px": 1, "pt": 96.0 / 72, "rem": 16, "em": 16, "%": 0.16}

func probePlain(v *view) answer {
	if v.language != "en" {
		return unjudged
	}
	return answerOf(readingGrade(v.page.text) <= hardGrade)
}

func probeAdvice(v *view) answer {
	if v.words == nil {
		return unjudged
	}
	before := ""
	for _, sentence := range sentences(v.page.text) {
		if v.words.advises(sentence) && (v.words.everywhere.MatchString(sentence) || v.words.there.MatchString(sentence) && v.words.everywhere.MatchString(before)) {
			return yes
		}
		before = sentence
	}
	return no
}

// advises reports whether a sentence tells its reader to change a password: what somebody
// else may do, or what need not be done, is no advice.
func (w *vocabulary) advises(sentence string) bool {
	at := w.change.FindStringIndex(sentence)
	if at == nil {
		return false
	}
	clause := condition.ReplaceAllString(sentence[:at[1]], "")
	return !w.others.MatchString(clause) && !w.negation.MatchString(clause)
}

func probeMarketing(v *view) answer {
	if v.words == nil {
		return unjudged
	}
	return answerOf(v.words.marketing.MatchString(v.page.text))
}

// probeBreachSection looks for a section about what happened that holds something.
func probeBreachSection(v *view) answer {
	if v.words == nil {
		return unjudged
	}
	return answerOf(slices.ContainsFunc(v.page.headings, func(h heading) bool {
		return h.body != "" && v.words.happened.MatchString(h.text)
	}))
}

// probeResidents looks for a count of people.
func probeResidents(v *view) answer {
	if v.words == nil {
		return unjudged
	}
	return answerOf(v.words.people.MatchString(v.page.text) || v.words.people.MatchString(v.Message.Text))
}

// probeFurnished goes by the domains that the organisation says are its own: nothing is
// planned or resent to a mailbox there. Nobody can tell before it has said so.
func probeFurnished(v *view) answer {
	if len(v.in.FurnishedMailDomains) == 0 {
		return unjudged
	}
	return yes
}
