package preview

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"breachnotify/pkg/notice"
)

// link is a destination of a notice.
type link struct {
	URL                string
	Before, Host, Rest string   // URL in parts, to show which is the host
	Reads              []string // the words that lead there
	Stands             []string // what has to be changed for another link
}

// linksOf returns the destinations of a notice in the order in which they come.
func linksOf(m notice.Message, all []notice.Link) []link {
	var links []link
	for _, a := range anchors(m.HTML) {
		i := slices.IndexFunc(links, func(l link) bool { return l.URL == a.url })
		if i < 0 {
			i = len(links)
			links = append(links, newLink(a.url))
			links[i].Stands = places(m, a.url, all)
		}
		if !slices.Contains(links[i].Reads, a.text) {
			links[i].Reads = append(links[i].Reads, a.text)
		}
	}
	return links
}

func newLink(address string) link {
	l := link{URL: address, Rest: address}
	parsed, err := url.Parse(address)
	if err != nil {
		return l
	}
	host := parsed.Host
	if parsed.Scheme == "mailto" {
		host = parsed.Opaque[strings.LastIndexByte(parsed.Opaque, '@')+1:]
	}
	if before, rest, ok := strings.Cut(address, host); ok && host != "" {
		l.Before, l.Host, l.Rest = before, host, rest
	}
	return l
}

// places returns where a link of the notice m stands, among all links of all notices.
func places(m notice.Message, address string, all []notice.Link) []string {
	own := "templates/" + m.Locale + "/" + string(m.Class) + ".md"
	var where []string
	for _, l := range all {
		file, isFile := strings.CutPrefix(l.Where, "templates/")
		elsewhere := isFile && strings.Contains(file, "/") && !strings.HasPrefix(l.Where, own)
		if l.URL == address && !elsewhere && !slices.Contains(where, l.Where) {
			where = append(where, l.Where)
		}
	}
	return where
}

type anchor struct{ url, text string }

// anchors returns the links of an HTML page that notice has composed.
func anchors(page string) []anchor {
	var found []anchor
	open := false
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return found
		}
		t := z.Token()
		switch {
		case kind == html.StartTagToken && t.Data == "a":
			open = true
			found = append(found, anchor{url: href(t)})
		case kind == html.EndTagToken && t.Data == "a":
			open = false
		case kind == html.TextToken && open:
			last := &found[len(found)-1]
			last.text = strings.TrimSpace(last.text + t.Data)
		}
	}
}

func href(t html.Token) string {
	for _, a := range t.Attr {
		if a.Key == "href" {
			return a.Val
		}
	}
	return ""
}
