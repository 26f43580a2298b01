package check

import (
	"fmt"
	"testing"

	"breachnotify/pkg/account"
)

func TestTallyCountsMailboxesAndKeepsNone(t *testing.T) {
	tally := NewTally()
	for _, text := range []string{
		"jane.doe@example.org", "janedoe@example.org", "JaneDoe@example.org", "janedoe+shop@example.org", // two look like the first
		"janedoe@example.net", "+x@example.org", "+y@example.org",
		"info@example.org", "Postmaster@example.org",
		"a@gmial.com", "b@gmial.com", "c@hotmial.com", "d@outlok.com", "e@gmail.com", "f@live.de",
	} {
		to, err := account.ParseAddress(text)
		if err != nil {
			t.Fatal(err)
		}
		tally.Add(to)
	}
	got := tally.Mailboxes()
	want := Mailboxes{
		Roles: 2, LookAlikes: 2,
		Typos: map[string]Typo{"gmial.com": {"gmail.com", 2}, "hotmial.com": {"hotmail.com", 1}, "outlok.com": {"outlook.com", 1}},
		Domains: map[string]int64{
			"example.org": 8, "example.net": 1, "gmial.com": 2, "hotmial.com": 1, "outlok.com": 1, "gmail.com": 1, "live.de": 1,
		},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("counts are %+v, want %+v", got, want)
	}
	if again := tally.Mailboxes(); again.LookAlikes != want.LookAlikes {
		t.Errorf("asked again it says %d", again.LookAlikes)
	}
}

func TestTallyForgetsSmallDomainsBeforeLargeOnes(t *testing.T) {
	tally := NewTally()
	const large = 3000
	for i := range mostKnown + 2*large {
		name := fmt.Sprintf("domain%d.example", i)
		if i%100 < 4 && i/100*4 < large {
			name = "large.example"
		}
		tally.countDomain(name)
	}
	domains := tally.Mailboxes().Domains
	if n := domains["large.example"]; n < 2600 || n > large || len(domains) > mostKnown {
		t.Errorf("%d notices to the large domain, %d domains kept", n, len(domains))
	}
}

// BenchmarkTally reports what one notice costs.
func BenchmarkTally(b *testing.B) {
	var addresses []account.Address
	for i := range 1000 {
		to, err := account.ParseAddress(fmt.Sprintf("reader%d@domain%d.example", i, i%97))
		if err != nil {
			b.Fatal(err)
		}
		addresses = append(addresses, to)
	}
	tally := NewTally()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		tally.Add(addresses[i%len(addresses)])
	}
}
