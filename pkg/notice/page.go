package notice

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"breachnotify/pkg/hint"
)

// page is what an HTML part shows.
type page struct {
	text  string
	links map[string]bool
}

// Elements and attributes that a notice may hold. Nothing in them is fetched, run
// or filled in; href stands on links only.
var (
	pageElements = strings.Fields("html head meta title style body div span p a br hr h1 h2 h3 h4 h5 h6 ul ol li " +
		"strong em b i small code pre blockquote table thead tbody tr th td main header footer section address")
	pageAttributes = strings.Fields("class id style lang dir role charset name content href start title " +
		"align valign width height bgcolor border cellpadding cellspacing")
	// notEmpty are the elements in which a reader expects something.
	notEmpty = strings.Fields("title p a h1 h2 h3 h4 h5 h6 li blockquote")
	// voidElements have no end tag.
	voidElements = strings.Fields("meta br hr")
	// fetching is what makes a style refer to another file. A backslash could
	// spell any of it.
	fetching = []string{"url(", "@import", `\`, "image(", "image-set("}
)

// pageReader walks over an HTML part.
type pageReader struct {
	page
	open []openElement
	all  strings.Builder
	seen map[string]int
}

type openElement struct {
	name string
	from int // length of the text before it
}

// readPage reads an HTML part and refuses what no notice may hold: whatever
// refers to something remote, an element that is empty or not closed, and a page
// without a title or a language.
func readPage(source string) (page, error) {
	r := &pageReader{page: page{links: map[string]bool{}}, seen: map[string]int{}}
	for z := html.NewTokenizer(strings.NewReader(source)); ; {
		if z.Next() == html.ErrorToken {
			break
		}
		if err := r.token(z.Token()); err != nil {
			return page{}, err
		}
	}
	switch {
	case len(r.open) > 0:
		return page{}, fmt.Errorf("<%s> is not closed", r.open[len(r.open)-1].name)
	case r.seen["title"] != 1 || r.seen["html lang"] != 1:
		return page{}, errors.New("it lacks <title> or the lang of <html>")
	}
	r.text = r.all.String()
	return r.page, nil
}

func (r *pageReader) token(t html.Token) error {
	switch t.Type {
	case html.TextToken:
		if r.inside("style") {
			return checkStyle(t.Data)
		}
		r.all.WriteString(t.Data)
	case html.StartTagToken, html.SelfClosingTagToken:
		return r.start(t)
	case html.EndTagToken:
		return r.end(t.Data)
	}
	return nil
}

func (r *pageReader) inside(name string) bool {
	return len(r.open) > 0 && r.open[len(r.open)-1].name == name
}

func (r *pageReader) start(t html.Token) error {
	if !slices.Contains(pageElements, t.Data) {
		return fmt.Errorf("<%s> is not allowed: a notice refers to nothing remote and runs nothing", t.Data)
	}
	for _, attribute := range t.Attr {
		if err := r.attribute(t.Data, attribute); err != nil {
			return err
		}
	}
	r.seen[t.Data]++
	r.all.WriteByte('\n')
	if !slices.Contains(voidElements, t.Data) {
		r.open = append(r.open, openElement{t.Data, r.all.Len()})
	}
	return nil
}

func (r *pageReader) attribute(element string, a html.Attribute) error {
	switch {
	case !slices.Contains(pageAttributes, a.Key):
		return fmt.Errorf("the attribute %s of <%s> is not allowed", a.Key, element)
	case a.Key == "style":
		return checkStyle(a.Val)
	case a.Key == "lang" && a.Val != "":
		r.seen[element+" lang"]++
	case a.Key != "href":
	case element != "a":
		return fmt.Errorf("<%s> has a href: a notice refers to nothing remote", element)
	case a.Val == "":
		return errors.New("a link leads nowhere: its address is empty")
	default:
		if err := checkDestination(a.Val); err != nil {
			return fmt.Errorf("a link: %w", err)
		}
		r.links[a.Val] = true
	}
	return nil
}

func (r *pageReader) end(name string) error {
	switch {
	case len(r.open) == 0:
		return fmt.Errorf("</%s> closes nothing", name)
	case !r.inside(name):
		return fmt.Errorf("</%s> closes nothing: <%s> is open", name, r.open[len(r.open)-1].name)
	}
	opened := r.open[len(r.open)-1]
	r.open = r.open[:len(r.open)-1]
	if slices.Contains(notEmpty, name) && strings.TrimSpace(r.all.String()[opened.from:]) == "" {
		return hint.Wrap(fmt.Errorf("an empty <%s>", name), "put {{if}} and {{end}} on lines of their own around what may be left out")
	}
	r.all.WriteByte('\n')
	return nil
}

func checkStyle(style string) error {
	style = strings.ToLower(style)
	for _, word := range fetching {
		if strings.Contains(style, word) {
			return fmt.Errorf("a style holds %s: a notice refers to nothing remote", word)
		}
	}
	return nil
}
