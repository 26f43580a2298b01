package main

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	_ "github.com/mattn/go-sqlite3" // the driver sqlite3
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/ulikunitz/xz"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// exportsFolder holds the same accounts in every format.
const exportsFolder = "testdata/exports"

// exportsSetup lets scripts name exportsFolder as $EXPORTS.
func exportsSetup(env *testscript.Env) error {
	folder, err := filepath.Abs(exportsFolder)
	env.Setenv("EXPORTS", folder)
	return err
}

var packers = map[string]func(io.Writer) (io.WriteCloser, error){
	"gz":  func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
	"zst": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
	"xz":  func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) },
}

// cmdPack packs a file: pack gz|zst|xz FILE PACKED.
func cmdPack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 || packers[args[0]] == nil {
		ts.Fatalf("usage: pack gz|zst|xz FILE PACKED")
	}
	var packed bytes.Buffer
	w, err := packers[args[0]](&packed)
	ts.Check(err)
	_, err = io.WriteString(w, ts.ReadFile(args[1]))
	ts.Check(err)
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), packed.Bytes(), 0o600))
}

// cmdCut writes the beginning of a file: cut FILE BYTES BEGINNING. Fewer than none are
// left out at the end.
func cmdCut(ts *testscript.TestScript, neg bool, args []string) {
	var size int
	if neg || len(args) != 3 {
		ts.Fatalf("usage: cut FILE BYTES BEGINNING")
	}
	_, err := fmt.Sscan(args[1], &size)
	ts.Check(err)
	content := ts.ReadFile(args[0])
	if size < 0 {
		size += len(content)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(content[:size]), 0o600))
}

// cmdSQLite makes a database from SQL: sqlite FILE SCRIPT.
func cmdSQLite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sqlite FILE SCRIPT")
	}
	db, err := sql.Open("sqlite3", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(ts.ReadFile(args[1]))
	ts.Check(err)
}

// cmdPlanned plans the accounts of exportsFolder out of a source, which may be - after
// stdin, and asserts what becomes of each: planned SOURCE.
func cmdPlanned(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: planned SOURCE")
	}
	const columns = "{id: id, email: email, name: name, password: password_hash, sso: provider, locale: lang}"
	cmdConfig(ts, false, []string{"planned.yaml", fmt.Sprintf("export: {source: %q, columns: %s}", args[0], columns)})
	cmdClasses(ts, false, []string{"classes.txt", "-c", "planned.yaml"})
}

// cmdClasses plans, and asserts the class and the exclusion of each account: classes FILE
// [ARG...]. Each line of FILE, which is sorted, is an id, then password, sso or -, and then
// why the account is excluded, where it is. The arguments are those of notify plan, whose
// JSON is there afterwards. It goes by the examples of --explain: no more than three
// accounts may have the same reason.
func cmdClasses(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: classes FILE [ARG...]")
	}
	ts.Check(ts.Exec("notify", append([]string{"plan", "--explain", "--json"}, args[1:]...)...))
	var plan planResult
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &plan))
	var lines []string
	for _, reason := range plan.Explain {
		if reason.Accounts > int64(len(reason.Examples)) {
			ts.Fatalf("%d accounts of the same reason: %s", reason.Accounts, reason.Reason)
		}
		for _, example := range reason.Examples {
			lines = append(lines, classLine(example.ID, reason.Class, reason.Excluded))
		}
	}
	slices.Sort(lines)
	if got, want := strings.Join(lines, "\n")+"\n", ts.ReadFile(args[0]); got != want {
		ts.Fatalf("the accounts are\n%swant\n%s", got, want)
	}
}

func classLine(id string, class *account.Class, excluded *campaign.Exclusion) string {
	if class == nil {
		return strings.TrimRight(id+" - "+text(excluded), " ")
	}
	return strings.TrimRight(id+" "+text(class)+" "+text(excluded), " ")
}
