package notice

import (
	"slices"
	"strconv"
	"time"

	"breachnotify/pkg/account"
)

// sampleAccounts are the accounts of one sample each: with a name, without, and
// several in one mailbox.
var sampleAccounts = [][]account.Account{
	{{ID: "1017", Name: "Jane Doe"}},
	{{ID: "1018"}},
	{{ID: "1019", Name: "Jane Doe"}, {ID: "1020", Name: "Doe Family"}, {ID: "1021"}},
}

// Samples returns made-up recipients of one notice, for previews without a plan:
// one with a name, one without, and one with several accounts. They are addressed
// to the sender of the campaign, and their notices bear date.
func (s *Set) Samples(class account.Class, locale string, date time.Time) []Recipient {
	samples := make([]Recipient, len(sampleAccounts))
	for i, accounts := range sampleAccounts {
		samples[i] = Recipient{
			ID: "sample" + strconv.Itoa(i+1), To: s.sender, Class: class, Locale: locale,
			Accounts: slices.Clone(accounts), Date: date,
		}
	}
	return samples
}
