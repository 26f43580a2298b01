package campaign

import "breachnotify/pkg/hint"

// closest returns the candidate that a word was most likely meant to be, or
// nothing where none is within two edits and closer than half of the word.
func closest(word string, candidates []string) string {
	best, distance := "", min(2, len(word)/2)+1
	for _, candidate := range candidates {
		if d := hint.Distance(word, candidate); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}
