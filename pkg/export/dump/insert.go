package dump

import "breachnotify/pkg/hint"

// Insert reads the rows behind VALUES, which is the token, one in each step. behind are
// the keywords that may follow them.
func (p *Parser) Insert(behind string) {
	p.begin()
	p.Advance()
	p.Step = func() error { return p.insertRow(behind) }
}

// begin makes room for a row, before its first token is read.
func (p *Parser) begin() {
	p.Record.Reset()
	p.Into = p.Record
}

// insertRow reads a row in brackets and what follows it.
func (p *Parser) insertRow(behind string) error {
	p.Opening = p.Tok.At
	err := p.Ruled(p.values())
	p.Into = nil
	if err != nil {
		return err
	}
	if err := p.Emit(p.Opening); err != nil {
		return err
	}
	p.Advance() // behind the bracket
	if p.Tok.IsMark(',') {
		p.begin()
		p.Advance()
		return p.Ruled(nil)
	}
	p.Step = nil
	if p.Tok.Kind != Stop && !p.Tok.Is(behind) {
		return p.Ruled(p.Expected(", or ; behind a row"))
	}
	return p.Ruled(p.Pass())
}

// values reads the values of a row up to the closing bracket, which stays the token.
func (p *Parser) values() error {
	if !p.TakeMark('(') {
		return p.Expected("( and the values of a row")
	}
	for p.Binding.Len() > 0 || !p.Tok.IsMark(')') {
		if p.Record.Len() == p.Binding.Len() {
			return p.W.Errorf(p.Tok.At, "a row with more than %d values, which is how many columns it has", p.Binding.Len())
		}
		if err := p.value(); err != nil {
			return err
		}
		if p.Tok.IsMark(')') {
			break
		}
		if !p.TakeMark(',') {
			return p.Expected(", or ) behind a value")
		}
	}
	if p.Record.Len() < p.Binding.Len() {
		return p.W.Errorf(p.Opening, "a row with %d values, expected %d", p.Record.Len(), p.Binding.Len())
	}
	return nil
}

// value takes a value.
func (p *Parser) value() error {
	form, err := p.language.Value()
	if err != nil {
		return err
	}
	p.Record.Close(form)
	return p.fault
}

// Constant takes a constant that is written alike in all languages. The text of a string
// is in Record already.
func (p *Parser) Constant() (Form, error) {
	form := Plain
	switch {
	case p.Tok.Kind == String:
	case p.Tok.Is("null"), p.Tok.Is("default"):
		form = Null
	case p.Tok.Kind == Numeral && len(p.Tok.Text) > MaxName:
		return Null, p.W.Errorf(p.Tok.At, "a number is longer than %d bytes", MaxName)
	case p.Tok.Kind == Numeral:
		form = Digits
		p.Gather(p.Tok.Text)
	case p.Tok.IsMark('-'), p.Tok.IsMark('+'):
		return p.signed()
	default:
		return Null, hint.Wrap(p.Expected("a constant"),
			"a row of a dump has constants only: write the dump again with the database's own tool")
	}
	p.Advance()
	return form, nil
}

// signed takes a sign and a number.
func (p *Parser) signed() (Form, error) {
	if p.Tok.IsMark('-') {
		p.Gather([]byte{'-'})
	}
	if p.Advance(); p.Tok.Kind != Numeral {
		return Null, p.Expected("a number behind its sign")
	}
	return p.Constant()
}
