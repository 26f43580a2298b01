package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/smtptest"
)

// The JSON of status and accounts is a contract with programs that we do not see.
// Its fields are typed here once more, by hand, so that renaming one in the code
// fails here.
const statusContract = `{"campaign":"s","plan":"s","state":"s",
 "accounts":{"read":1,"selected":1,"noticed":1,"excluded":1,"unmatched":1,
   "excluded_by":{"no_address":1,"invalid_address":1,"unsendable":1,"duplicate":1,"unclassified":1,"suppressed":1,"withheld":1}},
 "notices":{"total":1,"pending":1,"sending":1,"accepted":1,"deferred":1,"rejected":1,"bounced":1,"in_doubt":1},
 "by_class":{"password":{"total":1},"sso":{"total":1}},
 "batches":{"total":1,"done":1},"rate_per_s":1,"eta":null,"next_attempt":null,"halted":null,
 "limit":null,"limited_until":null,"probe":null,"takes_s":1,"batch":null,"deadline":null}`

const accountContract = `{"id":"s","address":"s","class":"s","reason":"s","excluded":null,"notice":"s","generation":1,
 "state":"s","attempts":1,"last_reply":"s","updated":"s","locale":"s"}`

const checkContract = `{"findings":[],"counts":{"error":1,"warning":1,"info":1},"overridden":1,"jurisdictions":[],"disclaimer":"s",
 "campaign":"s","notices":[],"plan":"s","overrides":[]}`

const (
	findingContract  = `{"rule":"s","severity":"s","file":"s","line":1,"what":"s","mend":"s","overridden":true}`
	standingContract = `{"name":"s","title":"s","checked":"s","due":"s",
 "elements":[]}`
	elementContract  = `{"id":"s","means":"s","need":"s","state":"s","cite":"s"}`
	overrideContract = `{"rule":"s","reason":"s","by":"s","at":"s","command":"s"}`
	ruleContract     = `{"id":"s","severity":"s","summary":"s","why":"s","mend":"s"}`
)

const failureContract = `{"error":"s","hint":"s","code":1}`

func TestJSONKeepsItsContract(t *testing.T) {
	server, err := smtptest.Start(smtptest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	dir := t.TempDir()
	world := newDemoWorld(demoLeast)
	if err := world.write(dir, server.Port()); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "notify.yaml")
	for _, args := range [][]string{{"plan"}, {"status"}, {"send", "--dry-run"}, {"send", "--yes"}, {"status"}} {
		out, _, _ := runHere(t, append(args, "--json", "-c", config)...)
		if strings.Count(strings.TrimSpace(out), "\n") != 0 {
			t.Errorf("notify %v prints more than one line: %s", args, out)
		}
		holds(t, args[0], out, statusContract)
	}
	out, _, _ := runHere(t, "accounts", "--state", "accepted", "--json", "-c", config)
	line, _, _ := strings.Cut(out, "\n")
	holds(t, "accounts", line, accountContract)

	out, stderr, code := runHere(t, "plan", "--json", "-c", config)
	if out != "" || code != exitRefused {
		t.Errorf("a refused plan ends with %d and prints %q on stdout", code, out)
	}
	holds(t, "a refusal", stderr, failureContract)
}

// runHere runs one command line in this process.
func runHere(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	p := newProcess(make(chan struct{}))
	p.stdin, p.stdout, p.stderr, p.asks, p.draws = strings.NewReader(""), &out, &errs, false, false
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	code = run(ctx, args, p)
	return out.String(), errs.String(), code
}

// holds reports the fields of want that got lacks or holds in another type. Null
// fits anything.
func holds(t *testing.T, what, got, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		t.Errorf("%s prints no JSON: %v: %s", what, err, got)
		return
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	for _, problem := range lacks(g, w, "") {
		t.Errorf("%s: %s", what, problem)
	}
}

func lacks(got, want any, path string) []string {
	object, isObject := want.(map[string]any)
	if !isObject {
		if got != nil && want != nil && kindOf(got) != kindOf(want) {
			return []string{path + " is a " + kindOf(got) + ", not a " + kindOf(want)}
		}
		return nil
	}
	fields, ok := got.(map[string]any)
	if !ok {
		return []string{path + " is no object"}
	}
	var problems []string
	for name, inner := range object {
		if _, there := fields[name]; !there {
			problems = append(problems, path+" lacks "+name)
			continue
		}
		problems = append(problems, lacks(fields[name], inner, path+"."+name)...)
	}
	slices.Sort(problems)
	return problems
}

func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "bool"
	}
	return "composite"
}

// The table of exit codes is a contract, too.
func TestExitCodes(t *testing.T) {
	for code, want := range map[int]int{exitDone: 0, exitFailed: 1, exitUsage: 2, exitIncomplete: 3, exitFailures: 4, exitRefused: 5, exitInterrupted: 130} {
		if code != want {
			t.Errorf("an exit code is %d, want %d", code, want)
		}
	}
	if got := exitCode(os.ErrClosed); got != exitFailed {
		t.Errorf("an error of no kind exits with %d, want %d", got, exitFailed)
	}
	for _, e := range exits {
		if got := exitCode(say(e.is, "said")); got != e.code {
			t.Errorf("%v exits with %d, want %d", e.is, got, e.code)
		}
	}
}
