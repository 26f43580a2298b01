package report

import (
	"time"

	"breachnotify/pkg/campaign"
)

// maxSpans is how many bars a timeline has at most.
const maxSpans = 48

const day = 24 * time.Hour

// lengths are the lengths of a span to choose from; above them come whole days.
var lengths = []time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day,
}

// spans divides the time from the first to the last minute into spans of one length, the
// shortest that does with maxSpans of them.
func spans(minutes []campaign.MinuteCount) []Span {
	if len(minutes) == 0 {
		return nil
	}
	first, last := minutes[0].At.UTC(), minutes[len(minutes)-1].At.UTC()
	length := spanLength(first, last)
	from := first.Truncate(min(length, day))
	var list []Span
	for !from.After(last) {
		list = append(list, Span{From: from, To: from.Add(length)})
		from = from.Add(length)
	}
	for _, m := range minutes {
		list[m.At.Sub(list[0].From)/length].Accepted += m.N
	}
	return list
}

func spanLength(first, last time.Time) time.Duration {
	for _, length := range lengths {
		if last.Sub(first.Truncate(length))/length < maxSpans {
			return length
		}
	}
	days := last.Sub(first.Truncate(day)) / day
	return (days/maxSpans + 1) * day
}
