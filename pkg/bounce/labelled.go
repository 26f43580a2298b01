package bounce

import (
	"strings"
	"sync"
)

// label is a phrase of the section [address] of rules/phrases.txt: what stands before
// the address, and what stands after it.
type label struct {
	before phrase // nil for none
	after  string
}

var labels = sync.OnceValue(func() []label {
	var all []label
	for section, line := range ruleLines(phrasesText) {
		if section != "address" {
			continue
		}
		before, after, _ := strings.Cut(line, "{}")
		l := label{after: strings.TrimSpace(after)}
		if before = strings.TrimSpace(before); before != "" {
			l.before = newPhrase(before)
		}
		all = append(all, l)
	}
	return all
})

// Bounds of the text in which labels are looked for, and of that around an address.
const (
	maxLabelled = 32 << 10
	maxBefore   = 160
	maxAfter    = 60
)

// marks are what may stand between a label and its address.
const marks = " \"'<(["

// place is an address in a text with what surrounds it, in the form of normalise.
type place struct {
	span
	address, before, after string
}

// findLabelled reads addresses that stand in a sentence or after a label, by the
// phrases of the section [address]: DragonFly, IMail, MailFoundry, KDDI, SurfControl,
// MailMarshal, the Messaging Server and the friendly ones of Google. The first phrase
// that is found anywhere decides.
func findLabelled(n notice) []finding {
	text := strings.Join(n.lines, "\n")
	text = text[:min(len(text), maxLabelled)]
	places := findPlaces(text)
	for _, l := range labels() {
		var found []finding
		goesOn := false // the address before was found, and this may be the next of a list
		for i, p := range places {
			goesOn = l.fits(p) || goesOn && isEnumerated(text[places[i-1].end:p.start])
			if goesOn {
				found = append(found, finding{address: p.address, diagnostic: paragraphsAt(text, p)})
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// isEnumerated reports whether what stands between two addresses makes a list of them.
func isEnumerated(between string) bool {
	return len(between) <= 12 && strings.ContainsAny(between, ",;") && strings.Trim(between, " ,;<>()\"'\n") == ""
}

func findPlaces(text string) []place {
	var places []place
	for at, ok := nextAddress(text, 0); ok && len(places) < enoughRecipients; at, ok = nextAddress(text, at.end) {
		before := normalise(text[max(0, at.start-maxBefore):at.start])
		after := normalise(text[at.end:min(len(text), at.end+maxAfter)])
		before = strings.TrimRight(before, marks)
		for _, kind := range []string{"mailto:", "smtp:"} {
			before = strings.TrimSuffix(before, kind)
		}
		places = append(places, place{
			span: at, address: text[at.start:at.end],
			before: strings.TrimRight(before, marks), after: strings.TrimLeft(after, " \"'>)]"),
		})
	}
	return places
}

// fits reports whether an address stands where the label wants it.
func (l label) fits(p place) bool {
	if !strings.HasPrefix(p.after, l.after) {
		return false
	}
	if l.before == nil {
		return true
	}
	last := len(l.before) - 1
	rest, ok := strings.CutSuffix(p.before, strings.TrimSpace(l.before[last]))
	if !ok {
		return false
	}
	if last > 0 {
		return l.before[:last].in(rest[max(0, len(rest)-maxGap):])
	}
	first := l.before[0][0]
	return rest == "" || !isWordByte(rest[len(rest)-1]) || !isWordByte(first)
}

// paragraphsAt returns the text around an address: its line, and all to the end of the
// next paragraph.
func paragraphsAt(text string, p place) string {
	start := strings.LastIndexByte(text[:p.start], '\n') + 1
	rest := text[p.end:]
	end := len(rest)
	if i := strings.Index(rest, "\n\n"); i >= 0 {
		if j := strings.Index(rest[i+2:], "\n\n"); j >= 0 {
			end = i + 2 + j
		}
	}
	return clip(text[start : p.end+end])
}
