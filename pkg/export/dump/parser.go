package dump

import (
	"errors"
	"io"

	"breachnotify/pkg/export/rows"
	"breachnotify/pkg/hint"
)

// Language is what the reader of one kind of dump knows.
type Language interface {
	Space()               // passes over blanks and comments
	Lex()                 // makes Tok of the bytes behind them, of which there is one at least
	Statement() error     // reads the statement whose first token is Tok; at End it returns io.EOF
	Value() (Form, error) // takes a constant and gathers its text; see Constant
}

// Parser does what is alike in all dumps. At the first failure of a lexer it stops: every
// token is then End.
type Parser struct {
	W    *Window
	Tok  Token
	Into *Record // where the text of strings goes; nil: nowhere
	Text []byte  // of the last token that has one

	Catalog  *Catalog
	Record   *Record      // the row that is being read
	Opening  Place        // of the statement, block or row that is being read
	Step     func() error // reads on; nil: the next statement
	Binding  *Binding     // of the statement that is being read
	Schema   string       // of names without one
	Database string       // whose tables are being read, where there are several
	Body     bool         // whether the statement may hold others, as a routine does

	language   Language
	fault      error // why the lexer stopped
	lineBegins bool  // whether the token is at the very beginning of its line
	failure    error // what Next returns from now on
	ready      []rows.Row
	given      int // of ready
}

// Source is what to read.
type Source struct {
	Reader    io.Reader
	Name      string // of the file, for errors
	MaxRecord int    // bytes of a row
	Want      func(schema, table string) bool
	// Undeclared is the shape of columns that the dump does not declare: Text, or Bytes where
	// its tool writes bytes as they are.
	Undeclared Shape
}

// NewParser returns a parser of a source in a language.
func NewParser(s Source, language Language) Parser {
	p := Parser{W: NewWindow(s.Reader, s.Name), Catalog: NewCatalog(s.Want, s.Undeclared), Record: NewRecord(s.MaxRecord), language: language}
	if s.MaxRecord < 1 {
		p.failure = errors.New("the largest row has no size: want at least 1 byte")
	}
	return p
}

// Next returns the next row, and io.EOF at the end.
func (p *Parser) Next() (rows.Row, error) {
	for p.given == len(p.ready) {
		if p.failure != nil {
			return rows.Row{}, p.failure
		}
		p.ready, p.given = p.ready[:0], 0
		p.failure = p.advised(p.step())
	}
	p.given++
	return p.ready[p.given-1], nil
}

// advised adds advice to an error about what the dump holds, where it has none yet.
func (p *Parser) advised(err error) error {
	if err == nil || errors.Is(err, io.EOF) || p.W.Err() != nil || len(hint.Of(err)) > 0 {
		return err
	}
	return hint.Wrap(err, "the dump is damaged or was changed by hand: write it again, and have its tool write it to the file itself")
}

func (p *Parser) step() error {
	if p.Step != nil {
		return p.Step()
	}
	p.advance()
	p.Opening = p.Tok.At
	switch {
	case p.fault != nil:
		return p.Ruled(nil)
	case p.Tok.Kind == End:
		return p.language.Statement()
	}
	return p.Ruled(p.language.Statement())
}

// Ruled prefers the failure of the lexer to what the parser makes of it, and says of a
// token that is missing at the end of the file that the file is cut off.
func (p *Parser) Ruled(err error) error {
	switch {
	case errors.Is(p.fault, ErrLong):
		return p.TooLong(p.Opening)
	case p.fault != nil:
		return p.fault
	case err != nil && p.Tok.Kind == End:
		return p.Unfinished()
	}
	return err
}

// Unfinished returns the error for a statement without its end.
func (p *Parser) Unfinished() error { return p.W.Cut(p.Opening, "the statement", "a semicolon") }

// Pass passes over the rest of the statement; Stop is then the token.
func (p *Parser) Pass() error {
	for ; p.Tok.Kind != Stop; p.Advance() {
		if p.Tok.Kind == End {
			return p.Unfinished()
		}
	}
	return nil
}

// TooLong returns the error for a row that is larger than what is allowed.
func (p *Parser) TooLong(at Place) error {
	err := p.W.Errorf(at, "the row that begins here is larger than %d bytes", p.Record.max)
	return hint.Wrap(err, "look there for a quote that is not closed and for line ends that are missing; export.max_record raises the limit")
}
