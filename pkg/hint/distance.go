package hint

// longest is the length, in octets, from which words are not compared letter by
// letter: nobody means a word of that length by mistake.
const longest = 64

// Distance returns how many octets must be changed, added or taken away to make a of
// b (the Levenshtein distance), for advice about what was meant. For words of more
// than 64 octets it is the length of the longer one.
func Distance(a, b string) int {
	if len(a) > longest || len(b) > longest {
		return max(len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
