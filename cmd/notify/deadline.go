package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/ledger"
)

// standing is where a campaign stands while nothing is sent.
type standing struct {
	status campaign.Status
	trail  campaign.Trail
	mix    map[string]float64 // of the destinations of what is left
}

// standingOf reads where a campaign stands. c tells how fast it would go on; nil: that
// is not known.
func standingOf(ctx context.Context, book *ledger.Reader, c *campaign.Config, now time.Time) (s standing, err error) {
	if s.status, err = book.Status(ctx, now); err != nil {
		return s, err
	}
	left := s.status.Notices.Left()
	if c == nil || left == 0 || s.status.Running() {
		return s, nil
	}
	if s.trail, err = book.Trail(ctx); err != nil {
		return s, err
	}
	if s.mix, err = book.Mix(ctx); err != nil {
		return s, err
	}
	s.status.Foresee(restraints(c, s).Outlook(left))
	return s, nil
}

// deadlineLine says how the campaign stands to its deadline, and whether that is bad
// news; empty: there is no deadline.
func deadlineLine(s campaign.Status) (line string, bad bool) {
	d, now := s.Deadline, s.At
	switch {
	case d == nil:
		return "", false
	case s.Notices.Left() == 0 && d.TriedBy != nil:
		return pastDeadline(d, s.Notices.Failed(), now), d.Missed() || s.Notices.Failed() > 0
	case d.Passed(now):
		line := fmt.Sprintf("over since %s, with %s notices to be sent", clock(d.At, now), thousands(s.Notices.Left()))
		if d.DoneBy != nil {
			line += fmt.Sprintf("; %s done %s, %s after it", condition(s), clock(*d.DoneBy, now), inWords(d.DoneBy.Sub(d.At)))
		}
		return line, true
	case d.DoneBy == nil:
		return fmt.Sprintf("%s, in %s", clock(d.At, now), inWords(d.At.Sub(now))), false
	}
	if d.Missed() {
		return fmt.Sprintf("will be missed: %s done %s, %s after the deadline (%s)", condition(s), clock(*d.DoneBy, now),
			inWords(d.DoneBy.Sub(d.At)), clock(d.At, now)), true
	}
	return fmt.Sprintf("%s done %s, %s before the deadline", condition(s), clock(*d.DoneBy, now), inWords(d.At.Sub(*d.DoneBy))), false
}

// condition is on what the end that is foreseen depends.
func condition(s campaign.Status) string {
	if s.Running() {
		return "at this rate"
	}
	return "begun now, under the throttle alone,"
}

// pastDeadline says how it went, once nothing is left. Kept is only a deadline by which
// every notice was accepted.
func pastDeadline(d *campaign.Due, failed int64, now time.Time) string {
	var besides string
	switch {
	case failed == 1:
		besides = ", and 1 notice was not accepted"
	case failed > 1:
		besides = fmt.Sprintf(", and %s notices were not accepted", thousands(failed))
	}
	if d.Missed() {
		return fmt.Sprintf("missed: the last notice was tried %s, %s after the deadline (%s)%s", clock(*d.TriedBy, now),
			inWords(d.TriedBy.Sub(d.At)), clock(d.At, now), besides)
	}
	margin := inWords(d.At.Sub(*d.TriedBy))
	if failed > 0 {
		return fmt.Sprintf("everything was tried by %s, %s before the deadline%s", clock(*d.TriedBy, now), margin, besides)
	}
	return fmt.Sprintf("kept: the last notice was tried %s, %s before the deadline", clock(*d.TriedBy, now), margin)
}

// expected is the ETA of a run, which must have one.
func expected(s campaign.Status) string {
	return fmt.Sprintf("%s, in %s", clock(*s.ETA, s.At), inWords(s.ETA.Sub(s.At)))
}

// clock is a moment to the minute, with its day where that is not today.
func clock(at, now time.Time) string {
	at, now = at.UTC(), now.UTC()
	if at.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return at.Format("15:04 UTC")
	}
	return at.Format("2006-01-02 15:04 UTC")
}

// inWords is a span of time as somebody would say it, rounded down.
func inWords(d time.Duration) string {
	hours, minutes := int64(d/time.Hour), int64(d%time.Hour/time.Minute)
	switch {
	case d < time.Minute:
		return "less than a minute"
	case hours == 0:
		return fmt.Sprintf("%d min", minutes)
	case hours < 10:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	case hours < 96:
		return fmt.Sprintf("%d h", hours)
	}
	return fmt.Sprintf("%d days %d h", hours/24, hours%24)
}

// roughly is inWords, and to the second below a minute.
func roughly(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%d s", int64(d.Round(time.Second)/time.Second))
	}
	return inWords(d)
}

// rateInWords is how fast a run is, in the unit of the limit that holds it back where it
// is slower than 1/s. Over the minute for which a rate stands, one under 1/m tells nothing
// but the count.
func rateInWords(s campaign.Status, limit campaign.Rate) string {
	switch {
	case s.Measuring() || s.RatePerS <= 0 && s.At.Sub(s.Began) < time.Minute:
		return "measuring"
	case s.RatePerS >= 1:
		return fmt.Sprintf("%.1f/s", s.RatePerS)
	case s.RatePerS <= 0:
		return "none in the last minute"
	case limit.Per == time.Hour && limit.Count < 60:
		over := min(s.At.Sub(s.Began), time.Minute).Seconds()
		return fmt.Sprintf("%.0f in the last minute", max(1, s.RatePerS*over))
	case limit.Per == time.Hour:
		return fmt.Sprintf("%.0f/h", s.RatePerS*time.Hour.Seconds())
	}
	return fmt.Sprintf("%.1f/m", s.RatePerS*time.Minute.Seconds())
}

// thousands is a number that can be read at a glance.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
