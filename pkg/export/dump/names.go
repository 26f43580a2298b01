package dump

import "unicode/utf8"

// Name takes a name.
func (p *Parser) Name() (string, error) {
	switch {
	case p.Tok.Kind != Word && p.Tok.Kind != Name:
		return "", p.Expected("a name")
	case len(p.Tok.Text) > MaxName:
		return "", p.W.Errorf(p.Tok.At, "a name is longer than %d bytes", MaxName)
	case !utf8.Valid(p.Tok.Text):
		return "", p.W.NotUTF8(p.Tok.At, "the name")
	}
	name := string(p.Tok.Text)
	p.Advance()
	return name, nil
}

// Qualified takes the name of a table with or without that of its schema.
func (p *Parser) Qualified() (schema, name string, err error) {
	schema = p.Schema
	if name, err = p.Name(); err != nil {
		return "", "", err
	}
	for p.TakeMark('.') {
		schema = name
		if name, err = p.Name(); err != nil {
			return "", "", err
		}
	}
	return schema, name, nil
}

// Names takes names in brackets; nil if there is no bracket.
func (p *Parser) Names() ([]string, error) {
	if !p.TakeMark('(') {
		return nil, nil
	}
	names := []string{}
	if p.TakeMark(')') {
		return names, nil
	}
	for {
		name, err := p.Name()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
		switch {
		case len(names) > MaxColumns:
			return nil, p.W.Errorf(p.Tok.At, "a statement names more than %d columns", MaxColumns)
		case p.TakeMark(')'):
			return names, nil
		case !p.TakeMark(','):
			return nil, p.Expected(", or ) behind the name of a column")
		}
	}
}
