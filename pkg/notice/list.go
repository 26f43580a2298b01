package notice

import (
	"strconv"

	"github.com/yuin/goldmark/ast"
)

// list writes nodes, which all are lists or branches of lists, as one list. In
// the text part a template variable counts the items of an ordered list, since
// only the rendering knows which of them there are.
func (c *compiler) list(nodes []node) error {
	first := nodes[0].firstList()
	l := listWriter{compiler: c, mark: "- ", margin: "  "}
	tag, open := "ul", "<ul>"
	if first.IsOrdered() {
		tag, open = "ol", "<ol>"
		if first.Start != 1 {
			open = `<ol start="` + strconv.Itoa(first.Start) + `">`
		}
		c.counters++
		l.counter = "$n" + strconv.Itoa(c.counters)
		l.mark, l.margin = "{{"+l.counter+"}}. ", "   "
		c.out.text.WriteString("{{" + l.counter + " := " + strconv.Itoa(first.Start) + "}}")
	}
	c.out.html.WriteString(open + markLine)
	if !c.tight {
		c.out.text.WriteString(markLine)
	}
	err := l.items(nodes)
	c.out.html.WriteString("</" + tag + ">" + markLine)
	return err
}

// listWriter writes the items of one list.
type listWriter struct {
	*compiler
	mark    string // of an item, as template source
	margin  string // as wide as the mark
	counter string // variable of an ordered list, or empty
}

func (l *listWriter) items(nodes []node) error {
	for _, n := range nodes {
		if n.block == nil {
			if err := l.branch(n, l.items); err != nil {
				return err
			}
			continue
		}
		list := n.block.(*ast.List)
		for item := list.FirstChild(); item != nil; item = item.NextSibling() {
			if err := l.item(item, list.IsTight); err != nil {
				return err
			}
		}
	}
	return nil
}

// item writes one item. Its mark goes before it on a line of its own, which is laid
// over the first line that the item turns out to have.
func (l *listWriter) item(item ast.Node, tight bool) error {
	c := l.compiler
	indent, wasTight := c.indent, c.tight
	c.out.html.WriteString("<li>")
	c.out.text.WriteString(markItem + indent + markField + l.mark + markLine)
	c.indent, c.tight = indent+l.margin, tight
	err := c.document(item)
	c.indent, c.tight = indent, wasTight
	c.out.html.WriteString("</li>" + markLine)
	if l.counter != "" {
		c.out.text.WriteString("{{" + l.counter + " = next " + l.counter + "}}")
	}
	return err
}
