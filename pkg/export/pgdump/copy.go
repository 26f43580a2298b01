package pgdump

import (
	"errors"

	"breachnotify/pkg/export/dump"
	"breachnotify/pkg/hint"
)

// copy reads a statement behind COPY, up to its data.
func (p *parser) copy() error {
	if p.Tok.IsMark('(') { // COPY (SELECT …) TO
		return p.Pass()
	}
	schema, name, err := p.Qualified()
	if err != nil {
		return err
	}
	names, err := p.Names()
	switch {
	case err != nil:
		return err
	case p.Tok.Is("to"):
		return p.Pass()
	case !p.Take("from") || !p.Take("stdin") || p.Tok.Kind != dump.Stop:
		return hint.Wrap(p.Expected("COPY … FROM stdin; without options"),
			"write the dump with pg_dump, which uses no options of COPY")
	}
	if err := p.endOfLine(); err != nil {
		return err
	}
	wanted, err := p.Bind(schema, name, names, true)
	row := &copied{parser: p, wanted: wanted, want: -1}
	if p.Binding != nil {
		row.want = p.Binding.Len()
	}
	p.Step = row.step
	return err
}

// endOfLine passes over the rest of a line, which is blank.
func (p *parser) endOfLine() error {
	for rest := p.W.Rest(); len(rest) > 0; rest = p.W.Rest() {
		c := rest[0]
		if !blank(c) {
			return p.W.Errorf(p.W.Here(), "found more behind COPY … FROM stdin; expected the data on the next line")
		}
		p.W.Skip(1)
		if c == '\n' {
			break
		}
	}
	return nil
}

// errEndOfData says that a line ends the data of COPY.
var errEndOfData = errors.New("the end of the data")

// copied is a row in the text format of COPY while it is read.
type copied struct {
	*parser
	wanted bool
	want   int // values; -1: it is not known how many
	at     dump.Place
	fields int  // that are closed
	begun  bool // whether anything of the field that is not closed is read
	null   bool // whether it is \N
}

// step reads a line of data.
func (c *copied) step() error {
	c.at, c.fields, c.begun, c.null = c.W.Here(), 0, false, false
	if c.wanted {
		c.Record.Reset()
		c.Into = c.Record
	}
	err := c.read()
	c.Into = nil
	switch {
	case errors.Is(err, errEndOfData):
		c.Step = nil
		return nil
	case errors.Is(err, dump.ErrLong):
		return c.TooLong(c.at)
	case err != nil || !c.wanted:
		return err
	}
	return c.Emit(c.at)
}
