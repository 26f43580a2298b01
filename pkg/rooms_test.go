// Package pkg_test holds the directions of imports between the rooms: what is
// not written here may not be imported.
package pkg_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "breachnotify/"

// rooms maps each room to the rooms of this module that it may import. hint is a
// leaf that everybody may use.
var rooms = map[string][]string{
	"templates":    {},
	"pkg/hint":     {},
	"pkg/account":  {},
	"pkg/throttle": {},
	"pkg/webprobe": {},
	"pkg/smtptest": {},
	"pkg/classify": {"pkg/account"},
	"pkg/export": {"pkg/account", "pkg/export/rows", "pkg/export/unpack", "pkg/export/jsonrows", "pkg/export/pgdump",
		"pkg/export/mysqldump", "pkg/export/live", "pkg/export/presets"},
	"pkg/export/rows":            {},
	"pkg/export/unpack":          {},
	"pkg/export/dump":            {"pkg/export/rows"},
	"pkg/export/jsonrows":        {"pkg/export/rows"},
	"pkg/export/pgdump":          {"pkg/export/rows", "pkg/export/dump"},
	"pkg/export/mysqldump":       {"pkg/export/rows", "pkg/export/dump"},
	"pkg/export/live":            {"pkg/export/rows", "pkg/export/dump"},
	"pkg/export/presets":         {"pkg/export/rows"},
	"pkg/notice":                 {"pkg/account"},
	"pkg/preview":                {"pkg/account", "pkg/campaign", "pkg/notice"},
	"pkg/bounce":                 {},
	"pkg/report":                 {"pkg/account", "pkg/campaign", "pkg/bounce"},
	"pkg/bounce/internal/event":  {"pkg/bounce"},
	"pkg/bounce/internal/source": {},
	"pkg/bounce/mailbox":         {"pkg/bounce/internal/source"},
	"pkg/bounce/feed":            {"pkg/bounce", "pkg/bounce/internal/event", "pkg/bounce/internal/source"},
	"pkg/bounce/postfixlog":      {"pkg/bounce", "pkg/bounce/internal/event", "pkg/bounce/internal/source"},
	"pkg/bounce/imapbox":         {"pkg/bounce/mailbox", "pkg/bounce/internal/event"},
	"pkg/campaign":               {"pkg/account", "pkg/classify", "pkg/notice"},
	"pkg/check":                  {"pkg/account", "pkg/campaign", "pkg/notice"},
	"pkg/check/online":           {"pkg/account", "pkg/campaign", "pkg/notice", "pkg/relay", "pkg/check", "pkg/webprobe"},
	"pkg/ledger":                 {"pkg/account", "pkg/campaign"},
	"pkg/relay":                  {"pkg/account", "pkg/notice"},
	"pkg/delivery":               {"pkg/account", "pkg/campaign", "pkg/notice", "pkg/throttle", "pkg/relay"},
	"cmd/notify": {"templates", "pkg/account", "pkg/classify", "pkg/export", "pkg/export/presets", "pkg/notice", "pkg/campaign",
		"pkg/ledger", "pkg/throttle", "pkg/relay", "pkg/delivery", "pkg/smtptest",
		"pkg/bounce", "pkg/bounce/mailbox", "pkg/bounce/feed", "pkg/bounce/postfixlog", "pkg/bounce/imapbox",
		"pkg/preview", "pkg/report", "pkg/webprobe", "pkg/check", "pkg/check/online"},
	// For tests alone.
	"pkg/dnstest":      {},
	"pkg/browsertest":  {},
	"pkg/postfixtest":  {},
	"pkg/postgrestest": {"pkg/smtptest"},
	"pkg/mariadbtest":  {"pkg/smtptest"},
}

// keepers maps a library to the only rooms that may import it.
var keepers = map[string][]string{
	"github.com/jmoiron/sqlx":     {"pkg/ledger", "pkg/export/live"},
	"github.com/mattn/go-sqlite3": {"pkg/ledger", "pkg/export"},
	"database/sql":                {"pkg/ledger", "pkg/export", "pkg/export/live"},
	"github.com/wneessen/go-mail": {"pkg/notice", "pkg/relay"},
	"github.com/spf13/cobra":      {"cmd/notify"},
	"github.com/miekg/dns":        {"pkg/dnstest"},
	"testing":                     {"pkg/postfixtest", "pkg/postgrestest", "pkg/mariadbtest", "pkg/browsertest"},
}

func TestImportsRunDownwards(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range listPackages(t) {
		room := strings.TrimPrefix(p.ImportPath, module)
		if len(p.GoFiles) == 0 {
			continue // tests only
		}
		seen[room] = true
		may, known := rooms[room]
		if !known {
			t.Errorf("%s is no room of the map: add it, with what it may import", room)
		}
		for _, imported := range p.Imports {
			if inside, ok := strings.CutPrefix(imported, module); ok && inside != "pkg/hint" && !slices.Contains(may, inside) {
				t.Errorf("%s imports %s", room, inside)
			}
			checkKeepers(t, room, imported)
		}
	}
	for room := range rooms {
		if !seen[room] {
			t.Errorf("the map names %s, which does not exist", room)
		}
	}
}

func checkKeepers(t *testing.T, room, imported string) {
	t.Helper()
	for library, may := range keepers {
		if (imported == library || strings.HasPrefix(imported, library+"/")) && !slices.Contains(may, room) {
			t.Errorf("%s imports %s, which only %v may", room, imported, may)
		}
	}
}

type goPackage struct {
	ImportPath string
	GoFiles    []string
	Imports    []string
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	list := exec.Command("go", "list", "-json=ImportPath,GoFiles,Imports", "./...")
	list.Dir = ".."
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return packages
		case err != nil:
			t.Fatalf("read go list: %v", err)
		}
		packages = append(packages, p)
	}
}
