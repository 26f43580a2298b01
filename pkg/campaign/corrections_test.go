package campaign

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"breachnotify/pkg/account"
)

func anything(account.Address) error { return nil }

func TestCorrectionsAreRead(t *testing.T) {
	for name, content := range map[string]string{
		"plain":           "id,email\n7,jane@example.org\n8,joe@example.org\n",
		"with CRLF":       "id,email\r\n7,jane@example.org\r\n8,joe@example.org\r\n",
		"with a mark":     "\ufeffid,email\n7,jane@example.org\n8,joe@example.org",
		"the other way":   "Email,ID\njane@example.org,7\njoe@example.org,8\n",
		"the same twice":  "id,email\n7,jane@example.org\n8,joe@example.org\n7,jane@example.org\n",
		"in quotes":       "\"id\",\"email\"\n\"7\",\"jane@example.org\"\n\"8\",joe@example.org\n",
		"with blank ones": "id,email\n\n7,jane@example.org\n\n8,joe@example.org\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readCorrections(strings.NewReader(content), anything)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != 2 || got["7"].Wire() != "jane@example.org" || got["8"].Wire() != "joe@example.org" {
				t.Errorf("got %d corrections: 7 %s, 8 %s", len(got), got["7"].Wire(), got["8"].Wire())
			}
		})
	}
}

func TestBrokenCorrectionsAreRefusedWithTheirLine(t *testing.T) {
	for content, want := range map[string]string{
		"":                                      "the file is empty",
		"id,email\n":                            "no correction",
		"7,jane@example.org\n":                  "line 1: want the header id,email",
		"id,email,name\n7,jane@example.org,J\n": "line 1: want the header id,email",
		"id;email\n7;jane@example.org\n":        "line 1: want the header id,email",
		"id,email\n7,jane@example.org\n8,nobody\n": "line 3: invalid address",
		"id,email\n7,\n":                                                "line 2: no address",
		"id,email\n,jane@example.org\n":                                 "line 2: the id is empty",
		"id,email\n7\n":                                                 "line 2: wrong number of fields",
		"id,email\n7,\"jane@example.org\n":                              "line 2",
		"id,email\n7,jane@example.org\n7,joe@example.org\n":             "line 3: the account has another address",
		"id,email\n7," + strings.Repeat("a", 70_000) + "@example.org\n": "line 2: it is longer than",
	} {
		_, err := readCorrections(strings.NewReader(content), anything)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q gives %v, want %q", content, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "jane") {
			t.Errorf("%.40q: the error holds an address: %v", content, err)
		}
	}
}

func TestCorrectionsThatAreNotThere(t *testing.T) {
	if _, err := (&Config{}).ReadCorrections(filepath.Join(t.TempDir(), "none.csv")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	path := filepath.Join(t.TempDir(), "bad.csv")
	if err := os.WriteFile(path, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (&Config{}).ReadCorrections(path); err == nil || !strings.Contains(err.Error(), "bad.csv: line 1") {
		t.Errorf("got %v", err)
	}
}

func FuzzCorrections(f *testing.F) {
	for _, seed := range []string{"id,email\n7,jane@example.org\n", "email,id\n\"a\"\"b\"@x.example,\"7\n8\"\n", "\ufeffid,email\r\n", "id,email\n7,\x00\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		corrections, err := readCorrections(strings.NewReader(content), anything)
		if (err == nil) != (len(corrections) > 0) {
			t.Fatalf("%d corrections and %v", len(corrections), err)
		}
		for id, to := range corrections {
			if strings.TrimSpace(id) == "" || to.IsZero() {
				t.Fatalf("a correction of %q to %q", id, to.Wire())
			}
		}
	})
}

func TestCorrectionsGoWhereThePlanWouldSend(t *testing.T) {
	dir := t.TempDir()
	suppressed, path := filepath.Join(dir, "suppress.txt"), filepath.Join(dir, "c.csv")
	if err := os.WriteFile(suppressed, []byte("gone@example.org\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for email, want := range map[string]string{
		"Gone@example.org":      "line 2: suppressed: ",
		"jos\u00e9@example.org": "line 2: unsendable: ",
		"jane@US.example.com":   "line 2: withheld: ",
		"jane@example.org":      "",
	} {
		if err := os.WriteFile(path, []byte("id,email\n7,"+email+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := (&Config{Suppress: suppressed, FurnishedMailDomains: []string{"us.EXAMPLE.com"}}).ReadCorrections(path)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s gives %v, want %q", email, err, want)
		}
	}
}
