package preview

import (
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"

	"golang.org/x/net/html"

	"breachnotify/pkg/notice"
)

// framePolicy is that of the notice: its styles apply, and that is all.
const framePolicy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox"

// frame answers with the HTML of a notice, for the frame of the page.
func (h *Handler) frame(w http.ResponseWriter, r *http.Request) {
	s, err := h.selection(r)
	if err != nil {
		h.refuse(w, refusal{http.StatusNotFound, err.Error(), ""})
		return
	}
	to, err := h.recipient(r.Context(), s)
	if errors.Is(err, ErrNoNotice) {
		h.refuse(w, refusal{http.StatusNotFound, err.Error(), ""})
		return
	}
	var message notice.Message
	if err == nil {
		message, err = h.options.Notices.Compose(to)
	}
	if err != nil {
		h.fail(w, err)
		return
	}
	w.Header().Set("Content-Security-Policy", framePolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, framed(message.HTML, s.scheme)) // a browser that has gone away wants nothing
}

// schemeQuery finds the questions of a style sheet for the colours that a reader likes.
var schemeQuery = regexp.MustCompile(`(?i)\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)`)

// framed returns the HTML of a notice for looking at it. It differs in two ways from what
// is sent: links open in new windows, which the sandbox forbids, so that they show where
// they go and lead nowhere; and the notice sees a device with the colours of scheme,
// whatever those of this one are.
func framed(page, scheme string) string {
	var b strings.Builder
	inStyle := false
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return b.String()
		}
		raw := string(z.Raw())
		name, _ := z.TagName()
		switch {
		case kind == html.StartTagToken && string(name) == "title": // there is one, in the head
			b.WriteString(`<base target="_blank"><style>:root { color-scheme: ` + scheme + ` !important; }</style>`)
		case kind == html.TextToken && inStyle:
			raw = settle(raw, scheme)
		}
		if string(name) == "style" {
			inStyle = kind == html.StartTagToken
		}
		b.WriteString(raw)
	}
}

// settle answers the questions of a style sheet for a colour scheme.
func settle(style, scheme string) string {
	return schemeQuery.ReplaceAllStringFunc(style, func(query string) string {
		if strings.EqualFold(schemeQuery.FindStringSubmatch(query)[1], scheme) {
			return "(min-width: 0px)" // always
		}
		return "(max-width: 0px)" // never
	})
}
