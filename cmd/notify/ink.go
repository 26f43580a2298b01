package main

import "io"

// ink is how a piece of text stands out on a terminal. Nothing is said by an ink alone.
type ink string

// The inks, as parameters of SGR (ECMA-48, section 8.3.117).
const (
	plain  ink = ""
	strong ink = "1"
	faint  ink = "2"
	good   ink = "32"
	bad    ink = "31;1"
	filled ink = "42" // the part of a bar that is done
)

// inks says whether a terminal takes inks.
type inks bool

// paint returns text in an ink.
func (on inks) paint(i ink, text string) string {
	if !on || i == plain || text == "" {
		return text
	}
	return "\x1b[" + string(i) + "m" + text + "\x1b[0m"
}

// inksOf tells whether what is written to w may be painted.
func inksOf(w io.Writer) inks {
	sticky, ok := w.(*stickyWriter)
	return inks(ok) && sticky.inks
}

// warningInk is the ink of a line that may be bad news.
func warningInk(isBad bool) ink {
	if isBad {
		return bad
	}
	return plain
}
