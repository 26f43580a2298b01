package notice

import (
	"fmt"
	"html"
	htmltemplate "html/template"
	"strings"

	"breachnotify/pkg/hint"
)

// parseLayout reads the page around every notice. The place of the notice in it is
// filled in copies.
func parseLayout(content []byte) (*htmltemplate.Template, error) {
	layout, err := htmltemplate.New(namePrefix + layoutName).Funcs(templateFuncs()).Option("missingkey=error").Parse(string(content))
	if err != nil {
		return nil, hint.Wrap(fmt.Errorf("read the layout: %w", err), actionAdvice)
	}
	return layout, nil
}

// standIn stands for the notice where the layout is checked by itself. No file may
// hold it.
const standIn = string(placeholderBegin)

// checkLayout checks the page around a harmless notice, so that what is wrong with
// it is said once, and of the right file.
func (s *Set) checkLayout(v variant) error {
	page, err := s.frame(s.data(s.notices[v], s.Samples(v.class, v.locale, checkDate)[0]))
	if err != nil {
		return err
	}
	return checkFrame(page)
}

// frame renders the layout with standIn in the place of the notice.
func (s *Set) frame(d data) (string, error) {
	layout, err := s.layout.Clone()
	if err != nil {
		return "", fmt.Errorf("copy the layout: %w", err)
	}
	if _, err := layout.New(contentName).Parse("<p>" + standIn + "</p>"); err != nil {
		return "", fmt.Errorf("read the layout: %w", err)
	}
	var b strings.Builder
	if err := layout.Execute(&b, d); err != nil {
		return "", hint.Wrap(fmt.Errorf("render the layout: %w", err), actionAdvice)
	}
	return b.String(), nil
}

// checkFrame checks what frame gives.
func checkFrame(source string) error {
	p, err := readPage(source)
	if err != nil {
		return hint.Wrap(&PlaceError{namePrefix + layoutName, 0, err}, "notify init writes the built-in layout.html, to start from")
	}
	if n := strings.Count(p.text, standIn); n != 1 {
		err := fmt.Errorf("%s: it shows the notice %d times", namePrefix+layoutName, n)
		return hint.Wrap(err, `put {{template "content" .}} once, where the notice goes`)
	}
	return nil
}

// inLayout returns where a link stands that no notice mentions.
func (s *Set) inLayout(link string) string {
	file := namePrefix + layoutName
	line := 0
	for text := range strings.Lines(string(s.wordings[file])) {
		line++
		if strings.Contains(html.UnescapeString(text), link) {
			return fmt.Sprintf("%s:%d", file, line)
		}
	}
	return file
}
