package notice

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"

	"breachnotify/pkg/hint"
)

// inlineFlow holds the control flow inside of one inline element.
type inlineFlow struct {
	file string
	open []action
}

// take follows one action.
func (f *inlineFlow) take(a action) error {
	switch {
	case a.kind == kindOpen:
		f.open = append(f.open, a)
	case a.kind.control() && len(f.open) == 0:
		return at(f.file, a.line, "%s closes nothing here: %w", a.src, errCut)
	case a.kind == kindEnd:
		f.open = f.open[:len(f.open)-1]
	}
	return nil
}

// end refuses what is still open where the element ends.
func (f *inlineFlow) end() error {
	if len(f.open) == 0 {
		return nil
	}
	return at(f.file, f.open[0].line, "%s has no end here: %w", f.open[0].src, errCut)
}

// inline writes the children of parent.
func (c *compiler) inline(parent ast.Node) error {
	flow := inlineFlow{file: c.file}
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		if err := c.inlineNode(n, &flow); err != nil {
			return err
		}
	}
	return flow.end()
}

func (c *compiler) inlineNode(n ast.Node, flow *inlineFlow) error {
	switch n := n.(type) {
	case *ast.Text:
		err := c.text(string(n.Value(c.source)), n.IsRaw() || n.Parent().Kind() == ast.KindCodeSpan, flow)
		c.lineBreak(n)
		return err
	case *ast.Emphasis:
		tag := map[int]string{1: "em", 2: "strong"}[n.Level]
		return c.element("<"+tag+">", "</"+tag+">", n)
	case *ast.CodeSpan:
		return c.element("<code>", "</code>", n)
	case *ast.Link:
		return c.link(n)
	case *ast.AutoLink:
		return c.autoLink(n)
	case *ast.RawHTML:
		return c.refuseHTML(n.Segments.At(0).Start)
	case *ast.Image:
		return at(c.file, c.lineOf(n), "images are not allowed: a notice refers to nothing remote")
	}
	return at(c.file, c.lineOf(n), "a %s has no place in a notice", n.Kind())
}

func (c *compiler) element(open, end string, n ast.Node) error {
	c.out.html.WriteString(open)
	err := c.inline(n)
	c.out.html.WriteString(end)
	return err
}

func (c *compiler) lineBreak(n *ast.Text) {
	switch {
	case n.HardLineBreak():
		c.out.html.WriteString("<br>")
		c.out.text.WriteString(markBreak)
	case n.SoftLineBreak():
		c.out.html.WriteString(" ")
		c.out.text.WriteString(" ")
	}
}

// link writes a link: in the text part its words, then its address in the angle
// brackets that mail readers know as the bounds of a link (RFC 3986, appendix C).
func (c *compiler) link(n *ast.Link) error {
	destination, err := c.destination(n)
	if err != nil {
		return err
	}
	if destination.src != "" {
		c.out.action(destination)
		return nil
	}
	c.out.html.WriteString(anchor(destination.key))
	err = c.words(n)
	c.out.html.WriteString("</a>")
	if !c.reads(n, visible(destination.key)) {
		c.out.text.literal(" <" + visible(destination.key) + ">")
	}
	return err
}

// words writes what a link is called. An address in it is no link of its own.
func (c *compiler) words(n *ast.Link) error {
	c.inLink = true
	err := c.inline(n)
	c.inLink = false
	return err
}

// reads reports whether the words of a link are its address, which then need not
// follow.
func (c *compiler) reads(n *ast.Link, target string) bool {
	only, ok := onlyChild(n).(*ast.Text)
	if !ok {
		return false
	}
	words := string(only.Value(c.source))
	if m := anyPlaceholder.FindStringSubmatch(words); m != nil && m[0] == words {
		a := c.actions[index([]byte(m[1]))]
		return a.kind == kindLink && c.links[a.key] == target
	}
	return words == target
}

func (c *compiler) autoLink(n *ast.AutoLink) error {
	target := string(n.URL(c.source))
	if label := string(n.Label(c.source)); n.AutoLinkType == ast.AutoLinkURL && !strings.Contains(label, "://") {
		c.out.literal(label) // www.example.com: a name, which leads nowhere before somebody types it
		return nil
	}
	if n.AutoLinkType == ast.AutoLinkEmail {
		target = mailto + strings.TrimPrefix(target, mailto)
	}
	if err := checkDestination(target); err != nil {
		return at(c.file, c.lineOf(n), "%w", err)
	}
	c.mention(target, "", c.lineOf(n))
	c.address(target)
	return nil
}

// address writes an address that is shown as it is: as a link, unless it stands in
// the words of one.
func (c *compiler) address(target string) {
	if c.inLink {
		c.out.literal(visible(target))
		return
	}
	c.out.html.WriteString(anchor(target))
	c.out.literal(visible(target))
	c.out.html.WriteString("</a>")
}

func (c *compiler) mention(target, key string, line int) {
	c.out.mentions = append(c.out.mentions, mention{target, key, c.file, line})
}

func anchor(target string) string { return `<a href="` + html.EscapeString(target) + `">` }

// destination returns where a link leads, as the key of the action that it
// returns. Where the campaign has no such link, the action has a source, which
// fails when it is rendered: it stands in the notice in place of the link, since a
// template may never come there.
func (c *compiler) destination(n *ast.Link) (action, error) {
	if len(n.Title) > 0 {
		return action{}, at(c.file, c.lineOf(n), "the title of a link is shown nowhere")
	}
	target := string(n.Destination)
	m := anyPlaceholder.FindStringSubmatch(target)
	if m == nil {
		target = unescape(target)
		if err := checkDestination(target); err != nil {
			return action{}, at(c.file, c.lineOf(n), "%w", err)
		}
		c.mention(target, "", c.lineOf(n))
		return action{key: target}, nil
	}
	a := c.actions[index([]byte(m[1]))]
	if m[0] != target || a.kind != kindLink {
		err := at(c.file, a.line, "a link leads to more than {{.Links.…}}")
		return action{}, hint.Wrap(err, "a link is the same for everybody: write an address, or {{.Links.…}} alone")
	}
	if target := c.links[a.key]; target != "" {
		c.mention(target, a.key, a.line)
		return action{key: target}, nil
	}
	return c.missing("links", a), nil
}

// missing returns what stands for a fact or link that the campaign lacks.
func (c *compiler) missing(kind string, a action) action {
	a.src = fmt.Sprintf("{{missing %q %q %d}}", kind+"."+a.key, c.file, a.line)
	return a
}

// text writes running text with its actions. Raw text, which is code, knows no
// escapes.
func (c *compiler) text(s string, raw bool, flow *inlineFlow) error {
	plain := unescape
	if raw {
		plain = func(s string) string { return s }
	}
	for {
		m := anyPlaceholder.FindStringSubmatchIndex(s)
		if m == nil {
			c.out.literal(plain(s))
			return nil
		}
		c.out.literal(plain(s[:m[0]]))
		a := c.actions[index([]byte(s[m[2]:m[3]]))]
		if err := flow.take(a); err != nil {
			return err
		}
		if err := c.value(a); err != nil {
			return err
		}
		s = s[m[1]:]
	}
}

// value writes one action inside of text. Facts and links are known now and are
// written as they are.
func (c *compiler) value(a action) error {
	switch a.kind {
	case kindLink:
		if target := c.links[a.key]; target != "" {
			c.mention(target, a.key, a.line)
			c.address(target)
			return nil
		}
		a = c.missing("links", a)
	case kindFact:
		known, ok := c.facts[a.key]
		if ok && known.paragraph() == nil {
			err := at(c.file, a.line, "incident.%s is more than one paragraph", a.key)
			return hint.Wrap(err, "give {{.Incident.%s}} a paragraph of its own in the template", a.key)
		}
		if ok {
			return c.forFact(a.key).inline(known.paragraph())
		}
		a = c.missing("incident", a)
	}
	c.out.action(a)
	return nil
}

var escape = regexp.MustCompile("\\\\[!-/:-@\\[-`{-~]|&(?:#[xX][0-9a-fA-F]{1,6}|#[0-9]{1,7}|[A-Za-z][A-Za-z0-9]{1,31});")

// unescape resolves the backslash escapes and character references of Markdown.
func unescape(s string) string {
	return escape.ReplaceAllStringFunc(s, func(found string) string {
		if found[0] == '\\' {
			return found[1:]
		}
		return strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || r == placeholderBegin || r == placeholderEnd {
				return unicode.ReplacementChar
			}
			return r
		}, html.UnescapeString(found))
	})
}
