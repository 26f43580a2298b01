package online

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/check"
	"breachnotify/pkg/dnstest"
	"breachnotify/pkg/notice"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/smtptest"
	"breachnotify/templates"
)

// world is everything outside that a check asks, as it should be; a test breaks it.
type world struct {
	config  map[string]string // top-level keys of the configuration
	records map[string]string // of DNS: name and type to data; empty: none
	dns     dnstest.Options
	smtp    smtptest.Options
	page    http.HandlerFunc
	key     crypto.Signer // for DKIM

	pageTLS   *tls.Config // nil: a certificate for example.com and below, that lasts
	pageRoots *x509.CertPool

	timeout time.Duration // of everything
	dnsTime time.Duration // of DNS alone; 0: timeout
	now     time.Time     // far from the end of the certificates of the test
	secret  string        // the relay's password
}

func newWorld() *world {
	return &world{
		config: map[string]string{
			"campaign": "acme", "organisation": "Acme", "official_domains": "[example.com]",
			"export":   "{source: accounts.csv}",
			"notice":   "{from: Acme Security <security@example.com>}",
			"incident": "{what_happened: It happened., what_information: This and that., what_we_are_doing: We do things.}",
			"smtp":     "{host: 127.0.0.1, " + relayKeys + "}",
			"links":    "{reset: 'https://example.com/reset', sign_out: 'https://example.com/out', help: 'https://help.example.com/'}",
		},
		records: map[string]string{
			"example.com. TXT":               `"v=spf1 ip4:203.0.113.0/24 -all"`,
			"example.com. MX":                "10 mx.example.com.",
			"mx.example.com. A":              "203.0.113.25",
			"_dmarc.example.com. TXT":        `"v=DMARC1; p=reject"`,
			"s1._domainkey.example.com. TXT": record(testKey().Public()),
		},
		smtp:    smtptest.Options{TLS: smtptest.WithSTARTTLS, Username: "notify", Password: "s3cret"},
		page:    func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "here you are") },
		key:     testKey(),
		timeout: 20 * time.Second,
		now:     time.Now().Add(-15 * 24 * time.Hour),
		secret:  "s3cret",
	}
}

// relayKeys is the section smtp but for what the test's server decides.
const relayKeys = "username: notify, password_env: SECRET, envelope_from: bounces@example.com, dkim: {domain: example.com, selector: s1, key_file: dkim.pem}"

var testKey = sync.OnceValue(func() crypto.Signer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func ed25519Key(t *testing.T) crypto.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// record is the TXT record of a DKIM key, in strings that fit.
func record(key crypto.PublicKey, tags ...string) string {
	kind, raw := "rsa", []byte(nil)
	switch key := key.(type) {
	case *rsa.PublicKey:
		raw, _ = x509.MarshalPKIXPublicKey(key)
	case ed25519.PublicKey:
		kind, raw = "ed25519", key
	}
	text := "v=DKIM1; k=" + kind + "; " + strings.Join(append(tags, "p="+base64.StdEncoding.EncodeToString(raw)), "; ")
	var parts []string
	for ; len(text) > 200; text = text[200:] {
		parts = append(parts, `"`+text[:200]+`"`)
	}
	return strings.Join(append(parts, `"`+text+`"`), " ")
}

// options starts the servers of the world and returns what a check of it takes.
func (w *world) options(t *testing.T) Options {
	t.Helper()
	server, err := smtptest.Start(w.smtp)
	noError(t, err)
	t.Cleanup(func() { noError(t, server.Close()) })
	w.config["smtp"] = strings.Replace(w.config["smtp"], "{", fmt.Sprintf("{port: %d, ", server.Port()), 1)
	c := w.load(t)
	o := Options{
		Config: c, Relay: w.relay(t, c, server), Resolver: NewResolver(w.resolver(t)),
		Timeouts: Timeouts{cmp.Or(w.dnsTime, w.timeout), w.timeout, w.timeout}, Now: func() time.Time { return w.now },
	}
	if c.SMTP.DKIM != nil {
		o.DKIM = w.key.Public()
	}
	o.Messages = w.messages(t, c)
	w.serve(t, &o)
	return o
}

func (w *world) load(t testing.TB) *campaign.Config {
	t.Helper()
	var text strings.Builder
	for key, value := range w.config {
		fmt.Fprintf(&text, "%s: %s\n", key, value)
	}
	dir := t.TempDir()
	der, err := x509.MarshalPKCS8PrivateKey(w.key)
	noError(t, err)
	noError(t, os.WriteFile(filepath.Join(dir, "dkim.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	c, err := campaign.Load([]byte(text.String()), campaign.Options{Dir: dir, Env: func(string) (string, bool) { return w.secret, true }})
	noError(t, err)
	return c
}

var (
	composing sync.Mutex
	composed  = map[any][]notice.Message{}
)

// messages composes the notices of c, once for all tests that sign them alike.
func (w *world) messages(t *testing.T, c *campaign.Config) []notice.Message {
	t.Helper()
	composing.Lock()
	defer composing.Unlock()
	type signature struct {
		domain string
		key    crypto.Signer
	}
	var signed signature
	o := notice.Options{FS: templates.FS, Facts: c.Facts(), MessageIDDomain: c.MessageIDDomain(), DefaultLocale: c.Notice.Locale}
	if key := c.SMTP.DKIM; key != nil {
		signed = signature{domain: key.Domain}
		if _, is := w.key.(*rsa.PrivateKey); is {
			signed.key = w.key
		}
		var err error
		o.DKIM, err = notice.LoadDKIM(key.Domain, key.Selector, key.KeyFile)
		noError(t, err)
		if !o.DKIM.Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(w.key.Public()) {
			t.Fatal("Public gives another key than that of the file")
		}
	}
	if messages, ok := composed[signed]; ok && (signed.domain == "" || signed.key != nil) {
		return messages
	}
	loaded, err := notice.Load(o)
	noError(t, err)
	samples, err := check.Samples(loaded, w.now)
	noError(t, err)
	var messages []notice.Message
	for _, n := range samples {
		for _, v := range n.Variants {
			messages = append(messages, v.Message)
		}
	}
	composed[signed] = messages
	return messages
}

func (w *world) relay(t *testing.T, c *campaign.Config, server *smtptest.Server) *relay.Relay {
	t.Helper()
	o := relay.Options{
		Host: c.SMTP.Host, Port: c.SMTP.Port, TLS: relay.TLSMode(c.SMTP.TLS), Username: c.SMTP.Username, Password: c.SMTP.Password,
		DSN: true, Timeouts: relay.Timeouts{Quit: time.Second},
	}
	if authority := server.Authority(); authority != nil {
		o.RootCAs = authority.Pool()
	}
	r, err := relay.New(o)
	noError(t, err)
	return r
}

// resolver starts the DNS server and returns its address.
func (w *world) resolver(t *testing.T) string {
	t.Helper()
	for name, data := range w.records {
		for line := range strings.SplitSeq(data, "\n") {
			if line != "" {
				w.dns.Records += name + " " + line + "\n"
			}
		}
	}
	server, err := dnstest.Start(w.dns)
	noError(t, err)
	t.Cleanup(func() { noError(t, server.Close()) })
	return server.Addr()
}

// serve starts the web server, which is at every address.
func (w *world) serve(t *testing.T, o *Options) {
	t.Helper()
	server := httptest.NewUnstartedServer(w.page)
	server.TLS = w.pageTLS
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // certificates that are refused
	server.StartTLS()
	t.Cleanup(server.Close)
	if o.RootCAs = w.pageRoots; o.RootCAs == nil {
		o.RootCAs = x509.NewCertPool()
		o.RootCAs.AddCert(server.Certificate())
	}
	o.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}
}

func (w *world) run(t *testing.T) *Report {
	t.Helper()
	report, err := Run(t.Context(), w.options(t))
	noError(t, err)
	return report
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// broken lists the rules of findings.
func broken(found []check.Finding) []string {
	ids := []string{}
	for _, f := range found {
		ids = append(ids, f.Rule)
	}
	return ids
}
