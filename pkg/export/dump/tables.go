package dump

import (
	"errors"
	"fmt"

	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/hint"
)

// Find returns a table of the database that is being read, or nil.
func (p *Parser) Find(schema, name string) *Table {
	if t := p.Catalog.Find(schema, name); t != nil && t.Database == p.Database {
		return t
	}
	return nil
}

// Declare adds a table that the statement creates, and announces it unless it is hidden.
// Of a table that must be absent and is there, the first stays.
func (p *Parser) Declare(t *Table, absent, hidden bool) error {
	old := p.Catalog.Find(t.Schema, t.Name)
	switch {
	case old == nil:
	case old.Database == p.Database && absent:
		return nil
	case old.Wanted():
		return p.twice(old)
	}
	if err := p.Catalog.Put(t); err != nil {
		return p.W.Errorf(p.Opening, "%w", err)
	}
	if !hidden {
		p.announce(t)
	}
	return nil
}

func (p *Parser) announce(t *Table) {
	if t.announced || !t.wanted {
		return
	}
	t.announced = true
	p.ready = append(p.ready, rows.Row{Table: t.rows(), At: p.Opening.Line})
}

// twice returns the error for a table that there is already.
func (p *Parser) twice(old *Table) error {
	name := fmt.Sprintf("%q", old.Name)
	if old.Schema != "" {
		name = fmt.Sprintf("%q.%q", old.Schema, old.Name)
	}
	if old.Database == p.Database {
		err := p.W.Errorf(p.Opening, "the table %s comes a second time", name)
		return hint.Wrap(err, "give each dump a file of its own")
	}
	err := p.W.Errorf(p.Opening, "the table %s is in the database %q and in %q", name, old.Database, p.Database)
	return hint.Wrap(err, "dump only the database that has the accounts")
}

// Bind finds where the rows of a statement go, and announces a table that is declared
// nowhere. names and loaded are those of Catalog.Bind. It reports whether the rows are wanted.
func (p *Parser) Bind(schema, name string, names []string, loaded bool) (wanted bool, err error) {
	t := p.Find(schema, name)
	if t == nil {
		if old := p.Catalog.Find(schema, name); old != nil && old.Wanted() {
			return false, p.twice(old)
		}
		t = &Table{Schema: schema, Name: name, Database: p.Database}
		if err := p.Catalog.Put(t); err != nil {
			return false, p.W.Errorf(p.Opening, "%w", err)
		}
	}
	p.Binding, err = p.Catalog.Bind(t, names, loaded)
	switch {
	case errors.Is(err, ErrNoColumns) && !t.Wanted():
		return false, nil
	case errors.Is(err, ErrNoColumns):
		return false, hint.Wrap(p.W.Errorf(p.Opening, "the table %q has %w", name, err),
			"write the dump again with the definitions of the tables, or with the names of the columns in each statement")
	case err != nil:
		return false, p.W.Errorf(p.Opening, "the table %q: %w", name, err)
	}
	p.announce(t)
	return p.Binding.Wanted(), nil
}

// Emit hands on the row that Record holds.
func (p *Parser) Emit(at Place) error {
	ready, wrong, bad := p.Binding.Rows(p.ready, p.Record, at.Line)
	if bad {
		return p.W.NotUTF8(at, fmt.Sprintf("the value of the column %q", wrong))
	}
	p.ready = ready
	return nil
}
