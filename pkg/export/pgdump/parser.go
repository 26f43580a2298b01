package pgdump

import (
	"bytes"
	"io"

	"breachnotify/pkg/export/dump"
	"breachnotify/pkg/hint"
)

// parser is the language of PostgreSQL.
type parser struct {
	dump.Parser
	escapes bool         // standard_conforming_strings is off
	depth   int          // of brackets in the statement
	begun   int          // headers of dumps without their last line
	setting *dump.Record // a text that is no row
}

// inBrackets is the depth of the columns of a table and of the values of a row.
const inBrackets = 1

var _ dump.Language = (*parser)(nil)

// Statement reads the next statement, or its beginning where it holds rows.
func (p *parser) Statement() error {
	p.depth = 0
	switch {
	case p.Tok.Kind == dump.End:
		return p.finish()
	case p.Tok.IsMark('\\'):
		return p.command()
	case p.Take("create"):
		return p.create()
	case p.Take("copy"):
		return p.copy()
	case p.Take("insert"):
		return p.insert()
	case p.Take("alter"):
		return p.alter()
	case p.Take("set"):
		return p.set()
	case p.Take("select"):
		return p.call()
	}
	return p.Other("pg_dump", others)
}

// others are the first words of what else pg_dump, pg_dumpall and their extensions write.
var others = map[string]bool{"analyze": true, "begin": true, "call": true, "comment": true, "commit": true,
	"delete": true, "do": true, "drop": true, "end": true, "grant": true, "lock": true, "refresh": true, "reset": true,
	"revoke": true, "rollback": true, "security": true, "start": true, "truncate": true, "update": true}

// routine passes over a statement that may have a body of statements between BEGIN and END.
func (p *parser) routine() error {
	defer func() { p.Body = false }()
	for blocks := 0; ; p.Advance() {
		switch {
		case p.Tok.Kind == dump.End:
			return p.Unfinished()
		case p.Tok.Kind == dump.Stop && blocks == 0:
			return nil
		case p.depth > 0:
		case p.Tok.Is("begin"), p.Tok.Is("case") && blocks > 0:
			blocks++
		case p.Tok.Is("end"):
			blocks = max(0, blocks-1)
		}
		p.Body = blocks > 0
	}
}

// The first lines of a dump without their dashes. The last is the same with complete.
var (
	headers  = [][]byte{[]byte("PostgreSQL database dump"), []byte("PostgreSQL database cluster dump")}
	complete = []byte(" complete")
)

// remark takes note of the comments that begin and end a dump.
func (p *parser) remark(comment []byte) {
	comment = bytes.TrimSpace(comment)
	for _, header := range headers {
		switch rest, ok := bytes.CutPrefix(comment, header); {
		case !ok:
		case len(rest) == 0:
			p.begun++
		case bytes.Equal(rest, complete):
			p.begun = max(0, p.begun-1)
		}
	}
}

func (p *parser) finish() error {
	if p.begun == 0 {
		return io.EOF
	}
	err := p.W.Errorf(p.Tok.At, "the dump is cut off: expected the line -- PostgreSQL database dump complete")
	return hint.Wrap(err, "write the dump again; if it is cut on purpose, take the line -- PostgreSQL database dump out of it")
}
