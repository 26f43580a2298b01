package preview

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/mail"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/notice"
)

// page is what assets/page.html shows.
type page struct {
	Campaign string
	Status   *campaign.Status // nil without a plan
	Search   string           // what was searched for
	Problem  string           // why nothing is shown
	Groups   []listed
	Shown    *shown
}

// listed is a group of the list with the addresses of its cases.
type listed struct {
	Group
	Notices int64 // in its class; -1: not told
	Items   []item
}

type item struct {
	Case
	Href    string
	Current bool
}

// shown is the notice that is looked at.
type shown struct {
	notice.Message
	View, Width, Scheme     string
	Views, Widths, Schemes  []option
	Frame                   string // where the frame gets the HTML
	From, ReplyTo, To, Date string
	Accounts                []string // ids, masked
	MadeUp                  bool
	Links                   []link
}

// Size returns the size of the message in bytes, as it is sent.
func (s *shown) Size() int { return len(s.Bytes) }

// Source returns the bytes of the message as text.
func (s *shown) Source() string { return string(s.Bytes) }

// maxAccounts is how many ids stand above a notice, which lists them all.
const maxAccounts = 8

// page answers with the list and one notice.
func (h *Handler) page(w http.ResponseWriter, r *http.Request) {
	s, err := h.selection(r)
	if err != nil {
		h.refuse(w, refusal{http.StatusNotFound, err.Error(), ""})
		return
	}
	p := page{Campaign: h.options.Campaign, Search: s.account}
	if h.options.Plan != nil {
		status, err := h.options.Plan.Status(r.Context())
		if err != nil {
			h.fail(w, err)
			return
		}
		p.Status = &status
	}
	code := http.StatusOK
	p.Shown, err = h.look(r.Context(), s)
	switch {
	case errors.Is(err, ErrNoNotice):
		code, p.Problem = http.StatusNotFound, err.Error()
	case err != nil:
		h.fail(w, err)
		return
	}
	p.Groups = h.list(s, p.Status)
	render(w, code, "page.html", p)
}

// selection returns what a request asks for: the first case where it names none.
func (h *Handler) selection(r *http.Request) (selection, error) {
	s, err := readSelection(r.URL.Query())
	if s.account == "" && s.key == "" {
		s.key = h.options.Groups[0].Cases[0].Key
	}
	return s, err
}

// list returns the list, with the case that s asks for marked.
func (h *Handler) list(s selection, status *campaign.Status) []listed {
	groups := make([]listed, len(h.options.Groups))
	for i, g := range h.options.Groups {
		if g.Title == "" {
			g.Title = classTitle(g.Class)
		}
		groups[i] = listed{Group: g, Notices: -1}
		if status != nil && g.Class != "" {
			groups[i].Notices = status.ByClass[g.Class].Total
		}
		for _, c := range g.Cases {
			switch {
			case c.Accounts > 0:
				c.Detail = counted(c.Accounts)
			case c.Detail == "":
				c.Detail = describe(c.Recipient)
			}
			other := s
			other.key, other.account = c.Key, ""
			groups[i].Items = append(groups[i].Items, item{c, other.href(), s.account == "" && s.key == c.Key})
		}
	}
	return groups
}

// recipient returns who gets the notice that s asks for, or ErrNoNotice.
func (h *Handler) recipient(ctx context.Context, s selection) (notice.Recipient, error) {
	switch {
	case s.account == "":
		for _, g := range h.options.Groups {
			for _, c := range g.Cases {
				if c.Key == s.key {
					return c.Recipient, nil
				}
			}
		}
		return notice.Recipient{}, fmt.Errorf("%w of that name in the list", ErrNoNotice)
	case h.options.Plan == nil:
		return notice.Recipient{}, fmt.Errorf("%w of an account yet: there is no plan", ErrNoNotice)
	}
	return h.options.Plan.Find(ctx, s.account)
}

// look composes the notice that s asks for, with everything that stands around it.
func (h *Handler) look(ctx context.Context, s selection) (*shown, error) {
	to, err := h.recipient(ctx, s)
	if err != nil {
		return nil, err
	}
	m, err := h.options.Notices.Compose(to)
	if err != nil {
		return nil, err
	}
	header, err := mail.ReadMessage(bytes.NewReader(m.Bytes))
	if err != nil {
		return nil, fmt.Errorf("read the headers of notice %s: %w", m.ID, err)
	}
	n := &shown{
		Message: m, View: s.view, Width: s.width, Scheme: s.scheme, MadeUp: h.options.Plan == nil,
		Views:   s.options(func(s *selection) *string { return &s.view }, views...),
		Widths:  s.options(func(s *selection) *string { return &s.width }, widths...),
		Schemes: s.options(func(s *selection) *string { return &s.scheme }, schemes...),
		Frame:   "frame" + s.href(),
		From:    people(header.Header, "From"), ReplyTo: people(header.Header, "Reply-To"),
		To: masked(m.To), Date: to.Date.UTC().Format("2 Jan 2006 15:04 MST"),
		Links: linksOf(m, h.options.Notices.Links()),
	}
	for _, a := range to.Accounts[:min(len(to.Accounts), maxAccounts)] {
		n.Accounts = append(n.Accounts, account.MaskText(a.ID))
	}
	if more := len(to.Accounts) - maxAccounts; more > 0 {
		n.Accounts = append(n.Accounts, "and "+grouped(more)+" more")
	}
	return n, nil
}
