package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"breachnotify/pkg/smtptest"
)

// unvetted makes a plan that the check would not have let through: the help page tracks.
func unvetted(t *testing.T) (config string, server *smtptest.Server) {
	t.Helper()
	server, err := smtptest.Start(smtptest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	dir := t.TempDir()
	if err := newDemoWorld(demoLeast).write(dir, server.Port()); err != nil {
		t.Fatal(err)
	}
	config = filepath.Join(dir, "notify.yaml")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	tracking := strings.Replace(string(text), "https://example.com/help", "https://example.com/help?utm_source=mail", 1)
	if err := os.WriteFile(config, []byte(tracking), 0o600); err != nil {
		t.Fatal(err)
	}
	p, g := newProcess(make(chan struct{})), &globals{config: config, quiet: true}
	p.stderr = io.Discard
	f, err := openFolder(p, g)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.makePlan(t.Context(), p, g); err != nil {
		t.Fatal(err)
	}
	return config, server
}

func TestSendRefusesWhatTheCheckFindsErrorsInBeforeItAsksOrDials(t *testing.T) {
	config, server := unvetted(t)
	for _, args := range [][]string{{"send"}, {"send", "--yes"}, {"send", "--dry-run"}} {
		out, stderr, code := runHere(t, append(args, "-c", config)...)
		if code != exitRefused || out != "" || !strings.Contains(stderr, "link-tracking") || strings.Contains(stderr, "nobody is here to agree") {
			t.Errorf("%v ends with %d: %s%s", args, code, out, stderr)
		}
	}
	if lines := server.Lines(); len(lines) > 0 {
		t.Errorf("the relay heard %q", lines)
	}
	if out, _, _ := runHere(t, "report", "--json", "-c", config); !strings.Contains(out, `"overrides":[]`) {
		t.Errorf("a refused send records an override")
	}
}

func TestSendRecordsWhatItOverridesAndHonoursItLater(t *testing.T) {
	config, server := unvetted(t)
	override := []string{"--override", "link-tracking", "--because", "our own counter", "-c", config}
	if _, stderr, code := runHere(t, append([]string{"send"}, override...)...); code != exitRefused || !strings.Contains(stderr, "nobody is here to agree") {
		t.Errorf("without consent: %d, %s", code, stderr)
	}
	if out, _, _ := runHere(t, "report", "--json", "-c", config); !strings.Contains(out, `"overrides":[]`) {
		t.Error("it is recorded before anybody agreed")
	}
	if _, stderr, code := runHere(t, append([]string{"send", "--yes", "--limit", "1"}, override...)...); code != exitIncomplete {
		t.Fatalf("with an override: %d, %s", code, stderr)
	}
	if _, stderr, code := runHere(t, "send", "--yes", "--limit", "1", "-c", config); code != exitIncomplete {
		t.Fatalf("later: %d, %s", code, stderr)
	}
	if n := len(server.Messages()); n != 2 {
		t.Errorf("%d messages left, want 2", n)
	}
	for _, command := range []string{"check", "report"} {
		out, _, _ := runHere(t, command, "--json", "-c", config)
		if strings.Count(out, `{"rule":"link-tracking","reason":"our own counter",`) != 1 || !strings.Contains(out, `"command":"send","at":"`) {
			t.Errorf("%s shows %s", command, out)
		}
	}
}

func TestTheJSONOfACheckKeepsItsContract(t *testing.T) {
	config, _ := unvetted(t)
	out, _, code := runHere(t, "send", "--yes", "--limit", "1", "--override", "link-tracking", "--because", "our own counter", "-c", config)
	if code != exitIncomplete {
		t.Fatalf("send ends with %d: %s", code, out)
	}
	out, _, code = runHere(t, "check", "--json", "-c", config)
	if code != exitDone {
		t.Errorf("check ends with %d", code)
	}
	holds(t, "check", out, checkContract)
	var got struct {
		Findings, Overrides []json.RawMessage
		Jurisdictions       []struct{ Elements []json.RawMessage }
	}
	var whole struct{ Jurisdictions []json.RawMessage }
	for _, into := range []any{&got, &whole} {
		if err := json.Unmarshal([]byte(out), into); err != nil {
			t.Fatal(err)
		}
	}
	if len(got.Findings) == 0 || len(got.Overrides) != 1 || len(got.Jurisdictions) != 1 || len(got.Jurisdictions[0].Elements) == 0 {
		t.Fatalf("check prints %s", out)
	}
	holds(t, "a finding", string(got.Findings[0]), findingContract)
	holds(t, "an override", string(got.Overrides[0]), overrideContract)
	holds(t, "a jurisdiction", string(whole.Jurisdictions[0]), standingContract)
	holds(t, "an element", string(got.Jurisdictions[0].Elements[0]), elementContract)

	out, _, _ = runHere(t, "check", "--rules", "--json")
	var documented struct{ Rules []json.RawMessage }
	if err := json.Unmarshal([]byte(out), &documented); err != nil || len(documented.Rules) < 30 {
		t.Fatalf("%d rules are documented: %v", len(documented.Rules), err)
	}
	for _, rule := range documented.Rules {
		holds(t, "a rule", string(rule), ruleContract)
	}
}
