package notice

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	texttemplate "text/template"

	"github.com/goccy/go-yaml"

	"breachnotify/pkg/hint"
)

// frontMatter is what stands above the Markdown of a notice.
type frontMatter struct {
	Subject string `yaml:"subject"`
}

var byteOrderMark = []byte("\ufeff")

// splitFrontMatter returns the front matter of a file, its Markdown, and the line
// that the Markdown begins on. Line ends become newlines.
func splitFrontMatter(file string, content []byte) (front frontMatter, body []byte, first int, err error) {
	content = bytes.ReplaceAll(bytes.TrimPrefix(content, byteOrderMark), []byte("\r\n"), []byte("\n"))
	rest, ok := bytes.CutPrefix(content, []byte("---\n"))
	head, body, closed := bytes.Cut(rest, []byte("\n---\n"))
	if !ok || !closed {
		err := fmt.Errorf("%s: no front matter", file)
		return front, nil, 0, hint.Wrap(err, "begin the file with three lines: ---, subject: …, ---")
	}
	// The newline stands for the first line, so that errors name lines of the file.
	err = yaml.UnmarshalWithOptions(append([]byte("\n"), head...), &front, yaml.Strict())
	if err != nil {
		return front, nil, 0, hint.Wrap(fmt.Errorf("%s: read the front matter: %w", file, err),
			"it holds one key, subject; a value with a colon or braces stands in double quotes")
	}
	return front, body, bytes.Count(head, []byte("\n")) + 4, nil
}

// subjectData is what a subject may use: it is the same for everybody.
type subjectData struct {
	Organisation, Class, Locale string
}

const subjectAdvice = "a subject is the same for everybody: it may use .Organisation, .Class and .Locale"

// renderSubject returns the subject of a notice. Account data is out of its reach.
func renderSubject(file, src string, data subjectData) (string, error) {
	t, err := texttemplate.New("subject").Option("missingkey=error").Parse(src)
	if err != nil {
		return "", hint.Wrap(fmt.Errorf("%s: read the subject: %w", file, err), subjectAdvice)
	}
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		err = fmt.Errorf("%s: render the subject: %w", file, err)
		return "", hint.Wrap(err, subjectAdvice)
	}
	subject := strings.TrimSpace(b.String())
	if strings.Contains(subject, "{{") || strings.Contains(subject, "}}") {
		return "", errors.New(file + ": the subject holds braces that are no action")
	}
	return subject, oneLine(file+": the subject", subject)
}
