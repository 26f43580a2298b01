package ledger

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/hint"
)

// readAll reads everything that a sender and a status read, and returns to whom the
// sender would send.
func readAll(tb testing.TB, path string) (to []string, err error) {
	r, err := OpenReadOnly(tb.Context(), path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for after := int64(0); ; {
		page, err := r.Pending(tb.Context(), after, 100)
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			break
		}
		for _, n := range page {
			to = append(to, n.To.Wire())
			after = n.Seq
		}
	}
	for _, err := range r.Accounts(tb.Context(), Filter{}) {
		if err != nil {
			return nil, err
		}
	}
	_, err = r.Status(tb.Context(), noon)
	return to, err
}

func TestATruncatedLedgerIsRefused(t *testing.T) {
	path := planned(t, frozen(), people(300))
	whole, err := os.ReadFile(path)
	must(t, err)
	for _, size := range []int{0, 1, 16, 99, 100, 512, 4095, 4096, 8192, len(whole) / 2, len(whole) - 4096, len(whole) - 1} {
		must(t, os.WriteFile(path, whole[:size], 0o600))
		if _, err := OpenReadOnly(t.Context(), path); !errors.Is(err, ErrCorrupt) || len(hint.Of(err)) == 0 {
			t.Errorf("cut to %d of %d bytes: OpenReadOnly = %v, want ErrCorrupt with a hint", size, len(whole), err)
		}
		if _, err := Open(t.Context(), path, Options{}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("cut to %d of %d bytes: Open = %v, want ErrCorrupt", size, len(whole), err)
		}
		if _, err := Create(t.Context(), path); !errors.Is(err, ErrCorrupt) {
			t.Errorf("cut to %d of %d bytes: Create = %v, want ErrCorrupt", size, len(whole), err)
		}
	}
	must(t, os.WriteFile(path, append(bytes.Clone(whole), make([]byte, 100)...), 0o600))
	if _, err := OpenReadOnly(t.Context(), path); !errors.Is(err, ErrCorrupt) {
		t.Errorf("with bytes added: %v, want ErrCorrupt", err)
	}
}

// TestFlippedBytes spoils one byte of the file at a time. What is read then is either
// what was written or ErrCorrupt: nobody is left out and no other address comes up.
func TestFlippedBytes(t *testing.T) {
	f := frozen()
	f.BatchSize = 100
	path := planned(t, f, people(300))
	whole, err := os.ReadFile(path)
	must(t, err)
	want, err := readAll(t, path)
	must(t, err)
	refused := 0
	other := filepath.Join(t.TempDir(), "test.ledger")
	for at := 3; at < len(whole); at += 1021 {
		spoilt := bytes.Clone(whole)
		spoilt[at] ^= 0x21
		must(t, os.WriteFile(other, spoilt, 0o600))
		got, err := readAll(t, other)
		switch {
		case errors.Is(err, ErrCorrupt):
			refused++
		case err != nil:
			t.Errorf("byte %d: %v, want ErrCorrupt", at, err)
		case !slices.Equal(got, want):
			t.Errorf("byte %d: %d notices instead of %d, or to others", at, len(got), len(want))
		}
	}
	if refused == 0 {
		t.Error("nothing was ever refused")
	}
}

func TestChangedRecipientsAreNotHandedOut(t *testing.T) {
	for _, change := range []string{
		"UPDATE notices SET address = 'evil@big.example' WHERE seq = 1",
		"UPDATE notices SET class = iif(class = 'sso', 'password', 'sso') WHERE seq = 2",
		"UPDATE notices SET locale = 'de' WHERE seq = 3",
	} {
		l := ready(t, 12, Options{})
		_, err := l.writer.conn.ExecContext(t.Context(), change)
		must(t, err)
		if _, err := l.Pending(t.Context(), 0, 9); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", change, err)
		}
		if page, err := l.Pending(t.Context(), 4, 9); err != nil || len(page) == 0 {
			t.Errorf("another batch: %d, %v", len(page), err)
		}
	}
}

func TestCountsThatDisagreeAreRefused(t *testing.T) {
	for _, change := range []string{
		"UPDATE tally SET n = n + 1 WHERE batch = 1 AND class = 'password'",
		"UPDATE census SET n = n + 1",
		"UPDATE batches SET sha256 = zeroblob(32) WHERE number = 2",
		"UPDATE plan SET batch_size = 7",
		"UPDATE parts SET sha256 = 'cc' WHERE name = 'links.reset'",
		"DELETE FROM notices WHERE seq = 12",
		"DELETE FROM batches WHERE number = 2",
		"DELETE FROM plan",
		"DROP TABLE tally",
		"PRAGMA application_id = 5",
	} {
		path := planned(t, frozen(), people(12))
		must(t, spoil(path, change))
		if _, err := readAll(t, path); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", change, err)
		}
	}
}

// spoil runs a statement that the ledger itself would not.
func spoil(path, statement string) error {
	db, err := connect(path, draftPragmas, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statement)
	return err
}

func TestALedgerOfANewerVersionIsRefused(t *testing.T) {
	path := planned(t, frozen(), people(3))
	must(t, spoil(path, "PRAGMA user_version = 99"))
	for name, open := range map[string]func() error{
		"OpenReadOnly": func() error { _, err := OpenReadOnly(background, path); return err },
		"Open":         func() error { _, err := Open(background, path, Options{}); return err },
		"Create":       func() error { _, err := Create(background, path); return err },
	} {
		if err := open(); !errors.Is(err, ErrNewer) || len(hint.Of(err)) == 0 {
			t.Errorf("%s = %v, want ErrNewer with a hint", name, err)
		}
	}
}

func TestMigrationsAreAppliedInOrderAndWhole(t *testing.T) {
	path := planned(t, frozen(), people(3))
	must(t, spoil(path, "PRAGMA user_version = 1")) // the steps below follow on the first
	db, err := connect(path, writePragmas, 1)
	must(t, err)
	defer db.Close()
	conn, err := db.Connx(t.Context())
	must(t, err)
	defer conn.Close()
	files := fstest.MapFS{"migrations/0001_initial.sql": {Data: []byte("not run again")}}
	upgrade := func(name, text string) error {
		files["migrations/"+name] = &fstest.MapFile{Data: []byte(text)}
		steps, err := migrations(files)
		must(t, err)
		return migrate(t.Context(), conn, steps)
	}
	version := func() (v int) { must(t, conn.GetContext(t.Context(), &v, "PRAGMA user_version")); return v }

	must(t, upgrade("0002_more.sql", "CREATE TABLE more (a INTEGER) STRICT; INSERT INTO more VALUES (1)"))
	if version() != 2 {
		t.Errorf("version = %d, want 2", version())
	}
	if err := upgrade("0003_broken.sql", "INSERT INTO more VALUES (2); INSERT INTO nowhere VALUES (1)"); err == nil {
		t.Fatal("a broken migration passed")
	}
	var sum int
	must(t, conn.GetContext(t.Context(), &sum, "SELECT sum(a) FROM more"))
	if version() != 2 || sum != 1 {
		t.Errorf("version %d, sum %d: half a migration stayed", version(), sum)
	}
	must(t, upgrade("0003_broken.sql", "INSERT INTO more VALUES (2)"))
	if version() != 3 {
		t.Errorf("version = %d, want 3", version())
	}
	steps, err := migrations(fstest.MapFS{"migrations/0001_initial.sql": {}})
	must(t, err)
	if err := migrate(t.Context(), conn, steps); !errors.Is(err, ErrNewer) {
		t.Errorf("err = %v, want ErrNewer", err)
	}
}

func TestALedgerOfAnOlderVersionIsOnlyReadAfterAnUpgrade(t *testing.T) {
	path := planned(t, frozen(), people(3))
	must(t, spoil(path, "PRAGMA user_version = 0"))
	if _, err := OpenReadOnly(t.Context(), path); !errors.Is(err, ErrOlder) {
		t.Errorf("err = %v, want ErrOlder", err)
	}
}

func TestAPowerCutInTheMiddleOfALogLosesNothingThatWasDurable(t *testing.T) {
	l := ready(t, 40, Options{})
	for seq := int64(1); seq <= 10; seq++ {
		bring(t, l, seq, campaign.Accepted)
	}
	dir := t.TempDir()
	for _, suffix := range []string{"", "-wal"} {
		text, err := os.ReadFile(l.path + suffix)
		must(t, err)
		if suffix == "-wal" { // a write that began: half a frame of noise
			text = append(text, bytes.Repeat([]byte{0xaa}, 2000)...)
		}
		must(t, os.WriteFile(filepath.Join(dir, "test.ledger"+suffix), text, 0o600))
	}
	again := opened(t, filepath.Join(dir, "test.ledger"), Options{})
	if s := checkInvariants(t, again.Reader); s.Notices.Accepted != 10 {
		t.Errorf("%d accepted, want 10", s.Notices.Accepted)
	}
}
