package notice

import (
	"errors"

	"github.com/yuin/goldmark/ast"
)

// A node is a block of Markdown, or a branch: control actions with the blocks
// between them.
type node struct {
	block ast.Node
	arms  []arm // of a branch
	end   action
}

// An arm is an action that opens or divides a branch, and what follows it.
type arm struct {
	action action
	body   []node
}

var errCut = errors.New("the control flow cuts an element in two: " +
	"what opens in a paragraph, list item or quotation must end in the same one, and what stands on a line of its own must end so")

// flow turns the children of a block into nodes. Control flow that does not end
// where it began is an error: in HTML it would open an element and close another.
func flow(parent ast.Node, file string) ([]node, error) {
	f := &flowReader{file: file, next: parent.FirstChild()}
	nodes, closing, err := f.nodes()
	if err == nil && closing != nil {
		err = at(file, closing.line, "%s closes nothing here: %w", closing.src, errCut)
	}
	return nodes, err
}

// flowReader reads blocks and control actions in their order.
type flowReader struct {
	file    string
	next    ast.Node
	actions []action // of the control line that is being read
}

// nodes reads up to an else or end, which it returns, or to the end.
func (f *flowReader) nodes() ([]node, *action, error) {
	var nodes []node
	for {
		for len(f.actions) > 0 {
			a := f.actions[0]
			f.actions = f.actions[1:]
			if a.kind != kindOpen {
				return nodes, &a, nil
			}
			branch, err := f.branch(a)
			if err != nil {
				return nil, nil, err
			}
			nodes = append(nodes, branch)
		}
		if f.next == nil {
			return nodes, nil, nil
		}
		if control, ok := f.next.(*controlBlock); ok {
			f.actions = control.actions
		} else {
			nodes = append(nodes, node{block: f.next})
		}
		f.next = f.next.NextSibling()
	}
}

// branch reads what open opens, with its end.
func (f *flowReader) branch(open action) (node, error) {
	var branch node
	current := open
	for {
		body, closing, err := f.nodes()
		if err != nil {
			return node{}, err
		}
		if closing == nil {
			return node{}, at(f.file, open.line, "%s has no end here: %w", open.src, errCut)
		}
		branch.arms = append(branch.arms, arm{current, body})
		if closing.kind == kindEnd {
			branch.end = *closing
			return branch, nil
		}
		current = *closing
	}
}

// marker returns the character that marks the items of a list, of all lists in a
// branch, or 0: the node is no list.
func (n node) marker() byte {
	if list, ok := n.block.(*ast.List); ok {
		return list.Marker
	}
	marker := byte(0)
	for _, arm := range n.arms {
		for _, inner := range arm.body {
			m := inner.marker()
			if m == 0 || marker != 0 && m != marker {
				return 0
			}
			marker = m
		}
	}
	return marker
}

// firstList returns the list that n begins with. It is asked only of nodes with a
// marker.
func (n node) firstList() *ast.List {
	if list, ok := n.block.(*ast.List); ok {
		return list
	}
	for _, arm := range n.arms {
		if len(arm.body) > 0 {
			return arm.body[0].firstList()
		}
	}
	return nil
}
