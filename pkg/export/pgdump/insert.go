package pgdump

import "breachnotify/pkg/export/dump"

// insert reads a statement behind INSERT, up to its first row.
func (p *parser) insert() error {
	if !p.Take("into") {
		return p.Expected("INTO")
	}
	schema, name, err := p.Qualified()
	if err != nil {
		return err
	}
	names, err := p.Names()
	if err != nil {
		return err
	}
	if p.Take("default") {
		return p.defaults(schema, name)
	}
	wanted, err := p.Bind(schema, name, names, false)
	if err != nil {
		return err
	}
	if !wanted {
		return p.Pass()
	}
	p.TakeAny("overriding", "system", "user", "value")
	if !p.Tok.Is("values") {
		return p.Expected("VALUES")
	}
	p.Insert("on") // ON CONFLICT DO NOTHING
	return nil
}

// defaults reads DEFAULT VALUES, which is how a row without columns is dumped.
func (p *parser) defaults(schema, name string) error {
	wanted, err := p.Bind(schema, name, []string{}, false)
	if err != nil {
		return err
	}
	if wanted {
		p.Record.Reset()
		if err := p.Emit(p.Opening); err != nil {
			return err
		}
	}
	return p.Pass()
}

// Value takes a constant, whose text becomes what COPY would give, and its casts.
func (p *parser) Value() (form dump.Form, err error) {
	switch {
	case p.Tok.Is("true"), p.Tok.Is("false"):
		p.Gather(p.Tok.Text[:1])
		form = dump.Plain
		p.Advance()
	case p.Tok.Kind == dump.Octets:
		form = dump.Plain
		p.Advance()
	default:
		form, err = p.Constant()
	}
	if err != nil {
		return form, err
	}
	return form, p.casts()
}

// casts passes over ::type behind a constant.
func (p *parser) casts() error {
	for p.TakeMark(':') {
		if !p.TakeMark(':') {
			return p.Expected(":: and a type")
		}
		if err := p.castType(); err != nil {
			return err
		}
	}
	return nil
}

// castType passes over a type, up to what follows the value.
func (p *parser) castType() error {
	for ; p.Tok.Kind != dump.End; p.Advance() {
		switch {
		case p.Tok.Kind == dump.String, p.Tok.Kind == dump.Octets:
			return p.Expected("a type")
		case p.depth < inBrackets, p.depth == inBrackets && (p.Tok.IsMark(',') || p.Tok.IsMark(':')):
			return nil
		}
	}
	return nil
}
