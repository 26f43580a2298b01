package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"breachnotify/pkg/smtptest"
)

// trialPatience bounds every wait of these tests. None of them comes near it unless
// something hangs.
const trialPatience = 30 * time.Second

// trialSessions is how many sessions most trials have, and so how many notices a kill
// may leave in doubt.
const trialSessions = 4

// trialConfig sends as fast as it can, and halts for nothing that a trial does.
const trialConfig = `campaign: trial
organisation: Example Media
official_domains: [example.com]
export:
  source: accounts.csv
  columns: {id: user_id, email: email, name: display_name, password: password_hash, sso: provider, locale: lang}
notice: {from: Example Security <security@example.com>}
incident: {what_happened: It happened., what_information: This and that., what_we_are_doing: We do things.}
links: {reset: "https://example.com/reset", sign_out: "https://example.com/security", help: "https://example.com/help"}
smtp: {host: 127.0.0.1, port: PORT, tls: none, connections: SESSIONS}
throttle: {rate: 100000/s, per_domain: {default: 100000/s}, batch: 250, pause: 0s, canary: 20}
retry: {attempts: 4, first: 1s, max: 1s}
halt: {rejected: 50%, consecutive_errors: 1000}
`

// trial is a planned campaign in a folder of its own, the mail server that it sends to,
// and what must come of it. The program runs as a process, as at a shell.
type trial struct {
	dir      string
	world    *demoWorld
	expected map[demoNotice]demoRow // every notice, and one of its rows
	server   *smtptest.Server
	counted  int                // messages of the server that are in taken
	taken    map[demoNotice]int // by the server, in all runs
}

func newTrial(t *testing.T, world *demoWorld, sessions int, scripts ...smtptest.Script) *trial {
	t.Helper()
	server, err := smtptest.Start(smtptest.Options{Script: smtptest.Chain(scripts...)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	c := &trial{dir: t.TempDir(), world: world, expected: world.expected(), server: server, taken: map[demoNotice]int{}}
	if err := world.write(c.dir, server.Port()); err != nil {
		t.Fatal(err)
	}
	config := strings.NewReplacer("PORT", strconv.Itoa(server.Port()), "SESSIONS", strconv.Itoa(sessions)).Replace(trialConfig)
	if err := os.WriteFile(filepath.Join(c.dir, "notify.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	c.run(t, exitDone, "plan")
	return c
}

// kindWorld is a world in which every mailbox takes its mail at once.
func kindWorld(accounts int) *demoWorld {
	world := newDemoWorld(accounts)
	for i := range world.rows {
		world.rows[i].refused, world.rows[i].greylisted = false, false
	}
	return world
}

// child is a process of the program. What it prints may be read once it has ended.
type child struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	ended          chan struct{}
}

// start starts the program, which TestMain has put on the PATH. The end of the test
// ends the process at the latest.
func (c *trial) start(t *testing.T, args ...string) *child {
	t.Helper()
	return c.startIn(t, nil, "notify", args...)
}

// startIn starts one of the programs of TestMain with more of an environment.
func (c *trial) startIn(t *testing.T, environment []string, program string, args ...string) *child {
	t.Helper()
	p := &child{cmd: exec.CommandContext(t.Context(), program, args...), ended: make(chan struct{})}
	p.cmd.Dir = c.dir
	p.cmd.Env = append(childEnvironment(), environment...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // the state of the process says more
	}()
	t.Cleanup(func() { <-p.ended }) // before its folder is removed
	return p
}

// childEnvironment is the environment of a process of the program. With the race
// detector it sleeps for a second at its end unless told not to.
func childEnvironment() []string {
	return append(os.Environ(), "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
}

func (c *trial) send(t *testing.T, args ...string) *child {
	t.Helper()
	return c.start(t, append([]string{"send", "--yes", "--quiet"}, args...)...)
}

// run runs the program to its end, which must be the exit code.
func (c *trial) run(t *testing.T, code int, args ...string) *child {
	t.Helper()
	p := c.start(t, args...)
	p.exits(t, code)
	return p
}

// resume sends to the end, which must be the exit code.
func (c *trial) resume(t *testing.T, code int) {
	t.Helper()
	c.send(t).exits(t, code)
}

// exits waits until the process has ended, which must be with the exit code.
func (p *child) exits(t *testing.T, code int) {
	t.Helper()
	p.wait(t)
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("%s: %s, want exit code %d; stderr:\n%s", p.cmd, p.cmd.ProcessState, code, &p.stderr)
	}
}

// kill ends the process as a crash does: with no chance to do anything about it.
func (p *child) kill(t *testing.T) {
	t.Helper()
	p.signal(t, syscall.SIGKILL)
	p.wait(t)
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Fatalf("%s: %s, want a kill; stderr:\n%s", p.cmd, p.cmd.ProcessState, &p.stderr)
	}
}

// wait waits until the process has ended.
func (p *child) wait(t *testing.T) {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(trialPatience):
		t.Fatalf("%s has not ended after %s", p.cmd, trialPatience)
	}
}

// await returns what comes out of the channel. A process that ends before fails the
// test at once.
func await[T any](t *testing.T, p *child, from <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-p.ended:
		t.Fatalf("%s has ended before %s: %s; stderr:\n%s", p.cmd, what, p.cmd.ProcessState, &p.stderr)
	case <-time.After(trialPatience):
		t.Fatalf("after %s it is not so that %s", trialPatience, what)
	}
	return v
}

func (p *child) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatalf("signal %s: %v", p.cmd, err)
	}
}
