package mysqldump

import (
	"bytes"
	"io"

	"breachnotify/pkg/export/dump"
	"breachnotify/pkg/hint"
)

// parser is the language of MySQL and MariaDB.
type parser struct {
	dump.Parser
	mode      mode
	saved     map[string]mode // by the user variables that keep them
	delimiter []byte
	words     *[256]bool   // the bytes of a word
	executed  bool         // whether the token is within /*! and */
	begun     int          // headers of dumps without their last line
	setting   *dump.Record // a text that is no row
	octets    [512]byte    // of hexadecimal digits, for a while
}

// mode is what of SQL_MODE matters to the lexer.
type mode struct {
	ansiQuotes  bool // " quotes names and not strings
	noBackslash bool // a backslash in a string is one
}

var _ dump.Language = (*parser)(nil)

// Statement reads the next statement, or its beginning where it holds rows.
func (p *parser) Statement() error {
	hidden := p.executed
	switch {
	case p.Tok.Kind == dump.End:
		return p.finish()
	case p.Tok.Is("delimiter"):
		return p.newDelimiter()
	case p.Take("create"):
		return p.create(hidden)
	case p.Take("insert"), p.Take("replace"):
		return p.insert()
	case p.Take("set"):
		return p.set()
	case p.Take("use"):
		return p.use()
	}
	return p.Other("mysqldump", others)
}

// others are the first words of what else mysqldump and mariadb-dump write, with all options
// and within executable comments, and their hosted and graphical relatives.
var others = map[string]bool{"alter": true, "analyze": true, "begin": true, "call": true, "change": true,
	"commit": true, "delete": true, "do": true, "drop": true, "execute": true, "flush": true, "grant": true, "if": true,
	"install": true, "lock": true, "rename": true, "reset": true, "revoke": true, "rollback": true, "savepoint": true,
	"select": true, "start": true, "stop": true, "truncate": true, "uninstall": true, "unlock": true, "update": true}

// The comments that begin and end a dump, without their dashes.
var (
	headers = [][]byte{[]byte("MySQL dump "), []byte("MariaDB dump ")}
	footer  = []byte("Dump completed")
)

// remark takes note of the comments that begin and end a dump.
func (p *parser) remark(comment []byte) {
	comment = bytes.TrimSpace(comment)
	for _, header := range headers {
		if bytes.HasPrefix(comment, header) {
			p.begun++
		}
	}
	if bytes.HasPrefix(comment, footer) {
		p.begun = max(0, p.begun-1)
	}
}

func (p *parser) finish() error {
	switch {
	case p.executed:
		return p.W.Cut(p.Opening, "the statement", "*/")
	case p.begun == 0:
		return io.EOF
	}
	err := p.W.Errorf(p.Tok.At, "the dump is cut off: expected the line -- Dump completed")
	return hint.Wrap(err, "write the dump again; if it is cut on purpose, take the line that begins with -- MySQL dump or -- MariaDB dump out of it")
}

// newDelimiter reads the line of DELIMITER, which the client takes for itself.
func (p *parser) newDelimiter() error {
	p.Text = p.Text[:0]
	p.While(inLine)
	fields := bytes.Fields(p.Text)
	if len(fields) == 0 || len(fields[0]) > maxDelimiter {
		return p.W.Errorf(p.Opening, "found DELIMITER, expected at most %d bytes behind it", maxDelimiter)
	}
	p.delimiter = bytes.Clone(fields[0])
	p.Body = string(p.delimiter) != ";"
	words := *wordBytes
	words['$'] = p.delimiter[0] != '$' // as in END$$
	p.words = &words
	return nil
}

// maxDelimiter is the size of the longest delimiter; mysqldump uses two bytes.
const maxDelimiter = 16

// use reads a statement behind USE.
func (p *parser) use() error {
	name, err := p.Name()
	if err != nil {
		return err
	}
	p.Schema = name
	return p.Pass()
}
