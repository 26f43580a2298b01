package preview

import (
	"fmt"
	"net/mail"
	"strings"

	"golang.org/x/net/idna"

	"breachnotify/pkg/account"
	"breachnotify/pkg/notice"
)

// people returns the mailboxes of a header as mail programs show them.
func people(h mail.Header, name string) string {
	list, err := h.AddressList(name)
	if err != nil {
		return h.Get(name)
	}
	var shown []string
	for _, a := range list {
		if a.Name == "" {
			shown = append(shown, a.Address)
		} else {
			shown = append(shown, a.Name+" <"+a.Address+">")
		}
	}
	return strings.Join(shown, ", ")
}

// masked returns an address without the name in it, and its domain also as people write
// it.
func masked(a account.Address) string {
	if written := written(a); written != a.Domain() {
		return strings.TrimSuffix(a.Masked(), a.Domain()) + written + " (" + a.Domain() + ")"
	}
	return a.Masked()
}

// written returns the domain of an address as people write it.
func written(a account.Address) string {
	domain, err := idna.ToUnicode(a.Domain())
	if err != nil {
		return a.Domain()
	}
	return domain
}

// describe says in one short line whom a notice is for, and which one.
func describe(r notice.Recipient) string {
	words := []string{strings.TrimSuffix(r.To.Masked(), r.To.Domain()) + written(r.To), classTitle(r.Class), r.Locale}
	if n := len(r.Accounts); n > 1 {
		words = append(words, counted(int64(n)))
	}
	return strings.Join(words, ", ")
}

func counted(accounts int64) string {
	if accounts == 1 {
		return "1 account"
	}
	return grouped(accounts) + " accounts"
}

// classTitle names a class.
func classTitle(c account.Class) string {
	switch c {
	case account.Password:
		return "Password"
	case account.SSO:
		return "SSO"
	}
	return string(c)
}

// short cuts a digest to what a human compares.
func short(digest string) string {
	const shown = len("sha256:") + 12
	return digest[:min(len(digest), shown)]
}

// grouped writes an integer with its digits in groups of three.
func grouped(n any) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
