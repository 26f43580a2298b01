package check

import (
	"maps"
	"slices"
	"strings"
)

// State is what can be said of an element.
type State string

// The states. None of them says that a law is satisfied.
const (
	StateFound      State = "found"      // it stands in the notices by its form: a heading, a date, a computed property
	StateDeclared   State = "declared"   // a fact of the configuration stands in both parts of the notices
	StateAttested   State = "attested"   // a named person vouches for it
	StateMissing    State = "missing"    // nothing shows it
	StateProhibited State = "prohibited" // it stands in a notice and must not
	StateAbsent     State = "absent"     // it must not stand in the notices, and was not seen there
	StateUnjudged   State = "not judged" // nobody could look, or what must not stand there can escape a program
)

// Standing is how the notices stand to one jurisdiction.
type Standing struct {
	Name     string          `json:"name"`
	Title    string          `json:"title"`
	Checked  string          `json:"checked"` // when the rules were last held against their sources
	Due      string          `json:"due"`
	Notes    []string        `json:"notes,omitempty"`
	Elements []ElementStands `json:"elements"`

	of jurisdiction
}

// ElementStands is how the notices stand to one element.
type ElementStands struct {
	ID         string   `json:"id"`
	Means      string   `json:"means"`
	Need       string   `json:"need"` // required, conditional, recommended, prohibited
	When       string   `json:"when,omitempty"`
	State      State    `json:"state"`
	By         string   `json:"by,omitempty"`       // who attests it
	Where      []string `json:"where,omitempty"`    // notices that lack it, or hold what is prohibited
	Unjudged   []string `json:"unjudged,omitempty"` // notices in languages in which nobody looked
	Cite       string   `json:"cite"`
	Unverified bool     `json:"unverified,omitempty"` // the rule was not yet held against its source

	of        element
	unvouched bool // it is in the notices, and a person has still to attest it
}

// judge holds the notices against every known jurisdiction of the Subject, each once.
func (in *inspected) judge() []Standing {
	standings := []Standing{}
	var done []string
	for _, name := range in.Jurisdictions {
		j, known := jurisdictions()[name]
		if !known || slices.Contains(done, name) {
			continue
		}
		done = append(done, name)
		s := Standing{Name: j.Name, Title: j.Title, Checked: j.Checked, Due: j.Due, Notes: j.Notes, of: j}
		for _, e := range j.Elements {
			s.Elements = append(s.Elements, in.judgeElement(j, e))
		}
		standings = append(standings, s)
	}
	return standings
}

// BUG(check): an element that is prohibited is seen by the words of its fact, by the
// headings of sections about it and by counts of people; a template that says the same in
// words of its own is not, so that such an element is not judged before a person attests
// that it does not stand there.

// judgeElement says what can be said of one element in all notices together: the worst
// of them counts.
func (in *inspected) judgeElement(j jurisdiction, e element) ElementStands {
	s := ElementStands{
		ID: e.ID, Means: elements[e.ID], Need: string(e.Need), When: e.When, Cite: e.Cite, Unverified: e.Unverified, of: e,
		By: in.attested(j.Name, e),
	}
	seen := in.look(j, e)
	s.Unjudged = slices.Sorted(maps.Keys(seen.unjudged))
	if e.Need == needProhibited {
		return s.prohibited(seen)
	}
	s.Where = slices.Sorted(maps.Keys(seen.lacks))
	switch {
	case e.observable() && !in.isRendered(e):
		s.State = StateUnjudged
	case len(seen.has) == 0 || len(seen.lacks) > 0:
		s.State = StateMissing
	case seen.declared:
		s.State = StateDeclared
	default:
		s.State = StateFound
	}
	switch {
	case s.By != "" && (e.Need == needConditional || len(seen.lacks) == 0):
		s.State = StateAttested
	case e.Attest:
		s.unvouched = s.State != StateMissing && s.State != StateUnjudged
	}
	return s
}

// prohibited says what can be said of an element that must not stand in the notices.
func (s ElementStands) prohibited(seen sight) ElementStands {
	s.Where = slices.Sorted(maps.Keys(seen.has))
	switch {
	case len(s.Where) > 0:
		s.State = StateProhibited
	case s.By != "":
		s.State = StateAttested
	case s.of.Attest:
		s.State, s.unvouched = StateUnjudged, true
	case len(seen.lacks) == 0:
		s.State = StateUnjudged
	default:
		s.State = StateAbsent
	}
	return s
}

// isRendered reports whether there is a notice in which to look for an element.
func (in *inspected) isRendered(e element) bool {
	return slices.ContainsFunc(in.views, func(v *view) bool { return e.concerns(v.class) })
}

// attested returns who vouches for an element where that is asked for: in general, and
// that a condition is met or does not apply.
func (in *inspected) attested(jurisdiction string, e element) string {
	if !e.Attest && e.Need != needConditional {
		return ""
	}
	for _, key := range []string{jurisdiction + "." + e.ID, e.ID} {
		if by := strings.TrimSpace(in.Attested[key]); by != "" {
			return by
		}
	}
	return ""
}

// sight is the files of the notices in which an element was looked for.
type sight struct {
	has, lacks, unjudged map[string]bool
	declared             bool // by a fact
}

// look looks for an element in every notice that it is about. A notice has it where
// every reader gets it; where one is prohibited, where any reader does.
func (in *inspected) look(j jurisdiction, e element) sight {
	s := sight{has: map[string]bool{}, lacks: map[string]bool{}, unjudged: map[string]bool{}}
	if !e.observable() {
		return s
	}
	for _, v := range in.views {
		if !e.concerns(v.class) {
			continue
		}
		found, declared := v.shows(j, e)
		switch found {
		case yes:
			s.has[v.file] = true
			s.declared = s.declared || declared
		case no:
			s.lacks[v.file] = true
		case unjudged:
			s.unjudged[v.file] = true
		}
	}
	return s
}

// answer is what looking for something gave.
type answer int

const (
	no answer = iota
	yes
	unjudged // nobody can look, in this language or before there is a plan
)

// shows looks for an element in one notice. declared says that a fact shows it.
func (v *view) shows(j jurisdiction, e element) (found answer, declared bool) {
	for _, key := range e.Facts {
		if v.showsFact(key) {
			return yes, true
		}
	}
	for _, headings := range []map[string]string{e.Title, e.Headings} {
		if len(headings) == 0 {
			continue
		}
		text, known := headings[v.language]
		switch {
		case !known:
			found = unjudged
		case v.hasHeading(text, len(e.Title) > 0) && v.inOrder(j, e):
			return yes, false
		}
	}
	if e.Computed != "" {
		return probes[e.Computed](v), false
	}
	if v.in.isDeclared(e.Facts) {
		found = no // whatever the language: there is a fact, and it does not stand here
	}
	return found, false
}

// hasHeading reports whether a heading stands in v, with something below it or, for a
// title, as the first one.
func (v *view) hasHeading(text string, title bool) bool {
	at := v.headingAt(text)
	if title {
		return at == 0 && v.page.headings[at].level == 1
	}
	return at >= 0 && v.page.headings[at].body != ""
}

// inOrder reports whether the heading of e stands below those that j names before it.
func (v *view) inOrder(j jurisdiction, e element) bool {
	own := v.headingAt(e.Headings[v.language])
	for _, other := range j.Elements {
		switch {
		case other.ID == e.ID:
			return true
		case own >= 0 && v.headingAt(other.Headings[v.language]) > own:
			return false
		}
	}
	return true
}

// headingAt returns the place of a heading among all; -1: there is none.
func (v *view) headingAt(text string) int {
	return slices.IndexFunc(v.page.headings, func(h heading) bool { return text != "" && strings.EqualFold(h.text, text) })
}
