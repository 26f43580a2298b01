package online

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/check"
	"breachnotify/pkg/dnstest"
	"breachnotify/pkg/smtptest"
)

// whole are the rules that the world of the tests breaks as it is: its relay is at
// 127.0.0.1.
var whole = []string{"spf-relay-private"}

func TestNothingIsFoundWhereEverythingIsInOrder(t *testing.T) {
	w := newWorld()
	report := w.run(t)
	if got := broken(report.Findings); !slices.Equal(got, whole) {
		t.Errorf("findings: %+v", report.Findings)
	}
	r := report.Relay
	if !r.Authenticated || !r.SenderTaken || !r.VERP || r.TLS == nil || r.TLS.Issuer != "smtptest authority" || r.LargestNotice == 0 ||
		*r.Offers != (Capabilities{Pipelining: true, Size: true, Largest: 10485760, DSN: true, SMTPUTF8: true}) {
		t.Errorf("the relay is %+v, TLS %+v, offers %+v", r, r.TLS, r.Offers)
	}
	if d := report.DKIM; !d.Published || !d.Matches || d.Key != "RSA 2048" || d.Signed == 0 || d.Verified != d.Signed {
		t.Errorf("DKIM is %+v", d)
	}
	if d := report.DMARC; d.Policy != "reject" || !*d.SPF || !*d.DKIM || d.Name != "_dmarc.example.com" {
		t.Errorf("DMARC is %+v", d)
	}
	if m := report.MX; !slices.Equal(m.Hosts, []MXHost{{"mx.example.com", 10, 1}}) {
		t.Errorf("MX is %+v", m)
	}
	for _, p := range report.Pages {
		if p.Status != 200 || p.Failure != "" || p.TLS != "TLS 1.3" || p.NotAfter == nil {
			t.Errorf("a page: %+v", p)
		}
	}
	if len(report.Pages) != 3 || report.SPF.Record == "" {
		t.Errorf("pages: %+v, SPF: %+v", report.Pages, report.SPF)
	}
}

// refusing answers a stage with a reply.
func refusing(stage smtptest.Stage, reply string) smtptest.Script {
	return smtptest.On(stage, smtptest.Action{Reply: reply})
}

// change is what makes the world break one rule.
type change func(t *testing.T, w *world)

func set(name, data string) change {
	return func(_ *testing.T, w *world) { w.records[name] = data }
}

func smtpKeys(keys string) change {
	return func(_ *testing.T, w *world) { w.config["smtp"] = "{host: 127.0.0.1, " + keys + "}" }
}

func page(handle http.HandlerFunc) change {
	return func(_ *testing.T, w *world) { w.page = handle }
}

func offering(extensions ...string) change {
	return func(_ *testing.T, w *world) { w.smtp.Extensions = extensions }
}

func scripted(s smtptest.Script) change {
	return func(_ *testing.T, w *world) { w.smtp.Script = s }
}

const (
	spfName   = "example.com. TXT"
	dkimName  = "s1._domainkey.example.com. TXT"
	dmarcName = "_dmarc.example.com. TXT"
)

// breaches maps a rule to worlds that break it, and nothing besides it.
var breaches = map[string][]change{
	"relay-unreachable": {
		scripted(smtptest.On(smtptest.Connect, smtptest.Action{Reply: "554 no", Then: smtptest.Drop})),
		scripted(smtptest.On(smtptest.Mail, smtptest.Action{Silent: true, Then: smtptest.Drop})),
	},
	"relay-tls": {func(_ *testing.T, w *world) { w.smtp.TLS = smtptest.Clear }, func(t *testing.T, w *world) {
		authority, err := smtptest.NewAuthority(time.Now())
		noError(t, err)
		issued, err := authority.Issue("mail.example.org")
		noError(t, err)
		w.smtp.Authority, w.smtp.Certificate = authority, &issued
	}},
	"relay-clear": {func(t *testing.T, w *world) {
		w.smtp.TLS = smtptest.Clear
		smtpKeys("tls: none, "+relayKeys)(t, w)
	}},
	"relay-auth":    {func(_ *testing.T, w *world) { w.secret = "wrong" }},
	"relay-sender":  {scripted(refusing(smtptest.Mail, "550 5.7.1 not yours"))},
	"relay-put-off": {scripted(refusing(smtptest.Mail, "451 4.7.1 not now"))},
	"relay-size":    {offering("PIPELINING", "SIZE 1000", "DSN")},
	"relay-smtputf8": {func(t *testing.T, w *world) {
		smtpKeys("smtputf8: true, "+relayKeys)(t, w)
		offering("PIPELINING", "SIZE", "DSN")(t, w)
	}},
	"relay-pipelining":  {offering("SIZE", "DSN")},
	"relay-size-unsaid": {offering("PIPELINING", "DSN")},
	"relay-dsn":         {offering("PIPELINING", "SIZE")},

	"dkim-record": {
		set(dkimName, ""), set(dkimName, `"v=DKIM1; k=rsa; p="`), set(dkimName, `"v=DKIM1; k=rsa; p=%%%"`), set(dkimName, `"v=DKIM1; k=rsa; p=QUJD"`),
		set(dkimName, `"v=DKIM1; k=rsa"`), set(dkimName, `"v=DKIM1; k=dsa; p=QUJD"`), set(dkimName, `"v=DKIM2; p=QUJD"`), set(dkimName, `"v=DKIM1; k=ed25519; p=QUJD"`),
		set(dkimName, "\"v=DKIM1; p=a\"\n\"v=DKIM1; p=b\""),
	},
	"dkim-key":       {func(t *testing.T, w *world) { w.records[dkimName] = record(otherKey(t)) }, func(t *testing.T, w *world) { w.records[dkimName] = record(ed25519Key(t).Public()) }},
	"dkim-signature": {func(_ *testing.T, w *world) { w.records[dkimName] = record(w.key.Public(), "s=tlsrpt") }},
	"dkim-testing":   {func(_ *testing.T, w *world) { w.records[dkimName] = record(w.key.Public(), "t=s:y") }},
	"dkim-ed25519": {func(t *testing.T, w *world) {
		w.key = ed25519Key(t)
		w.records[dkimName] = record(w.key.Public())
	}},
	"dkim-unsigned": {smtpKeys("username: notify, password_env: SECRET, envelope_from: bounces@example.com")},

	"spf-missing": {set(spfName, ""), set(spfName, `"v=spf10 -all"`), set(spfName, `"something else"`)},
	"spf-several": {set(spfName, "\"v=spf1 -all\"\n\"V=SPF1 ip4:203.0.113.1 -all\"")},
	"spf-broken": {
		set(spfName, `"v=spf1 ipv4:203.0.113.1 -all"`), set(spfName, `"v=spf1 ip4:203.0.113 -all"`), set(spfName, `"v=spf1 include:nothing.example.com -all"`),
		set(spfName, `"v=spf1 `+strings.Repeat("a:mx.example.com ", 11)+`-all"`),
	},
	"spf-open": {
		set(spfName, `"v=spf1 ip4:203.0.113.1 +all"`), set(spfName, `"v=spf1 all"`), set(spfName, `"v=spf1 ip4:0.0.0.0/0 -all"`), set(spfName, `"v=spf1 ip6:::/0 -all"`),
		func(_ *testing.T, w *world) {
			w.records[spfName] = `"v=spf1 redirect=open.example.com"`
			w.records["open.example.com. TXT"] = `"v=spf1 +all"`
		},
	},

	"dmarc-missing": {set(dmarcName, ""), set(dmarcName, `"v=DMARC2; p=none"`)},
	"dmarc-broken":  {set(dmarcName, `"v=DMARC1"`), set(dmarcName, `"v=DMARC1; p=perhaps"`), set(dmarcName, "\"v=DMARC1; p=none\"\n\"v=DMARC1; p=reject\"")},
	"dmarc-policy-none": {set(dmarcName, `"v=DMARC1; p=none"`), func(_ *testing.T, w *world) {
		w.config["notice"] = "{from: security@mail.example.com}"
		w.records[dmarcName] = `"v=DMARC1; p=reject; sp=none"`
	}},
	"dmarc-unaligned": {func(t *testing.T, w *world) {
		smtpKeys("username: notify, password_env: SECRET, envelope_from: bounces@sender.test, dkim: {domain: sender.test, selector: s1, key_file: dkim.pem}")(t, w)
		w.at("sender.test.")
	}},
	"dmarc-spf-alone": {func(t *testing.T, w *world) {
		smtpKeys("username: notify, password_env: SECRET, envelope_from: bounces@example.com, dkim: {domain: sender.test, selector: s1, key_file: dkim.pem}")(t, w)
		w.at("sender.test.")
	}, func(t *testing.T, w *world) {
		smtpKeys("username: notify, password_env: SECRET, envelope_from: bounces@example.com, dkim: {domain: mail.example.com, selector: s1, key_file: dkim.pem}")(t, w)
		w.at("mail.example.com.")
		w.records[dmarcName] = `"v=DMARC1; p=reject; adkim=s"`
	}},

	"mx-missing":    {set("example.com. MX", "")},
	"mx-null":       {set("example.com. MX", "0 .")},
	"mx-unresolved": {set("mx.example.com. A", "")},
	"mx-implicit": {func(_ *testing.T, w *world) {
		w.records["example.com. MX"] = ""
		w.records["example.com. AAAA"] = "2001:db8::1"
	}},

	"page-status":   {page(http.NotFound), page(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })},
	"page-redirect": {page(http.RedirectHandler("https://evil.test/", http.StatusFound).ServeHTTP), page(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) })},
	"page-down": {
		page(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		func(t *testing.T, w *world) { w.pageTLS = certificate(t, w, "example.org") },
	},
	"page-certificate-expires":  {func(t *testing.T, w *world) { w.pageTLS = certificate(t, w, "example.com", "help.example.com") }},
	"relay-certificate-expires": {func(_ *testing.T, w *world) { w.now = time.Now() }},
}

// at gives a second domain all records that mail from it needs.
func (w *world) at(domain string) {
	w.records[domain+" TXT"] = w.records[spfName]
	w.records[domain+" MX"] = w.records["example.com. MX"]
	w.records["s1._domainkey."+domain+" TXT"] = record(w.key.Public())
}

func otherKey(t *testing.T) any {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	noError(t, err)
	return key.Public()
}

// certificate makes a certificate for a page that ends on the day of the check.
func certificate(t *testing.T, w *world, names ...string) *tls.Config {
	t.Helper()
	authority, err := smtptest.NewAuthority(w.now)
	noError(t, err)
	issued, err := authority.Issue(names...)
	noError(t, err)
	w.pageRoots = authority.Pool()
	return &tls.Config{Certificates: []tls.Certificate{issued}}
}

func TestEveryRuleIsBrokenByItsBreach(t *testing.T) {
	for _, r := range Rules() {
		for i, breach := range breaches[r.ID] {
			t.Run(fmt.Sprint(r.ID, " ", i), func(t *testing.T) {
				w := newWorld()
				breach(t, w)
				report := w.run(t)
				found := slices.DeleteFunc(report.Findings, func(f check.Finding) bool { return f.Rule == "spf-relay-private" })
				if len(found) == 0 {
					t.Fatal("nothing was found")
				}
				for _, f := range found {
					if f.Rule != r.ID {
						t.Errorf("%s: %s", f.Rule, f.What)
					}
					if f.Severity != r.Severity || f.File == "" || f.What == "" || f.Mend == "" {
						t.Errorf("half a finding: %+v", f)
					}
				}
			})
		}
	}
}

func TestEveryRuleIsTested(t *testing.T) {
	elsewhere := []string{"dns-failed", "spf-relay", "spf-relay-private", "dmarc-relay-signs"}
	seen := map[string]bool{}
	for _, r := range Rules() {
		if seen[r.ID] || r.Summary == "" || r.Why == "" || r.Mend == "" {
			t.Errorf("%s comes twice, or is not documented", r.ID)
		}
		seen[r.ID] = true
		if len(breaches[r.ID]) == 0 && !slices.Contains(elsewhere, r.ID) {
			t.Errorf("nothing breaks %s", r.ID)
		}
	}
	for id := range breaches {
		if !seen[id] {
			t.Errorf("there is no rule %s", id)
		}
	}
}

func TestRelayThatIsToSignForAnotherDomain(t *testing.T) {
	w := newWorld()
	smtpKeys("username: notify, password_env: SECRET, envelope_from: bounces@sender.test")(t, w)
	w.at("sender.test.")
	report := w.run(t)
	if got, want := broken(report.Findings), []string{"dkim-unsigned", "spf-relay-private", "dmarc-relay-signs"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if report.DKIM != nil || report.DMARC.DKIM != nil || *report.DMARC.SPF {
		t.Errorf("DKIM %+v, DMARC %+v", report.DKIM, report.DMARC)
	}
}

func TestSPFOfTheRelaysAddress(t *testing.T) {
	for address, want := range map[string]struct{ result, rule string }{
		"203.0.113.25": {"pass", ""},
		"198.51.100.1": {"fail", "spf-relay"},
		"2001:db8::25": {"fail", "spf-relay"},
		"10.0.0.1":     {"", "spf-relay-private"},
		"100.64.1.1":   {"", "spf-relay-private"},
		"fd00::1":      {"", "spf-relay-private"},
		"fe80::1":      {"", "spf-relay-private"},
	} {
		w := newWorld()
		o := w.options(t).withDefaults()
		facts, found := o.askSPF(t.Context())
		o.judgeRelayAddress(t.Context(), netip.MustParseAddr(address), &facts, &found)
		if got := strings.Join(broken(found), " "); facts.Relay != want.result || got != want.rule {
			t.Errorf("%s: %s, %s, want %s, %s", address, facts.Relay, got, want.result, want.rule)
		}
	}
}

// TestFailureOfDNSIsNotAbsence holds that a record which cannot be asked for is never
// said to be missing or wrong.
func TestFailureOfDNSIsNotAbsence(t *testing.T) {
	for _, name := range []string{"example.com.", "s1._domainkey.example.com.", "_dmarc.example.com.", "mx.example.com.", "included.example.com."} {
		for kind, fault := range map[string]func(*dnstest.Options){
			"SERVFAIL": func(o *dnstest.Options) { o.Broken = []string{name} },
			"REFUSED":  func(o *dnstest.Options) { o.Refused = []string{name} },
			"silence":  func(o *dnstest.Options) { o.Silent = []string{name} },
		} {
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				w := newWorld()
				fault(&w.dns)
				if kind == "silence" {
					w.dnsTime = 2 * time.Second
				}
				if name == "included.example.com." {
					w.records[spfName] = `"v=spf1 include:included.example.com -all"`
				}
				report := w.run(t)
				found := 0
				for _, f := range report.Findings {
					switch {
					case f.Rule == "dns-failed" && strings.Contains(f.What, " of "+strings.TrimSuffix(name, ".")+" cannot be looked up: "):
						found++
					case f.Rule != "spf-relay-private":
						t.Errorf("%s: %s", f.Rule, f.What)
					}
				}
				if found == 0 {
					t.Error("the failure is not told")
				}
			})
		}
	}
}

// TestDeadServersAreNotWaitedFor holds that everything ends in time when nothing answers.
func TestDeadServersAreNotWaitedFor(t *testing.T) {
	w := newWorld()
	w.records = nil
	w.dns.Silent = []string{"."}
	w.smtp.Script = smtptest.On(smtptest.Connect, smtptest.Action{Silent: true, Then: smtptest.Stall})
	w.page = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	w.timeout = 300 * time.Millisecond
	o := w.options(t)
	began := time.Now()
	report, err := Run(t.Context(), o)
	noError(t, err)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v, with time-outs of %v", took, w.timeout)
	}
	want := []string{"relay-unreachable", "dns-failed", "dns-failed", "dns-failed", "dns-failed", "page-down", "page-down", "page-down"}
	if got := broken(report.Findings); !slices.Equal(got, want) {
		t.Errorf("findings: %+v", report.Findings)
	}
}

func TestResolverThatIsNotThere(t *testing.T) {
	o := newWorld().options(t).withDefaults()
	o.Resolver = NewResolver("127.0.0.1:1")
	_, found := o.askMX(t.Context())
	if got := broken(found); !slices.Equal(got, []string{"dns-failed"}) {
		t.Errorf("findings: %+v", found)
	}
}

func TestPagesAreLookedUpThroughTheResolver(t *testing.T) {
	w := newWorld()
	w.records["example.com. A"] = "127.0.0.1"
	w.dns.Broken = []string{"help.example.com."}
	o := w.options(t)
	o.Dial = nil
	o.Config.Links.Reset, o.Config.Links.SignOut = "https://example.com:1/", "https://nowhere.example.com/"
	_, found := o.withDefaults().askPages(t.Context())
	var got []string
	for _, f := range found {
		got = append(got, f.File+" "+f.Rule+" "+f.What)
	}
	want := []string{
		"links.help dns-failed the address of help.example.com cannot be looked up: a failure of the name servers, or on the way to them",
		"links.reset page-down https://example.com:1/: the connection is refused",
		"links.sign_out page-down https://nowhere.example.com/: its name was not found",
	}
	if !slices.Equal(got, want) {
		t.Errorf("findings:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestRedirectsToOfficialDomainsAreFollowed(t *testing.T) {
	w := newWorld()
	w.page = func(rw http.ResponseWriter, r *http.Request) {
		if r.Host != "www.example.com" {
			http.Redirect(rw, r, "https://www.example.com/there", http.StatusFound)
			return
		}
		_, _ = io.WriteString(rw, "here")
	}
	report := w.run(t)
	if got := broken(report.Findings); !slices.Equal(got, whole) {
		t.Errorf("findings: %+v", report.Findings)
	}
	for _, p := range report.Pages {
		if p.Host != "www.example.com" || p.Redirects != 1 || p.Status != 200 {
			t.Errorf("a page: %+v", p)
		}
	}
}
