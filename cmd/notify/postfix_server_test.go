package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// postfixOptions says what a Postfix of a test knows. Its domains are those of its
// mailboxes: it takes mail for nobody else.
type postfixOptions struct {
	// Mailboxes are the addresses that exist, as on the wire, without an extension:
	// bounces@example.com also takes the mail of bounces+TOKEN@example.com. Domains
	// are in A-labels.
	Mailboxes []string
	// Certificate turns STARTTLS on and makes it mandatory; nil: STARTTLS is not offered.
	Certificate *tls.Certificate
	// Settings go before those of the helper in main.cf (postconf(5)).
	Settings map[string]string
}

// postfix is an instance of Postfix that belongs to one test: configuration, queue,
// log and mailboxes are in a folder of its own, and it listens on the loopback
// interface. It has no SMTP client, so that nothing can leave the machine.
type postfix struct {
	dir       string
	port      int
	mailboxes []string
}

// postfixDelivery is a message in a mailbox of a postfix.
type postfixDelivery struct {
	mailbox string // of postfixOptions.Mailboxes
	raw     []byte // with the trace fields of Postfix, and CRLF as on the wire
}

// postfixPatience bounds every wait for Postfix: far more than a busy machine needs.
const postfixPatience = 30 * time.Second

// untilParentEnds runs Postfix for as long as the standard input is open. So Postfix
// ends also when the test binary is killed, and leaves nothing running behind it. The
// trap is for a parent that is gone already when it is to hear of the start.
const untilParentEnds = `postfix -c "$1" start && trap '' PIPE && echo started && cat >/dev/null
postfix -c "$1" stop`

// startPostfix starts a Postfix and stops it at the end of the test. Where there can
// be none the test is skipped, or fails where CI is set, so that it is never left out
// unnoticed.
func startPostfix(t *testing.T, o postfixOptions) *postfix {
	t.Helper()
	needPostfix(t)
	p := &postfix{dir: postfixFolder(t), port: freePort(t), mailboxes: o.Mailboxes}
	p.configure(t, o)
	server := exec.Command("sh", "-c", untilParentEnds, "sh", p.path("etc"))
	// A Ctrl-C is for the test alone, which then stops Postfix.
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var complaints bytes.Buffer
	server.Stderr = &complaints
	input, err := server.StdinPipe()
	noError(t, err)
	output, err := server.StdoutPipe()
	noError(t, err)
	noError(t, server.Start())
	bound := func() *time.Timer {
		return time.AfterFunc(postfixPatience, func() { _ = syscall.Kill(-server.Process.Pid, syscall.SIGKILL) })
	}
	t.Cleanup(func() {
		defer bound().Stop()
		// Wait reports the exit of `postfix stop`, or of a start that failed.
		if err := errors.Join(input.Close(), server.Wait()); err != nil {
			t.Errorf("stop Postfix: %v\n%s", err, complaints.String())
		}
		if t.Failed() {
			t.Logf("the log of Postfix:\n%s", p.log(t))
		}
	})
	defer bound().Stop()
	if _, err := io.ReadFull(output, make([]byte, len("started\n"))); err != nil {
		t.Fatalf("Postfix does not start: %v", err)
	}
	return p
}

// needPostfix ends a test that cannot have a Postfix.
func needPostfix(t *testing.T) {
	t.Helper()
	missing := ""
	if _, err := exec.LookPath("postfix"); err != nil {
		missing = "Postfix 3.6 or newer is not installed: apt-get install postfix"
	} else if os.Geteuid() != 0 {
		missing = "Postfix starts for root only: run this test as root"
	}
	switch {
	case missing == "":
	case os.Getenv("CI") != "":
		t.Fatal(missing)
	default:
		t.Skip(missing)
	}
}

// postfixFolder makes a folder that the users of Postfix can enter, which that of
// testing.T is not, and whose short name leaves room for the names of sockets.
func postfixFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify-postfix-")
	noError(t, err)
	noError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() {
		// The daemons of a master that has ended may still be on their way out.
		eventually(t, "remove the folder of Postfix", func() bool { return os.RemoveAll(dir) == nil })
	})
	return dir
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	noError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func (p *postfix) path(name string) string { return filepath.Join(p.dir, name) }

// configure writes the configuration. Postfix itself fills its queue with folders.
func (p *postfix) configure(t *testing.T, o postfixOptions) {
	t.Helper()
	owner, err := user.Lookup("nobody")
	noError(t, err)
	for _, name := range []string{"etc", "mail", "queue"} {
		noError(t, os.Mkdir(p.path(name), 0o755))
	}
	uid, err := strconv.Atoi(owner.Uid)
	noError(t, err)
	noError(t, os.Chown(p.path("mail"), uid, -1))
	settings := p.settings(owner)
	if o.Certificate != nil {
		noError(t, os.WriteFile(p.path("etc/chain.pem"), chainPEM(t, *o.Certificate), 0o600))
		settings["smtpd_tls_chain_files"] = p.path("etc/chain.pem")
		settings["smtpd_tls_security_level"] = "encrypt"
		settings["smtpd_tls_received_header"] = "yes"
	}
	maps.Copy(settings, o.Settings)
	var main, boxes bytes.Buffer
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&main, "%s = %s\n", key, settings[key])
	}
	for i, mailbox := range p.mailboxes {
		fmt.Fprintf(&boxes, "%s  %d/\n", mailbox, i)
	}
	noError(t, os.WriteFile(p.path("etc/main.cf"), main.Bytes(), 0o644))
	noError(t, os.WriteFile(p.path("etc/mailboxes"), boxes.Bytes(), 0o644))
	noError(t, os.WriteFile(p.path("etc/master.cf"), fmt.Appendf(nil, masterCF, p.port), 0o644))
}

// masterCF lists the services (master(5)): those of a mail server that only takes
// mail in. There is no chroot, since that needs files of the system inside of it.
const masterCF = `127.0.0.1:%d inet n - n - - smtpd
cleanup  unix      n - n - 0     cleanup
qmgr     unix      n - n 300 1   qmgr
tlsmgr   unix      - - n 1000? 1 tlsmgr
rewrite  unix      - - n - -     trivial-rewrite
bounce   unix      - - n - 0     bounce
defer    unix      - - n - 0     bounce
trace    unix      - - n - 0     bounce
proxymap unix      - - n - -     proxymap
error    unix      - - n - -     error
retry    unix      - - n - -     error
virtual  unix      - n n - -     virtual
anvil    unix      - - n - 1     anvil
showq    unix      n - n - -     showq
postlog  unix-dgram n - n - 1    postlogd
`

func (p *postfix) settings(owner *user.User) map[string]string {
	return map[string]string{
		"compatibility_level":   "3.6",
		"queue_directory":       p.path("queue"),
		"data_directory":        p.path("data"),
		"maillog_file":          p.path("log"),
		"maillog_file_prefixes": p.dir,
		"myhostname":            "mx.test.example",

		"inet_interfaces":          "127.0.0.1",
		"inet_protocols":           "ipv4",
		"smtpd_peername_lookup":    "no", // no DNS
		"smtpd_relay_restrictions": "reject_unauth_destination",
		"default_transport":        "error:5.4.4 no mail leaves a test",
		"relay_transport":          "error:5.4.4 no mail leaves a test",
		"local_transport":          "error:5.4.4 there are no local users in a test",
		"mydestination":            "",
		"mynetworks":               "",
		"relay_domains":            "",
		"alias_maps":               "",
		"local_recipient_maps":     "",

		"recipient_delimiter":     "+",
		"virtual_mailbox_domains": strings.Join(domainsOf(p.mailboxes), ", "),
		"virtual_mailbox_maps":    "texthash:" + p.path("etc/mailboxes"),
		"virtual_mailbox_base":    p.path("mail"),
		"virtual_uid_maps":        "static:" + owner.Uid,
		"virtual_gid_maps":        "static:" + owner.Gid,
	}
}

func domainsOf(mailboxes []string) []string {
	var domains []string
	for _, mailbox := range mailboxes {
		domains = append(domains, mailbox[strings.LastIndexByte(mailbox, '@')+1:])
	}
	slices.Sort(domains)
	return slices.Compact(domains)
}

// chainPEM writes a key and its certificates in the order that
// smtpd_tls_chain_files wants.
func chainPEM(t *testing.T, certificate tls.Certificate) []byte {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	noError(t, err)
	chain := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	for _, der := range certificate.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return chain
}

// deliveries waits until Postfix has nothing left to do and returns what it
// delivered, mailbox by mailbox.
func (p *postfix) deliveries(t *testing.T) []postfixDelivery {
	t.Helper()
	eventually(t, "empty the queue of Postfix", func() bool { return p.queued(t) == 0 })
	var all []postfixDelivery
	for i, mailbox := range p.mailboxes {
		files, err := filepath.Glob(p.path(fmt.Sprintf("mail/%d/new/*", i)))
		noError(t, err)
		for _, file := range files {
			raw, err := os.ReadFile(file)
			noError(t, err)
			raw = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
			all = append(all, postfixDelivery{mailbox: mailbox, raw: raw})
		}
	}
	return all
}

// queued counts the messages that Postfix has not done with. Each moves from queue to
// queue in the order in which they are counted, so that none slips through, and a
// bounce joins before its cause goes, which the second round sees.
func (p *postfix) queued(t *testing.T) int {
	t.Helper()
	count := 0
	for _, queue := range []string{"incoming", "active", "deferred", "incoming", "active"} {
		err := filepath.WalkDir(p.path(filepath.Join("queue", queue)), func(_ string, entry fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist): // it has gone since the folder was listed
				return nil
			case err == nil && !entry.IsDir():
				count++
			}
			return err
		})
		noError(t, err)
	}
	return count
}

// sessions waits until each of a number of SMTP sessions, or more, has ended, and
// returns what Postfix logged at the end of each: how often it got which command.
func (p *postfix) sessions(t *testing.T, atLeast int) []string {
	t.Helper()
	var ended []string
	eventually(t, "see the sessions end in the log of Postfix", func() bool {
		log := p.log(t)
		ended = nil
		for line := range strings.Lines(log) {
			if strings.Contains(line, ": disconnect from ") {
				ended = append(ended, strings.TrimSpace(line))
			}
		}
		return len(ended) >= atLeast && len(ended) == strings.Count(log, ": connect from ")
	})
	return ended
}

func (p *postfix) log(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(p.path("log"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("read the log of Postfix: %v", err)
	}
	return string(text)
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits for what happens in another process and cannot be waited for in
// any other way than by looking.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	late := time.After(postfixPatience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s: not done after %s", what, postfixPatience)
		}
	}
}
