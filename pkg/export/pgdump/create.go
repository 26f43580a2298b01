package pgdump

import (
	"slices"

	"breachnotify/pkg/export/dump"
)

// create reads a statement behind CREATE.
func (p *parser) create() error {
	p.TakeAny("or", "replace", "global", "local", "temporary", "temp", "unlogged", "foreign")
	switch {
	case p.Take("table"):
		return p.createTable()
	case p.Tok.Is("function"), p.Tok.Is("procedure"):
		return p.routine()
	}
	return p.Pass()
}

// createTable reads a statement behind CREATE TABLE.
func (p *parser) createTable() error {
	absent := p.Take("if") && p.Take("not") && p.Take("exists")
	schema, name, err := p.Qualified()
	if err != nil {
		return err
	}
	t := &dump.Table{Schema: schema, Name: name, Database: p.Database}
	switch {
	case p.Take("partition") && p.Take("of"):
		err = p.partitionOf(t)
	case p.TakeMark('('):
		err = p.columns(t)
	}
	if err == nil {
		err = p.inherits(t)
	}
	if err == nil {
		err = p.Pass()
	}
	if err != nil {
		return err
	}
	return p.Declare(t, absent, false)
}

// partitionOf reads what follows PARTITION OF.
func (p *parser) partitionOf(t *dump.Table) error {
	parent, err := p.parent(t)
	if parent != nil {
		t.Columns, t.Complete = slices.Clone(parent.Columns), parent.Complete
	}
	return err
}

// parent takes the name of a table to which the rows of t belong too. It returns nil for
// one that is not in the dump.
func (p *parser) parent(t *dump.Table) (*dump.Table, error) {
	schema, name, err := p.Qualified()
	if err != nil {
		return nil, err
	}
	parent := p.Find(schema, name)
	if parent == nil || parent == t {
		return nil, nil
	}
	return parent, p.adopt(t, parent)
}

func (p *parser) adopt(t, parent *dump.Table) error {
	if err := p.Catalog.Adopt(t, parent); err != nil {
		return p.W.Errorf(p.Opening, "%w", err)
	}
	return nil
}

// inherits reads what follows the columns. The columns of the parents come first.
func (p *parser) inherits(t *dump.Table) error {
	if !p.Take("inherits") {
		return nil
	}
	if !p.TakeMark('(') {
		return p.Expected("( and the names of tables")
	}
	own := t.Columns
	t.Columns = nil
	for more := true; more; more = p.TakeMark(',') {
		parent, err := p.parent(t)
		if err != nil {
			return err
		}
		if parent == nil || !parent.Complete {
			t.Complete = false
			continue
		}
		if t.Columns = merge(t.Columns, parent.Columns); len(t.Columns) > dump.MaxColumns {
			return p.tooMany()
		}
	}
	t.Columns = merge(t.Columns, own)
	if !p.TakeMark(')') {
		return p.Expected(") behind the names of tables")
	}
	return nil
}

func (p *parser) tooMany() error {
	return p.W.Errorf(p.Opening, "a table has more than %d columns", dump.MaxColumns)
}

// merge appends the columns of more whose names are new.
func merge(columns, more []dump.Column) []dump.Column {
	known := map[string]bool{}
	for _, column := range columns {
		known[column.Name] = true
	}
	for _, column := range more {
		if !known[column.Name] {
			columns = append(columns, column)
		}
	}
	return columns
}

// alter reads a statement behind ALTER for what makes a table part of another.
func (p *parser) alter() error {
	if !p.Take("table") {
		return p.Pass()
	}
	p.TakeAny("if", "exists", "only")
	schema, name, err := p.Qualified()
	if err != nil {
		return err
	}
	t := p.Find(schema, name)
	switch {
	case t == nil:
	case p.Take("attach") && p.Take("partition"):
		err = p.attach(t)
	case p.Take("inherit"):
		_, err = p.parent(t)
	}
	if err != nil {
		return err
	}
	return p.Pass()
}

// attach reads the name of a partition of t.
func (p *parser) attach(t *dump.Table) error {
	schema, name, err := p.Qualified()
	if err != nil {
		return err
	}
	partition := p.Find(schema, name)
	if partition == nil || partition == t {
		return nil
	}
	return p.adopt(partition, t)
}
