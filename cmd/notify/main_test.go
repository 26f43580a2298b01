package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"notify": main, pagesProgram: mainWithPages})
}

// TestScripts runs testdata/script: each script is a session at a shell.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Values[serverKey{}] = &servers{}
			return exportsSetup(env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":   cmdExits,
			"pack":    cmdPack,
			"cut":     cmdCut,
			"sqlite":  cmdSQLite,
			"planned": cmdPlanned,
			"classes": cmdClasses,
			"json":    cmdJSON,
			"mode":    cmdMode,
			"config":  cmdConfig,
			"bytes":   cmdBytes,
			"smtpd":   cmdSMTPD,
			"mails":   cmdMails,
			"mail":    cmdMail,
			"dsn":     cmdDSN,
			"imapd":   cmdIMAPD,
			"dnsd":    cmdDNSD,
			"folder":  cmdFolder,
		},
	})
}

// baseConfig is a valid notify.yaml with one top-level key a line.
const baseConfig = `campaign: acme
organisation: Acme
official_domains: [acme.example]
export: {source: accounts.csv}
classify: {both: password, neither: exclude}
notice: {from: Acme Security <security@acme.example>}
incident: {what_happened: It happened., what_information: This and that., what_we_are_doing: We do things., what_happened_de: Es geschah., what_information_de: Dies und das., what_we_are_doing_de: Wir tun etwas.}
links: {reset: "https://acme.example/reset", sign_out: "https://acme.example/out", help: "https://acme.example/help"}
smtp: {host: 127.0.0.1, port: 1, tls: none}
throttle: {rate: 10000/s, per_domain: {default: 10000/s}, pause: 0s}
`

// cmdConfig writes the base configuration with whole lines replaced or added:
// config FILE 'key: value' …; `-key` removes a line. $VARS are expanded.
func cmdConfig(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: config FILE ['key: value' | -key]...")
	}
	lines := strings.Split(strings.TrimSpace(baseConfig), "\n")
	for _, change := range args[1:] {
		removed, isRemoval := strings.CutPrefix(change, "-")
		key, _, _ := strings.Cut(change, ":")
		if isRemoval {
			key, change = removed, ""
		}
		replaced := false
		for i, line := range lines {
			if strings.HasPrefix(line, key+":") {
				lines[i], replaced = change, true
			}
		}
		if !replaced {
			lines = append(lines, change)
		}
	}
	content := os.Expand(strings.Join(lines, "\n")+"\n", ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(content), 0o600))
}

// cmdBytes writes a file from a string with Go's escapes: bytes FILE 'a\xff'.
func cmdBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf(`usage: bytes FILE 'a\xff'`)
	}
	content, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(content), 0o600))
}

// cmdMode asserts the permissions of a file: mode 600 FILE.
func cmdMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode OCTAL FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// cmdJSON asserts a field of the JSON object on stdout: json a.b.c VALUE, where a
// string stands without quotes. `! json a.b` asserts that there is no such field.
func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || (len(args) != 2 && !neg) {
		ts.Fatalf("usage: [!] json PATH [VALUE]")
	}
	var value any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &value); err != nil {
		ts.Fatalf("stdout is not one JSON value: %v", err)
	}
	for _, name := range strings.Split(args[0], ".") {
		object, ok := value.(map[string]any)
		if value, ok = object[name], ok && has(object, name); !ok {
			if neg {
				return
			}
			ts.Fatalf("no field %q of %s", name, args[0])
		}
	}
	if neg {
		ts.Fatalf("%s is there", args[0])
	}
	if got := asText(value); got != args[1] {
		ts.Fatalf("%s is %s, want %s", args[0], got, args[1])
	}
}

func has(object map[string]any, name string) bool {
	_, ok := object[name]
	return ok
}

func asText(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	text, _ := json.Marshal(value)
	return string(text)
}

// cmdExits runs a program and asserts its exit code: exits 5 notify plan. What it
// prints is there for stdout and stderr as after exec.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("run %s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}
