package bounce

import "strings"

// readDisposition reads a message disposition notification (RFC 8098, before it RFC
// 3798): what became of a message after it was delivered. Whatever that was, it was
// delivered.
func readDisposition(m message) ([]Recipient, bool) {
	for _, p := range m.parts {
		if p.mediaType != "message/disposition-notification" && p.mediaType != "message/global-disposition-notification" {
			continue
		}
		fs := parseFields(strings.Split(p.text, "\n"))
		address := ""
		for _, value := range fs.all("original-recipient", "final-recipient") {
			if address == "" {
				address = recipientAddress(value)
			}
		}
		return []Recipient{{
			Address: address, Action: ActionDelivered, Permanence: Unknown, Diagnostic: clip(fs.get("disposition")),
		}}, true
	}
	return nil, false
}
