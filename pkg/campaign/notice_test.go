package campaign

import (
	"testing"
	"time"
)

func TestDateOfANotice(t *testing.T) {
	planned := time.Date(2026, 9, 8, 12, 0, 0, 700_000_000, time.FixedZone("", 7200))
	dated := planned.Add(-48 * time.Hour)
	cases := []struct {
		name string
		n    Notice
		now  time.Time
		want string
	}{
		{"at once", Notice{Planned: planned}, planned, "2026-09-08T10:00:00Z"},
		{"just within the hour", Notice{Planned: planned}, planned.Add(time.Hour - 1), "2026-09-08T10:00:00Z"},
		{"after an hour", Notice{Planned: planned}, planned.Add(time.Hour), "2026-09-08T11:00:00Z"},
		{"a day later", Notice{Planned: planned}, planned.Add(24 * time.Hour), "2026-09-09T10:00:00Z"},
		{"a retry keeps its date", Notice{Planned: planned, Dated: dated}, planned.Add(time.Minute), "2026-09-06T10:00:00Z"},
		{"the clock was set back", Notice{Planned: planned}, planned.Add(-time.Hour), "2026-09-08T10:00:00Z"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := c.n.Date(c.now).Format(time.RFC3339Nano); got != c.want {
				t.Errorf("date is %s, want %s", got, c.want)
			}
		})
	}
}
