package export

import (
	"fmt"
	"slices"

	"breachnotify/pkg/hint"
)

// checkOrder refuses to compare a text column by order with a number. SQLite makes the
// number a text, to which 9 comes after 10 (SQLite's datatypes, section 4.2), so that
// people would be left out without a word. A number is a literal or what arithmetic
// gives. Whatever has no order, or a type of its own as CAST has, is left alone.
//
// The clause is known to compile. Where it is not clear which column a name means, it is
// a text column if any is.
func (c clause) checkOrder(isText func(column) bool) error {
	r := orderReader{tokens: c.tokens, isText: isText}
	r.list("")
	if r.found == nil {
		return nil
	}
	operand := c.text[r.found.operand.from:r.found.operand.to]
	err := c.fails(fmt.Errorf("%s is text, and is compared by order with a number: as text, 9 comes after 10", operand))
	return hint.Wrap(err, "compare numbers: %s, or AS REAL where it has fractions", c.inNumbers(*r.found))
}

// inNumbers returns the comparison as it is to be written.
func (c clause) inNumbers(found comparison) string {
	o := found.operand
	return c.text[found.from:o.from] + "CAST(" + c.text[o.from:o.to] + " AS INTEGER)" + c.text[o.to:found.to]
}

// isText reports whether the clause may mean a column of text that was loaded from a
// file. Names of tables that are not known are other names of those that are.
func (d *database) isText(c column) bool {
	qualifier := c.table
	if qualifier == "" && c.outer && d.clause.key == "export.where" {
		qualifier = exportTable
	}
	named := func(t table) bool { return foldASCII(t.name) == foldASCII(qualifier) }
	known := slices.ContainsFunc(d.tables, named)
	for _, t := range d.texts {
		if (!known || named(t)) && indexOf(t.columns, c.name) >= 0 {
			return true
		}
	}
	return false
}
