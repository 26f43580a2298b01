package dump

// Fail stops the lexer.
func (p *Parser) Fail(err error) {
	if p.fault == nil {
		p.fault = err
	}
	p.Tok.Kind = End
}

// Fault returns why the lexer stopped, or nil.
func (p *Parser) Fault() error { return p.fault }

// Replace puts a better error in the place of the lexer's, and returns it.
func (p *Parser) Replace(err error) error {
	p.fault = err
	return err
}

// Advance reads the next token of a statement. It fails where that begins another one.
func (p *Parser) Advance() {
	p.advance()
	if p.lineBegins && !p.Body && p.opens() {
		p.Fail(p.unended(p.Tok.At))
	}
}

// advance reads the next token, whatever it is.
func (p *Parser) advance() {
	if p.fault == nil {
		p.language.Space()
	}
	rest := p.W.Rest()
	p.Tok = Token{At: p.W.Here()}
	p.lineBegins = p.W.BeginsLine()
	if p.fault == nil {
		p.fault = p.W.Err()
	}
	if p.fault == nil && len(rest) > 0 {
		p.language.Lex()
	}
}

// Take reports whether the token is the keyword, and goes on to the next if so.
func (p *Parser) Take(keyword string) bool {
	if !p.Tok.Is(keyword) {
		return false
	}
	p.Advance()
	return true
}

// TakeAny takes the keywords of a list as long as there are any.
func (p *Parser) TakeAny(keywords ...string) {
	for i := 0; i < len(keywords); i++ {
		if p.Take(keywords[i]) {
			i = -1
		}
	}
}

// TakeMark is Take for a mark.
func (p *Parser) TakeMark(c byte) bool {
	if !p.Tok.IsMark(c) {
		return false
	}
	p.Advance()
	return true
}

// Expected returns the error for a token that is not what was expected.
func (p *Parser) Expected(what string) error {
	return p.W.Errorf(p.Tok.At, "found %s, expected %s", p.Tok, what)
}

// Single makes a mark of the next byte.
func (p *Parser) Single() {
	p.Tok.Kind, p.Tok.Mark = Mark, p.W.Rest()[0]
	p.W.Skip(1)
}

// Gather adds text to Into.
func (p *Parser) Gather(text []byte) {
	if err := p.Into.Add(text); err != nil {
		p.Fail(err)
	}
}

// While passes over the bytes that belong, and adds as many of them to Text as a name can
// have, and one more.
func (p *Parser) While(belongs *[256]bool) {
	for rest := p.W.Rest(); len(rest) > 0; rest = p.W.Rest() {
		i := 0
		for i < len(rest) && belongs[rest[i]] {
			i++
		}
		p.Text = append(p.Text, rest[:max(0, min(i, MaxName+1-len(p.Text)))]...)
		p.W.Skip(i)
		if i < len(rest) {
			return
		}
	}
}

// QuotedName makes a name of what is up to its closing quote, which is a part of it where it
// comes twice. The opening one is the next byte; others are all but that.
func (p *Parser) QuotedName(others *[256]bool) {
	quote := p.W.Rest()[0]
	p.W.Skip(1)
	for p.Text = p.Text[:0]; ; p.W.Skip(2) {
		p.While(others)
		switch ahead := p.W.Ahead(2); {
		case len(ahead) == 0:
			p.Fail(p.W.Cut(p.Tok.At, "the name", "its closing quote"))
			return
		case len(ahead) == 1 || ahead[1] != quote:
			p.W.Skip(1)
			p.Tok.Kind, p.Tok.Text = Name, p.Text
			return
		}
		if len(p.Text) <= MaxName {
			p.Text = append(p.Text, quote)
		}
	}
}
