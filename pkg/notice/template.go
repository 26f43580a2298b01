package notice

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"maps"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"

	"breachnotify/pkg/hint"
)

// input is everything that one compiled notice is made of.
type input struct {
	variant
	content []byte
	layout  *htmltemplate.Template
	facts   map[string]fact
	shared  Facts // with the incident in the language of the notice
}

// compiled is one notice in one language, ready to be rendered.
type compiled struct {
	variant
	subject  string
	text     *texttemplate.Template
	html     *htmltemplate.Template
	textSize int               // octets of the source
	incident map[string]string // with an empty value for what templates ask for and the campaign lacks
	links    map[string]string // with an empty value for what the campaign lacks
	mentions []mention
	stencil  *stencil // nil: go-mail writes each message
}

// contentName is what a layout calls to have the notice in its place.
const contentName = "content"

// localFacts returns the facts in one language: the value of what_happened_de goes
// before that of what_happened in a German notice, and a date is written out. origins
// has the key that a value was taken from, for those with one of their own language.
func localFacts(incident map[string]string, locale string) (facts, origins map[string]string) {
	facts, origins = maps.Clone(incident), map[string]string{}
	var tags []string // the narrowest first
	for tag := canonicalLocale(locale); tag != ""; tag = wider(tag) {
		tags = append(tags, strings.ReplaceAll(tag, "-", "_"))
	}
	for _, tag := range slices.Backward(tags) {
		for key, value := range incident {
			if base, ok := strings.CutSuffix(key, "_"+tag); ok && value != "" {
				facts[base], origins[base] = value, key
			}
		}
	}
	for key, value := range facts {
		value = strings.TrimSpace(value)
		if day, err := time.Parse(time.DateOnly, value); err == nil {
			// A bare "8." would begin a list.
			value = strings.Replace(longDate(day, locale), ".", `\.`, 1)
		}
		facts[key] = value
	}
	return facts, origins
}

// parseFacts parses all facts that say anything, each under the key that it was
// written under, so that errors name that one, and once.
func parseFacts(values, origins map[string]string) (map[string]fact, error) {
	type written struct{ key, value string }
	facts, parsed := map[string]fact{}, map[written]fact{}
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if values[key] == "" {
			continue
		}
		w := written{cmp.Or(origins[key], key), values[key]}
		f, known := parsed[w]
		if !known {
			var err error
			f, err = parseFact(w.key, w.value)
			parsed[w] = f
			errs = append(errs, err)
		}
		facts[key] = f
	}
	return facts, errors.Join(errs...)
}

func (in input) compile() (*compiled, error) {
	name := in.name()
	front, body, first, err := splitFrontMatter(name, in.content)
	if err != nil {
		return nil, err
	}
	data := subjectData{in.shared.Organisation, string(in.class), in.locale}
	subject, err := renderSubject(name, front.Subject, data)
	if err != nil {
		return nil, err
	}
	if err := checkText(body, name, first); err != nil {
		return nil, err
	}
	masked, actions, err := mask(body, name, first)
	if err != nil {
		return nil, err
	}
	if err := checkLinkKeys(name, actions); err != nil {
		return nil, err
	}
	c := compiler{
		file: name, source: masked, first: first, actions: actions,
		facts: in.facts, links: in.shared.Links, out: &sources{},
	}
	if err := c.document(parseMarkdown(masked, actions)); err != nil {
		return nil, err
	}
	notice := &compiled{variant: in.variant, subject: subject, mentions: c.out.mentions}
	notice.incident, notice.links = lookups(in.shared, actions)
	return notice, notice.parse(c.out, in.layout)
}

// checkLinkKeys refuses a link that no campaign can have.
func checkLinkKeys(name string, actions []action) error {
	for _, a := range actions {
		if a.kind == kindLink && !slices.Contains(LinkKeys(), a.key) {
			err := at(name, a.line, "there is no link %q", a.key)
			return hint.Wrap(err, "links are %s", strings.Join(LinkKeys(), ", "))
		}
	}
	return nil
}

// lookups returns the maps behind .Incident and .Links. What is optional has an
// empty value, so that a template can ask for it with if.
func lookups(shared Facts, actions []action) (incident, links map[string]string) {
	incident, links = map[string]string{}, map[string]string{}
	for _, a := range actions {
		for _, mention := range factMention.FindAllStringSubmatch(a.src, -1) {
			incident[mention[1]] = ""
		}
	}
	for _, key := range LinkKeys() {
		links[key] = ""
	}
	maps.Copy(incident, shared.Incident)
	maps.Copy(links, shared.Links)
	return incident, links
}

// templateFuncs are the functions that compiled sources call.
func templateFuncs() map[string]any {
	return map[string]any{
		"missing": func(key, file string, line int) (string, error) { return "", &missingError{key, file, line} },
		"next":    func(n int) int { return n + 1 },
	}
}

// parse makes templates of the sources.
func (c *compiled) parse(src *sources, layout *htmltemplate.Template) error {
	name, funcs := c.name(), templateFuncs()
	var err error
	c.text, err = texttemplate.New(name).Funcs(funcs).Option("missingkey=error").Parse(src.text.String())
	if err != nil {
		return hint.Wrap(&PlaceError{name, 0, fmt.Errorf("read a notice: %w", err)}, actionAdvice)
	}
	c.textSize = src.text.Len()
	content, err := htmltemplate.New(name).Funcs(funcs).Parse(src.html.String())
	if err != nil {
		return hint.Wrap(&PlaceError{name, 0, fmt.Errorf("read a notice: %w", err)}, actionAdvice)
	}
	if c.html, err = layout.Clone(); err != nil {
		return fmt.Errorf("copy the layout: %w", err)
	}
	_, err = c.html.AddParseTree(contentName, content.Tree)
	return err
}

// missingError is a fact or link that a notice needs and the campaign lacks.
type missingError struct {
	key  string
	file string
	line int
}

// Error implements error.
func (e *missingError) Error() string {
	return fmt.Sprintf("%s:%d: %s is missing", e.file, e.line, e.key)
}

// parts are the two parts of one notice, and the message of them. Their memory is used
// again for other notices, which spares the garbage collector a fifth of its work.
type parts struct {
	text, page bytes.Buffer
	whole      []byte
}

// render executes both templates and leaves what they give in into.
func (c *compiled) render(d data, into *parts) error {
	var rendered strings.Builder
	rendered.Grow(c.textSize) // about the length of what it gives
	if err := c.text.Execute(&rendered, d); err != nil {
		return renderError(err)
	}
	into.text.Reset()
	layOut(&into.text, rendered.String())
	into.page.Reset()
	if err := c.html.Execute(&into.page, d); err != nil {
		return renderError(err)
	}
	page := into.page.Bytes()
	for i := bytes.IndexByte(page, markLine[0]); i >= 0; i = bytes.IndexByte(page, markLine[0]) {
		page[i] = '\n'
		page = page[i+1:]
	}
	return nil
}

// renderError returns what a reader of the configuration can act on. The errors of
// the template packages name files, lines and actions, and no data.
func renderError(err error) error {
	var missing *missingError
	if errors.As(err, &missing) {
		return hint.Wrap(missing, "add %s to notify.yaml, or put {{if}} around what needs it", missing.key)
	}
	return hint.Wrap(fmt.Errorf("render a notice: %w", err), actionAdvice)
}

// actionAdvice names what data has for templates.
const actionAdvice = "an action is one of Go's text/template and may use .Name, .Accounts (each with .Label, .Name and .ID), " +
	".Organisation, .Incident.KEY, .Links.KEY, .Date, .Class, .Locale and .Subject"
