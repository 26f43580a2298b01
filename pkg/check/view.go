package check

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/idna"

	"breachnotify/pkg/account"
)

// inspected is a Subject that has been read.
type inspected struct {
	*Subject
	official  []string // canonical
	views     []*view
	sources   []*view // of what could not be rendered, with its links alone
	standings []Standing
}

// view is one rendered notice that has been read.
type view struct {
	in       *inspected
	class    account.Class
	locale   string
	language string // the first part of locale, in lower case
	file     string // of its template
	words    *vocabulary
	Variant
	page  page
	links []string          // of both parts, each once, sorted
	plain map[string]string // part -> its words, see plainly
}

func inspect(s *Subject) *inspected {
	in := &inspected{Subject: s}
	for _, domain := range s.OfficialDomains {
		in.official = append(in.official, canonicalHost(domain))
	}
	for _, n := range s.Notices {
		for _, variant := range n.Variants {
			v := &view{in: in, class: n.Class, locale: n.Locale, file: fileOf(n.Class, n.Locale), Variant: variant, plain: map[string]string{}}
			v.language = languageOf(n.Locale)
			if words, known := vocabularies[v.language]; known {
				v.words = words()
			}
			v.page = readPage(variant.Message.HTML)
			v.links = v.allLinks()
			in.views = append(in.views, v)
		}
	}
	if len(s.Problems) > 0 {
		in.sources = in.unrendered()
	}
	in.standings = in.judge()
	return in
}

// unrendered returns the links that are written in the configuration, the facts and the
// templates, for when there is no notice in which to look for them.
func (in *inspected) unrendered() []*view {
	config := &view{in: in}
	for _, key := range slices.Sorted(maps.Keys(in.Facts.Links)) {
		if link := in.Facts.Links[key]; link != "" {
			config.links = append(config.links, link)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(in.Facts.Incident)) {
		config.links = append(config.links, addressesIn(in.Facts.Incident[key])...)
	}
	all := []*view{config}
	for _, name := range slices.Sorted(maps.Keys(in.Wordings)) {
		if name != layoutFile { // which refers to name spaces
			all = append(all, &view{in: in, file: name, links: addressesIn(string(in.Wordings[name]))})
		}
	}
	return all
}

// webAddress finds what a mail reader makes a link of by itself.
var webAddress = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s<>"')]+`)

// addressesIn returns the web addresses in running text.
func addressesIn(text string) []string {
	text = strings.ReplaceAll(text, "](", "] (") // of Markdown: the words of a link end there
	found := webAddress.FindAllString(text, -1)
	for i, address := range found {
		found[i] = strings.TrimRight(address, ".,;:!?")
		if !strings.Contains(found[i], "[") { // of an IPv6 address
			found[i] = strings.TrimRight(found[i], "]")
		}
	}
	return found
}

func (v *view) allLinks() []string {
	found := map[string]bool{}
	for _, a := range v.page.anchors {
		found[a.target] = true
	}
	for _, address := range slices.Concat(addressesIn(v.Message.Text), addressesIn(v.page.text)) {
		found[address] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// place is what a human has to change.
type place struct {
	file string
	line int    // from 1; 0: all of it
	mend string // instead of what the rule says; empty: that
}

// whole is the place of what is wrong with all of a notice.
func (v *view) whole() place { return place{file: v.file} }

// find returns where a piece of the notice is written: its template, a fact or the
// layout; all of the notice where it is in none of them as it stands.
func (v *view) find(piece string) place {
	if line := lineWith(string(v.in.Wordings[v.file]), piece); line > 0 {
		return place{file: v.file, line: line}
	}
	for _, key := range slices.Sorted(maps.Keys(v.in.Facts.Incident)) {
		if line := lineWith(v.in.Facts.Incident[key], piece); line > 0 {
			return place{file: "incident." + key, line: line}
		}
	}
	if line := lineWith(string(v.in.Wordings[layoutFile]), piece); line > 0 {
		return place{file: layoutFile, line: line}
	}
	return v.whole()
}

// findLink returns where a link has to be changed.
func (v *view) findLink(target string) place {
	for _, key := range slices.Sorted(maps.Keys(v.in.Facts.Links)) {
		if v.in.Facts.Links[key] == target {
			return place{file: "links." + key}
		}
	}
	return v.find(strings.TrimPrefix(target, mailto))
}

// lineWith returns the first line of text that holds piece in any case; 0: none.
func lineWith(text, piece string) int {
	piece = strings.ToLower(strings.TrimSpace(piece))
	if piece == "" {
		return 0
	}
	number := 0
	for line := range strings.Lines(text) {
		number++
		if strings.Contains(strings.ToLower(line), piece) {
			return number
		}
	}
	return 0
}

const mailto = "mailto:"

// canonicalHost returns a host in lower-case A-labels without the dot that DNS allows
// at its end. What is no host name stays as it is, in lower case.
func canonicalHost(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		return ascii
	}
	return host
}
