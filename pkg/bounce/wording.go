package bounce

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed rules/wording.txt
var wordingText string

// wording is one phrase of rules/wording.txt and what it means.
type wording struct {
	phrase     phrase
	reason     string
	permanence Permanence // Unknown where the words leave it open
}

// wordingList is the phrases of rules/wording.txt and their meanings, in the order in
// which they decide.
type wordingList struct {
	phrases  phraseList
	meanings []wording
}

var wordings = sync.OnceValue(func() *wordingList {
	var all wordingList
	for section, line := range ruleLines(wordingText) {
		reason, permanence, _ := strings.Cut(section, " ")
		w := wording{phrase: newPhrase(line), reason: reason, permanence: Permanence(permanence)}
		if permanence == "-" {
			w.permanence = Unknown
		}
		all.phrases.add(w.phrase)
		all.meanings = append(all.meanings, w)
	}
	return &all
})

// maxWording is how many octets of a text are looked at for phrases.
const maxWording = 8 << 10

// understand returns the reason that a text tells in words, and the permanence that
// those words tell; "" and Unknown where they tell nothing.
func understand(text string) (reason string, permanence Permanence) {
	all := wordings()
	if place, found := all.phrases.first(normalise(text)); found {
		return all.meanings[place].reason, all.meanings[place].permanence
	}
	return "", Unknown
}

// normalise makes a text comparable with phrases: lower case, single spaces, plain
// apostrophes, and @ for each address, whose names are no words of the system.
func normalise(text string) string {
	text = strings.ToValidUTF8(text[:min(len(text), maxWording)], "")
	text = strings.ReplaceAll(strings.ToLower(hideAddresses(text)), "’", "'")
	return strings.Join(strings.Fields(text), " ")
}
