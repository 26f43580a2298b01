package mysqldump

import (
	"errors"
	"strings"

	"breachnotify/pkg/export/dump"
	"breachnotify/pkg/hint"
)

// utf8Names are the character sets that are UTF-8, or a part of it.
var utf8Names = map[string]bool{"utf8": true, "utf8mb3": true, "utf8mb4": true}

const again = "write the dump again with --default-character-set=utf8mb4"

// variable is what a statement SET sets or reads.
type variable struct {
	name string // in lower case, without GLOBAL. and the like
	user bool   // it begins with one @
}

// set reads a statement behind SET.
func (p *parser) set() error {
	p.setting.Reset()
	p.Into = p.setting
	charset := p.Take("names") || p.Take("charset") || p.Take("character") && p.Take("set")
	p.Into = nil
	if charset {
		return p.names()
	}
	for more := true; more; more = p.TakeMark(',') {
		if err := p.assignment(); err != nil {
			return err
		}
	}
	return p.Pass()
}

// names reads the character set of SET NAMES.
func (p *parser) names() error {
	value, err := p.expression()
	if err != nil {
		return err
	}
	if !utf8Names[strings.ToLower(value.text)] && !utf8Names[value.name] {
		return hint.Wrap(p.W.Errorf(p.Opening, "the dump is in the character set %.20q, expected utf8mb4", value.name+value.text), again)
	}
	return p.Pass()
}

// value is the beginning of an expression: a string, or a variable or word.
type value struct {
	text string
	variable
}

// assignment reads what SET sets and to what.
func (p *parser) assignment() error {
	to := p.variable()
	for !to.user && (to.name == "session" || to.name == "global" || to.name == "local" || to.name == "persist") && p.Tok.Kind == dump.Word {
		to = p.variable()
	}
	p.TakeMark(':')
	if !p.Tok.IsMark('=') {
		return nil // TRANSACTION, PASSWORD, ROLE and the like
	}
	from, err := p.expression()
	if err != nil {
		return err
	}
	switch {
	case to.user && from.variable == variable{name: "sql_mode"}:
		p.save(to.name)
	case to == variable{name: "sql_mode"} && from.user:
		p.mode = p.saved[from.name]
	case to == variable{name: "sql_mode"}:
		p.mode = parseMode(from.text + from.name) // one of them is empty
	}
	return nil
}

// save keeps the mode in a user variable, of which dumps have two.
func (p *parser) save(name string) {
	const most = 16
	if p.saved == nil {
		p.saved = map[string]mode{}
	}
	if _, known := p.saved[name]; known || len(p.saved) < most {
		p.saved[name] = p.mode
	}
}

// parseMode reads a value of SQL_MODE (MySQL Reference Manual, Server SQL Modes). Some names
// are short for several modes.
func parseMode(text string) (m mode) {
	for name := range strings.SplitSeq(strings.ToUpper(text), ",") {
		switch strings.TrimSpace(name) {
		case "ANSI", "ANSI_QUOTES", "DB2", "MAXDB", "MSSQL", "ORACLE", "POSTGRESQL":
			m.ansiQuotes = true
		case "NO_BACKSLASH_ESCAPES":
			m.noBackslash = true
		}
	}
	return m
}

// variable takes a name with the at signs before it and without the scope.
func (p *parser) variable() variable {
	ats := 0
	for p.TakeMark('@') {
		ats++
	}
	var name string
	for more := true; more; more = p.TakeMark('.') {
		if p.Tok.Kind == dump.Word || p.Tok.Kind == dump.Name {
			name = strings.ToLower(string(p.Tok.Text))
			p.Advance()
		}
	}
	return variable{name: name, user: ats == 1}
}

// expression passes over an expression, and the equals sign before it, up to a comma or
// the end of the statement. It returns the beginning.
func (p *parser) expression() (value, error) {
	if p.Tok.IsMark('=') {
		p.setting.Reset()
		p.Into = p.setting
		p.Advance()
		p.Into = nil
	}
	var v value
	if errors.Is(p.Fault(), dump.ErrLong) {
		return v, p.Replace(p.W.Errorf(p.Opening, "a setting is longer than %d bytes", dump.MaxName))
	}
	if p.Tok.Kind == dump.String {
		v.text = string(p.setting.Open())
	} else {
		v.variable = p.variable()
	}
	for depth := 0; p.Tok.Kind != dump.Stop && (depth > 0 || !p.Tok.IsMark(',')); p.Advance() {
		switch {
		case p.Tok.Kind == dump.End:
			return v, p.Unfinished()
		case p.Tok.IsMark('('):
			depth++
		case p.Tok.IsMark(')'):
			depth--
		}
	}
	return v, nil
}
