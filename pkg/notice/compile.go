package notice

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"

	"breachnotify/pkg/hint"
)

// A fact is one value of Facts.Incident as Markdown that is not yet written into
// a notice.
type fact struct {
	name   string // its key in the configuration, such as incident.contact_de
	source []byte
	doc    ast.Node
}

// compiler writes Markdown as the sources of both parts. One compiler reads one
// source; a fact inside of a notice is written by a compiler of its own with the
// same out.
type compiler struct {
	file    string
	source  []byte
	first   int // line of the file that source begins on
	actions []action
	facts   map[string]fact
	links   map[string]string
	out     *sources
	isFact  bool

	inLink   bool
	indent   string // of the text part: what its lines begin with
	tight    bool   // blocks follow each other without a blank line
	counters int    // ordered lists so far
}

// parseFact reads one fact. Actions in it are refused: a fact is text.
func parseFact(key, value string) (fact, error) {
	name := "incident." + key
	value = strings.TrimSpace(strings.ReplaceAll(value, "\r\n", "\n"))
	if strings.Contains(value, "{{") {
		return fact{}, fmt.Errorf("%s holds {{: a fact is text, and template actions stand in templates only", name)
	}
	if err := checkText([]byte(value), name, 1); err != nil {
		return fact{}, err
	}
	f := fact{name: name, source: []byte(value), doc: parseMarkdown([]byte(value), nil)}
	probe := compiler{file: name, source: f.source, first: 1, out: &sources{}, isFact: true}
	return f, probe.document(f.doc)
}

// paragraph returns the one paragraph that f consists of, or nil.
func (f fact) paragraph() ast.Node {
	if only := f.doc.FirstChild(); only != nil && only.NextSibling() == nil && only.Kind() == ast.KindParagraph {
		return only
	}
	return nil
}

// document writes all blocks under doc.
func (c *compiler) document(doc ast.Node) error {
	nodes, err := flow(doc, c.file)
	if err != nil {
		return err
	}
	return c.nodes(nodes)
}

// nodes writes nodes. Neighbours that are items of one list become one list, also
// where control flow stands between them.
func (c *compiler) nodes(nodes []node) error {
	for i := 0; i < len(nodes); {
		n := nodes[i]
		end := i + 1
		marker := n.marker()
		for marker != 0 && end < len(nodes) && nodes[end].marker() == marker {
			end++
		}
		var err error
		switch {
		case marker != 0 && (end > i+1 || n.block != nil || repeats(n)):
			err = c.list(nodes[i:end])
		case n.block != nil:
			err = c.block(n.block)
		default:
			err = c.branch(n, c.nodes)
		}
		if err != nil {
			return err
		}
		i = end
	}
	return nil
}

// repeats reports whether n is a range, which gives one list and not many.
func repeats(n node) bool { return strings.HasPrefix(n.arms[0].action.src, "{{range") }

func (c *compiler) branch(n node, body func([]node) error) error {
	for _, arm := range n.arms {
		c.out.action(arm.action)
		if err := body(arm.body); err != nil {
			return err
		}
	}
	c.out.action(n.end)
	return nil
}

// block writes one block that is no list.
func (c *compiler) block(block ast.Node) error {
	switch b := block.(type) {
	case *ast.Heading:
		return c.heading(b)
	case *ast.Paragraph:
		return c.paragraph(b)
	case *ast.TextBlock: // a paragraph of a tight list
		if key, ok := c.factAlone(b); ok && c.facts[key].paragraph() == nil {
			return c.factBlocks(key)
		}
		return c.line(func() error { return c.inline(b) })
	case *ast.Blockquote:
		return c.quote(b)
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		return c.code(b)
	case *ast.ThematicBreak:
		c.out.html.WriteString("<hr>" + markLine)
		return c.line(func() error { c.out.text.WriteString("* * *"); return nil })
	case *ast.HTMLBlock:
		return c.refuseHTML(b.Lines().At(0).Start)
	case *ast.LinkReferenceDefinition:
		return nil // its links stand where they are used
	}
	return at(c.file, c.lineOf(block), "a %s has no place in a notice", block.Kind())
}

// heading writes a heading. Those of facts are refused: the sections of a notice
// are its template's.
func (c *compiler) heading(h *ast.Heading) error {
	if c.isFact {
		return at(c.file, c.lineOf(h), "a heading: facts stand below the headings of the notice")
	}
	tag := "h" + strconv.Itoa(h.Level)
	underline := map[int]string{1: "*", 2: "-"}[h.Level]
	c.out.html.WriteString("<" + tag + ">")
	c.out.text.WriteString(markLine + markHead + underline + markField)
	if err := c.inline(h); err != nil {
		return err
	}
	c.out.html.WriteString("</" + tag + ">" + markLine)
	c.out.text.WriteString(markLine)
	return nil
}

func (c *compiler) paragraph(p ast.Node) error {
	if key, ok := c.factAlone(p); ok {
		return c.factBlocks(key)
	}
	if link, ok := onlyChild(p).(*ast.Link); ok {
		return c.button(link)
	}
	c.out.html.WriteString("<p>")
	err := c.line(func() error { return c.inline(p) })
	c.out.html.WriteString("</p>" + markLine)
	return err
}

// line writes a block of running text to the text part.
func (c *compiler) line(content func() error) error {
	if !c.tight {
		c.out.text.WriteString(markLine)
	}
	c.out.text.WriteString(c.indent + markField)
	err := content()
	c.out.text.WriteString(markLine)
	return err
}

// button writes a paragraph that is one link, with its address in sight.
func (c *compiler) button(link *ast.Link) error {
	destination, err := c.destination(link)
	if err != nil {
		return err
	}
	if destination.src != "" {
		c.out.action(destination)
		return nil
	}
	c.out.html.WriteString(`<p class="button">` + anchor(destination.key))
	return c.line(func() error {
		if err := c.words(link); err != nil {
			return err
		}
		c.out.html.WriteString(`</a><br><span class="address">`)
		c.out.text.WriteString(":" + markBreak)
		c.out.literal(visible(destination.key))
		c.out.html.WriteString("</span></p>" + markLine)
		return nil
	})
}

func (c *compiler) quote(q *ast.Blockquote) error {
	indent := c.indent
	c.indent += "> "
	c.out.html.WriteString("<blockquote>" + markLine)
	err := c.document(q)
	c.out.html.WriteString("</blockquote>" + markLine)
	c.indent = indent
	return err
}

// code writes a block of code, which is not wrapped.
func (c *compiler) code(b ast.Node) error {
	c.out.html.WriteString("<pre><code>")
	c.out.text.WriteString(markLine)
	flow := inlineFlow{file: c.file}
	for i := range b.Lines().Len() {
		segment := b.Lines().At(i)
		c.out.text.WriteString(c.indent + markField + markCode)
		if err := c.text(strings.TrimRight(string(segment.Value(c.source)), "\n"), true, &flow); err != nil {
			return err
		}
		c.out.html.WriteString(markLine)
		c.out.text.WriteString(markLine)
	}
	c.out.html.WriteString("</code></pre>" + markLine)
	return flow.end()
}

// factAlone returns the key of the fact that is all of a paragraph.
func (c *compiler) factAlone(p ast.Node) (string, bool) {
	only, ok := onlyChild(p).(*ast.Text)
	if !ok {
		return "", false
	}
	m := anyPlaceholder.FindSubmatch(only.Value(c.source))
	if m == nil || len(m[0]) != len(strings.TrimSpace(string(only.Value(c.source)))) {
		return "", false
	}
	a := c.actions[index(m[1])]
	_, known := c.facts[a.key]
	return a.key, known && a.kind == kindFact
}

// factBlocks writes a fact in place of the paragraph that names it.
func (c *compiler) factBlocks(key string) error {
	inner := c.forFact(key)
	err := inner.document(c.facts[key].doc)
	c.counters = inner.counters
	return err
}

func (c *compiler) forFact(key string) *compiler {
	inner := *c
	inner.file, inner.first, inner.isFact = c.facts[key].name, 1, true
	inner.source, inner.actions = c.facts[key].source, nil
	return &inner
}

func (c *compiler) refuseHTML(offset int) error {
	err := at(c.file, c.lineAt(offset), "%w", errors.New("raw HTML is not allowed"))
	return hint.Wrap(err, "write Markdown, and &lt; for a less-than sign; a comment is {{/* … */}}")
}

func (c *compiler) lineAt(offset int) int {
	return c.first + strings.Count(string(c.source[:min(offset, len(c.source))]), "\n")
}

// lineOf returns the line of n, or of the nearest node around it that knows its own.
func (c *compiler) lineOf(n ast.Node) int {
	for ; n != nil; n = n.Parent() {
		if n.Pos() >= 0 {
			return c.lineAt(n.Pos())
		}
	}
	return c.first
}

func onlyChild(n ast.Node) ast.Node {
	if only := n.FirstChild(); only != nil && only.NextSibling() == nil {
		return only
	}
	return nil
}
