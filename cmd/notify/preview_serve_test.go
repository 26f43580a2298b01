package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/account"
)

// tellingWorld is the world of the demo with a notice of every kind that the preview
// looks for.
func tellingWorld() *demoWorld {
	w := newDemoWorld(300)
	for _, r := range []demoRow{
		{id: "2001", email: "magdalena@example.org", name: "Magdalena Freifrau von Hohenstein-Lindenthal zu Sternberg", lang: "de", class: account.Password},
		{id: "2002", email: "nour@mail.example", name: "نور الهدى", lang: "en", class: account.SSO},
		{id: "2003", email: "lesen@bücherstube.example", name: "Karl Läufer", lang: "de", class: account.Password},
		{id: "2004", email: "Lesen@bücherstube.example", name: "Karl Läufer", lang: "de", class: account.Password},
		{id: "2005", email: "lesen@bücherstube.example", name: "", lang: "de", class: account.Password},
	} {
		w.rows = append(w.rows, r.signs())
	}
	return w
}

// commandLine is a command line that runs in this process until it is stopped.
type commandLine struct {
	lines chan string // of stdout, as many as there is room for
	stop  chan struct{}
	code  chan int
	said  *strings.Builder // stderr; to be read after the end
}

func startCommand(t *testing.T, args ...string) *commandLine {
	t.Helper()
	out, in := io.Pipe()
	c := &commandLine{lines: make(chan string, 100), stop: make(chan struct{}), code: make(chan int, 1), said: &strings.Builder{}}
	p := newProcess(c.stop)
	p.stdin, p.stdout, p.stderr = strings.NewReader(""), in, c.said
	p.asks, p.draws = false, false
	p.now = func() time.Time { return time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC) } // so that pictures come out the same
	go func() {
		defer close(c.lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			c.lines <- scanner.Text()
		}
	}()
	go func() {
		code := run(context.Background(), args, p)
		in.Close()
		c.code <- code
	}()
	return c
}

// value returns the rest of the next line of stdout that begins with a label.
func (c *commandLine) value(t *testing.T, label string) string {
	t.Helper()
	for line := range c.lines {
		if rest, ok := strings.CutPrefix(line, label); ok {
			return strings.TrimSpace(rest)
		}
	}
	t.Fatalf("no line %q; exit code %d, %s", label, <-c.code, c.said)
	return ""
}

// end sends the first signal, and returns the exit code.
func (c *commandLine) end() int {
	close(c.stop)
	return <-c.code
}

// previewFolder is a campaign that was planned.
func previewFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := tellingWorld().write(dir, 25); err != nil {
		t.Fatal(err)
	}
	plan := startCommand(t, "plan", "--quiet", "--config", filepath.Join(dir, "notify.yaml"))
	plan.value(t, "planned")
	if code := plan.end(); code != exitDone {
		t.Fatalf("plan: exit code %d, %s", code, plan.said)
	}
	return dir
}

// servePreview serves the page of a folder until the end of the test, and returns the
// address that lets in.
func servePreview(t *testing.T, dir string, args ...string) string {
	t.Helper()
	config := []string{"preview", "--serve", "127.0.0.1:0", "--config", filepath.Join(dir, "notify.yaml")}
	c := startCommand(t, append(config, args...)...)
	address := c.value(t, "preview")
	t.Cleanup(func() {
		if code := c.end(); code != exitDone || c.said.Len() > 0 {
			t.Errorf("preview --serve: exit code %d, %s", code, c.said)
		}
	})
	return address
}

// firstPage lets a client in and returns what it sees then.
func firstPage(t *testing.T, address string) (*http.Client, string, string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	_, next, ok := strings.Cut(get(t, client, address), `url=`)
	if !ok {
		t.Fatal("the address does not let in")
	}
	next, _, _ = strings.Cut(next, `"`)
	page, _, _ := strings.Cut(address, "/?")
	page += html.UnescapeString(next)
	return client, page, get(t, client, page)
}

func get(t *testing.T, client *http.Client, address string) string {
	t.Helper()
	response, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func wants(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("%q is not in\n%s", text, page)
		}
	}
}

func TestPreviewPageShowsThePlanAndNoAddress(t *testing.T) {
	_, _, page := firstPage(t, servePreview(t, previewFolder(t)))
	wants(t, page, "<dd>261</dd>", "<dd>275</dd>", "<dd>30</dd>", "172 notices", "m***@example.org, Password, de", "bücherstube.example")
	for _, secret := range []string{"magdalena@", "Magdalena Freifrau", "lesen@"} {
		if strings.Contains(page, secret) {
			t.Errorf("%q is in the page", secret)
		}
	}
}

func TestPreviewPageBeginsWithWhatTheFlagsSay(t *testing.T) {
	dir := previewFolder(t)
	_, page, body := firstPage(t, servePreview(t, dir, "--account", "2002", "--format", "eml"))
	wants(t, page, "account=2002", "view=source")
	wants(t, body, "nour@mail.example")
	_, _, body = firstPage(t, servePreview(t, dir, "--class", "sso"))
	wants(t, body, `<a id="case-sso-de" href="?case=sso-de" aria-current="true">`, `<iframe`)
}

func TestPreviewPageWithoutAPlanShowsSamples(t *testing.T) {
	dir := t.TempDir()
	if err := tellingWorld().write(dir, 25); err != nil {
		t.Fatal(err)
	}
	client, page, body := firstPage(t, servePreview(t, dir))
	wants(t, body, "There is no plan yet", "Several accounts", "made-up mailbox")
	page, _, _ = strings.Cut(page, "?")
	wants(t, get(t, client, page+"?case=password-en-3&view=text"), "Doe Family (1020)")
	if _, err := os.Stat(filepath.Join(dir, "demo.ledger")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the ledger: %v", err)
	}
}

func TestPreviewPageSaysThatThereIsANewPlan(t *testing.T) {
	dir := previewFolder(t)
	client, page, _ := firstPage(t, servePreview(t, dir))
	plan := startCommand(t, "plan", "--quiet", "--config", filepath.Join(dir, "notify.yaml"))
	plan.value(t, "planned")
	if code := plan.end(); code != exitDone {
		t.Fatalf("plan while the page is served: exit code %d, %s", code, plan.said)
	}
	wants(t, get(t, client, page), "there is a new plan", "start it again")
}

func TestPreviewServeMistakes(t *testing.T) {
	dir := previewFolder(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"no port":                   {[]string{"--serve", "127.0.0.1"}, exitUsage, []string{"hint: for this machine alone: --serve 127.0.0.1:8025"}},
		"no host":                   {[]string{"--serve", ":8025"}, exitUsage, []string{"want an IP address and a port"}},
		"a name":                    {[]string{"--serve", "example.com:80"}, exitUsage, []string{"want an IP address and a port"}},
		"a port that is no number":  {[]string{"--serve", "127.0.0.1:http"}, exitUsage, []string{"want an IP address and a port"}},
		"a port that is taken":      {[]string{"--serve", taken.Addr().String()}, exitFailed, []string{"address already in use", "hint: another program has this port"}},
		"an address of another":     {[]string{"--serve", "192.0.2.1:0"}, exitFailed, []string{"hint: this machine has no such address"}},
		"an account that is absent": {[]string{"--serve", "127.0.0.1:0", "--account", "99"}, exitFailed, []string{"no such account", "hint: the plan knows"}},
		"a port that is too high":   {[]string{"--serve", "127.0.0.1:65536"}, exitUsage, []string{"want an IP address and a port"}},
		"an empty address":          {[]string{"--serve", ""}, exitUsage, []string{"--serve is given without a value"}},
		"an unknown format":         {[]string{"--serve", "127.0.0.1:0", "--format", "pdf"}, exitUsage, []string{"want text, html or eml"}},
	} {
		t.Run(name, func(t *testing.T) {
			command := startCommand(t, append([]string{"preview", "--config", filepath.Join(dir, "notify.yaml")}, c.args...)...)
			if code := <-command.code; code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			wants(t, command.said.String(), c.says...)
			for line := range command.lines {
				t.Errorf("stdout: %q", line)
			}
		})
	}
}

func TestPreviewBeyondTheLoopbackIsWarnedAbout(t *testing.T) {
	dir := previewFolder(t)
	c := startCommand(t, "preview", "--serve", "0.0.0.0:0", "--json", "--config", filepath.Join(dir, "notify.yaml"))
	var result serveResult
	if err := json.Unmarshal([]byte(c.value(t, "")), &result); err != nil || !strings.HasPrefix(result.URL, "http://") || strings.Contains(result.URL, "0.0.0.0") {
		t.Errorf("stdout: %+v, %v", result, err)
	}
	_, _, page := firstPage(t, result.URL) // which is let in by the address that was printed
	wants(t, page, "172 notices")
	if code := c.end(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	wants(t, c.said.String(), "warning: 0.0.0.0:", "in clear", "hint: --serve 127.0.0.1:")
}

func TestThePreviewOfAllAddressesNamesOnesThatCanBeReached(t *testing.T) {
	var own []net.Addr
	for _, a := range []string{"127.0.0.1/8", "::1/128", "192.0.2.7/24", "fe80::1/64", "2001:db8::7/64", "169.254.3.4/16", "198.51.100.9/24"} {
		ip, network, err := net.ParseCIDR(a)
		if err != nil {
			t.Fatal(err)
		}
		own = append(own, &net.IPNet{IP: ip, Mask: network.Mask})
	}
	for _, c := range []struct {
		at   string
		own  []net.Addr
		want string
	}{
		{"0.0.0.0:8025", own, "[192.0.2.7:8025 198.51.100.9:8025]"},
		{"[::]:8025", own, "[[2001:db8::7]:8025]"},
		{"0.0.0.0:8025", own[:2], "[127.0.0.1:8025]"},
		{"[::]:8025", nil, "[[::1]:8025]"},
		{"127.0.0.1:8025", own, "[127.0.0.1:8025]"},
		{"198.51.100.9:8025", own, "[198.51.100.9:8025]"},
	} {
		if got := fmt.Sprint(reachable(netip.MustParseAddrPort(c.at), c.own)); got != c.want {
			t.Errorf("%s is reached at %s, want %s", c.at, got, c.want)
		}
	}
}
