package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/hint"
)

// struck is a ledger whose process was killed when it had sent to everybody.
func struck(t *testing.T) string {
	t.Helper()
	f := frozen()
	f.BatchSize = 60
	path := planned(t, f, people(60))
	line, stop := start(t, "whole", path)
	if line != "ready" {
		t.Fatalf("the process says %q", line)
	}
	stop()
	return path
}

// copied copies the ledger at path with some of the files beside it into another folder.
func copied(t *testing.T, path string, suffixes ...string) string {
	t.Helper()
	other := filepath.Join(t.TempDir(), filepath.Base(path))
	for _, suffix := range append(suffixes, "") {
		text, err := os.ReadFile(path + suffix)
		must(t, err)
		must(t, os.WriteFile(other+suffix, text, 0o600))
	}
	return other
}

func rewrite(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, change(bytes.Clone(text)), 0o600))
}

// ways are all in which a ledger is opened.
var ways = map[string]func(path string) error{
	"OpenReadOnly": func(path string) error {
		r, err := OpenReadOnly(background, path)
		if err == nil {
			err = r.Close()
		}
		return err
	},
	"Open": func(path string) error {
		l, err := Open(background, path, Options{})
		if err == nil {
			err = l.Close()
		}
		return err
	},
	"Create": func(path string) error {
		d, err := Create(background, path)
		if err == nil {
			err = d.Close()
		}
		return err
	},
}

func TestALedgerThatLacksItsLastCommitsIsRefused(t *testing.T) {
	path := struck(t)
	onLog := func(change func([]byte) []byte) func(*testing.T) string {
		return func(t *testing.T) string {
			other := copied(t, path, "-wal", ".lock")
			rewrite(t, other+"-wal", change)
			return other
		}
	}
	for name, damage := range map[string]func(*testing.T) string{
		"the log is gone":              func(t *testing.T) string { return copied(t, path, ".lock") },
		"the ledger is copied alone":   func(t *testing.T) string { return copied(t, path) },
		"the log is empty":             onLog(func(b []byte) []byte { return nil }),
		"the log is cut in half":       onLog(func(b []byte) []byte { return b[:len(b)/2] }),
		"the log lacks its last frame": onLog(func(b []byte) []byte { return b[:len(b)-100] }),
		"the log ends in zeros":        onLog(func(b []byte) []byte { clear(b[len(b)/2:]); return b }),
		"the log is all zeros":         onLog(func(b []byte) []byte { clear(b); return b }),
		"a bit of the log is flipped":  onLog(func(b []byte) []byte { b[len(b)/3] ^= 1; return b }),
		"a bit of the log's header":    onLog(func(b []byte) []byte { b[17] ^= 1; return b }),
		"an empty log beside a copy": func(t *testing.T) string {
			other := copied(t, path)
			must(t, os.WriteFile(other+"-wal", nil, 0o600))
			return other
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := damage(t)
			for range 2 { // what the first try leaves must not let the second one pass
				for way, open := range ways {
					err := open(other)
					if !errors.Is(err, ErrCorrupt) || !strings.Contains(strings.Join(hint.Of(err), " "), other+"-wal") {
						t.Errorf("%s = %v, hints %q, want ErrCorrupt with a hint at the log", way, err, hint.Of(err))
					}
				}
			}
			// The ledger was not touched: with its log it is whole.
			log, err := os.ReadFile(path + "-wal")
			must(t, err)
			must(t, os.WriteFile(other+"-wal", log, 0o600))
			if err := os.Remove(other + "-shm"); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			if s := checkInvariants(t, opened(t, other, Options{}).Reader); s.Notices.Accepted != 60 {
				t.Errorf("with its log: %+v, want 60 accepted", s.Notices)
			}
		})
	}
}

func TestAWholeLedgerIsNeverTakenForADamagedOne(t *testing.T) {
	path := struck(t)
	closed := func(t *testing.T) string {
		other := copied(t, path, "-wal", ".lock")
		must(t, opened(t, other, Options{}).Close())
		return other
	}
	for name, prepare := range map[string]func(*testing.T) string{
		"after a kill":                        func(t *testing.T) string { return copied(t, path, "-wal", ".lock") },
		"copied with its log, without a lock": func(t *testing.T) string { return copied(t, path, "-wal") },
		"after an end":                        closed,
		"copied alone after an end":           func(t *testing.T) string { return copied(t, closed(t)) },
		"a torn mark": func(t *testing.T) string {
			other := copied(t, path, "-wal", ".lock")
			rewrite(t, other+".lock", func(b []byte) []byte { b[markAt] ^= 1; return b })
			return other
		},
		"the mark of an earlier commit": func(t *testing.T) string {
			other := copied(t, path, "-wal", ".lock")
			rewrite(t, other+".lock", func(b []byte) []byte {
				m := decodeMark(b[markAt : markAt+markSize])
				m.commits -= 10
				return append(b[:markAt], m.encode()...)
			})
			return other
		},
		"the mark of another plan": func(t *testing.T) string {
			other := copied(t, path, "-wal", ".lock")
			rewrite(t, other+".lock", func(b []byte) []byte {
				return append(b[:markAt], mark{plan: "sha256:" + strings.Repeat("a", 64), commits: 1e9}.encode()...)
			})
			return other
		},
		"a log that something else has folded in": func(t *testing.T) string {
			other := copied(t, path, "-wal", ".lock")
			must(t, fold(t, other))
			return other
		},
		"a copy of a whole moment": func(t *testing.T) string {
			other := filepath.Join(t.TempDir(), "copy.ledger")
			must(t, readOnly(t, copied(t, path, "-wal")).Copy(t.Context(), other))
			return other
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other := prepare(t)
			if s := checkInvariants(t, readOnly(t, other)); s.Notices.Accepted != 60 {
				t.Errorf("%+v, want 60 accepted", s.Notices)
			}
			for range 2 {
				if err := ways["Open"](other); err != nil {
					t.Errorf("Open = %v", err)
				}
			}
			if err := ways["OpenReadOnly"](copied(t, other)); err != nil { // it has ended now
				t.Errorf("a copy = %v", err)
			}
		})
	}
}

// fold has SQLite fold the log in and remove it, as every program does that opens the file.
func fold(t *testing.T, path string) error {
	db, err := connect(path, writePragmas, 1)
	must(t, err)
	_, err = db.Exec("PRAGMA wal_checkpoint")
	return errors.Join(err, db.Close())
}

// downgrade makes an empty plan one from before a migration: what this one and later ones
// made goes, and what they replaced comes back.
func downgrade(t *testing.T, path, before string) {
	t.Helper()
	steps, err := migrations(embedded)
	must(t, err)
	version := slices.IndexFunc(steps, func(m migration) bool { return m.name == before })
	db, err := connect(filepath.Join(t.TempDir(), "old"), url.Values{"mode": {"rwc"}}, 1)
	must(t, err)
	defer db.Close()
	for i, step := range steps[:version] {
		conn, err := db.Connx(t.Context())
		must(t, err)
		must(t, errors.Join(apply(t.Context(), conn, step, i+1), conn.Close()))
	}
	type object struct{ Type, Name, SQL string }
	var old, now []object
	const schema = "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type"
	must(t, db.Select(&old, schema))
	ledger, err := connect(path, draftPragmas, 1)
	must(t, err)
	defer ledger.Close()
	must(t, ledger.Select(&now, schema))
	for _, o := range now {
		if !slices.Contains(old, o) {
			_, err := ledger.Exec("DROP " + o.Type + " IF EXISTS " + o.Name)
			must(t, err)
		}
	}
	for _, o := range old {
		if !slices.Contains(now, o) {
			_, err := ledger.Exec(o.SQL)
			must(t, err)
		}
	}
	_, err = ledger.Exec(fmt.Sprintf("PRAGMA user_version = %d", version))
	must(t, err)
}

func TestALedgerFromBeforeCommitsWereCountedIsBroughtUpToDate(t *testing.T) {
	path := planned(t, frozen(), people(9))
	downgrade(t, path, "0005_commits.sql")
	if _, err := OpenReadOnly(t.Context(), path); !errors.Is(err, ErrOlder) {
		t.Errorf("OpenReadOnly = %v, want ErrOlder", err)
	}
	l := opened(t, path, Options{})
	bring(t, l, 1, campaign.Accepted)
	must(t, l.Close())
	checkInvariants(t, readOnly(t, path))
}

func TestEveryCommitIsCounted(t *testing.T) {
	l := ready(t, 9, Options{})
	bring(t, l, 1, campaign.Accepted) // two moves
	c, err := readCommits(t.Context(), l.writer.conn)
	must(t, err)
	if m, err := readMark(l.path); err != nil || c.N != 3 || !c.Open || m.commits != 3 || !m.of(l.plan.Digest) {
		t.Errorf("%+v, mark %+v, %v, want 3 commits", c, m, err)
	}
	for _, wrong := range []string{
		"UPDATE commits SET n = n", "UPDATE commits SET n = n + 2", "UPDATE commits SET n = n - 1",
		"DELETE FROM commits", "INSERT INTO commits VALUES (2, 1, 1)", "UPDATE commits SET n = n + 1, open = 2",
	} {
		if _, err := l.writer.conn.ExecContext(t.Context(), wrong); err == nil {
			t.Errorf("%s: it was taken", wrong)
		}
	}
	must(t, l.Close())
	if m, err := readMark(l.path); err != nil || m.commits != 4 {
		t.Errorf("mark %+v, %v, want that of the end", m, err)
	}
	entries, err := os.ReadFile(l.path + ".lock")
	if must(t, err); len(entries) != markAt+markSize {
		t.Errorf("the lock has %d octets", len(entries))
	}
}

// TestReadersNeverSeeAWriterAsDamage opens a ledger again and again while another one
// begins, records and ends.
func TestReadersNeverSeeAWriterAsDamage(t *testing.T) {
	path := planned(t, frozen(), people(40))
	ended := make(chan struct{})
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for {
				select {
				case <-ended:
					return
				default:
				}
				if err := ways["OpenReadOnly"](path); errors.Is(err, ErrCorrupt) {
					t.Errorf("OpenReadOnly = %v", err)
					return
				}
			}
		})
	}
	for seq := int64(1); seq <= 40; seq++ {
		l, err := Open(t.Context(), path, Options{})
		must(t, err)
		bring(t, l, seq, campaign.Accepted)
		must(t, l.Close())
	}
	close(ended)
	all.Wait()
}

// TestAMarkThatCannotBeWrittenStopsTheNextCommit: what is durable is told as durable.
func TestAMarkThatCannotBeWrittenStopsTheNextCommit(t *testing.T) {
	l := ready(t, 9, Options{})
	broken := errors.New("the disk is gone")
	l.writer.mark = func(mark) error { return broken }
	must(t, l.Record(t.Context(), to(1, campaign.Pending, campaign.Sending)))
	if err := l.Record(t.Context(), to(1, campaign.Sending, campaign.Accepted)); !errors.Is(err, broken) || !errors.Is(err, ErrStopped) {
		t.Errorf("the next Record = %v, want ErrStopped and its cause", err)
	}
	must(t, l.Close())
	if s := checkInvariants(t, opened(t, l.path, Options{}).Reader); s.Notices.Sending != 1 {
		t.Errorf("notices = %+v, want the first move", s.Notices)
	}
}
