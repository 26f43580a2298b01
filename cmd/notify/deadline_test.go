package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/campaign"
)

func TestDeadlineInWords(t *testing.T) {
	sending := func(d *campaign.Due) campaign.Status {
		return campaign.Status{At: sceneNow, State: campaign.PhaseSending, Notices: campaign.NoticeCounts{Total: 2000, Pending: 1500}, Deadline: d}
	}
	ended := func(counts campaign.NoticeCounts, margin time.Duration) campaign.Status {
		d := due(margin, nil)
		d.Tried(*at(-time.Hour), counts.Failed())
		return campaign.Status{At: sceneNow, State: campaign.PhaseFailed, Notices: counts, Deadline: d}
	}
	all, some := campaign.NoticeCounts{Total: 50, Accepted: 50}, campaign.NoticeCounts{Total: 50, Accepted: 10, Rejected: 30, Bounced: 5, InDoubt: 5}
	planned := sending(due(10*time.Hour, at(2*time.Hour)))
	planned.State = campaign.PhasePlanned
	for _, c := range []struct {
		status campaign.Status
		want   string
		bad    bool
	}{
		{sending(nil), "", false},
		{sending(due(33*time.Hour+9*time.Minute+30*time.Second, at(2*time.Hour+9*time.Minute+30*time.Second))), "at this rate done 14:20 UTC, 31 h before the deadline", false},
		{sending(due(130*time.Hour, at(12*time.Hour))), "at this rate done 2026-09-11 00:10 UTC, 4 days 22 h before the deadline", false},
		{sending(due(time.Hour, at(59*time.Minute+30*time.Second))), "at this rate done 13:10 UTC, less than a minute before the deadline", false},
		{sending(due(time.Hour, at(time.Hour))), "will be missed: at this rate done 13:10 UTC, less than a minute after the deadline (13:10 UTC)", true},
		{sending(due(time.Hour, at(5*time.Hour+20*time.Minute))), "will be missed: at this rate done 17:30 UTC, 4 h 20 min after the deadline (13:10 UTC)", true},
		{sending(due(-time.Hour, at(20*time.Minute))), "over since 11:10 UTC, with 1,500 notices to be sent; at this rate done 12:30 UTC, 1 h 20 min after it", true},
		{sending(due(-time.Hour, nil)), "over since 11:10 UTC, with 1,500 notices to be sent", true},
		{sending(due(40*time.Minute, nil)), "12:50 UTC, in 40 min", false},
		{planned, "begun now, under the throttle alone, done 14:10 UTC, 8 h 0 min before the deadline", false},
		{ended(all, time.Hour), "kept: the last notice was tried 11:10 UTC, 2 h 0 min before the deadline", false},
		{ended(some, 44*time.Hour), "everything was tried by 11:10 UTC, 45 h before the deadline, and 40 notices were not accepted", true},
		{ended(campaign.NoticeCounts{Total: 2, Accepted: 1, InDoubt: 1}, time.Hour), "everything was tried by 11:10 UTC, 2 h 0 min before the deadline, and 1 notice was not accepted", true},
		{ended(some, -50*time.Hour), "missed: the last notice was tried 11:10 UTC, 49 h after the deadline (2026-09-08 10:10 UTC), and 40 notices were not accepted", true},
		{ended(all, -50*time.Hour), "missed: the last notice was tried 11:10 UTC, 49 h after the deadline (2026-09-08 10:10 UTC)", true},
	} {
		if line, bad := deadlineLine(c.status); line != c.want || bad != c.bad {
			t.Errorf("%q, %v; want %q, %v", line, bad, c.want, c.bad)
		}
	}
}

func TestAMissedDeadlineIsRedOnATerminal(t *testing.T) {
	for _, terminal := range []inks{true, false} {
		for margin, wants := range map[time.Duration]bool{time.Hour: true, 9 * time.Hour: false} {
			var out bytes.Buffer
			status := campaign.Status{At: sceneNow, State: campaign.PhaseSending, Notices: campaign.NoticeCounts{Total: 1, Pending: 1},
				Deadline: due(margin, at(2*time.Hour))}
			view := &humanView{out: &out, inks: terminal}
			if err := view.show(statusResult{status}); err != nil {
				t.Fatal(err)
			}
			if red := strings.Contains(out.String(), "\x1b["+string(bad)+"m"); red != (wants && bool(terminal)) {
				t.Errorf("on a terminal: %v, missed: %v, red: %v", terminal, wants, red)
			}
		}
	}
}

func TestARateIsInTheUnitOfItsLimit(t *testing.T) {
	for _, c := range []struct {
		rate  float64
		age   time.Duration
		limit campaign.Rate
		want  string
	}{
		{48.72, time.Hour, campaign.Rate{Count: 50, Per: time.Second}, "48.7/s"},
		{0.5, time.Hour, campaign.Rate{Count: 1, Per: time.Second}, "30.0/m"},
		{0.5, time.Hour, campaign.Rate{}, "30.0/m"},
		{0.5, time.Hour, campaign.Rate{Count: 2000, Per: time.Hour}, "1800/h"},
		{1.0 / 60, time.Hour, campaign.Rate{Count: 2, Per: time.Hour}, "1 in the last minute"},
		{1.0 / 10, 10 * time.Second, campaign.Rate{Count: 2, Per: time.Hour}, "1 in the last minute"},
		{0, time.Hour, campaign.Rate{Count: 2, Per: time.Hour}, "none in the last minute"},
		{0, 2 * time.Second, campaign.Rate{}, "measuring"},
		{0.5, 2 * time.Second, campaign.Rate{}, "measuring"},
	} {
		status := campaign.Status{At: sceneNow, Began: sceneNow.Add(-c.age), State: campaign.PhaseSending, RatePerS: c.rate}
		if got := rateInWords(status, c.limit); got != c.want {
			t.Errorf("%v/s after %s under %v is %q, want %q", c.rate, c.age, c.limit, got, c.want)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 123456: "123,456", 10_000_000: "10,000,000", -1234: "-1,234", -123: "-123"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
