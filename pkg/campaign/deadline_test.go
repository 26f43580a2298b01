package campaign

import (
	"strings"
	"testing"
	"time"
)

func TestADeadlineIsThatOfTheIncident(t *testing.T) {
	for name, c := range map[string]struct {
		discovered, deadline, zone, want string
	}{
		"hours from a moment":               {"2026-09-08T14:30:00+02:00", "72h", "", "2026-09-11T12:30:00Z"},
		"hours from a day, in UTC":          {"2026-09-08", "72h", "", "2026-09-11T00:00:00Z"},
		"hours from a day, in Berlin":       {"2026-09-08", "72h", "Europe/Berlin", "2026-09-10T22:00:00Z"},
		"days, in UTC":                      {"2026-09-08", "30d", "", "2026-10-09T00:00:00Z"},
		"days, in Berlin":                   {"2026-09-08", "30d", "Europe/Berlin", "2026-10-08T22:00:00Z"},
		"days from a moment":                {"2026-09-08T14:30:00Z", "1d", "UTC", "2026-09-10T00:00:00Z"},
		"a moment that is the next day":     {"2026-09-08T23:30:00Z", "1d", "Europe/Berlin", "2026-09-10T22:00:00Z"},
		"days over the end of summer time":  {"2026-10-20", "7d", "Europe/Berlin", "2026-10-27T23:00:00Z"},
		"hours over the end of summer time": {"2026-10-24T12:00:00+02:00", "24h", "Europe/Berlin", "2026-10-25T10:00:00Z"},
		"days over the start of summer":     {"2026-03-28", "1d", "Europe/Berlin", "2026-03-29T22:00:00Z"},
		"days over a leap day":              {"2028-02-28", "1d", "", "2028-03-01T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := parseDeadline(map[string]string{"discovered": c.discovered, "deadline": c.deadline, "time_zone": c.zone})
			if err != nil {
				t.Fatal(err)
			}
			if got := d.At.UTC().Format(time.RFC3339); got != c.want {
				t.Errorf("the deadline is %s, want %s", got, c.want)
			}
		})
	}
}

func TestNoDeadlineIsNone(t *testing.T) {
	c := mustLoad(t, minimal+"incident: {discovered: a Tuesday in September, what: x}\n")
	if d := c.Deadline(); d != (Deadline{}) {
		t.Errorf("there is a deadline: %+v", d)
	}
}

func TestAWrongDeadlineIsNamed(t *testing.T) {
	for _, c := range []struct{ incident, want string }{
		{"{deadline: 72h}", "notify.yaml:14:22: incident.deadline: given without discovered"},
		{"{discovered: yesterday, deadline: 72h}", "notify.yaml:14:24: incident.discovered: want a date"},
		{"{discovered: 2026-02-30, deadline: 72h}", "notify.yaml:14:24: incident.discovered: want a date"},
		{"{discovered: 2026-09-08 14:30, deadline: 72h}", "notify.yaml:14:24: incident.discovered: want a date"},
		{"{discovered: 2026-09-08, deadline: 3 days}", "notify.yaml:14:46: incident.deadline: want hours or calendar days"},
		{"{discovered: 2026-09-08, deadline: 0h}", "notify.yaml:14:46: incident.deadline: want hours"},
		{"{discovered: 2026-09-08, deadline: -1d}", "notify.yaml:14:46: incident.deadline: want hours"},
		{"{discovered: 2026-09-08, deadline: 1h30m}", "notify.yaml:14:46: incident.deadline: want hours"},
		{"{discovered: 2026-09-08, deadline: 100000d}", "notify.yaml:14:46: incident.deadline: want hours"},
		{"{time_zone: CEST}", "notify.yaml:14:23: incident.time_zone: want a name"},
		{"{time_zone: Local}", "notify.yaml:14:23: incident.time_zone: want a name"},
		{"{time_zone: ../../etc/passwd}", "notify.yaml:14:23: incident.time_zone: want a name"},
	} {
		_, err := Load([]byte(minimal+"incident: "+c.incident+"\n"), Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.incident, err, c.want)
		}
	}
}

func TestADeadlineIsFrozenWithTheFacts(t *testing.T) {
	const incident = "incident: {discovered: 2026-09-08, deadline: 72h, time_zone: UTC}\n"
	before := mustLoad(t, minimal+incident).Parts()
	for change, part := range map[[2]string]string{
		{"72h", "96h"}:                 "incident.deadline",
		{"2026-09-08", "2026-09-07"}:   "incident.discovered",
		{"zone: UTC", "zone: Etc/UTC"}: "incident.time_zone",
	} {
		after := mustLoad(t, minimal+strings.Replace(incident, change[0], change[1], 1)).Parts()
		if changed := Changed(before, after); len(changed) != 1 || changed[0] != part {
			t.Errorf("%v changes %v, want %s", change, changed, part)
		}
	}
}

func TestNoticesShowTheDayOfDiscovery(t *testing.T) {
	for written, want := range map[string]string{
		"2026-09-08":                "2026-09-08",
		"2026-09-08T23:30:00Z":      "2026-09-09",
		"2026-09-08T23:30:00+02:00": "2026-09-08",
		"a Tuesday in September":    "a Tuesday in September",
	} {
		c := mustLoad(t, minimal+"incident: {discovered: '"+written+"', time_zone: Europe/Berlin}\n")
		if got := c.Facts().Incident["discovered"]; got != want {
			t.Errorf("%s is shown as %s, want %s", written, got, want)
		}
	}
}

func TestForesee(t *testing.T) {
	now := time.Date(2026, 9, 10, 12, 0, 0, 0, time.UTC)
	status := func(state Phase, left int64, next *time.Time) Status {
		return Status{At: now, State: state, Notices: NoticeCounts{Total: 10, Pending: left, Accepted: 10 - left}, NextAttempt: next,
			Deadline: &Due{At: now.Add(2 * time.Hour)}}
	}
	later := now.Add(3 * time.Hour)
	for name, c := range map[string]struct {
		status Status
		takes  time.Duration
		margin int64 // 0: nobody can say
		missed bool
	}{
		"in time":                         {status(PhasePlanned, 5, nil), time.Hour, 3600, false},
		"too late":                        {status(PhaseIncomplete, 5, nil), 3 * time.Hour, -3600, true},
		"what is put off is due too late": {status(PhaseHalted, 5, &later), time.Minute, -3600, true},
		"while it is sent":                {status(PhaseSending, 5, nil), time.Hour, 0, false},
		"with nothing left":               {status(PhaseComplete, 0, nil), time.Hour, 0, false},
		"without a throttle":              {status(PhasePlanned, 5, nil), -1, 0, false},
	} {
		s := c.status
		s.Foresee(c.takes)
		var margin int64
		if s.Deadline.MarginS != nil {
			margin = *s.Deadline.MarginS
		}
		if margin != c.margin || s.Deadline.Missed() != c.missed || (s.TakesS != nil) != (c.margin != 0) {
			t.Errorf("%s: margin %d, missed %v, takes %v; want %d, %v", name, margin, s.Deadline.Missed(), s.TakesS, c.margin, c.missed)
		}
	}
}

func TestNobodyWhoWasNotToldIsInTime(t *testing.T) {
	now := time.Date(2026, 9, 10, 12, 0, 0, 0, time.UTC)
	for failed, kept := range map[int64]bool{0: true, 1: false} {
		d := Due{At: now.Add(time.Hour)}
		d.Tried(now, failed)
		if (d.MarginS != nil) != kept || (d.DoneBy != nil) != kept || d.TriedBy == nil || !d.TriedBy.Equal(now) || d.Missed() {
			t.Errorf("with %d failed it is %+v", failed, d)
		}
		d.Tried(now.Add(2*time.Hour), failed)
		if !d.Missed() {
			t.Errorf("with %d failed, tried too late, it is not missed", failed)
		}
	}
}

func TestEveryStateHasAdvice(t *testing.T) {
	for _, s := range States() {
		if a := s.Advice(); a.Name == "" || a.Upshot == "" || a.Next == "" {
			t.Errorf("%s: %+v", s, a)
		}
	}
	for _, p := range []Phase{PhasePlanned, PhaseSending, PhasePaused, PhaseHalted, PhaseIncomplete, PhaseComplete, PhaseFailed} {
		if a := p.Advice(); a.Name != string(p) || a.Upshot == "" || a.Next == "" {
			t.Errorf("%s: %+v", p, a)
		}
	}
}
