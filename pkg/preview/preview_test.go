package preview

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/notice"
	"breachnotify/templates"
)

var noon = time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC)

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// notices are the built-in ones.
func notices(tb testing.TB) *notice.Set {
	tb.Helper()
	set, err := notice.Load(notice.Options{
		FS: templates.FS, MessageIDDomain: "example.com", DefaultLocale: "en",
		Facts: notice.Facts{
			Organisation: "Example Media",
			From:         &mail.Address{Name: "Sicherheit bei Exämple", Address: "security@example.com"},
			Incident: map[string]string{
				"what_happened": "It happened.", "what_information": "This and that.", "what_we_are_doing": "We do things.",
				"contact": "Write to [us](https://example.com/contact).",
			},
			Links: map[string]string{
				"reset": "https://example.com/reset", "sign_out": "https://example.com/security", "help": "https://example.com/help",
			},
		},
	})
	must(tb, err)
	return set
}

func recipient(tb testing.TB, class account.Class, locale, to string, accounts ...account.Account) notice.Recipient {
	tb.Helper()
	address, err := account.ParseAddress(to)
	must(tb, err)
	return notice.Recipient{ID: "n1", To: address, Class: class, Locale: locale, Accounts: accounts, Date: noon}
}

// plan is a plan of one account more than the cases show.
type plan struct {
	hidden notice.Recipient
	broken error
}

var _ Plan = (*plan)(nil)

func (p *plan) Status(context.Context) (campaign.Status, error) {
	return campaign.Status{
		State: campaign.PhasePlanned, Plan: "sha256:0123456789abcdef",
		Notices:  campaign.NoticeCounts{Total: 1234567},
		Accounts: campaign.AccountCounts{Noticed: 1300000, Excluded: 30},
		ByClass:  map[account.Class]campaign.NoticeCounts{account.Password: {Total: 1234566}, account.SSO: {Total: 1}},
	}, p.broken
}

func (p *plan) Find(_ context.Context, id string) (notice.Recipient, error) {
	if id != "hidden" {
		return notice.Recipient{}, fmt.Errorf("%w: no such account", ErrNoNotice)
	}
	return p.hidden, nil
}

func options(tb testing.TB) Options {
	return Options{
		Campaign: "test", Notices: notices(tb), Random: rand.Reader,
		Plan: &plan{hidden: recipient(tb, account.SSO, "de", "hidden@example.net", account.Account{ID: "hidden", Name: "Hidden Person"})},
		Groups: []Group{
			{Title: "Password", Class: account.Password, Cases: []Case{{
				Key: "password-en", Title: "Language en", Detail: "j***@example.org",
				Recipient: recipient(tb, account.Password, "en", "jane@example.org", account.Account{ID: "1", Name: "Jane Doe"}),
			}}},
			{Title: "Telling cases", Note: "Not found: nothing.", Cases: []Case{{
				Key: "idn", Title: "Internationalised domain", Detail: "x***@xn--bcher-kva.example",
				Recipient: recipient(tb, account.SSO, "en", "xaver@bücher.example", account.Account{ID: "x@y.example", Name: "<b>Xaver</b>"}),
			}}},
		},
	}
}

// site is a page that is served, and a browser of sorts.
type site struct {
	tb      testing.TB
	handler *Handler
	server  *httptest.Server
	cookie  *http.Cookie
}

func serve(tb testing.TB, o Options) *site {
	tb.Helper()
	handler, err := New(o)
	must(tb, err)
	s := &site{tb: tb, handler: handler, server: httptest.NewServer(handler)}
	tb.Cleanup(s.server.Close)
	return s
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body string
}

// ask makes a request with the cookie, if there is one.
func (s *site) ask(method, path string, change ...func(*http.Request)) answer {
	s.tb.Helper()
	r, err := http.NewRequestWithContext(s.tb.Context(), method, s.server.URL+path, nil)
	must(s.tb, err)
	if s.cookie != nil {
		r.AddCookie(s.cookie)
	}
	for _, c := range change {
		c(r)
	}
	response, err := s.server.Client().Do(r)
	must(s.tb, err)
	body, err := io.ReadAll(response.Body)
	must(s.tb, errors.Join(err, response.Body.Close()))
	return answer{response, string(body)}
}

// enter visits the address that lets in, and keeps the cookie.
func (s *site) enter() answer {
	s.tb.Helper()
	a := s.ask(http.MethodGet, s.handler.Entry())
	for _, c := range a.Cookies() {
		s.cookie = c
	}
	return a
}

// get asks for a path of the page.
func (s *site) get(path string, change ...func(*http.Request)) answer {
	s.tb.Helper()
	return s.ask(http.MethodGet, s.handler.gate.path+path, change...)
}

// inside is a site that has let the test in.
func inside(tb testing.TB, o Options) *site {
	tb.Helper()
	s := serve(tb, o)
	if a := s.enter(); a.StatusCode != http.StatusOK || s.cookie == nil {
		tb.Fatalf("the entry gives %s and the cookie %v", a.Status, s.cookie)
	}
	return s
}

func (a answer) want(tb testing.TB, status int, texts ...string) {
	tb.Helper()
	if a.StatusCode != status {
		tb.Fatalf("%s, want %d\n%s", a.Status, status, a.body)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			tb.Errorf("%q is not in\n%s", text, a.body)
		}
	}
}

func (a answer) lacks(tb testing.TB, texts ...string) {
	tb.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			tb.Errorf("%q is in\n%s", text, a.body)
		}
	}
}

func TestOptionsWithoutANoticeAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no notices":    func(o *Options) { o.Notices = nil },
		"no cases":      func(o *Options) { o.Groups = nil },
		"no randomness": func(o *Options) { o.Random = nil },
		"an empty pool": func(o *Options) { o.Random = bytes.NewReader(nil) },
	} {
		o := options(t)
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestPageShowsTheCasesAndTheFirstNotice(t *testing.T) {
	s := inside(t, options(t))
	a := s.get("/")
	a.want(t, http.StatusOK, "Notice of Data Breach: please reset your Example Media password", "1,234,567", "1,300,000",
		"1,234,566 notices", `href="?case=idn"`, "Internationalised domain", "Not found: nothing.",
		"Sicherheit bei Exämple &lt;security@example.com&gt;", "j***@example.org", `src="frame?case=password-en"`)
	a.lacks(t, "jane@example.org", "Jane Doe")
	a.want(t, http.StatusOK, "planned, plan sha256:0123456789ab</span>", "14 Sep 2026 12:00 UTC")
	size := len(s.compose("password-en").Bytes)
	a.want(t, http.StatusOK, grouped(size)+" bytes")
}

// compose is the message of a case.
func (s *site) compose(key string) notice.Message {
	s.tb.Helper()
	to, err := s.handler.recipient(s.tb.Context(), selection{key: key})
	must(s.tb, err)
	m, err := s.handler.options.Notices.Compose(to)
	must(s.tb, err)
	return m
}

func TestPageShowsTextAndSource(t *testing.T) {
	s := inside(t, options(t))
	s.get("/?case=idn&view=text").want(t, http.StatusOK, "Hello,", "https://example.com/security", "x***@bücher.example (xn--bcher-kva.example)",
		"<dd>***@y.example</dd>", "&lt;b&gt;Xaver")
	source := s.get("/?case=idn&view=source")
	source.want(t, http.StatusOK, "To: &lt;xaver@xn--bcher-kva.example&gt;", "Content-Type: multipart/alternative")
	source.lacks(t, "<b>Xaver")
}

func TestPageListsTheLinksWithWhereTheyStand(t *testing.T) {
	s := inside(t, options(t))
	a := s.get("/")
	a.want(t, http.StatusOK, "https://<strong>example.com</strong>/reset", "<code>links.reset</code>", "<code>incident.contact:1</code>", "Reset your password")
	a.lacks(t, "example.com</strong>/security", "templates/de/")
}

func TestAccountIsFoundByItsID(t *testing.T) {
	s := inside(t, options(t))
	found := s.get("/?account=+hidden+&view=text")
	found.want(t, http.StatusOK, "Hidden Person", "h***@example.net", `value="hidden"`, `href="?account=hidden&amp;view=source"`)
	found.lacks(t, `<a id="case-password-en" href="?view=text" aria-current`)
	s.get("/?account=nobody").want(t, http.StatusNotFound, "no such account", `role="alert"`, `href="?case=idn"`)
	s.get("/frame?account=nobody").want(t, http.StatusNotFound, "no such account")
	s.get("/?case=nothing").want(t, http.StatusNotFound, "no notice of that name")
	s.get("/?view=pdf").want(t, http.StatusNotFound, "want html or text or source")
}

func TestNoticeAboutManyAccountsNamesAFew(t *testing.T) {
	o := options(t)
	many := make([]account.Account, 1010)
	for i := range many {
		many[i].ID = fmt.Sprintf("id%04d", i)
	}
	o.Groups[0].Cases[0].Recipient.Accounts = many
	o.Groups[0].Cases[0].Detail = ""
	o.Groups[1].Cases[0].Accounts = 9000000
	a := inside(t, o).get("/")
	a.want(t, http.StatusOK, "id0007, and 1,002 more", "j***@example.org, Password, en, 1,010 accounts", "9,000,000 accounts")
	a.lacks(t, "id0008")
}

func TestWithoutAPlanThereAreSamples(t *testing.T) {
	o := options(t)
	o.Plan = nil
	s := inside(t, o)
	a := s.get("/")
	a.want(t, http.StatusOK, "There is no plan yet", "a made-up mailbox")
	a.lacks(t, "Account id", "1,234,567")
	s.get("/?account=1").want(t, http.StatusNotFound, "there is no plan")
}

func TestBrokenPlanIsSaidWithoutANotice(t *testing.T) {
	o := options(t)
	o.Plan = &plan{broken: errors.New("the disk is gone")}
	s := inside(t, o)
	s.get("/").want(t, http.StatusInternalServerError, "the disk is gone")
}

func TestEntryLeadsToWhatWasChosen(t *testing.T) {
	o := options(t)
	o.First = Choice{Account: "hidden", View: Source}
	s := serve(t, o)
	s.enter().want(t, http.StatusOK, s.handler.gate.path+"/?account=hidden&amp;view=source")
}
