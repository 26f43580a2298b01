package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// jurisdictionRules are about what the laws of the readers ask for.
func jurisdictionRules() []rule {
	return []rule{
		{Rule{"jurisdiction-unknown", SeverityError, "a name in jurisdictions that no data file has",
			"what its law asks for is not looked at",
			"take one of " + strings.Join(JurisdictionNames(), ", ")}, checkKnown},
		{Rule{"jurisdiction-missing", SeverityError, "an element that a jurisdiction requires is missing",
			"the notice may not count as one there, and cannot be taken back",
			"declare the fact in notify.yaml and show it in the notices, or have a named person attest it where the element asks for one"},
			byNeed(needRequired, StateMissing)},
		{Rule{"jurisdiction-conditional", SeverityWarning, "an element that a jurisdiction requires under a condition is missing",
			"nobody has said whether the condition is met",
			"show the element in the notices, or attest that the condition is not met"},
			byNeed(needConditional, StateMissing)},
		{Rule{"jurisdiction-recommended", SeverityInfo, "an element that a jurisdiction recommends is missing",
			"readers and regulators expect it",
			"show it in the notices"},
			byNeed(needRecommended, StateMissing)},
		{Rule{"jurisdiction-prohibited", SeverityError, "an element that a jurisdiction prohibits stands in a notice",
			"the notice breaks the law there",
			"take it out of these notices, or give these readers a campaign of their own"},
			byNeed(needProhibited, StateProhibited)},
		{Rule{"jurisdiction-conflict", SeverityError, "one jurisdiction requires what another one prohibits",
			"no one notice can do for both",
			"give the readers of one of them a campaign of their own, with other notices"}, checkConflicts},
		{Rule{"jurisdiction-unattested", SeverityWarning, "an element that a named person has to judge, and nobody has attested it",
			"a program cannot tell whether the words are right",
			"have somebody read it, and put the element and their name under attest"}, checkVouched},
		{Rule{"attest-unknown", SeverityError, "an attestation of nothing that a chosen jurisdiction asks for, or without a name",
			"somebody believes that an element is settled, and it is not",
			"write the id of an element, or jurisdiction.ELEMENT, and who vouches for it"}, checkAttestations},
		{Rule{"jurisdiction-late", SeverityWarning, "the notices go out after the term of a jurisdiction",
			"lateness has to be explained, in some places in the notice itself",
			"send at once, and talk to counsel"}, checkLate},
		{Rule{"discovered-future", SeverityWarning, "a day of discovery that is yet to come",
			"readers see a date that cannot be, and no term is counted from it",
			"write the day, or the moment, on which the incident was discovered"}, checkFuture},
	}
}

func checkKnown(in *inspected, report reporter) {
	for _, name := range in.Jurisdictions {
		if _, known := jurisdictions()[name]; !known {
			report(place{file: "jurisdictions"}, "there is no jurisdiction %q", name)
		}
	}
}

// eachElement calls yield for every element of every chosen jurisdiction.
func (in *inspected) eachElement(yield func(s Standing, e ElementStands)) {
	for _, s := range in.standings {
		for _, e := range s.Elements {
			yield(s, e)
		}
	}
}

func byNeed(needed need, state State) func(*inspected, reporter) {
	return func(in *inspected, report reporter) {
		in.eachElement(func(s Standing, e ElementStands) {
			if e.of.Need != needed || e.State != state {
				return
			}
			what := fmt.Sprintf("%s %s, %s: %s (%s)", s.Name, e.ID, e.Means, e.State, e.Cite)
			if e.When != "" {
				what += ", if " + e.When
			}
			for _, at := range in.placesOf(e) {
				report(at, "%s", what)
			}
		})
	}
}

// placesOf returns what has to be changed: the fact that nobody declared, or else the
// notices.
func (in *inspected) placesOf(e ElementStands) []place {
	switch {
	case e.State == StateMissing && len(e.of.Facts) > 0 && !in.isDeclared(e.of.Facts):
		return []place{{file: e.of.Facts[0]}}
	case e.of.Computed == probeOfFurnished:
		return []place{{file: "furnished_mail_domains"}}
	case len(e.Where) == 0 && !e.of.observable():
		return []place{{file: "attest"}}
	case len(e.Where) == 0:
		return []place{{file: "jurisdictions"}}
	}
	var places []place
	for _, file := range e.Where {
		places = append(places, place{file: file})
	}
	return places
}

// matters are the elements about the heading of a section, which has to hold something,
// with what it is about.
var matters = map[string]string{"H_WHAT": "WHAT", "H_DATA": "DATA", "H_MEAS": "MEAS", "H_SELF": "SELF"}

func checkConflicts(in *inspected, report reporter) {
	needs := map[string]map[need][]string{}
	in.eachElement(func(s Standing, e ElementStands) {
		id := cmp.Or(matters[e.ID], e.ID)
		if needs[id] == nil {
			needs[id] = map[need][]string{}
		}
		if !slices.Contains(needs[id][e.of.Need], s.Name) {
			needs[id][e.of.Need] = append(needs[id][e.of.Need], s.Name)
		}
	})
	for _, id := range slices.Sorted(maps.Keys(needs)) {
		required, prohibited := needs[id][needRequired], needs[id][needProhibited]
		if len(required) > 0 && len(prohibited) > 0 {
			report(place{file: "jurisdictions"}, "%s, %s: required by %s, prohibited by %s",
				id, elements[id], strings.Join(required, ", "), strings.Join(prohibited, ", "))
		}
	}
}

func checkVouched(in *inspected, report reporter) {
	in.eachElement(func(s Standing, e ElementStands) {
		if e.unvouched {
			report(place{file: "attest"}, "%s %s, %s: %s, and attested by nobody", s.Name, e.ID, e.Means, e.State)
		}
	})
}

func checkAttestations(in *inspected, report reporter) {
	asked := map[string]bool{}
	in.eachElement(func(s Standing, e ElementStands) {
		if e.of.Attest || e.of.Need == needConditional {
			asked[e.ID], asked[s.Name+"."+e.ID] = true, true
		}
	})
	for _, key := range slices.Sorted(maps.Keys(in.Attested)) {
		switch {
		case !asked[key]:
			report(place{file: "attest." + key}, "%q is no element that a chosen jurisdiction has attested", key)
		case strings.TrimSpace(in.Attested[key]) == "":
			report(place{file: "attest." + key}, "nobody is named")
		}
	}
}

func checkLate(in *inspected, report reporter) {
	if in.Discovered.IsZero() {
		return
	}
	for _, s := range in.standings {
		if end, ok := termEnd(s.of.Term, in.Discovered); ok && !in.At.Before(end) {
			report(place{file: "incident.discovered"}, "%s: due %s, which ended on %s", s.Name, s.Due, lastOf(s.of.Term, end))
		}
	}
}

// lastOf writes the last moment before the end of a term: its last day or, where it is one
// of hours, the minute.
func lastOf(term string, end time.Time) string {
	if strings.HasSuffix(term, "h") {
		return end.Format("2006-01-02 15:04 -07:00")
	}
	return end.AddDate(0, 0, -1).Format(time.DateOnly)
}

func checkFuture(in *inspected, report reporter) {
	if in.Discovered.After(in.At) {
		report(place{file: "incident.discovered"}, "the incident was discovered on %s, which is yet to come", in.Discovered.Format(time.DateOnly))
	}
}

// BUG(check): holidays count as working days, so that a term in working days can end
// later than is said here.

// termEnd returns the first moment that is too late for a term that runs from a moment
// of discovery. Days are those of its time zone; the day of discovery does not count,
// and the last day counts to its end.
func termEnd(term string, discovered time.Time) (end time.Time, ok bool) {
	parts := termForm.FindStringSubmatch(term)
	if parts == nil {
		return time.Time{}, false
	}
	number, err := strconv.Atoi(parts[1])
	if err != nil {
		return time.Time{}, false
	}
	if parts[2] == "h" {
		return discovered.Add(time.Duration(number) * time.Hour), true
	}
	year, month, day := discovered.Date()
	for end = time.Date(year, month, day, 0, 0, 0, 0, discovered.Location()); number > 0; {
		end = end.AddDate(0, 0, 1)
		if parts[2] == "d" || end.Weekday() != time.Saturday && end.Weekday() != time.Sunday {
			number--
		}
	}
	return end.AddDate(0, 0, 1), true
}
