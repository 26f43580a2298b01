package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// result is what a command found out: it knows how it reads for a human, and its
// JSON form is that of encoding/json.
type result interface {
	human(w io.Writer)
}

// view prints results on stdout and a failure on stderr. There are two: for
// humans and as JSON.
type view interface {
	// show prints a result.
	show(r result) error
	// fail prints what ended the command.
	fail(f failure)
}

// failure is the end of a command that did not succeed.
type failure struct {
	Error string
	Hints []string
	Code  int
}

func newView(p *process, g *globals) view {
	if g.json {
		return &jsonView{out: p.stdout, err: p.stderr}
	}
	v := &humanView{out: p.stdout, err: p.stderr, inks: p.outInks}
	if p.watches { // both are the same terminal
		v.columns, _ = p.size()
	}
	return v
}

type humanView struct {
	out, err io.Writer
	inks     inks // of out
	columns  int  // of out; 0: not known, or no terminal
}

var _ view = (*humanView)(nil)

func (v *humanView) show(r result) error {
	w := &stickyWriter{w: v.out, inks: v.inks, columns: v.columns}
	r.human(w)
	return w.err
}

func (v *humanView) fail(f failure) {
	for line := range strings.Lines(strings.TrimSpace(f.Error)) {
		fmt.Fprintf(v.err, "notify: %s\n", strings.TrimRight(line, "\n"))
	}
	for _, line := range f.Hints {
		fmt.Fprintf(v.err, "hint: %s\n", line)
	}
}

type jsonView struct{ out, err io.Writer }

var _ view = (*jsonView)(nil)

func (v *jsonView) show(r result) error {
	encoder := json.NewEncoder(v.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

func (v *jsonView) fail(f failure) {
	var advice string
	if len(f.Hints) > 0 {
		advice = f.Hints[0]
	}
	encoder := json.NewEncoder(v.err)
	encoder.SetEscapeHTML(false)
	// Stderr is the last place to complain: an error here has nowhere to go.
	_ = encoder.Encode(struct {
		Error string   `json:"error"`
		Hint  string   `json:"hint"`
		Hints []string `json:"hints"`
		Code  int      `json:"code"`
	}{f.Error, advice, f.Hints, f.Code})
}

// stickyWriter remembers the first error of a row of writes, so that a report can
// be written without a check after each line and still notice a full disk.
type stickyWriter struct {
	w       io.Writer
	err     error
	inks    inks // whether w takes them
	columns int  // as of humanView
}

// leastFolded is how narrow a terminal may be for lines to be folded at words.
const leastFolded = 40

// tell writes text behind a label, folded at its words where w is a terminal.
func tell(w io.Writer, label string, i ink, text string) {
	sticky, ok := w.(*stickyWriter)
	if !ok || sticky.columns < leastFolded || columnsOf(text)+indent < sticky.columns {
		fmt.Fprintf(w, "%-*s%s\n", indent, label, inksOf(w).paint(i, text))
		return
	}
	for _, r := range folded(label, i, text, sticky.columns-1) {
		fmt.Fprintf(w, "%-*s%s\n", indent, strings.TrimSpace(r[0].text), inksOf(w).paint(i, r[1].text))
	}
}

func (s *stickyWriter) Write(b []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.w.Write(b)
	s.err = err
	return n, err
}
