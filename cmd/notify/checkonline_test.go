package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/check"
	"breachnotify/pkg/check/online"
	"breachnotify/pkg/dnstest"
	"breachnotify/pkg/postfixtest"
	"breachnotify/pkg/smtptest"
)

// outside is the DNS and the web of a test: every page answers, with a certificate for
// example.com and below.
type outside struct {
	dns   *dnstest.Server
	pages *httptest.Server
}

func newOutside(t *testing.T, records string) outside {
	t.Helper()
	dns, err := dnstest.Start(dnstest.Options{Records: records})
	noError(t, err)
	t.Cleanup(func() { noError(t, dns.Close()) })
	pages := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	pages.Config.ErrorLog = log.New(io.Discard, "", 0) // those that are interrupted
	pages.StartTLS()
	t.Cleanup(pages.Close)
	return outside{dns, pages}
}

// checkOnline runs notify check --online in this process, at which the pages of the
// outside are all there is of the web.
func (o outside) checkOnline(t *testing.T, stop <-chan struct{}, config string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	p := newProcess(stop)
	p.stdin, p.stdout, p.stderr, p.asks, p.draws = strings.NewReader(""), &out, &errs, false, false
	p.pageRoots = x509.NewCertPool()
	p.pageRoots.AddCert(o.pages.Certificate())
	p.dialPage = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, o.pages.Listener.Addr().String())
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	code = run(ctx, append([]string{"check", "--online", "-c", config}, args...), p)
	return out.String(), errs.String(), code
}

// zone holds what mail from example.com needs, with a DKIM record.
func zone(dkim string) string {
	return `example.com. TXT "v=spf1 ip4:203.0.113.0/24 -all"
example.com. MX 10 mx.example.com.
mx.example.com. A 203.0.113.25
_dmarc.example.com. TXT "v=DMARC1; p=quarantine"
s1._domainkey.example.com. TXT "` + dkim[:200] + `" "` + dkim[200:] + `"
`
}

// exampleFolder is a campaign of example.com with a relay at a port, and returns its
// configuration.
func exampleFolder(t *testing.T, dkim []byte, smtp, resolver string) string {
	t.Helper()
	dir := t.TempDir()
	config := strings.NewReplacer("acme.example", "example.com", "smtp: {host: 127.0.0.1, port: 1, tls: none}",
		"smtp: {"+smtp+", envelope_from: bounces@example.com, dkim: {domain: example.com, selector: s1, key_file: dkim.pem}}").Replace(baseConfig)
	for name, content := range map[string]string{"notify.yaml": config + "check: {resolver: '" + resolver + "'}\n", "dkim.pem": string(dkim)} {
		noError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return filepath.Join(dir, "notify.yaml")
}

const onlineContract = `{"online":{
 "relay":{"host":"s","port":1,"address":"s","tls":null,"authenticated":true,"sender_domain":"s","verp":true,"sender_taken":true,"reply":"s","largest_notice":1,
   "offers":{"pipelining":true,"size":true,"largest":1,"dsn":true,"smtputf8":true}},
 "dkim":{"domain":"s","selector":"s","name":"s","key":"s","published":true,"matches":true,"signed":1,"verified":1},
 "spf":{"domain":"s","record":"s","relay":"s"},
 "dmarc":{"domain":"s","name":"s","record":"s","policy":"s","spf_aligned":true,"dkim_aligned":true},
 "mx":{"domain":"s","hosts":[]},"pages":[]},"findings":[],"counts":{"error":1,"warning":1,"info":1}}`

func TestCheckOnlineWhereEverythingIsInOrder(t *testing.T) {
	server, err := smtptest.Start(smtptest.Options{})
	noError(t, err)
	t.Cleanup(func() { noError(t, server.Close()) })
	key, record := newDKIMKey(t)
	world := newOutside(t, zone(record))
	config := exampleFolder(t, key, fmt.Sprintf("host: 127.0.0.1, port: %d, tls: none", server.Port()), world.dns.Addr())

	out, stderr, code := world.checkOnline(t, nil, config)
	if code != exitDone || stderr != "" {
		t.Errorf("exit code %d, stderr %q\n%s", code, stderr, out)
	}
	for _, line := range []string{
		"DKIM      s1._domainkey.example.com, RSA 2048: published yes, the key that signs yes, ",
		"DMARC     example.com: quarantine; aligned: SPF yes, DKIM yes\n",
		"info      relay-clear  " + config + ":",
		"page      links.reset: 200 in ",
	} {
		if !strings.Contains(out, line) {
			t.Errorf("the result lacks %q:\n%s", line, out)
		}
	}
	out, _, code = world.checkOnline(t, nil, config, "--json")
	if code != exitDone {
		t.Errorf("with --json the exit code is %d", code)
	}
	holds(t, "check --online", out, onlineContract)
	if n := len(server.Received()); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
}

func TestCheckOnlineIsInterrupted(t *testing.T) {
	server, err := smtptest.Start(smtptest.Options{Script: smtptest.On(smtptest.Connect, smtptest.Action{Silent: true, Then: smtptest.Stall})})
	noError(t, err)
	t.Cleanup(func() { noError(t, server.Close()) })
	key, record := newDKIMKey(t)
	world := newOutside(t, zone(record))
	config := exampleFolder(t, key, fmt.Sprintf("host: 127.0.0.1, port: %d, tls: none", server.Port()), world.dns.Addr())
	stop := make(chan struct{})
	close(stop)
	if out, _, code := world.checkOnline(t, stop, config); code != exitInterrupted || out != "" {
		t.Errorf("exit code %d, %q", code, out)
	}
}

// Rules are found by their ids, whoever has them.
func TestRulesOfBothPartsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range slices.Concat(check.Rules(), online.Rules()) {
		if seen[r.ID] {
			t.Errorf("%s comes twice", r.ID)
		}
		seen[r.ID] = true
	}
}

// TestCheckOnlineAsksPostfix holds what is found of a relay against a real one, which
// has to be in order after it, too.
func TestCheckOnlineAsksPostfix(t *testing.T) {
	t.Parallel()
	ca, certificate := newPostfixCA(t)
	server := postfixtest.Start(t, postfixtest.Options{Mailboxes: []string{"bounces@example.com"}, Certificate: &certificate})
	key, record := newDKIMKey(t)
	world := newOutside(t, zone(record))
	config := exampleFolder(t, key, fmt.Sprintf("host: 127.0.0.1, port: %d, ca_file: ca.pem", server.Port()), world.dns.Addr())
	noError(t, os.WriteFile(filepath.Join(filepath.Dir(config), "ca.pem"), ca.PEM(), 0o600))

	out, stderr, code := world.checkOnline(t, nil, config, "--json")
	if code != exitDone {
		t.Fatalf("exit code %d\n%s%s", code, out, stderr)
	}
	var result struct {
		Online   online.Report
		Findings []check.Finding
	}
	noError(t, json.Unmarshal([]byte(out), &result))
	relay := result.Online.Relay
	if relay.TLS == nil || relay.TLS.Issuer != "smtptest authority" || !slices.Equal(relay.TLS.Names, []string{"127.0.0.1"}) ||
		!relay.SenderTaken || !strings.HasPrefix(relay.Reply, "250 2.1.0 Ok") || !relay.Offers.Pipelining || !relay.Offers.DSN || relay.Offers.Largest == 0 {
		t.Errorf("Postfix is %+v, TLS %+v, offers %+v", relay, relay.TLS, relay.Offers)
	}
	var ids []string
	for _, f := range result.Findings {
		ids = append(ids, f.Rule)
	}
	for _, id := range []string{"relay-certificate-expires", "spf-relay-private"} {
		if !slices.Contains(ids, id) {
			t.Errorf("%s is not found among %q", id, ids)
		}
	}
	if log := server.Log(t); strings.Contains(log, "improper command pipelining") || strings.Contains(log, "lost connection") {
		t.Errorf("Postfix complains:\n%s", log)
	}
	if n := len(server.Deliveries(t)); n != 0 {
		t.Errorf("%d messages were delivered", n)
	}
}
