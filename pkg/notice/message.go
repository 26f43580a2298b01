package notice

import (
	"time"

	"breachnotify/pkg/account"
)

// Recipient is everything about one notice that differs from the next one.
type Recipient struct {
	ID       string // the notice's token: Message-ID, X-Notice-ID, boundary are made of it
	To       account.Address
	Class    account.Class
	Locale   string // one of Set.Locales(Class)
	Accounts []account.Account
	Date     time.Time
	Test     bool // marks the subject with [TEST]
}

// Message is one notice as bytes.
type Message struct {
	ID      string
	To      account.Address
	Class   account.Class
	Locale  string
	Subject string
	Text    string // the text part, decoded
	HTML    string // the HTML part, decoded
	Bytes   []byte // the whole message: headers and body, CRLF line ends, no dot-stuffing
}
