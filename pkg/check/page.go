package check

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// page is what an HTML part holds, for rules to look at. It is read as browsers read
// it, so that broken markup is no way around a rule.
type page struct {
	root     *html.Node
	language string // lang of <html>
	title    string
	text     string // what is shown, a line for each block
	anchors  []anchor
	headings []heading
}

type anchor struct{ target, words string }

type heading struct {
	level int
	text  string
	body  string // what stands between it and the next heading
}

func readPage(source string) page {
	var p page
	root, err := html.Parse(strings.NewReader(source))
	if err != nil { // a reader of a string has no other errors than its end
		return p
	}
	p.root = root
	var shown strings.Builder
	p.read(root, &shown)
	p.text = tidy(shown.String())
	for i := range p.headings {
		p.headings[i].body = tidy(p.headings[i].body)
	}
	return p
}

// read walks over n. shown takes everything that a reader sees.
func (p *page) read(n *html.Node, shown *strings.Builder) {
	switch {
	case n.Type == html.TextNode:
		p.write(n.Data, shown)
	case n.Type != html.ElementNode:
	case slices.Contains(hiddenElements, n.Data):
		return
	case n.Data == "title":
		p.title = tidy(textOf(n))
		return
	case n.Data == "html":
		p.language = attribute(n, "lang")
	case n.Data == "a" && attribute(n, "href") != "":
		p.anchors = append(p.anchors, anchor{strings.TrimSpace(attribute(n, "href")), tidy(textOf(n))})
	case headingLevel(n) > 0:
		at := len(p.headings)
		p.headings = append(p.headings, heading{level: headingLevel(n), text: tidy(textOf(n))})
		p.children(n, shown)
		p.headings[at].body = "" // which was its own text
		return
	}
	p.children(n, shown)
}

// children walks over what is in n.
func (p *page) children(n *html.Node, shown *strings.Builder) {
	block := n.Type == html.ElementNode && !slices.Contains(inlineElements, n.Data)
	if block {
		p.write("\n", shown)
	}
	for child := range n.ChildNodes() {
		p.read(child, shown)
	}
	if block {
		p.write("\n", shown)
	}
}

var (
	hiddenElements = []string{"style", "script", "template", "noscript"}
	inlineElements = strings.Fields("a b i em strong span code small u s sub sup abbr font")
)

func (p *page) write(text string, shown *strings.Builder) {
	if text != "\n" { // of the source; blocks have their own
		text = strings.ReplaceAll(text, "\n", " ")
	}
	shown.WriteString(text)
	if len(p.headings) > 0 {
		p.headings[len(p.headings)-1].body += text
	}
}

func headingLevel(n *html.Node) int {
	if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
		return int(n.Data[1] - '0')
	}
	return 0
}

// elements calls yield for every element.
func (p *page) elements(yield func(*html.Node)) {
	if p.root == nil {
		return
	}
	for n := range p.root.Descendants() {
		if n.Type == html.ElementNode {
			yield(n)
		}
	}
}

// textOf returns the text in n.
func textOf(n *html.Node) string {
	var b strings.Builder
	for child := range n.Descendants() {
		if child.Type == html.TextNode {
			b.WriteString(child.Data)
		}
	}
	return b.String()
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// tidy returns the lines of text that are not blank, with single spaces.
func tidy(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 0 {
			lines = append(lines, strings.Join(words, " "))
		}
	}
	return strings.Join(lines, "\n")
}
