package campaign

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"breachnotify/pkg/hint"
)

// Bounds of a configuration. The parser's time grows with the square of the depth
// and of the number of keys, so that both are counted before it starts.
const (
	maxBytes   = 1 << 20
	maxTokens  = 20_000
	maxDepth   = 16
	maxExcerpt = 160
)

// ConfigError is one mistake in a configuration. It is made by Load, ReadFile and
// Config.Validate, which join as many as they find.
type ConfigError struct {
	File    string
	Line    int    // from 1; 0: the mistake has no place, or the place is not known
	Column  int    // from 1, in characters
	Key     string // with dots, such as links.reset; empty where the file is not YAML
	Problem string

	excerpt string // the line and a mark below the column
}

// Error returns the place, the key and the problem on one line, and below it the
// line of the file with the column marked, in which passwords are hidden.
func (e *ConfigError) Error() string {
	var text strings.Builder
	text.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&text, ":%d:%d", e.Line, e.Column)
	}
	if e.Key != "" {
		text.WriteString(": " + e.Key)
	}
	text.WriteString(": " + e.Problem)
	text.WriteString(e.excerpt)
	return text.String()
}

// place is where something stands in a file, from 1.
type place struct{ line, column int }

func placeOf(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{}
	}
	return place{t.Position.Line, t.Position.Column}
}

// source is the text of a configuration and the places of its keys.
type source struct {
	name   string
	lines  []string
	places map[string]place
}

// problem returns an error about a key. A key that is not there is shown at the
// section that it belongs to.
func (s *source) problem(key, text string) *ConfigError {
	if s == nil {
		return &ConfigError{File: "configuration", Key: key, Problem: text}
	}
	return s.problemAt(s.at(key), key, text)
}

// at returns the place of a key, or of the innermost section around it that is there.
func (s *source) at(key string) place {
	if s == nil {
		return place{}
	}
	for section := key; ; {
		if at, ok := s.places[section]; ok {
			return at
		}
		dot := strings.LastIndexByte(section, '.')
		if dot < 0 {
			return place{}
		}
		section = section[:dot]
	}
}

func (s *source) problemAt(at place, key, text string) *ConfigError {
	return &ConfigError{
		File: s.name, Line: at.line, Column: at.column, Key: key, Problem: text,
		excerpt: s.excerpt(at),
	}
}

// What follows a key of such a name, and the user information of a URL, is where
// somebody might have put a password.
var (
	secretValue = regexp.MustCompile(`(?i)((?:password|passwd|secret|token)["']?\s*:\s*)\S.*`)
	secretURL   = regexp.MustCompile(`://\S*@`)
)

// excerpt returns the line at a place, on a line of its own, and a mark below it.
// Where a password was hidden the columns do not fit, and there is no mark.
func (s *source) excerpt(at place) string {
	if at.line < 1 || at.line > len(s.lines) {
		return ""
	}
	written := s.lines[at.line-1]
	line := secretURL.ReplaceAllLiteralString(secretValue.ReplaceAllString(written, "${1}***"), "://***@")
	hidden := line != written
	line = strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return ' '
	}, line)
	if utf8.RuneCountInString(line) > maxExcerpt {
		line = string([]rune(line)[:maxExcerpt]) + "…"
	}
	margin := fmt.Sprintf("%5d | ", at.line)
	text := "\n" + margin + line
	if !hidden && at.column >= 1 && at.column <= utf8.RuneCountInString(line) {
		text += "\n" + strings.Repeat(" ", len(margin)-2) + "| " + strings.Repeat(" ", at.column-1) + "^"
	}
	return text
}

// parseDocument reads the one document of a configuration. What it returns holds
// mappings, sequences and scalars only, at most maxDepth deep.
func parseDocument(name string, text []byte) (*source, *ast.MappingNode, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	src := &source{name: name, places: map[string]place{}}
	switch {
	case len(text) > maxBytes:
		return nil, nil, src.problem("", fmt.Sprintf("larger than %d bytes: no configuration", maxBytes))
	case !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0:
		return nil, nil, src.problem("", "not UTF-8 text")
	case len(bytes.TrimSpace(text)) == 0:
		return nil, nil, empty(src)
	}
	src.lines = strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	tokens := lexer.Tokenize(string(text))
	if err := src.bound(tokens); err != nil {
		return nil, nil, err
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, nil, src.syntax(err)
	}
	root, err := src.root(file)
	return src, root, err
}

func empty(s *source) error {
	return hint.Wrap(s.problem("", "the configuration is empty"), "notify init writes one to start from")
}

func (s *source) root(file *ast.File) (*ast.MappingNode, error) {
	if len(file.Docs) > 1 {
		return nil, s.problemAt(placeOf(file.Docs[1].Start), "", "more than one document: want one")
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return nil, empty(s)
	}
	root, ok := file.Docs[0].Body.(*ast.MappingNode)
	if !ok {
		return nil, s.problemAt(placeOf(file.Docs[0].Body.GetToken()), "", "want keys with values, such as `campaign: acme`")
	}
	return root, nil
}

// bound refuses what makes a small file large (anchors, aliases), what gives a
// value another type than it shows (tags), and what is too deep to be parsed.
func (s *source) bound(tokens token.Tokens) error {
	if len(tokens) > maxTokens {
		return s.problem("", "too many values: no configuration")
	}
	var columns []int // of the block collections that are open
	flow := 0
	for i, t := range tokens {
		start := t
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType, token.DirectiveType, token.MappingKeyType:
			return s.problemAt(placeOf(t), "", "anchors, aliases, tags, directives and `?` keys are not used here")
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow = max(flow-1, 0)
		case token.MappingValueType:
			start = tokens[max(i-1, 0)]
			fallthrough
		case token.SequenceEntryType:
			columns = open(columns, start.Position.Column)
		}
		if flow+len(columns) > maxDepth {
			return s.problemAt(placeOf(t), "", "nested too deep")
		}
	}
	return nil
}

// open closes the block collections that begin at a column or right of it, and
// opens one there.
func open(columns []int, column int) []int {
	for len(columns) > 0 && columns[len(columns)-1] >= column {
		columns = columns[:len(columns)-1]
	}
	return append(columns, column)
}

// syntax gives an error of the parser the form of all others.
func (s *source) syntax(err error) error {
	var parsing yaml.Error
	if !errors.As(err, &parsing) {
		return s.problem("", "not YAML")
	}
	at := placeOf(parsing.GetToken())
	problem := s.problemAt(at, "", parsing.GetMessage())
	if at.line >= 1 && at.line <= len(s.lines) && strings.Contains(s.lines[at.line-1], "${") {
		return hint.Wrap(problem, "inside {…} and […] a value with ${…} needs quotes")
	}
	return problem
}
