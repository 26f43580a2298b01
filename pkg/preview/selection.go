package preview

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// The widths and colour schemes in which a notice is shown; the first is the default.
var (
	views   = []string{string(HTML), string(Text), string(Source)}
	widths  = []string{"desktop", "phone"}
	schemes = []string{"light", "dark"}
)

// selection is what an address of the page asks for.
type selection struct {
	key, account        string
	view, width, scheme string
}

func newSelection(c Choice) selection {
	s := selection{key: c.Case, account: c.Account, view: string(c.View), width: widths[0], scheme: schemes[0]}
	if s.view == "" {
		s.view = views[0]
	}
	return s
}

// readSelection reads the query of an address.
func readSelection(q url.Values) (selection, error) {
	s := selection{key: q.Get("case"), account: strings.TrimSpace(q.Get("account"))}
	for _, field := range []struct {
		name string
		into *string
		of   []string
	}{{"view", &s.view, views}, {"width", &s.width, widths}, {"colours", &s.scheme, schemes}} {
		*field.into = field.of[0]
		if !q.Has(field.name) {
			continue
		}
		if *field.into = q.Get(field.name); !slices.Contains(field.of, *field.into) {
			return selection{}, fmt.Errorf("there is no such %s: want %s", field.name, strings.Join(field.of, " or "))
		}
	}
	return s, nil
}

// href returns the address of s, relative to the page. What is as usual is left out.
func (s selection) href() string {
	q := url.Values{}
	set := func(name, value, usual string) {
		if value != usual {
			q.Set(name, value)
		}
	}
	if set("account", s.account, ""); s.account == "" {
		set("case", s.key, "")
	}
	set("view", s.view, views[0])
	set("width", s.width, widths[0])
	set("colours", s.scheme, schemes[0])
	return "?" + q.Encode()
}

// option is one of several ways to look at a notice.
type option struct {
	Key, Title, Href string
	Current          bool
}

// options returns a choice with the field that at points to set to each value.
func (s selection) options(at func(*selection) *string, values ...string) []option {
	var all []option
	current := *at(&s)
	for _, value := range values {
		*at(&s) = value
		all = append(all, option{Key: value, Title: titles[value], Href: s.href(), Current: value == current})
	}
	return all
}

// choice is what the template of the same name shows.
type choice struct {
	Title, Name string
	Options     []option
}

func newChoice(title, name string, options []option) choice { return choice{title, name, options} }

var titles = map[string]string{
	"html": "HTML", "text": "Text", "source": "Source",
	"desktop": "Desktop", "phone": "Phone", "light": "Light", "dark": "Dark",
}
