package mysqldump

import (
	"strings"

	"breachnotify/pkg/export/dump"
	"breachnotify/pkg/hint"
)

// insert reads a statement behind INSERT or REPLACE, up to its first row.
func (p *parser) insert() error {
	p.TakeAny("low_priority", "high_priority", "delayed", "ignore", "into")
	schema, name, err := p.Qualified()
	if err != nil {
		return err
	}
	if p.Take("partition") {
		if _, err := p.Names(); err != nil {
			return err
		}
	}
	names, err := p.Names()
	if err != nil {
		return err
	}
	wanted, err := p.Bind(schema, name, names, false)
	if err != nil {
		return err
	}
	if !wanted {
		return p.Pass()
	}
	if !p.Tok.Is("values") && !p.Tok.Is("value") {
		return hint.Wrap(p.Expected("VALUES"), "write the dump with mysqldump or mariadb-dump")
	}
	p.Insert("on") // ON DUPLICATE KEY UPDATE
	return nil
}

// Value takes a constant.
func (p *parser) Value() (dump.Form, error) {
	form := dump.Binary
	switch {
	case p.Tok.Is("true"):
		form = dump.Digits
		p.Gather([]byte{'1'})
	case p.Tok.Is("false"):
		form = dump.Digits
		p.Gather([]byte{'0'})
	case p.Tok.Kind == dump.Octets:
	case p.Tok.Kind == dump.Word && p.Tok.Text[0] == '_':
		return p.introduced()
	default:
		return p.Constant()
	}
	p.Advance()
	return form, nil
}

// introduced takes a string behind the name of its character set, such as _binary.
func (p *parser) introduced() (dump.Form, error) {
	form := dump.Plain
	switch charset := strings.ToLower(string(p.Tok.Text)); {
	case charset == "_binary":
		form = dump.Binary
	case !utf8Names[charset[1:]]:
		err := p.W.Errorf(p.Tok.At, "a string in the character set %.20q, expected utf8mb4", charset[1:])
		return form, hint.Wrap(err, again)
	}
	if p.Advance(); p.Tok.Kind != dump.String && p.Tok.Kind != dump.Octets {
		return form, p.Expected("a string behind its character set")
	}
	p.Advance()
	return form, nil
}
