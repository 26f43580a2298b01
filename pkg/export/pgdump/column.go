package pgdump

import "breachnotify/pkg/export/dump"

// shapes are those of the types whose values are not text, by their first word.
var shapes = map[string]dump.Shape{
	"smallint": dump.Integer, "integer": dump.Integer, "bigint": dump.Integer, "int": dump.Integer,
	"int2": dump.Integer, "int4": dump.Integer, "int8": dump.Integer, "oid": dump.Integer,
	"smallserial": dump.Integer, "serial": dump.Integer, "bigserial": dump.Integer,
	"numeric": dump.Number, "decimal": dump.Number, "real": dump.Number, "double": dump.Number,
	"float": dump.Number, "float4": dump.Number, "float8": dump.Number,
}

// columns reads the columns and constraints of a table behind the opening bracket.
func (p *parser) columns(t *dump.Table) error {
	t.Complete = true
	if p.TakeMark(')') {
		return nil
	}
	for {
		if err := p.element(t); err != nil {
			return err
		}
		switch {
		case len(t.Columns) > dump.MaxColumns:
			return p.tooMany()
		case p.TakeMark(')'):
			return nil
		case !p.TakeMark(','):
			return p.Expected(", or ) behind a column")
		}
	}
}

// element reads a column or a constraint.
func (p *parser) element(t *dump.Table) error {
	switch {
	case p.Tok.Is("like"):
		t.Complete = false
		return p.restOfElement(nil)
	case p.Tok.Is("constraint"), p.Tok.Is("check"), p.Tok.Is("unique"), p.Tok.Is("primary"), p.Tok.Is("foreign"):
		return p.restOfElement(nil)
	}
	bare := p.Tok.Is("exclude") // which is a name as well
	name, err := p.Name()
	if err != nil {
		return err
	}
	if bare && (p.Tok.Is("using") || p.Tok.IsMark('(')) {
		return p.restOfElement(nil)
	}
	if p.Take("pg_catalog") {
		p.TakeMark('.')
	}
	column := dump.Column{Name: name}
	if p.Tok.Kind == dump.Word {
		column.Shape = shapes[string(p.Tok.Text)]
	}
	if err := p.restOfElement(&column); err != nil {
		return err
	}
	t.Columns = append(t.Columns, column)
	return nil
}

// behindType are the words that follow the type of a column.
var behindType = map[string]bool{"default": true, "not": true, "null": true, "constraint": true, "check": true,
	"generated": true, "collate": true, "primary": true, "unique": true, "references": true, "storage": true,
	"compression": true, "options": true}

// restOfElement passes over what follows up to a comma or the closing bracket. It looks
// for what makes a column one of arrays, or one that is computed.
func (p *parser) restOfElement(column *dump.Column) error {
	inType, generated := column != nil, 0
	for ; p.Tok.Kind != dump.End; p.Advance() {
		if p.depth == inBrackets && p.Tok.IsMark(',') || p.depth < inBrackets {
			return nil
		}
		if column == nil {
			continue
		}
		inType = inType && !(p.Tok.Kind == dump.Word && behindType[string(p.Tok.Text)])
		if inType && (p.Tok.IsMark('[') || p.Tok.Is("array")) {
			column.Shape = dump.Text
		}
		generated = p.afterGenerated(generated)
		column.Computed = column.Computed || generated == 4
	}
	return p.Expected(", or ) behind a column")
}

// afterGenerated returns how many tokens of GENERATED ALWAYS AS ( there are with this one.
func (p *parser) afterGenerated(before int) int {
	switch {
	case p.Tok.Is("generated"):
		return 1
	case before == 1 && p.Tok.Is("always"), before == 2 && p.Tok.Is("as"), before == 3 && p.Tok.IsMark('('):
		return before + 1
	}
	return 0
}
