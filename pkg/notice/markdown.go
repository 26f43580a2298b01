package notice

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// parseMarkdown reads CommonMark in which a line of control actions is a block of
// its own, and in which a bare address is a link, as mail readers would make it one
// in any case. What a notice may not hold is found later, with its place: HTML is
// parsed here so that it can be refused.
func parseMarkdown(source []byte, actions []action) ast.Node {
	blocks := append(parser.DefaultBlockParsers(), util.Prioritized(controlParser{actions}, 50))
	inlines := append(parser.DefaultInlineParsers(), util.Prioritized(extension.NewLinkifyParser(), 999))
	p := parser.NewParser(
		parser.WithBlockParsers(blocks...),
		parser.WithInlineParsers(inlines...),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
	)
	return p.Parse(text.NewReader(source))
}

var kindControl = ast.NewNodeKind("Control")

// controlBlock is a line that holds control actions and nothing else.
type controlBlock struct {
	ast.BaseBlock
	actions []action
}

var _ ast.Node = (*controlBlock)(nil)

// Kind implements ast.Node.
func (*controlBlock) Kind() ast.NodeKind { return kindControl }

// Dump implements ast.Node.
func (b *controlBlock) Dump(source []byte, level int) { ast.DumpHelper(b, source, level, nil, nil) }

type controlParser struct{ actions []action }

var _ parser.BlockParser = controlParser{}

// Trigger implements parser.BlockParser: the first byte of every placeholder.
func (controlParser) Trigger() []byte { return []byte(string(placeholderBegin))[:1] }

// Open implements parser.BlockParser.
func (p controlParser) Open(_ ast.Node, reader text.Reader, _ parser.Context) (ast.Node, parser.State) {
	line, _ := reader.PeekLine()
	if !onlyPlaceholders.Match(bytes.TrimSpace(line)) {
		return nil, parser.NoChildren
	}
	block := &controlBlock{}
	for _, found := range anyPlaceholder.FindAllSubmatch(line, -1) {
		a := p.actions[index(found[1])]
		if !a.kind.control() {
			return nil, parser.NoChildren
		}
		block.actions = append(block.actions, a)
	}
	reader.AdvanceToEOL()
	return block, parser.NoChildren
}

// Continue implements parser.BlockParser: a control line is one line.
func (controlParser) Continue(ast.Node, text.Reader, parser.Context) parser.State {
	return parser.Close
}

// Close implements parser.BlockParser.
func (controlParser) Close(ast.Node, text.Reader, parser.Context) {}

// CanInterruptParagraph implements parser.BlockParser.
func (controlParser) CanInterruptParagraph() bool { return true }

// CanAcceptIndentedLine implements parser.BlockParser.
func (controlParser) CanAcceptIndentedLine() bool { return false }

// index returns the number inside of a placeholder.
func index(digits []byte) int {
	n := 0
	for _, d := range digits {
		n = 10*n + int(d-'0')
	}
	return n
}
