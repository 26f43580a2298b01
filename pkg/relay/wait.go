package relay

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxWait bounds what a relay can ask for: a number too many in its text must not
// park a campaign for weeks.
const maxWait = 24 * time.Hour

var (
	// spelledWait finds "try again in 5 minutes", "greylisted for 300 seconds".
	spelledWait = regexp.MustCompile(`(?i)\b(?:in|after|for|wait|retry)\s+(?:(?:at least|about|another|approximately)\s+)?` +
		`([0-9]{1,5})\s*(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)\b`)
	// clockWait finds "come back in 00:04:59", as milter-greylist says it.
	clockWait = regexp.MustCompile(`(?i)\bin\s+([0-9]{1,2}):([0-9]{2}):([0-9]{2})\b`)
	// period finds the span that a quota counts over.
	period = regexp.MustCompile(`(?i)\b(daily|24[- ]hours?|per day|hourly|per hour|per minute)\b`)
)

// askedWait returns how long the text of a reply asks to wait, at most a day; 0
// where it asks for nothing.
func askedWait(text string) time.Duration {
	if m := spelledWait.FindStringSubmatch(text); m != nil {
		return min(number(m[1])*unit(m[2]), maxWait)
	}
	if m := clockWait.FindStringSubmatch(text); m != nil {
		return min(number(m[1])*time.Hour+number(m[2])*time.Minute+number(m[3])*time.Second, maxWait)
	}
	return 0
}

// quotaWait returns after what time a quota is sure to be fresh: what the text
// asks for, or else the span that the quota counts over; 0 where it names neither.
func quotaWait(text string) time.Duration {
	if asked := askedWait(text); asked > 0 {
		return asked
	}
	switch strings.ToLower(period.FindString(text)) {
	case "":
		return 0
	case "hourly", "per hour":
		return time.Hour
	case "per minute":
		return time.Minute
	}
	return 24 * time.Hour
}

// number reads digits that a pattern has found, at most five of them: so many days
// are still a Duration.
func number(digits string) time.Duration {
	n, _ := strconv.Atoi(digits) // the pattern leaves nothing that can fail
	return time.Duration(n)
}

func unit(name string) time.Duration {
	switch name[0] | 0x20 { // lower case
	case 's':
		return time.Second
	case 'm':
		return time.Minute
	case 'h':
		return time.Hour
	}
	return 24 * time.Hour
}
