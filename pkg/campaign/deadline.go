package campaign

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"time"
	_ "time/tzdata" // incident.time_zone means the same on every machine
)

// The keys of incident that a deadline is made of. They are facts as all others there:
// a notice may show them, and a plan binds them.
const (
	factDiscovered = "discovered"
	factDeadline   = "deadline"
	factTimeZone   = "time_zone"
)

// Deadline is until when everybody is to have been told. The zero Deadline is none.
//
// A term in hours runs from the moment of discovery; where only a date is known, from
// the beginning of that day, since that is the safe side. A term in days is one of
// calendar days: the day of discovery does not count, and the last day counts to its
// end (as in Regulation (EEC, Euratom) No 1182/71, article 3). Days are those of
// incident.time_zone.
type Deadline struct {
	At         time.Time // the first moment that is too late
	Discovered time.Time // the beginning of the day where only a date is known
	Term       string    // as written: 72h, 30d
	Zone       string    // a name of the IANA time zone database, such as Europe/Berlin
}

// Deadline returns the deadline of the incident; the zero Deadline where there is none,
// or where Validate has something to say about it.
func (c *Config) Deadline() Deadline {
	d, _ := parseDeadline(c.Incident)
	return d
}

// Discovered returns when the incident was discovered, in its time zone: the beginning of
// the day where only a date is known; the zero time where it says neither.
func (c *Config) Discovered() time.Time {
	zone, err := loadZone(c.Incident[factTimeZone])
	if err != nil {
		return time.Time{}
	}
	at, err := parseDiscovered(c.Incident[factDiscovered], zone)
	if err != nil {
		return time.Time{}
	}
	return at.In(zone)
}

// deadlineError says which key of incident is wrong.
type deadlineError struct{ fact, problem string }

func (e *deadlineError) Error() string { return e.fact + ": " + e.problem }

func parseDeadline(incident map[string]string) (Deadline, *deadlineError) {
	zone, err := loadZone(incident[factTimeZone])
	if err != nil {
		return Deadline{}, &deadlineError{factTimeZone, err.Error()}
	}
	written, given := incident[factDeadline]
	if !given {
		return Deadline{}, nil
	}
	term, err := parseTerm(written)
	if err != nil {
		return Deadline{}, &deadlineError{factDeadline, err.Error()}
	}
	discovered, given := incident[factDiscovered]
	if !given {
		return Deadline{}, &deadlineError{factDeadline, "given without discovered, from which it runs"}
	}
	from, err := parseDiscovered(discovered, zone)
	if err != nil {
		return Deadline{}, &deadlineError{factDiscovered, err.Error()}
	}
	return Deadline{At: term.end(from.In(zone)), Discovered: from, Term: written, Zone: zone.String()}, nil
}

// loadZone returns UTC for an empty name. The zone of the machine is none that two
// machines would agree about.
func loadZone(name string) (*time.Location, error) {
	wrong := errors.New("want a name of the IANA time zone database, such as Europe/Berlin or UTC")
	if name == "Local" {
		return nil, wrong
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, wrong
	}
	return zone, nil
}

func parseDiscovered(text string, zone *time.Location) (time.Time, error) {
	if day, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		return day, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	return time.Time{}, errors.New("want a date such as 2026-09-08 or a time such as 2026-09-08T14:30:00+02:00, from which deadline runs")
}

// term is a number of hours or of calendar days; one of them is 0.
type term struct{ hours, days int }

var termForm = regexp.MustCompile(`^([1-9][0-9]{0,4})([hd])$`)

func parseTerm(text string) (term, error) {
	parts := termForm.FindStringSubmatch(text)
	if parts == nil {
		return term{}, errors.New("want hours or calendar days, such as 72h or 30d")
	}
	number, err := strconv.Atoi(parts[1])
	if err != nil {
		return term{}, fmt.Errorf("read the number: %w", err)
	}
	if parts[2] == "h" {
		return term{hours: number}, nil
	}
	return term{days: number}, nil
}

func (t term) end(from time.Time) time.Time {
	if t.days == 0 {
		return from.Add(time.Duration(t.hours) * time.Hour)
	}
	year, month, day := from.Date()
	return time.Date(year, month, day+t.days+1, 0, 0, 0, 0, from.Location())
}

// deadline checks the keys of incident that make up a deadline.
func (c *checks) deadline() {
	if _, err := parseDeadline(c.Incident); err != nil {
		c.fail("incident."+err.fact, "%s", err.problem)
	}
}

// facts returns the facts of the incident as notices show them: of a moment of discovery
// the day, which notice writes out in the language of the notice.
func (c *Config) facts() map[string]string {
	facts := maps.Clone(c.Incident)
	at, err := time.Parse(time.RFC3339, facts[factDiscovered])
	if err != nil {
		return facts
	}
	if zone, err := loadZone(facts[factTimeZone]); err == nil {
		facts[factDiscovered] = at.In(zone).Format(time.DateOnly)
	}
	return facts
}

// Due is how a campaign stands to its deadline. Its JSON is a part of that of Status.
type Due struct {
	At time.Time `json:"at"`
	// DoneBy is when the last notice was handed over, or will be as far as anybody can
	// tell; nil: nobody can, or nothing is left to send and some were not told.
	DoneBy *time.Time `json:"done_by"`
	// MarginS is how many seconds DoneBy lies before At; negative: after it.
	MarginS *int64 `json:"margin_s"`
	// TriedBy is when the last notice was tried; nil while some are left.
	TriedBy *time.Time `json:"tried_by"`
}

// Expect says when the last notice is handed over.
func (d *Due) Expect(doneBy time.Time) {
	doneBy = doneBy.UTC().Truncate(time.Second)
	margin := int64(d.At.Sub(doneBy) / time.Second)
	d.DoneBy, d.MarginS, d.TriedBy = &doneBy, &margin, nil
}

// Tried says when the last notice was tried, with nothing left, and how many notices
// failed. Where some did, there is no margin: their people were not told in time.
func (d *Due) Tried(at time.Time, failed int64) {
	d.Expect(at)
	d.TriedBy = d.DoneBy
	if failed > 0 {
		d.DoneBy, d.MarginS = nil, nil
	}
}

// Missed reports whether the deadline is over before the last notice is handed over or
// was tried.
func (d *Due) Missed() bool {
	if d.TriedBy != nil {
		return !d.TriedBy.Before(d.At)
	}
	return d.MarginS != nil && *d.MarginS <= 0
}

// Passed reports whether the deadline is over at now.
func (d *Due) Passed(now time.Time) bool { return !now.Before(d.At) }
