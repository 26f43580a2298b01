package bounce

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLinesEndInEveryWayThatMailHas(t *testing.T) {
	long := strings.Repeat("x", maxLine+10)
	for text, want := range map[string][]string{
		"a\nb":         {"a", "b"},
		"a\r\nb\r\n":   {"a", "b"},
		"a\rb\r":       {"a", "b"},
		"a\r\r\nb":     {"a", "b"},
		"a\r\rb":       {"a", "", "b"},
		"a\n\nb":       {"a", "", "b"},
		"\r\n\r\nb":    {"", "", "b"},
		long + "\nb\n": {long[:maxLine], "b"},
		"":             nil,
	} {
		for name, in := range map[string]io.Reader{"at once": strings.NewReader(text), "byte by byte": iotest.OneByteReader(strings.NewReader(text))} {
			if got := readLines(t, in); !slices.Equal(got, want) {
				t.Errorf("%.20q %s: got %.60q, want %.60q", text, name, got, want)
			}
		}
	}
}

func readLines(t *testing.T, r io.Reader) []string {
	t.Helper()
	var lines []string
	for l := newLineReader(r); ; {
		line, err := l.next()
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
}
