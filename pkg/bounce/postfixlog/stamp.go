package postfixlog

import (
	"bytes"
	"strings"
	"time"
)

// layouts are the forms of dates with a year. Those without a zone are in
// Options.Location.
var layouts = []string{
	time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999-0700", // journalctl -o short-iso, short-iso-precise
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999 MST", // journalctl -o short-full, without its weekday
	"2006-01-02 15:04:05.999999999",
}

// parseStamp reads the date of a line; zero where it has none that can be told.
func (w *walker) parseStamp(stamp []byte) time.Time {
	s := string(stamp)
	if strings.HasPrefix(s, "<") { // the priority, where a file has the raw packets of syslog
		_, s, _ = strings.Cut(s, ">")
	}
	if at := w.withoutYear(s); !at.IsZero() {
		return at
	}
	if weekday, rest, ok := strings.Cut(s, " "); ok && len(weekday) == len("Mon") {
		s = rest
	}
	for _, layout := range layouts {
		if at, err := time.ParseInLocation(layout, s, w.options.Location); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// withoutYear reads the date of RFC 3164, section 4.1.2. Its year is the last in which
// there is such a day that is not after Options.Now; a day is left to clocks that differ.
func (w *walker) withoutYear(s string) time.Time {
	parsed, err := time.Parse("Jan _2 15:04:05.999999999", s)
	if err != nil || w.options.Now.IsZero() {
		return time.Time{}
	}
	latest := w.options.Now.Add(24 * time.Hour)
	year := latest.In(w.options.Location).Year()
	for y := year; y > year-9; y-- { // eight years may lie between two 29ths of February
		at := time.Date(y, parsed.Month(), parsed.Day(), parsed.Hour(), parsed.Minute(), parsed.Second(), parsed.Nanosecond(), w.options.Location)
		if at.Day() == parsed.Day() && !at.After(latest) {
			return at.UTC()
		}
	}
	return time.Time{}
}

// firstDate returns the date of the first line of Postfix.
func (w *walker) firstDate(head []byte) time.Time {
	for raw := range bytes.Lines(head) {
		if l, ok := parseLine(raw); ok {
			return w.parseStamp(l.stamp)
		}
	}
	return time.Time{}
}
