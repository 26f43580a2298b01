package campaign

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"breachnotify/pkg/account"
	"breachnotify/pkg/classify"
)

// languages is a Languages that has notices in these languages, the first of which
// is the default.
type languages []string

func (l languages) Locale(_ account.Class, preferred string) (string, bool) {
	for _, locale := range l {
		if locale == preferred {
			return locale, true
		}
	}
	if len(l) == 0 {
		return "", false
	}
	return l[0], true
}

// ledger is a Draft that keeps what it is given.
type ledger struct {
	planned []Planned
	err     error // of Add
}

func (l *ledger) Add(_ context.Context, p Planned) error {
	if l.err != nil {
		return l.err
	}
	l.planned = append(l.planned, p)
	return nil
}

func (l *ledger) AddUnmatched(context.Context, Unmatched) error {
	return errors.New("not for the planner")
}
func (l *ledger) Seal(context.Context, Frozen) error { return errors.New("not for the planner") }

func stream(records ...account.Record) iter.Seq2[account.Record, error] {
	return func(yield func(account.Record, error) bool) {
		for i, record := range records {
			record.Line = int64(i + 2)
			if !yield(record, nil) {
				return
			}
		}
	}
}

func newPlanner() *Planner {
	return &Planner{
		Rules: classify.Rules{
			Both: account.Password, Neither: classify.NeitherExclude, PasswordColumn: "hash", SSOColumn: "provider",
		},
		Languages: languages{"en", "de"},
	}
}

func address(t *testing.T, text string) account.Address {
	t.Helper()
	parsed, err := account.ParseAddress(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestEveryRecordIsDecided(t *testing.T) {
	const unset = "neither hash nor provider is set"
	const furnished = "the mailbox is at one of furnished_mail_domains"
	cases := []struct {
		name   string
		record account.Record
		want   Planned
	}{
		{
			"a password", account.Record{Email: " Jane@EXAMPLE.org ", Name: "Jane", Password: "$2b$", Locale: "de"},
			Planned{Name: "Jane", To: address(t, "Jane@example.org"), Class: account.Password, Reason: "hash is set", Locale: "de"},
		},
		{
			"SSO", account.Record{Email: "a@example.org", SSO: "google", Locale: "fr"},
			Planned{To: address(t, "a@example.org"), Class: account.SSO, Reason: "provider is set", Locale: "en"},
		},
		{
			"no address", account.Record{Email: "NULL", Password: "x1"},
			Planned{Class: account.Password, Reason: "no address", Excluded: NoAddress},
		},
		{
			"no address and no class", account.Record{},
			Planned{Reason: "no address", Excluded: NoAddress},
		},
		{
			"an invalid address", account.Record{Email: "secret at example.org", SSO: "google"},
			Planned{Class: account.SSO, Written: "secret at example.org", Reason: "invalid address: no @", Excluded: InvalidAddress},
		},
		{
			"a long text for an address", account.Record{Email: " " + strings.Repeat("ö", 300), Password: "x1"},
			Planned{Class: account.Password, Written: strings.Repeat("ö", MaxWritten/2), Reason: "invalid address: no @", Excluded: InvalidAddress},
		},
		{
			"an address that the relay cannot take", account.Record{Email: "jürgen@example.org", SSO: "google"},
			Planned{To: address(t, "jürgen@example.org"), Class: account.SSO, Reason: "the local part is not ASCII and smtp.smtputf8 is off", Excluded: Unsendable},
		},
		{
			"unsendable before suppressed", account.Record{Email: "ölaf@example.org"},
			Planned{To: address(t, "ölaf@example.org"), Reason: "the local part is not ASCII and smtp.smtputf8 is off", Excluded: Unsendable},
		},
		{
			"a suppressed mailbox in another case", account.Record{Email: "GONE@example.org", Password: "x1"},
			Planned{To: address(t, "GONE@example.org"), Class: account.Password, Reason: "the mailbox is in the file of suppress", Excluded: Suppressed},
		},
		{
			"suppressed before unclassified", account.Record{Email: "gone@example.org"},
			Planned{To: address(t, "gone@example.org"), Reason: "the mailbox is in the file of suppress", Excluded: Suppressed},
		},
		{
			"furnished", account.Record{Email: "a@users.example.com", Password: "x1"},
			Planned{To: address(t, "a@users.example.com"), Class: account.Password, Reason: furnished, Excluded: Withheld},
		},
		{
			"below a furnished domain", account.Record{Email: "a@de.USERS.example.com", Password: "!"},
			Planned{To: address(t, "a@de.users.example.com"), Reason: furnished, Excluded: Withheld},
		},
		{
			"furnished in another spelling", account.Record{Email: "a@bücher.example", Password: "x1"},
			Planned{To: address(t, "a@bücher.example"), Class: account.Password, Reason: furnished, Excluded: Withheld},
		},
		{
			"furnished and suppressed", account.Record{Email: "gone@users.example.com", Password: "x1"},
			Planned{To: address(t, "gone@users.example.com"), Class: account.Password, Reason: "the mailbox is in the file of suppress", Excluded: Suppressed},
		},
		{
			"beside a furnished domain", account.Record{Email: "a@example.com", Password: "x1"},
			Planned{To: address(t, "a@example.com"), Class: account.Password, Reason: "hash is set", Locale: "en"},
		},
		{
			"ends like a furnished domain", account.Record{Email: "a@myusers.example.com", Password: "x1"},
			Planned{To: address(t, "a@myusers.example.com"), Class: account.Password, Reason: "hash is set", Locale: "en"},
		},
		{
			"no class", account.Record{Email: "a@example.org", Password: "!"},
			Planned{To: address(t, "a@example.org"), Reason: unset, Excluded: Unclassified},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, draft := newPlanner(), &ledger{}
			p.Sendable.Suppression = Suppression{}
			for _, gone := range []string{"Gone@example.org", "ölaf@example.org", "gone@users.example.com"} {
				p.Sendable.Suppression.Add(address(t, gone))
			}
			p.Sendable.Furnished = Domains{"users.example.com", "xn--bcher-kva.example"}
			c.record.ID, c.want.ID, c.want.Line = "17", "17", 2
			if err := p.Plan(t.Context(), stream(c.record), draft); err != nil {
				t.Fatal(err)
			}
			if want := []Planned{c.want}; !reflect.DeepEqual(draft.planned, want) {
				t.Errorf("planned\n%#v\nwant\n%#v", draft.planned, want)
			}
		})
	}
}

func TestARelayWithSMTPUTF8TakesEveryLocalPart(t *testing.T) {
	p, draft := newPlanner(), &ledger{}
	p.Sendable.SMTPUTF8 = true
	record := account.Record{ID: "1", Email: "jürgen@example.org", SSO: "google"}
	if err := p.Plan(t.Context(), stream(record), draft); err != nil || draft.planned[0].Excluded != "" {
		t.Errorf("planned %+v, %v", draft.planned, err)
	}
}

func TestPlanEndsAtTheFirstError(t *testing.T) {
	good := account.Record{ID: "1", Email: "private@example.org", Password: "x1"}
	broken := errors.New("broken")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	cases := []struct {
		name    string
		ctx     context.Context
		records iter.Seq2[account.Record, error]
		spoil   func(*Planner, *ledger)
		want    string
		is      error
		added   int
	}{
		{"no id", t.Context(), stream(good, account.Record{ID: " ", Email: "private@example.org"}, good), nil, "plan line 3: the account has no id", ErrNoID, 1},
		{"a null id", t.Context(), stream(account.Record{ID: `\N`}), nil, "plan line 2: ", ErrNoID, 0},
		{"the export fails", t.Context(), func(yield func(account.Record, error) bool) { yield(account.Record{}, broken) }, nil, "read the export: broken", broken, 0},
		{"the draft fails", t.Context(), stream(good), func(_ *Planner, l *ledger) { l.err = broken }, "plan line 2: broken", broken, 0},
		{"no notice for the class", t.Context(), stream(good), func(p *Planner, _ *ledger) { p.Languages = languages{} }, "plan line 2: there is no notice for the class password", ErrNoNotice, 0},
		{"cancelled", cancelled, stream(good), nil, "context canceled", context.Canceled, 0},
		{"cancelled with an export that ends early", cancelled, stream(), nil, "context canceled", context.Canceled, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, draft := newPlanner(), &ledger{}
			if c.spoil != nil {
				c.spoil(p, draft)
			}
			err := p.Plan(c.ctx, c.records, draft)
			if !errors.Is(err, c.is) || !strings.HasPrefix(err.Error(), c.want) {
				t.Fatalf("error is %v, want %s", err, c.want)
			}
			if strings.Contains(err.Error(), "private") {
				t.Errorf("the error shows an address: %v", err)
			}
			if len(draft.planned) != c.added {
				t.Errorf("%d records were added, want %d", len(draft.planned), c.added)
			}
		})
	}
}

func TestSumsAgreeOverAWholeExport(t *testing.T) {
	const n = 5000
	emails := []string{"a%d@example.org", "", "no address %d", "ä%d@example.org", "gone@example.org"}
	records := func(yield func(account.Record, error) bool) {
		for i := range n {
			record := account.Record{Line: int64(i + 1), ID: fmt.Sprint(i), Email: emails[i%len(emails)]}
			if strings.Contains(record.Email, "%d") {
				record.Email = fmt.Sprintf(record.Email, i)
			}
			if i%2 == 0 {
				record.Password = "$2b$"
			}
			if i%3 == 0 {
				record.SSO = "google"
			}
			if !yield(record, nil) {
				return
			}
		}
	}
	p, draft := newPlanner(), &ledger{}
	p.Sendable.Suppression = Suppression{"gone@example.org": {}}
	if err := p.Plan(t.Context(), records, draft); err != nil {
		t.Fatal(err)
	}
	counts := map[Exclusion]int{}
	for i, planned := range draft.planned {
		counts[planned.Excluded]++
		if planned.ID != fmt.Sprint(i) || planned.Line != int64(i+1) {
			t.Fatalf("record %d was given as %s of line %d", i, planned.ID, planned.Line)
		}
		if noticed := planned.Excluded == ""; noticed != (planned.Locale != "") || noticed && (planned.To.IsZero() || !planned.Class.Valid()) {
			t.Fatalf("record %d is neither whole nor excluded: %+v", i, planned)
		}
		if planned.Reason == "" {
			t.Fatalf("record %d has no reason", i)
		}
	}
	// A third of those with a good address has neither sign.
	want := map[Exclusion]int{"": 667, NoAddress: 1000, InvalidAddress: 1000, Unsendable: 1000, Suppressed: 1000, Unclassified: 333}
	if !reflect.DeepEqual(counts, want) {
		t.Errorf("counts are %v, want %v", counts, want)
	}
}

func TestReadSuppressed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "suppress.txt")
	text := "\ufeff# gone\r\n\r\nJane@EXAMPLE.org\r\n  bob+x@example.org  \n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := (&Config{Suppress: path}).ReadSuppressed()
	if err != nil || len(got) != 2 {
		t.Fatalf("ReadSuppressed = %v, %v", got, err)
	}
	for text, want := range map[string]bool{
		"jane@example.org": true, "JANE@example.org": true, "bob+x@example.org": true, "bob@example.org": false,
	} {
		if got.Has(address(t, text)) != want {
			t.Errorf("%s is suppressed: %v, want %v", text, !want, want)
		}
	}
	if none, err := (&Config{}).ReadSuppressed(); err != nil || none.Has(address(t, "jane@example.org")) {
		t.Errorf("without a file the set is %v, %v", none, err)
	}
}

func TestSuppressionErrorsNameTheLineOnly(t *testing.T) {
	for text, want := range map[string]string{
		"a@example.org\nprivate at example.org\n":            "line 2: invalid address",
		"a@example.org\n\n" + strings.Repeat("private", 1e5): "line 3 is too long",
	} {
		_, err := readSuppressed(strings.NewReader(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "private") {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
	if _, err := (&Config{Suppress: filepath.Join(t.TempDir(), "x")}).ReadSuppressed(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
}

// BenchmarkPlan reports what one record costs between the export and the draft.
func BenchmarkPlan(b *testing.B) {
	p := newPlanner()
	record := account.Record{ID: "17", Email: "jane.doe@example.org", Name: "Jane", Password: "$2b$12$", Locale: "de"}
	records := func(yield func(account.Record, error) bool) {
		for b.Loop() {
			if !yield(record, nil) {
				return
			}
		}
	}
	b.ReportAllocs()
	if err := p.Plan(b.Context(), records, nothing{}); err != nil {
		b.Fatal(err)
	}
}

// nothing is a Draft that forgets what it is given.
type nothing struct{}

func (nothing) Add(context.Context, Planned) error            { return nil }
func (nothing) AddUnmatched(context.Context, Unmatched) error { return nil }
func (nothing) Seal(context.Context, Frozen) error            { return nil }
