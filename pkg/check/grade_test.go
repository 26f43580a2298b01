package check

import (
	"strings"
	"testing"
)

func TestSyllables(t *testing.T) {
	for word, want := range map[string]int{
		"the": 1, "password": 2, "reset": 2, "table": 2, "closed": 1, "needed": 2, "information": 4, "was": 1, "x": 1, "stole": 2,
	} {
		if got := syllablesIn(word); got != want {
			t.Errorf("%s has %d syllables, want %d", word, got, want)
		}
	}
}

func TestReadingGrade(t *testing.T) {
	for name, c := range map[string]struct {
		text     string
		from, to float64
	}{
		"nothing":                   {"", 0, 0},
		"names and dates":           {"Jane Doe\n22 November 2026", 0, 0},
		"plain":                     {"We shut the hole. No one can use it now. You can pick a new key.", -3, 3},
		"hard":                      {"Notwithstanding administrative considerations, organisations communicate unavoidable information regarding responsibilities.", 12, 60},
		"an address does not count": {"Go to our site and look at https://example.com/a.very.long.path/of/many/unpronounceable/words now.", -3, 4},
	} {
		if got := readingGrade(c.text); got < c.from || got > c.to {
			t.Errorf("%s: grade %.1f, want %.1f to %.1f", name, got, c.from, c.to)
		}
	}
}

func TestSentences(t *testing.T) {
	got := sentences("One at example.com is here. Two? No\nA heading\n\n12.5 is one: done.")
	if want := "One at example.com is here.|Two?|No|A heading|12.5 is one:|done."; strings.Join(got, "|") != want {
		t.Errorf("sentences are %q", got)
	}
}
