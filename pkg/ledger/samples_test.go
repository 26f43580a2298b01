package ledger

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

func TestFirstsAreOneNoticeOfEachKindWithTheNumberOfAccounts(t *testing.T) {
	records := people(9)
	records[4].Locale = "de"                                                             // a password account
	records = append(records, person(50, "late", "user0@big.example", account.Password)) // in the first one's notice
	records[9].Locale = "fr"
	records = append(records, excluded(51, "gone", campaign.NoAddress))
	r := readOnly(t, planned(t, frozen(), records))

	firsts, err := r.Firsts(t.Context())
	must(t, err)
	var got []string
	for _, f := range firsts {
		got = append(got, fmt.Sprintf("%s %s %d %t", f.Class, f.Locale, f.Accounts, f.Notice.Seq > 0))
		if f.Notice.Seq > 0 && (f.Notice.Class != f.Class || f.Notice.Locale != f.Locale || len(f.Notice.Accounts) == 0) {
			t.Errorf("the first %s notice in %s is a %s notice in %s", f.Class, f.Locale, f.Notice.Class, f.Notice.Locale)
		}
	}
	want := []string{"password de 1 true", "password en 5 true", "password fr 1 false", "sso en 3 true"}
	if !slices.Equal(got, want) {
		t.Errorf("firsts: %q, want %q", got, want)
	}
}

func TestFirstsFindANoticeThatNoExampleLeadsTo(t *testing.T) {
	// The first Frenchmen all share the mailboxes of others.
	var records []campaign.Planned
	for i := range 20 {
		records = append(records, person(int64(i+2), fmt.Sprint("en", i), fmt.Sprintf("shared%d@big.example", i), account.Password))
	}
	for i := range 20 {
		p := person(int64(i+30), fmt.Sprint("fr", i), fmt.Sprintf("shared%d@big.example", i), account.Password)
		p.Locale = "fr"
		records = append(records, p)
	}
	alone := person(60, "alone", "alone@big.example", account.Password)
	alone.Locale = "fr"
	r := readOnly(t, planned(t, frozen(), append(records, alone)))
	firsts, err := r.Firsts(t.Context())
	must(t, err)
	if last := firsts[len(firsts)-1]; last.Locale != "fr" || last.Notice.Seq == 0 || last.Notice.Accounts[0].ID != "alone" {
		t.Errorf("the French notice is %+v", last)
	}
}

// telling is a plan with one notice for each trait.
func telling() []campaign.Planned {
	records := people(12)
	records[1].Name = "Wolfeschlegelsteinhausenbergerdorff"
	records[3].Name = " "
	records[4].Name = "http://x"
	records[6].Name = "נועה"
	records[7].To = person(1, "", "x@bücher.example", account.Password).To
	add := func(id, address string, class account.Class) {
		records = append(records, person(int64(len(records)+2), id, address, class))
	}
	add("again", "USER9@big.example", account.Password)
	add("and again", "user9@big.example", account.Password)
	add("pair", "user10@small.example", account.Password)
	add("other", "user0@big.example", account.SSO)
	return records
}

func TestTellingFindsANoticeForEachTrait(t *testing.T) {
	r := readOnly(t, planned(t, frozen(), telling()))
	found, err := r.Telling(t.Context())
	must(t, err)
	if !found.Whole {
		t.Error("a small plan was not looked at as a whole")
	}
	want := map[Trait]string{
		LongestName: "id1", NoName: "id3", OddName: "id4", RightToLeft: "id6", IDN: "id7",
		Several: "id9 again and again", BothClasses: "id0 | other",
	}
	got := map[Trait]string{}
	for trait, notices := range found.Notices {
		var ids []string
		for _, n := range notices {
			var of []string
			for _, a := range n.Accounts {
				of = append(of, a.ID)
			}
			ids = append(ids, strings.Join(of, " "))
		}
		got[trait] = strings.Join(ids, " | ")
	}
	if !maps.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	both := found.Notices[BothClasses]
	if both[0].Class != account.Password || both[1].Class != account.SSO {
		t.Errorf("both classes are %s and %s", both[0].Class, both[1].Class)
	}
}

func TestTellingFindsNothingWhereThereIsNothing(t *testing.T) {
	records := people(3)
	odd := excluded(9, "odd", campaign.NoAddress)
	odd.Name = "<b>"
	r := readOnly(t, planned(t, frozen(), append(records, odd)))
	found, err := r.Telling(t.Context())
	must(t, err)
	if got := slices.Collect(maps.Keys(found.Notices)); !slices.Equal(got, []Trait{LongestName}) {
		t.Errorf("found %v, want the longest name alone", got)
	}
}

// What stands at the beginning of a piece far down the export is found, and not every row
// is read.
func TestTellingLooksAtPiecesOfALargePlan(t *testing.T) {
	const n = 150_000
	records := people(n)
	records[n-n/tellingPieces].Name = "نور"     // the first of the last piece
	records[n-1].Name = strings.Repeat("x", 50) // beyond it
	f := frozen()
	f.BatchSize = 1000
	r := readOnly(t, planned(t, f, records))
	found, err := r.Telling(t.Context())
	must(t, err)
	if found.Whole || len(found.Notices[RightToLeft]) != 1 {
		t.Errorf("whole %t, found %v", found.Whole, found.Notices[RightToLeft])
	}
	if name := found.Notices[LongestName][0].Accounts[0].Name; strings.HasPrefix(name, "x") {
		t.Error("the last account of the plan was looked at")
	}
}
