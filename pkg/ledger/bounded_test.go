package ledger

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"breachnotify/pkg/campaign"
)

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "  a\r\n\tb\x00c ": "a b c", "ab\xffc": "ab?c", "aaaaaaaaaaaa": "aaaaaaaaaa", "ääääää": "äääää", "aäääääää": "aääää",
	} {
		if got := oneLine(in, 10); got != want {
			t.Errorf("oneLine(%q) = %q, want %q", in, got, want)
		}
	}
}

// What is kept fits its bounds whatever it was, and is kept the same when it comes again.
func FuzzBounded(f *testing.F) {
	for _, seed := range []string{"", "550 5.1.1 no such user", "jane@example.org", "\x00\r\n\xff", strings.Repeat("ä ", 3000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := bounded(campaign.Finding{
			Digest: text, Source: text, MessageID: text, Recipient: text, Status: text, Diagnostic: text, Permanence: campaign.Permanence(text),
		})
		for size, kept := range map[int]string{
			maxWord: once.Status, maxRecipient: once.Recipient, maxMessageID: once.MessageID, maxDiagnostic: once.Diagnostic,
		} {
			if len(kept) > size || !utf8.ValidString(kept) || strings.ContainsFunc(kept, unicode.IsControl) {
				t.Fatalf("%q is kept as %q", text, kept)
			}
		}
		again := bounded(once)
		if again.Digest != once.Digest || again.Recipient != once.Recipient || again.Diagnostic != once.Diagnostic {
			t.Fatalf("%q is kept as %+v, and then as %+v", text, once, again)
		}
	})
}
