package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// Bounds of what is kept of a finding, in octets. It was written by strangers.
const (
	maxWord       = 100
	maxRecipient  = 320
	maxMessageID  = 998 // a line of a header (RFC 5322, section 2.1.1)
	maxDiagnostic = 2000
	maxDigest     = 200
)

// bounded returns f as it is kept: every text on one line and of a bounded size, the
// recipient in the form in which addresses are kept where it is one.
func bounded(f campaign.Finding) campaign.Finding {
	if len(f.Digest) > maxDigest {
		sum := sha256.Sum256([]byte(f.Digest))
		f.Digest = hex.EncodeToString(sum[:])
	}
	for text, size := range map[*string]int{
		&f.Source: maxWord, &f.Action: maxWord, &f.Status: maxWord, &f.Reason: maxWord,
		&f.Recipient: maxRecipient, &f.MessageID: maxMessageID, &f.Diagnostic: maxDiagnostic,
	} {
		*text = oneLine(*text, size)
	}
	if address, err := account.ParseAddress(f.Recipient); err == nil {
		f.Recipient = address.Wire()
	}
	if f.Permanence != campaign.Permanent && f.Permanence != campaign.Transient {
		f.Permanence = campaign.PermanenceUnknown
	}
	return f
}

// oneLine returns text without control characters and runs of white space, cut to size
// octets at the end of a character.
func oneLine(text string, size int) string {
	if len(text) > 4*size { // no need to go through what is cut off anyway
		text = text[:4*size]
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case r == utf8.RuneError:
			return '?'
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= size {
		return text
	}
	for size > 0 && !utf8.RuneStart(text[size]) {
		size--
	}
	return strings.TrimRight(text[:size], " ")
}
