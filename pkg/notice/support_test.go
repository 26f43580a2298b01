package notice

import (
	"net/mail"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/templates"
)

// noticeDate is the date of every notice in the tests.
var noticeDate = time.Date(2026, time.November, 22, 9, 30, 0, 0, time.UTC)

// testFacts returns facts with everything in them that facts may hold.
func testFacts() Facts {
	return Facts{
		Organisation: "Example Media",
		From:         &mail.Address{Name: "Example Security", Address: "security@example.com"},
		ReplyTo:      &mail.Address{Address: "help@example.com"},
		Incident: map[string]string{
			"what_happened":     "A third party got into one of our databases and reached a *limited* part of the customer data.\n\nThe way in was open from 1 to 5 September 2026.",
			"what_information":  "These data were involved:\n\n- e-mail addresses and user names\n- passwords, stored only as hashes\n- authentication data\n\nPayment data were **not** involved: we do not hold any.",
			"what_we_are_doing": "We closed the hole on 8 September 2026. Further reviews of our systems are under way.",
			"discovered":        "2026-09-08",
		},
		Links: map[string]string{
			LinkReset:     "https://example.com/reset",
			LinkSignOut:   "https://example.com/security",
			LinkHelp:      "https://example.com/help?topic=breach&from=mail",
			LinkTwoFactor: "https://example.com/2fa",
		},
	}
}

func testOptions() Options {
	return Options{FS: templates.FS, Facts: testFacts(), MessageIDDomain: "example.com", DefaultLocale: "en"}
}

func testSet(t testing.TB, change ...func(*Options)) *Set {
	t.Helper()
	options := testOptions()
	for _, f := range change {
		f(&options)
	}
	s, err := Load(options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func testRecipient(t testing.TB, class account.Class, locale string, accounts ...account.Account) Recipient {
	t.Helper()
	return Recipient{
		ID: "aaaaaaaaaeq2kzo5c7d3fghi", To: address(t, "jane.doe@example.org"),
		Class: class, Locale: locale, Accounts: accounts, Date: noticeDate,
	}
}

func address(t testing.TB, s string) account.Address {
	t.Helper()
	a, err := account.ParseAddress(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func compose(t testing.TB, s *Set, r Recipient) Message {
	t.Helper()
	m, err := s.Compose(r)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
