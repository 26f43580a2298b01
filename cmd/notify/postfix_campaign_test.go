package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/postfixtest"
)

// What the notices of these tests link to.
const (
	postfixReset   = "https://acme.example/reset"
	postfixSignOut = "https://acme.example/security"
	postfixHelp    = "https://acme.example/help"
)

// postfixMissing is the one account whose mailbox no Postfix of these tests has.
const postfixMissing = "missing@north.example"

// postfixPatience bounds every command of these tests: far more than a busy machine
// needs.
const postfixPatience = 30 * time.Second

// postfixBounces is where VERP leads bounces to.
const postfixBounces = "bounces@acme.example"

// postfixAccount is a row of the export, and what has to come of it.
type postfixAccount struct {
	id, email, name string
	class           account.Class
	locale          string
	wire            string // the mailbox on the wire; empty: as email
	hostile         bool   // the name must not stand in a notice as it is
}

func (a postfixAccount) mailbox() string {
	if a.wire != "" {
		return a.wire
	}
	return a.email
}

// postfixAccounts makes accounts of both classes and languages at three domains, and
// one of each kind that a mail server could stumble over.
func postfixAccounts() []postfixAccount {
	var all []postfixAccount
	domains := []string{"north.example", "south.example", "xn--bcher-kva.example"}
	for i := range 48 {
		all = append(all, postfixAccount{
			id: fmt.Sprintf("acct-%02d", i), email: fmt.Sprintf("user%02d@%s", i, domains[i%len(domains)]),
			name: "Zoë Müller", class: account.Classes()[i%2], locale: []string{"en", "de"}[i/2%2],
		})
	}
	return append(all, []postfixAccount{
		{id: "shared-1", email: "family@north.example", name: "Ann Shared", class: account.Password, locale: "en"},
		{id: "shared-2", email: "Family@North.Example", name: "Ben Shared", class: account.Password, locale: "en", wire: "Family@north.example"},
		{id: "shared-3", email: "family@north.example", name: "Cem Shared", class: account.SSO, locale: "en"},
		{id: "hostile-1", email: "hostile@south.example", class: account.SSO, locale: "en", hostile: true,
			name: "<script>x</script>{{.Links.reset}}\r\nBcc: eve@evil.example\r\n\r\n.\r\nhttps://evil.example/"},
		{id: "idn-1", email: "idn@Bücher.example", name: "Ida", class: account.Password, locale: "de", wire: "idn@xn--bcher-kva.example"},
		{id: "quoted-1", email: `"john q public"@south.example`, name: "John Public", class: account.Password, locale: "en"},
		{id: "quoted-2", email: `"back\\slash"@south.example`, name: "Quentin", class: account.SSO, locale: "de"},
		{id: "quoted-3", email: `"needless"@north.example`, name: "Nell", class: account.SSO, locale: "en", wire: "needless@north.example"},
		{id: "case-1", email: "Upper.Case@south.example", name: "Ursula", class: account.SSO, locale: "de"},
		{id: "plus-1", email: "plus+tag@north.example", name: "Paula", class: account.Password, locale: "de"},
		{id: "utf8-1", email: "jürgen@south.example", name: "Jürgen", class: account.SSO, locale: "de"},
		{id: "missing-1", email: postfixMissing, name: "Missing", class: account.Password, locale: "en"},
	}...)
}

// postfixMailboxes lists the mailboxes of accounts but the missing one, and the one
// for bounces.
func postfixMailboxes(accounts []postfixAccount) []string {
	all := []string{postfixBounces}
	for _, a := range accounts {
		if a.mailbox() != postfixMissing {
			all = append(all, strings.ToLower(a.mailbox()))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// postfixNotice tells one notice from another: a mailbox gets one of each class.
type postfixNotice struct {
	mailbox string // in lower case
	class   account.Class
}

// postfixNotices groups accounts as the plan has to.
func postfixNotices(accounts []postfixAccount) map[postfixNotice][]postfixAccount {
	notices := map[postfixNotice][]postfixAccount{}
	for _, a := range accounts {
		key := postfixNotice{strings.ToLower(a.mailbox()), a.class}
		notices[key] = append(notices[key], a)
	}
	return notices
}

// postfixConfig is a notify.yaml for a port, with room for more keys of smtp. A line
// of its notices begins with a dot, which SMTP doubles.
const postfixConfig = `campaign: acme
organisation: Acme
official_domains: [acme.example]
export: {source: accounts.csv, columns: {id: id, email: email, name: name, password: hash, sso: provider, locale: lang}}
notice: {from: Acme Security <security@acme.example>, reply_to: help@acme.example}
incident:
  discovered: 2026-09-08
  what_happened: .zip archives of a part of our customer database were taken by a third party.
  what_information: E-mail addresses, user names and hashed passwords.
  what_we_are_doing: The hole is closed, and further reviews are under way.
links: {reset: "` + postfixReset + `", sign_out: "` + postfixSignOut + `", help: "` + postfixHelp + `"}
throttle: {rate: 10000/s, per_domain: {default: 10000/s}, batch: 20, canary: 10, pause: 0s}
smtp:
  host: 127.0.0.1
  port: %d
  tls: starttls
  ca_file: ca.pem
  connections: 3
  smtputf8: true
  envelope_from: ` + postfixBounces + `
%s`

// postfixCampaign is a campaign folder whose relay is a Postfix.
type postfixCampaign struct{ dir string }

// newPostfixCampaign writes a campaign folder: ca is the content of smtp.ca_file, and
// smtp holds more lines of that section.
func newPostfixCampaign(t *testing.T, server *postfixtest.Server, accounts []postfixAccount, ca []byte, smtp ...string) postfixCampaign {
	t.Helper()
	c := postfixCampaign{dir: t.TempDir()}
	var more strings.Builder
	for _, line := range smtp {
		fmt.Fprintf(&more, "  %s\n", line)
	}
	c.write(t, "notify.yaml", fmt.Appendf(nil, postfixConfig, server.Port(), more.String()))
	c.write(t, "ca.pem", ca)
	c.write(t, "accounts.csv", exportOf(t, accounts))
	return c
}

func exportOf(t *testing.T, accounts []postfixAccount) []byte {
	t.Helper()
	rows := [][]string{{"id", "email", "name", "hash", "provider", "lang"}}
	for _, a := range accounts {
		hash, provider := "$2b$12$8gqYtQpQm5o8dJ7m0E4iUe", ""
		if a.class == account.SSO {
			hash, provider = "", "google"
		}
		rows = append(rows, []string{a.id, a.email, a.name, hash, provider, a.locale})
	}
	var b bytes.Buffer
	noError(t, csv.NewWriter(&b).WriteAll(rows))
	return b.Bytes()
}

func (c postfixCampaign) write(t *testing.T, name string, content []byte) {
	t.Helper()
	noError(t, os.WriteFile(filepath.Join(c.dir, name), content, 0o600))
}

// replace changes what stands once in notify.yaml.
func (c postfixCampaign) replace(t *testing.T, old, changed string) {
	t.Helper()
	config, err := os.ReadFile(filepath.Join(c.dir, "notify.yaml"))
	noError(t, err)
	if n := strings.Count(string(config), old); n != 1 {
		t.Fatalf("notify.yaml holds %q %d times", old, n)
	}
	c.write(t, "notify.yaml", bytes.Replace(config, []byte(old), []byte(changed), 1))
}

// notify runs the program as a process of its own in the campaign's folder and
// asserts its exit code.
func (c postfixCampaign) notify(t *testing.T, wantCode int, args ...string) (stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), postfixPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "notify", args...)
	cmd.Dir, cmd.Env = c.dir, childEnvironment()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run notify: %v", err)
	}
	if got := cmd.ProcessState.ExitCode(); got != wantCode {
		t.Fatalf("notify %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, wantCode, &out, &errs)
	}
	return out.String(), errs.String()
}

// status runs a command that prints where the campaign stands.
func (c postfixCampaign) status(t *testing.T, wantCode int, args ...string) campaign.Status {
	t.Helper()
	stdout, _ := c.notify(t, wantCode, append(args, "--json")...)
	var s campaign.Status
	noError(t, json.Unmarshal([]byte(stdout), &s))
	return s
}

// accounts returns what `notify accounts` says of each account, by its id.
func (c postfixCampaign) accounts(t *testing.T) map[string]postfixAccountLine {
	t.Helper()
	stdout, _ := c.notify(t, exitDone, "accounts", "--json", "--reveal")
	all := map[string]postfixAccountLine{}
	for decoder := json.NewDecoder(strings.NewReader(stdout)); decoder.More(); {
		var line postfixAccountLine
		noError(t, decoder.Decode(&line))
		all[line.ID] = line
	}
	return all
}

// postfixAccountLine is a line of `notify accounts --json`, typed again so that a
// change of the contract is noticed.
type postfixAccountLine struct {
	ID         string
	Address    string
	Class      account.Class
	Excluded   campaign.Exclusion
	Notice     string
	Generation int
	State      campaign.State
	Attempts   int
	LastReply  string `json:"last_reply"`
	Locale     string
}

// postfixPlan is what has to come of a campaign.
type postfixPlan struct {
	notices     map[postfixNotice][]postfixAccount
	from, until time.Time         // when it was planned
	rehearsed   map[string][]byte // the messages of a dry run, by the notice's id
}

// plan plans the campaign and holds that nobody was left out.
func (c postfixCampaign) plan(t *testing.T, accounts []postfixAccount) postfixPlan {
	t.Helper()
	p := postfixPlan{notices: postfixNotices(accounts), from: time.Now()}
	status := c.status(t, exitDone, "plan")
	p.until = time.Now()
	if status.Accounts.Noticed != int64(len(accounts)) || status.Notices.Pending != int64(len(p.notices)) {
		t.Fatalf("planned %+v, want %d notices for %d accounts", status, len(p.notices), len(accounts))
	}
	p.rehearsed = c.rehearse(t)
	if len(p.rehearsed) != len(p.notices) {
		t.Fatalf("the dry run wrote %d messages, want %d", len(p.rehearsed), len(p.notices))
	}
	return p
}

// rehearse runs a dry run and returns the messages that it wrote, by the notice's id.
func (c postfixCampaign) rehearse(t *testing.T) map[string][]byte {
	t.Helper()
	c.notify(t, exitDone, "send", "--dry-run", "--out", "mails")
	mails := map[string][]byte{}
	root := os.DirFS(filepath.Join(c.dir, "mails"))
	noError(t, fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		id, isMail := strings.CutSuffix(entry.Name(), ".eml")
		if err != nil || !isMail {
			return err
		}
		mails[id], err = fs.ReadFile(root, path)
		return err
	}))
	return mails
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
