package pgdump

import (
	"bytes"
	"errors"
	"strings"

	"breachnotify/pkg/export/dump"
	"breachnotify/pkg/hint"
)

// set reads a statement behind SET.
func (p *parser) set() error {
	p.TakeAny("session", "local")
	if p.Tok.Kind != dump.Word {
		return p.Pass()
	}
	setting := string(p.Tok.Text)
	values, err := p.settings()
	if err != nil || len(values) == 0 {
		return err
	}
	return p.apply(setting, values[0])
}

// settings passes over the statement and returns the first two strings, words and names
// behind the token.
func (p *parser) settings() ([]string, error) {
	var values []string
	defer func() { p.Into = nil }()
	for {
		p.setting.Reset()
		p.Into = p.setting
		p.Advance()
		switch {
		case errors.Is(p.Fault(), dump.ErrLong):
			return nil, p.Replace(p.W.Errorf(p.Opening, "a setting is longer than %d bytes", dump.MaxName))
		case p.Tok.Kind == dump.End:
			return nil, p.Unfinished()
		case p.Tok.Kind == dump.Stop:
			return values, nil
		case len(values) == 2 || p.Tok.Is("to"):
		case p.Tok.Kind == dump.String:
			values = append(values, string(p.setting.Open()))
		case p.Tok.Kind == dump.Word, p.Tok.Kind == dump.Name:
			values = append(values, string(p.Tok.Text))
		}
	}
}

// apply takes note of a setting that matters.
func (p *parser) apply(setting, value string) error {
	switch setting {
	case "client_encoding", "names":
		return p.encoding(value)
	case "standard_conforming_strings":
		switch strings.ToLower(value) {
		case "off", "false", "no":
			p.escapes = true
		default:
			p.escapes = false
		}
	case "search_path":
		p.Schema = value
		if value == "pg_catalog" || value == "default" {
			p.Schema = ""
		}
	}
	return nil
}

// encoding refuses every encoding but UTF-8.
func (p *parser) encoding(name string) error {
	plain := strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))
	if plain == "utf8" || plain == "unicode" {
		return nil
	}
	return hint.Wrap(p.W.Errorf(p.Opening, "the dump is in the encoding %.20q, expected UTF8", name),
		"write it again with pg_dump --encoding=UTF8")
}

// call reads a statement behind SELECT, for the setting of the search path.
func (p *parser) call() error {
	if p.Take("pg_catalog") {
		p.TakeMark('.')
	}
	if !p.Tok.Is("set_config") {
		return p.Pass()
	}
	values, err := p.settings()
	if err != nil || len(values) < 2 || values[0] != "search_path" {
		return err
	}
	first, _, _ := strings.Cut(values[1], ",")
	return p.apply("search_path", strings.Trim(first, `" `))
}

// command reads a line that psql takes for itself, behind the backslash.
func (p *parser) command() error {
	line := bytes.TrimSpace(p.restOfLine())
	name, rest, _ := bytes.Cut(line, []byte{' '})
	switch string(name) {
	case "connect", "c":
		p.Database = string(rest)
		p.Schema, p.escapes = "", false
	case "encoding":
		return p.encoding(string(bytes.TrimSpace(rest)))
	case "i", "ir", "include", "include_relative", "copy":
		return hint.Wrap(p.W.Errorf(p.Opening, "the dump reads another file, with a command of psql"),
			"write the dump with pg_dump, which writes one file")
	}
	return nil
}
