package event

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDifferentPartsHaveDifferentDigests(t *testing.T) {
	seen := map[string]bool{}
	for _, parts := range [][]string{{"ab", "c"}, {"a", "bc"}, {"abc"}, {"abc", ""}, {"1:a"}, nil} {
		digest := Digest(parts...)
		if seen[digest] || len(digest) != 64 {
			t.Errorf("%q has the digest %s, as others have", parts, digest)
		}
		seen[digest] = true
	}
}

func TestOneLineIsBoundedAndHasNoControlCharacters(t *testing.T) {
	got := OneLine("550\r\n\tno\x1b[31m " + strings.Repeat("ü", 5000))
	if !strings.HasPrefix(got, "550 no [31m ü") || len(got) > maxDiagnostic+len("�") || !utf8.ValidString(got) {
		t.Errorf("%q", got)
	}
}

func TestMessageIDTakesNothingThatIsNone(t *testing.T) {
	for value, want := range map[string]string{" <a@b> ": "a@b", "a@b": "a@b", "<a b>": "", "<a\r\nb>": "", strings.Repeat("x", 999): ""} {
		if got := MessageID(value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

func TestTokens(t *testing.T) {
	for sender, want := range map[string][]string{"bounces+tok+en@example.com": {"tok+en"}, "bounces@example.com": nil, "b+@example.com": nil,
		"b+" + strings.Repeat("x", 200) + "@example.com": nil, "": nil} {
		if got := Tokens(sender); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", sender, got, want)
		}
	}
}

func TestStatus(t *testing.T) {
	for text, want := range map[string]string{"550 5.1.1 no": "5.1.1", "5.1.1 (bad address)": "5.1.1", "host 4.3.2.1 said": "", "version 15.1.1": "", "(4.4.7.)": "4.4.7", "": ""} {
		if got := Status(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
