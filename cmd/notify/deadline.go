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
	case s.Notices.Left() == 0 && d.DoneBy != nil:
		return pastDeadline(d, now), d.Missed()
	case d.Passed(now):
		line := fmt.Sprintf("over since %s, with %s notices to be sent", clock(d.At, now), thousands(s.Notices.Left()))
		if d.DoneBy != nil {
			line += fmt.Sprintf("; at this rate done %s, %s after it", clock(*d.DoneBy, now), inWords(d.DoneBy.Sub(d.At)))
		}
		return line, true
	case d.DoneBy == nil:
		return fmt.Sprintf("%s, in %s", clock(d.At, now), inWords(d.At.Sub(now))), false
	}
	rate := "at this rate done"
	if !s.Running() {
		rate = "begun now and at this rate done"
	}
	if d.Missed() {
		return fmt.Sprintf("will be missed: %s %s, %s after the deadline (%s)", rate, clock(*d.DoneBy, now),
			inWords(d.DoneBy.Sub(d.At)), clock(d.At, now)), true
	}
	return fmt.Sprintf("%s %s, %s before the deadline", rate, clock(*d.DoneBy, now), inWords(d.At.Sub(*d.DoneBy))), false
}

func pastDeadline(d *campaign.Due, now time.Time) string {
	if d.Missed() {
		return fmt.Sprintf("missed: the last notice was tried %s, %s after the deadline (%s)", clock(*d.DoneBy, now),
			inWords(d.DoneBy.Sub(d.At)), clock(d.At, now))
	}
	return fmt.Sprintf("kept: the last notice was tried %s, %s before the deadline", clock(*d.DoneBy, now), inWords(d.At.Sub(*d.DoneBy)))
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

// thousands is a number that can be read at a glance.
func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
