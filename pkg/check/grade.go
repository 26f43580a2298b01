package check

import (
	"strings"
	"unicode"
)

// leastWords is the length from which a line counts as a sentence: names, dates and
// headings are none.
const leastWords = 4

// readingGrade returns the Flesch-Kincaid grade of English text: 0.39 words a sentence
// and 11.8 syllables a word, less 15.59 (Kincaid and others, 1975). Syllables are
// counted by groups of vowels, which is right for nine words in ten. Text without a
// sentence has grade 0.
func readingGrade(text string) float64 {
	var count, words, syllables float64
	for _, sentence := range sentences(webAddress.ReplaceAllString(text, " ")) {
		spoken := strings.FieldsFunc(sentence, func(r rune) bool { return !unicode.IsLetter(r) && r != '\'' && r != '’' })
		if len(spoken) < leastWords {
			continue
		}
		count++
		words += float64(len(spoken))
		for _, word := range spoken {
			syllables += float64(syllablesIn(strings.ToLower(word)))
		}
	}
	if count == 0 {
		return 0
	}
	return 0.39*words/count + 11.8*syllables/words - 15.59
}

// syllablesIn counts the groups of vowels in an English word in lower case, less what
// is not spoken at its end.
func syllablesIn(word string) int {
	count, inVowel := 0, false
	for _, r := range word {
		vowel := strings.ContainsRune("aeiouy", r)
		if vowel && !inVowel {
			count++
		}
		inVowel = vowel
	}
	silent := strings.HasSuffix(word, "e") && !strings.HasSuffix(word, "le") ||
		strings.HasSuffix(word, "ed") && !strings.HasSuffix(word, "ted") && !strings.HasSuffix(word, "ded")
	if silent && count > 1 {
		count--
	}
	return max(count, 1)
}
