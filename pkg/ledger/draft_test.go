package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/hint"
)

func pending(tb testing.TB, r *Reader) []campaign.Notice {
	tb.Helper()
	var all []campaign.Notice
	for after := int64(0); ; {
		page, err := r.Pending(tb.Context(), after, 3)
		must(tb, err)
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		after = page[len(page)-1].Seq
	}
}

func TestAccountsOfOneMailboxAndClassShareANotice(t *testing.T) {
	r := readOnly(t, planned(t, frozen(), []campaign.Planned{
		person(2, "a", "Ann@one.example", account.Password),
		person(3, "b", "bob@one.example", account.Password),
		person(4, "c", "ann@one.example", account.Password),
		person(5, "d", "ANN@one.example", account.SSO),
		person(6, "e", "ann+x@one.example", account.Password),
		excluded(7, "f", campaign.NoAddress),
	}))
	got := map[string][]account.Account{}
	for _, n := range pending(t, r) {
		got[n.To.Wire()+" "+string(n.Class)] = n.Accounts
	}
	want := map[string][]account.Account{
		"Ann@one.example password":   {{ID: "a", Name: "Name a"}, {ID: "c", Name: "Name c"}},
		"bob@one.example password":   {{ID: "b", Name: "Name b"}},
		"ANN@one.example sso":        {{ID: "d", Name: "Name d"}},
		"ann+x@one.example password": {{ID: "e", Name: "Name e"}},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("notices = %v\nwant      %v", got, want)
	}
	s := checkInvariants(t, r)
	if s.Accounts.Selected != 6 || s.Accounts.Noticed != 5 || s.Accounts.ExcludedBy[campaign.NoAddress] != 1 {
		t.Errorf("accounts = %+v", s.Accounts)
	}
	if len(s.Accounts.ExcludedBy) != 7 || len(s.ByClass) != 2 || s.State != campaign.PhasePlanned {
		t.Errorf("status = %+v", s)
	}
}

func TestMailboxesWithOneHashAreKeptApart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.ledger")
	d, err := Create(t.Context(), path)
	must(t, err)
	defer d.Close()
	d.register.box = func(string) int64 { return 7 }
	for i, address := range []string{"a@one.example", "b@one.example", "A@one.example"} {
		must(t, d.Add(t.Context(), person(int64(i+1), address, address, account.Password)))
	}
	must(t, d.Seal(t.Context(), frozen()))
	if got := len(pending(t, readOnly(t, path))); got != 2 {
		t.Errorf("%d notices, want 2", got)
	}
}

func TestTheSameAccountTwice(t *testing.T) {
	first := person(2, "same", "ann@one.example", account.Password)
	with := func(change func(*campaign.Planned)) campaign.Planned {
		p := first
		p.Line = 9
		change(&p)
		return p
	}
	for name, test := range map[string]struct {
		second campaign.Planned
		agree  bool
	}{
		"agrees":                     {with(func(*campaign.Planned) {}), true},
		"agrees in another case":     {with(func(p *campaign.Planned) { p.To, _ = account.ParseAddress("ANN@one.example") }), true},
		"another mailbox":            {with(func(p *campaign.Planned) { p.To, _ = account.ParseAddress("bob@one.example") }), false},
		"another name":               {with(func(p *campaign.Planned) { p.Name = "Else" }), false},
		"another class":              {with(func(p *campaign.Planned) { p.Class = account.SSO }), false},
		"another language":           {with(func(p *campaign.Planned) { p.Locale = "de" }), false},
		"excluded, the other is not": {excluded(9, "same", campaign.NoAddress), false},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "test.ledger")
			err := seal(t, path, frozen(), []campaign.Planned{first, person(3, "b", "b@one.example", account.SSO), test.second})
			var duplicate *campaign.DuplicateError
			if !test.agree {
				if !errors.As(err, &duplicate) || *duplicate != (campaign.DuplicateError{ID: "same", First: 2, Second: 9}) {
					t.Fatalf("err = %v, want a DuplicateError of lines 2 and 9", err)
				}
				if len(hint.Of(err)) == 0 {
					t.Error("no hint")
				}
				return
			}
			must(t, err)
			s := checkInvariants(t, readOnly(t, path))
			if s.Accounts.ExcludedBy[campaign.Duplicate] != 1 || s.Notices.Total != 2 {
				t.Errorf("status = %+v", s)
			}
		})
	}
}

func TestNothingToSendIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		records []campaign.Planned
		want    error
	}{
		"nothing selected": {nil, campaign.ErrNothingSelected},
		"all excluded":     {[]campaign.Planned{excluded(2, "a", campaign.NoAddress)}, campaign.ErrAllExcluded},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			err := seal(t, filepath.Join(dir, "test.ledger"), frozen(), test.records)
			if !errors.Is(err, test.want) || len(hint.Of(err)) == 0 {
				t.Errorf("err = %v, want %v with a hint", err, test.want)
			}
			wantFiles(t, dir, "test.ledger.lock")
		})
	}
}

func TestNothingSelectedSaysWhetherThereAreRows(t *testing.T) {
	for read, want := range map[int64]string{0: "no account is selected: the export has no rows", 7: "no account is selected"} {
		f := frozen()
		f.Read = read
		err := seal(t, filepath.Join(t.TempDir(), "test.ledger"), f, nil)
		if !errors.Is(err, campaign.ErrNothingSelected) || err.Error() != want {
			t.Errorf("after %d rows: %v, want %s", read, err, want)
		}
		if where := slices.ContainsFunc(hint.Of(err), func(s string) bool { return strings.Contains(s, "export.where") }); where != (read > 0) {
			t.Errorf("after %d rows the advice is %q", read, hint.Of(err))
		}
	}
}

func TestAFolderThatIsNotThereHasAdvice(t *testing.T) {
	folder := t.TempDir()
	must(t, os.WriteFile(filepath.Join(folder, "file"), nil, 0o600))
	for _, missing := range []string{"missing", "file"} {
		_, err := Create(t.Context(), filepath.Join(folder, missing, "a.ledger"))
		if advice := hint.Of(err); err == nil || len(advice) == 0 || !strings.Contains(advice[0], "--ledger") {
			t.Errorf("%s: %v, advice %q", missing, err, advice)
		}
	}
}

func TestAddRefusesWhatIsNeitherNoticedNorExcluded(t *testing.T) {
	d, err := Create(t.Context(), filepath.Join(t.TempDir(), "test.ledger"))
	must(t, err)
	defer d.Close()
	whole := person(2, "a", "a@one.example", account.Password)
	for name, change := range map[string]func(*campaign.Planned){
		"no id":       func(p *campaign.Planned) { p.ID = "" },
		"no address":  func(p *campaign.Planned) { p.To = account.Address{} },
		"no class":    func(p *campaign.Planned) { p.Class = "" },
		"no language": func(p *campaign.Planned) { p.Locale = "" },
	} {
		p := whole
		change(&p)
		if err := d.Add(t.Context(), p); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := d.Seal(t.Context(), frozen()); !errors.Is(err, campaign.ErrNothingSelected) {
		t.Errorf("err = %v: a refused record was kept", err)
	}
}

func TestARowThatTheDatabaseRefusesFailsThePlan(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.ledger")
	records := people(3 * insertRows)
	records[1].Line = 0
	if err := seal(t, path, frozen(), records); err == nil {
		t.Fatal("a plan with a line 0 was sealed")
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat = %v, want no ledger", err)
	}
}

func TestDomainsAreInterleaved(t *testing.T) {
	var records []campaign.Planned
	for i := range 900 { // sorted by domain, as an export may be
		domain := "large.example"
		if i >= 600 {
			domain = fmt.Sprintf("d%d.example", i/30)
		}
		records = append(records, person(int64(i+1), fmt.Sprint(i), fmt.Sprintf("u%d@%s", i, domain), account.Password))
	}
	run, longest, window := 0, 0, 0
	for i, n := range pending(t, readOnly(t, planned(t, frozen(), records))) {
		if n.To.Domain() == "large.example" {
			run++
			if i < 90 {
				window++
			}
		} else {
			run = 0
		}
		longest = max(longest, run)
	}
	if longest > 12 {
		t.Errorf("%d notices of one domain in a row, which has two thirds of all", longest)
	}
	if window < 45 || window > 75 {
		t.Errorf("%d of the first 90 notices are of the large domain, want about 60", window)
	}
}

func TestTheCanaryIsMixed(t *testing.T) {
	for name, test := range map[string]struct {
		size, passwords, ssos int
		wantPassword, wantSSO int
	}{
		"half each":            {4, 20, 20, 2, 2},
		"an odd one":           {5, 20, 20, 3, 2},
		"few sso":              {6, 20, 1, 5, 1},
		"few passwords":        {6, 1, 20, 1, 5},
		"no sso":               {6, 20, 0, 6, 0},
		"larger than the rest": {60, 20, 10, 20, 10},
	} {
		t.Run(name, func(t *testing.T) {
			var records []campaign.Planned
			for i := range test.passwords + test.ssos {
				class := account.Password
				if i >= test.passwords {
					class = account.SSO
				}
				records = append(records, person(int64(i+1), fmt.Sprint(i), fmt.Sprintf("u%d@d%d.example", i, i%5), class))
			}
			f := frozen()
			f.Canary = test.size
			r := readOnly(t, planned(t, f, records))
			got := map[account.Class]int{}
			rest := 0
			for i, n := range pending(t, r) {
				if n.Seq != int64(i+1) {
					t.Fatalf("notice %d comes as number %d", n.Seq, i+1)
				}
				if n.Batch == 1 {
					got[n.Class]++
					continue
				}
				if want := 2 + rest/f.BatchSize; n.Batch != want {
					t.Fatalf("notice %d is in batch %d, want %d", n.Seq, n.Batch, want)
				}
				rest++
			}
			if got[account.Password] != test.wantPassword || got[account.SSO] != test.wantSSO {
				t.Errorf("canary = %v, want %d and %d", got, test.wantPassword, test.wantSSO)
			}
			if s := checkInvariants(t, r); s.Notices.Total != int64(len(records)) {
				t.Errorf("%d notices, want %d", s.Notices.Total, len(records))
			}
		})
	}
}

func TestThePlanIsBoundByItsDigest(t *testing.T) {
	digest := func(f campaign.Frozen, records []campaign.Planned) string {
		_, digest, err := readOnly(t, planned(t, f, records)).Frozen(t.Context())
		must(t, err)
		return digest
	}
	base := digest(frozen(), people(20))
	if again := digest(frozen(), people(20)); again != base {
		t.Errorf("the same plan has the digests %s and %s", base, again)
	}
	for name, change := range map[string]func(*campaign.Frozen, []campaign.Planned){
		"campaign":   func(f *campaign.Frozen, _ []campaign.Planned) { f.Campaign = "other" },
		"part":       func(f *campaign.Frozen, _ []campaign.Planned) { f.Parts["links.reset"] = "cc" },
		"batch size": func(f *campaign.Frozen, _ []campaign.Planned) { f.BatchSize = 5 },
		"canary":     func(f *campaign.Frozen, _ []campaign.Planned) { f.Canary = 2 },
		"recipient":  func(_ *campaign.Frozen, p []campaign.Planned) { p[3] = person(5, "id3", "x@other.example", p[3].Class) },
		"class":      func(_ *campaign.Frozen, p []campaign.Planned) { p[3].Class = account.SSO },
		"language":   func(_ *campaign.Frozen, p []campaign.Planned) { p[3].Locale = "de" },
	} {
		f, records := frozen(), people(20)
		change(&f, records)
		if digest(f, records) == base {
			t.Errorf("another %s has the same digest", name)
		}
	}
}

func TestFrozenComesBack(t *testing.T) {
	got, digest, err := readOnly(t, planned(t, frozen(), people(5))).Frozen(t.Context())
	must(t, err)
	if want := frozen(); fmt.Sprintf("%v %q", got.Parts, got.Wordings) != fmt.Sprintf("%v %q", want.Parts, want.Wordings) ||
		got.Key != want.Key || !got.At.Equal(want.At) || got.Campaign != want.Campaign || got.Read != want.Read || got.BatchSize != want.BatchSize {
		t.Errorf("Frozen = %+v\nwant     %+v", got, want)
	}
	if len(digest) != len("sha256:")+64 {
		t.Errorf("digest = %q", digest)
	}
}

func TestAnUnsentPlanIsReplacedAndAStartedOneIsNot(t *testing.T) {
	path := planned(t, frozen(), people(5))
	watcher := readOnly(t, path) // somebody watches meanwhile
	l := opened(t, path, Options{})
	_, err := l.Begin(t.Context(), noon)
	must(t, err)
	must(t, l.Close())

	must(t, seal(t, path, frozen(), people(7)))
	if s := checkInvariants(t, readOnly(t, path)); s.Notices.Total != 7 {
		t.Errorf("%d notices, want those of the new plan", s.Notices.Total)
	}
	must(t, watcher.Close())

	l = opened(t, path, Options{})
	bring(t, l, 1, campaign.Rejected)
	must(t, l.Close())
	if err := seal(t, path, frozen(), people(9)); !errors.Is(err, ErrStarted) {
		t.Errorf("err = %v, want ErrStarted", err)
	}
	if s := checkInvariants(t, readOnly(t, path)); s.Notices.Total != 7 || s.Notices.Rejected != 1 {
		t.Errorf("the started ledger was changed: %+v", s.Notices)
	}
}

func TestADraftThatIsClosedLeavesTheOldPlan(t *testing.T) {
	path := planned(t, frozen(), people(5))
	d, err := Create(t.Context(), path)
	must(t, err)
	for _, p := range people(insertRows + 3) {
		must(t, d.Add(t.Context(), p))
	}
	if _, err := Create(t.Context(), path); !errors.Is(err, ErrHeld) {
		t.Errorf("a second Create: %v, want ErrHeld", err)
	}
	must(t, d.Close())
	must(t, d.Close())
	wantFiles(t, filepath.Dir(path), "test.ledger", "test.ledger-shm", "test.ledger-wal", "test.ledger.lock") // a reader leaves its own
	if s := checkInvariants(t, readOnly(t, path)); s.Notices.Total != 5 {
		t.Errorf("%d notices, want those of the old plan", s.Notices.Total)
	}
}

func TestWhatIsNoLedgerIsNotReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	must(t, os.WriteFile(path, []byte("somebody's notes"), 0o600))
	if _, err := Create(t.Context(), path); !errors.Is(err, ErrCorrupt) {
		t.Errorf("err = %v, want ErrCorrupt", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "somebody's notes" {
		t.Errorf("the file now holds %q", text)
	}
}

func TestALogWithoutItsLedgerIsNotPlayedIntoANewOne(t *testing.T) {
	path := planned(t, frozen(), people(9))
	l := opened(t, path, Options{})
	bring(t, l, 1, campaign.Accepted)
	log, err := os.ReadFile(path + "-wal")
	must(t, err)
	must(t, l.Close())
	must(t, os.Remove(path))
	must(t, os.WriteFile(path+"-wal", log, 0o600))

	must(t, seal(t, path, frozen(), people(9)))
	if s := checkInvariants(t, readOnly(t, path)); s.Notices.Pending != 9 {
		t.Errorf("notices = %+v, want 9 pending", s.Notices)
	}
}

func TestFilesAreForTheirOwner(t *testing.T) {
	path := planned(t, frozen(), people(9))
	l := opened(t, path, Options{})
	bring(t, l, 1, campaign.Accepted)
	wantFiles(t, filepath.Dir(path), "test.ledger", "test.ledger-shm", "test.ledger-wal", "test.ledger.lock")
	entries, err := os.ReadDir(filepath.Dir(path))
	must(t, err)
	for _, e := range entries {
		info, err := e.Info()
		must(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", e.Name(), info.Mode().Perm())
		}
	}
	must(t, l.Close())
	wantFiles(t, filepath.Dir(path), "test.ledger", "test.ledger.lock")
}

func TestALedgerThatOthersCouldReadIsNarrowed(t *testing.T) {
	path := struck(t)
	files := []string{path, path + "-wal", path + "-shm", path + ".lock"}
	for _, file := range files {
		must(t, os.Chmod(file, 0o666))
	}
	opened(t, path, Options{})
	for _, file := range files {
		info, err := os.Stat(file)
		if must(t, err); info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", filepath.Base(file), info.Mode().Perm())
		}
	}
}

func TestAFolderThatIsMissing(t *testing.T) {
	_, err := Create(t.Context(), filepath.Join(t.TempDir(), "no", "test.ledger"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("err = %v, want fs.ErrNotExist", err)
	}
}

func wantFiles(tb testing.TB, dir string, want ...string) {
	tb.Helper()
	entries, err := os.ReadDir(dir)
	must(tb, err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, want) {
		tb.Errorf("files = %q, want %q", got, want)
	}
}
