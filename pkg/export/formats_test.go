package export

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"breachnotify/pkg/account"
	"breachnotify/pkg/hint"
)

// The same accounts in every format. Their ids are integers where the format has such.
const (
	usersCSV    = "id,email,name,password\n7,ann@example.org,\"Ann, A.\",$2b$x\n8,bob@example.org,Bob,\n10,carol@example.org,,$2b$z\n"
	usersTSV    = "id\temail\tname\tpassword\n7\tann@example.org\tAnn, A.\t$2b$x\n8\tbob@example.org\tBob\t\n10\tcarol@example.org\t\t$2b$z\n"
	usersJSON   = `[{"id": 7, "email": "ann@example.org", "name": "Ann, A.", "password": "$2b$x"}, {"id": 8, "email": "bob@example.org", "name": "Bob"}, {"password": "$2b$z", "id": 10, "email": "carol@example.org", "name": null}]`
	usersNDJSON = `{"id": 7, "email": "ann@example.org", "name": "Ann, A.", "password": "$2b$x"}
{"id": 8, "email": "bob@example.org", "name": "Bob"}

{"password": "$2b$z", "id": 10, "email": "carol@example.org"}
`
	usersHeld = `{"exported": "2026-09-01", "users": ` + usersJSON + `}`
	usersPG   = `--
-- PostgreSQL database dump
--

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;

CREATE TABLE public.users (
    id integer NOT NULL,
    email character varying(200),
    name text,
    password text
);

COPY public.users (id, email, name, password) FROM stdin;
7	ann@example.org	Ann, A.	$2b$x
8	bob@example.org	Bob	\N
10	carol@example.org	\N	$2b$z
\.

--
-- PostgreSQL database dump complete
--
`
	usersMySQL = "-- MySQL dump 10.13  Distrib 8.0.36\n\n/*!40101 SET NAMES utf8mb4 */;\n" +
		"CREATE TABLE `users` (\n  `id` int NOT NULL AUTO_INCREMENT,\n  `email` varchar(200) DEFAULT NULL,\n  `name` text,\n  `password` text,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB;\n\n" +
		"INSERT INTO `users` VALUES (7,'ann@example.org','Ann, A.','$2b$x'),(8,'bob@example.org','Bob',NULL),(10,'carol@example.org',NULL,'$2b$z');\n" +
		"-- Dump completed on 2026-09-01\n"
)

func usersSQLite(t testing.TB) string {
	return sqliteDB(t, "users.sqlite", "CREATE TABLE users(id INTEGER PRIMARY KEY, email TEXT, name TEXT, password TEXT)",
		"INSERT INTO users VALUES(7, 'ann@example.org', 'Ann, A.', '$2b$x'), (8, 'bob@example.org', 'Bob', NULL), (10, 'carol@example.org', NULL, '$2b$z')")
}

// everyFormat returns the path of a file of each format, under its name.
func everyFormat(t testing.TB) map[string]string {
	t.Helper()
	return map[string]string{
		"CSV": file(t, "users.csv", usersCSV), "TSV": file(t, "users.tsv", usersTSV),
		"JSON": file(t, "users.json", usersJSON), "JSON in an object": file(t, "users.json", usersHeld),
		"NDJSON": file(t, "users.ndjson", usersNDJSON), "SQLite": usersSQLite(t),
		"pg_dump": file(t, "users.sql", usersPG), "mysqldump": file(t, "users.sql", usersMySQL),
	}
}

var userRecords = []account.Record{
	{ID: "7", Email: "ann@example.org", Name: "Ann, A.", Password: "$2b$x"},
	{ID: "8", Email: "bob@example.org", Name: "Bob"},
	{ID: "10", Email: "carol@example.org", Password: "$2b$z"},
}

// withoutLines returns the records with no line, since each format has its own.
func withoutLines(records []account.Record) []account.Record {
	all := make([]account.Record, len(records))
	for i, rec := range records {
		rec.Line = 0
		all[i] = rec
	}
	return all
}

func TestEveryFormatGivesTheSameRecords(t *testing.T) {
	for name, path := range everyFormat(t) {
		for _, spec := range []Spec{{Source: path}, {Source: path, Where: "1"}} {
			t.Run(name+" where "+spec.Where, func(t *testing.T) {
				records, columns, read, err := collect(t.Context(), spec)
				if err != nil {
					t.Fatalf("%v, hints %q", err, hint.Of(err))
				}
				if got := withoutLines(records); !reflect.DeepEqual(got, userRecords) || read != 3 {
					t.Errorf("%d records\n %+v\nwant\n %+v", read, got, userRecords)
				}
				if want := (Columns{ID: "id", Email: "email", Name: "name", Password: "password"}); columns != want {
					t.Errorf("columns %+v, want %+v", columns, want)
				}
			})
		}
	}
}

func TestTheLineOfARecordIsThatOfItsFile(t *testing.T) {
	for format, want := range map[string][]int64{
		"CSV": {2, 3, 4}, "JSON": {1, 2, 3}, "NDJSON": {1, 2, 4}, "pg_dump": {16, 17, 18}, "mysqldump": {12, 12, 12},
	} {
		records := mustCollect(t, Spec{Source: everyFormat(t)[format], Where: "1"})
		for i, rec := range records {
			if rec.Line != want[i] {
				t.Errorf("%s: record %d is on line %d, want %d", format, i+1, rec.Line, want[i])
			}
		}
	}
}

func TestNamesDoNotDecideWhatAFileIs(t *testing.T) {
	for name, path := range everyFormat(t) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, as := range []string{"export", "export.dat", "export.gz"} {
			if got := ids(mustCollect(t, Spec{Source: file(t, as, string(content))})); got != "7 8 10" {
				t.Errorf("%s as %s: ids %q", name, as, got)
			}
		}
	}
}

func gzipped(t testing.TB, content []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func zstandard(t testing.TB, content []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(content, nil)
}

func TestEveryFormatIsReadPackedAndFromStandardInput(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("SQLITE_TMPDIR", folder)
	for name, path := range everyFormat(t) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		packed := zstandard(t, gzipped(t, content))
		if got := ids(mustCollect(t, Spec{Source: file(t, "x", string(packed)), Where: "1"})); got != "7 8 10" {
			t.Errorf("%s, packed: ids %q", name, got)
		}
		for _, where := range []string{"", "1"} {
			if got := ids(mustCollect(t, Spec{Source: "-", Stdin: bytes.NewReader(content), Where: where})); got != "7 8 10" {
				t.Errorf("%s, standard input, where %q: ids %q", name, where, got)
			}
		}
		if got := ids(mustCollect(t, Spec{Source: "-", Stdin: bytes.NewReader(gzipped(t, content))})); got != "7 8 10" {
			t.Errorf("%s, packed standard input: ids %q", name, got)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestAnUnpackedDatabaseIsPrivateAndGoneWhileItIsRead(t *testing.T) {
	content, err := os.ReadFile(usersSQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	t.Setenv("SQLITE_TMPDIR", folder)
	written := make(chan os.FileInfo, 1)
	slow := io.MultiReader(bytes.NewReader(content[:len(content)-1]), readerFunc(func(p []byte) (int, error) {
		for t.Context().Err() == nil {
			if found, _ := filepath.Glob(filepath.Join(folder, "notify-*")); len(found) == 1 {
				info, _ := os.Stat(found[0])
				written <- info
				return 0, io.EOF
			}
			runtime.Gosched()
		}
		return 0, t.Context().Err()
	}))
	_, err = Open(t.Context(), Spec{Source: "-", Stdin: io.MultiReader(slow, bytes.NewReader(content[len(content)-1:]))})
	if info := <-written; info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v (%v)", info.Mode(), err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestBrokenPackedFiles(t *testing.T) {
	packed := gzipped(t, []byte(usersNDJSON))
	for name, c := range map[string]struct {
		content string
		want    []string
	}{
		"cut off":         {string(packed[:len(packed)-4]), []string{"the gzip file is cut off", "copy it again"}},
		"garbage behind":  {string(packed) + "garbage", []string{"something follows"}},
		"three layers":    {string(gzipped(t, gzipped(t, packed))), []string{"more than 2 layers"}},
		"Latin-1 in gzip": {string(gzipped(t, []byte("id,email\n1,M\xFCller\n"))), []string{"line 2", "not UTF-8"}},
		"UTF-16 in gzip":  {string(gzipped(t, []byte("\xFF\xFEi\x00d\x00"))), []string{"UTF-16", "unpack it first"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, where := range []string{"", "1"} {
				got := mustFail(t, Spec{Source: file(t, "a.csv.gz", c.content), Where: where})
				for _, want := range append(c.want, "a.csv.gz: ") {
					if !strings.Contains(got, want) {
						t.Errorf("error %q does not say %q", got, want)
					}
				}
			}
		})
	}
	bomb := gzipped(t, []byte("id,email\n"+strings.Repeat("1,x\n", 1<<20)))
	got := mustFail(t, Spec{Source: file(t, "a.csv.gz", string(bomb)), MaxUnpacked: 1 << 20})
	if !strings.Contains(got, "export.max_unpacked") {
		t.Errorf("error %q does not name the key", got)
	}
}

func TestAnArchiveOfPgDumpIsAnsweredWithTheCommand(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "toc.dat"), []byte("PGDMP"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := mustFail(t, Spec{Source: folder}); !strings.Contains(got, "pg_restore --no-owner -f dump.sql "+folder) {
		t.Errorf("error %q", got)
	}
}

func TestCancellationEndsTheStagingInOpen(t *testing.T) {
	for name, source := range map[string]io.Reader{
		"of an endless file":  io.MultiReader(strings.NewReader(`[`), &endless{text: `{"id":1,"email":"x"},`}),
		"of a silent input":   io.MultiReader(strings.NewReader(usersNDJSON), readerFunc(func([]byte) (int, error) { select {} })),
		"of a silent start":   readerFunc(func([]byte) (int, error) { select {} }),
		"of a packed endless": &endless{text: string(gzipped(t, []byte(usersNDJSON)))},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			var meter Meter
			_, err := Open(ctx, Spec{Source: "-", Stdin: source, Meter: &meter})
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Open gives %v", err)
			}
			if done, _ := meter.Progress(); done == 0 && name == "of an endless file" {
				t.Error("nothing was seen of the progress")
			}
		})
	}
}

// endless repeats a text.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.text[e.at:])
	e.at = (e.at + n) % len(e.text)
	return n, nil
}

// TestRealPackersAreRead goes through the programs of the formats that have no writer
// here.
func TestRealPackersAreRead(t *testing.T) {
	for _, tool := range []string{"bzip2", "xz"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Log("not installed:", tool)
			continue
		}
		cmd := exec.Command(path, "-c")
		cmd.Stdin = strings.NewReader(usersCSV)
		packed, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := ids(mustCollect(t, Spec{Source: file(t, "a", string(packed))})); got != "7 8 10" {
			t.Errorf("%s: ids %q", tool, got)
		}
	}
}

func TestAListOfIdsNeedsNoName(t *testing.T) {
	for _, list := range []string{"id\n2\n", "id\r\n2\r\n", "\"id\"\n\"2\"\n"} {
		spec := Spec{Source: file(t, "a.csv", "id,email\n1,a@b.example\n2,b@b.example\n"), Where: "id IN (SELECT id FROM affected)",
			Tables: map[string]string{"affected": file(t, "list", list)}}
		if got := mustCollect(t, spec); len(got) != 1 || got[0].ID != "2" {
			t.Errorf("the list %q selects %+v", list, got)
		}
	}
}

func TestAPresetUsesItsOwnTablesWithoutAWhere(t *testing.T) {
	users := file(t, "auth_user.csv", "id,email,username,password\n1,a@example.org,a,!x\n2,b@example.org,b,!x\n")
	social := file(t, "social.csv", "user_id,provider,uid\n2,google-oauth2,7\n")
	got := mustCollect(t, Spec{Source: users, Preset: "django", Tables: map[string]string{"social_auth_usersocialauth": social}})
	if len(got) != 2 || got[0].SSO != "" || got[1].SSO == "" {
		t.Errorf("the records are %+v, want SSO for the second alone", got)
	}
	other := Spec{Source: users, Preset: "django", Tables: map[string]string{"affected": social}}
	if err := mustFail(t, other); !strings.Contains(err, "export.tables.affected is set, and neither") {
		t.Errorf("a table that nothing uses: %v", err)
	}
}
