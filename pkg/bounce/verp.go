package bounce

import "strings"

// Bounds of the candidates for a token.
const (
	maxTokens = 16
	maxToken  = 128
)

// findTokens returns what stands after a plus in the local parts of the addresses
// that the report was delivered to, and after them of the senders that the original
// is said to have had. Which of them is a token of ours, only its HMAC can tell.
func findTokens(m message, o original, groups []fields) []string {
	values := m.header.all("x-original-to", "envelope-to", "x-envelope-to", "delivered-to", "x-delivered-to",
		"x-rcpt-to", "x-real-to", "x-apparently-to", "apparently-to", "to", "cc", "resent-to", "return-path")
	for _, received := range m.header.all("received") {
		if _, recipient, ok := strings.Cut(received, " for "); ok {
			values = append(values, recipient)
		}
	}
	values = append(values, o.header.all("return-path", "x-envelope-from", "errors-to")...)
	for _, fs := range groups {
		values = append(values, fs.all("x-postfix-sender", "original-mail-from")...)
	}
	var tokens []string
	seen := map[string]bool{}
	for _, value := range values {
		for _, address := range findAddresses(value, maxTokens) {
			token := tokenOf(address)
			if token != "" && !seen[token] && len(tokens) < maxTokens {
				seen[token] = true
				tokens = append(tokens, token)
			}
		}
	}
	return tokens
}

// tokenOf returns what stands after the first plus of a local part.
func tokenOf(address string) string {
	local, _, _ := strings.Cut(address, "@")
	_, token, _ := strings.Cut(local, "+")
	if len(token) > maxToken {
		return ""
	}
	return token
}
