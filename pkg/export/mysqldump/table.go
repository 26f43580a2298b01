package mysqldump

import (
	"strings"

	"breachnotify/pkg/export/dump"
)

// create reads a statement behind CREATE. hidden is whether the whole of it is in an
// executable comment, as it is for what takes the place of a view until the end of the
// dump.
func (p *parser) create(hidden bool) error {
	p.TakeAny("or", "replace", "temporary")
	if !p.Take("table") {
		return p.Pass()
	}
	absent := p.Take("if") && p.Take("not") && p.Take("exists")
	schema, name, err := p.Qualified()
	if err != nil {
		return err
	}
	t := &dump.Table{Schema: schema, Name: name}
	if p.TakeMark('(') {
		if err := p.columns(t); err != nil {
			return err
		}
	}
	if err := p.Pass(); err != nil {
		return err
	}
	return p.Declare(t, absent, hidden)
}

// columns reads the columns and keys of a table behind the opening bracket.
func (p *parser) columns(t *dump.Table) error {
	t.Complete = true
	for {
		if err := p.element(t); err != nil {
			return err
		}
		switch {
		case len(t.Columns) > dump.MaxColumns:
			return p.W.Errorf(p.Opening, "a table has more than %d columns", dump.MaxColumns)
		case p.TakeMark(')'):
			return nil
		case !p.TakeMark(','):
			return p.Expected(", or ) behind a column")
		}
	}
}

// notColumns are the words that begin a key or a constraint.
var notColumns = map[string]bool{"primary": true, "unique": true, "key": true, "index": true, "fulltext": true,
	"spatial": true, "constraint": true, "foreign": true, "check": true}

// element reads a column, a key or a constraint.
func (p *parser) element(t *dump.Table) error {
	if p.Tok.Kind == dump.Word && notColumns[strings.ToLower(string(p.Tok.Text))] {
		return p.restOfElement()
	}
	if p.Tok.Is("like") { // CREATE TABLE a (LIKE b)
		t.Complete = false
		return p.restOfElement()
	}
	bare := p.Tok.Is("period") // FOR SYSTEM_TIME, and a name as well
	name, err := p.Name()
	if err != nil {
		return err
	}
	if bare && p.Tok.Is("for") {
		return p.restOfElement()
	}
	t.Columns = append(t.Columns, dump.Column{Name: name, Shape: p.shape()})
	return p.restOfElement()
}

// restOfElement passes over what follows up to a comma or the closing bracket.
func (p *parser) restOfElement() error {
	for depth := 0; p.Tok.Kind != dump.End && p.Tok.Kind != dump.Stop; p.Advance() {
		switch {
		case depth == 0 && (p.Tok.IsMark(',') || p.Tok.IsMark(')')):
			return nil
		case p.Tok.IsMark('('):
			depth++
		case p.Tok.IsMark(')'):
			depth--
		}
	}
	return p.Expected(", or ) behind a column")
}

// shapes are those of the types whose values are not text.
var shapes = map[string]dump.Shape{
	"tinyint": dump.Integer, "smallint": dump.Integer, "mediumint": dump.Integer, "int": dump.Integer,
	"integer": dump.Integer, "bigint": dump.Integer, "year": dump.Integer, "bool": dump.Integer,
	"boolean": dump.Integer, "serial": dump.Integer,
	"decimal": dump.Number, "dec": dump.Number, "numeric": dump.Number, "fixed": dump.Number,
	"float": dump.Number, "double": dump.Number, "real": dump.Number,
	"bit":    dump.Bits,
	"binary": dump.Bytes, "varbinary": dump.Bytes, "tinyblob": dump.Bytes, "blob": dump.Bytes,
	"mediumblob": dump.Bytes, "longblob": dump.Bytes, "geometry": dump.Bytes, "point": dump.Bytes,
	"linestring": dump.Bytes, "polygon": dump.Bytes, "multipoint": dump.Bytes, "multilinestring": dump.Bytes,
	"multipolygon": dump.Bytes, "geometrycollection": dump.Bytes, "geomcollection": dump.Bytes, "vector": dump.Bytes,
}

// shape returns the shape of the type that is the token.
func (p *parser) shape() dump.Shape {
	if p.Tok.Kind != dump.Word {
		return dump.Text
	}
	return shapes[strings.ToLower(string(p.Tok.Text))]
}
