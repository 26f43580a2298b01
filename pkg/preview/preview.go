package preview

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"html/template"
	"io"
	"net/http"
	"strings"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/notice"
)

// ErrNoNotice says that an account has no notice. From Plan.Find, wrapped with the
// reason.
var ErrNoNotice = errors.New("no notice")

// Notices are the notices of a campaign. *notice.Set is one.
type Notices interface {
	// Compose returns the message that a recipient gets.
	Compose(notice.Recipient) (notice.Message, error)
	// Links returns the links of all notices with where they stand.
	Links() []notice.Link
}

var _ Notices = (*notice.Set)(nil)

// Plan is what the page asks for while it is looked at. Its methods are called from
// several goroutines.
type Plan interface {
	// Status returns where the campaign stands.
	Status(context.Context) (campaign.Status, error)
	// Find returns the notice about the account with an id, or ErrNoNotice.
	Find(ctx context.Context, id string) (notice.Recipient, error)
}

// Case is one notice in the list.
type Case struct {
	Key       string // in addresses: lower-case letters, digits and hyphens; unique
	Title     string
	Detail    string           // one more line; empty: to whom, which kind, and how many accounts
	Accounts  int64            // that get a notice like it, which goes before Detail; 0: not told
	Recipient notice.Recipient // with the date that the notice is shown with
}

// Group is a part of the list.
type Group struct {
	Title string        // empty: that of the class
	Class account.Class // whose number of notices stands beside the title; may be empty
	Cases []Case
	Note  string // below the cases; may be empty
}

// Choice is what is shown.
type Choice struct {
	Case    string // the key of a case; empty: the first
	Account string // an account id, which goes before Case
	View    View   // empty: HTML
}

// View is a way to look at a notice.
type View string

// The views.
const (
	HTML   View = "html"
	Text   View = "text"
	Source View = "source"
)

// Options says what a page shows.
type Options struct {
	Campaign string
	Notices  Notices
	Plan     Plan    // nil: there is none, and the accounts of the cases are made up
	Groups   []Group // at least one case
	First    Choice  // what the first visit leads to
	Random   io.Reader
}

// Validate returns what is missing in o.
func (o Options) Validate() error {
	switch {
	case o.Notices == nil || o.Random == nil:
		return errors.New("preview: notices or a source of randomness is missing")
	case len(o.Groups) == 0 || len(o.Groups[0].Cases) == 0:
		return errors.New("preview: there is no notice to show")
	}
	return nil
}

//go:embed assets
var assets embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"grouped": grouped, "short": short, "classTitle": classTitle, "choice": newChoice,
}).ParseFS(assets, "assets/*.html"))

// Handler serves the page. It can be used from any goroutine.
type Handler struct {
	options Options
	gate    *gate
	rooms   *http.ServeMux
}

var _ http.Handler = (*Handler)(nil)

// New returns the page. Each has a token and a session of its own. It returns the
// errors of Options.Validate and of Options.Random.
func New(o Options) (*Handler, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	gate, err := newGate(o.Random)
	if err != nil {
		return nil, err
	}
	h := &Handler{options: o, gate: gate, rooms: http.NewServeMux()}
	h.rooms.HandleFunc("GET /{$}", h.page)
	h.rooms.HandleFunc("GET /frame", h.frame)
	for _, name := range []string{"style.css", "script.js", "icon.svg"} {
		h.rooms.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, assets, "assets/"+name)
		})
	}
	return h, nil
}

// Entry returns the path and query of the one address that lets somebody in.
func (h *Handler) Entry() string { return "/?" + tokenKey + "=" + h.gate.token }

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	harden(w.Header())
	refused := h.gate.check(r)
	switch {
	case refused != nil:
		h.refuse(w, *refused)
	case h.gate.isEntry(r):
		h.enter(w, r)
	default:
		http.StripPrefix(h.gate.path, h.rooms).ServeHTTP(w, r)
	}
}

// enter lets the browser in that comes first. It is sent on by the page and not by the
// status: a browser that follows a link from another site would keep a strict cookie
// back all along a redirection.
func (h *Handler) enter(w http.ResponseWriter, r *http.Request) {
	if refused := h.gate.enter(r); refused != nil {
		h.refuse(w, *refused)
		return
	}
	http.SetCookie(w, h.gate.cookie())
	first := newSelection(h.options.First).href()
	render(w, http.StatusOK, "enter.html", struct{ Path, Next string }{
		h.gate.path, h.gate.path + "/" + strings.TrimSuffix(first, "?"),
	})
}

// refusal is an answer to somebody who does not get in.
type refusal struct {
	Status int
	Title  string
	Advice string
}

func (h *Handler) refuse(w http.ResponseWriter, why refusal) {
	if why.Status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodGet)
	}
	render(w, why.Status, "refused.html", why)
}

// fail answers a request that cannot be met.
func (h *Handler) fail(w http.ResponseWriter, err error) {
	why := refusal{Status: http.StatusInternalServerError, Title: "This cannot be shown: " + err.Error()}
	if advice := hint.Of(err); len(advice) > 0 {
		why.Advice = advice[0]
	}
	h.refuse(w, why)
}

// render writes a page once it is whole.
func render(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, "render the page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // a browser that has gone away wants nothing
}
