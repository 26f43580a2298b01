package report

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

func TestSumsThatAgreeAreNoError(t *testing.T) {
	for name, e := range map[string]campaign.Evidence{"in the middle": sample(), "before sending": blank()} {
		if err := read(t, e).Err(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEverySumIsHeldAgainstAnother(t *testing.T) {
	for name, spoil := range map[string]func(*campaign.Evidence){
		"accounts selected":          func(e *campaign.Evidence) { e.Status.Accounts.Noticed++ },
		"exclusions":                 func(e *campaign.Evidence) { e.Status.Accounts.ExcludedBy[campaign.Duplicate]++ },
		"findings":                   func(e *campaign.Evidence) { e.Status.Findings.ByKind[campaign.FoundDelay]++ },
		"the total":                  func(e *campaign.Evidence) { e.Status.Notices.Total++ },
		"a state":                    func(e *campaign.Evidence) { e.Status.Notices.Accepted++; e.Status.Notices.Pending-- },
		"a kind":                     func(e *campaign.Evidence) { e.Kinds[0].Add(campaign.Accepted, 1) },
		"a kind of no class":         func(e *campaign.Evidence) { e.Kinds[0].Class = "other" },
		"a destination":              func(e *campaign.Evidence) { e.Domains[1].Add(campaign.Bounced, 1) },
		"the other destinations":     func(e *campaign.Evidence) { e.Others.Add(campaign.InDoubt, -1) },
		"the timeline":               func(e *campaign.Evidence) { e.Accepted[3].N++ },
		"attempts":                   func(e *campaign.Evidence) { e.Attempts[0].Notices-- },
		"bounces":                    func(e *campaign.Evidence) { e.Bounces = e.Bounces[:1] },
		"rejections":                 func(e *campaign.Evidence) { e.Rejections[0].Notices++ },
		"notices of resends":         func(e *campaign.Evidence) { e.Resends[0].Notices++ },
		"corrections":                func(e *campaign.Evidence) { e.Resends[0].Corrected++ },
		"withdrawals":                func(e *campaign.Evidence) { e.Resends[0].Withdrawn++ },
		"a wording and its digest":   func(e *campaign.Evidence) { e.Frozen.Wordings["templates/en/sso.md"] = []byte("other words") },
		"a wording without a digest": func(e *campaign.Evidence) { delete(e.Frozen.Parts, "organisation") },
	} {
		t.Run(name, func(t *testing.T) {
			e := sample()
			spoil(&e)
			r := read(t, e)
			if !errors.Is(r.Err(), ErrDisagree) {
				t.Fatalf("Err = %v", r.Err())
			}
			text := visible(parsed(t, r))
			if !strings.Contains(text, "The sums of this report do not agree") || strings.Contains(text, "All sums of this report agree") {
				t.Error("the page does not say so")
			}
			if !strings.Contains(text, r.Disagreements[0]) {
				t.Errorf("the page does not say %q", r.Disagreements[0])
			}
		})
	}
}

func TestALedgerThatFailsIsAnError(t *testing.T) {
	if _, err := Read(t.Context(), book{err: errBook}, Options{}); !errors.Is(err, errBook) {
		t.Errorf("Read = %v", err)
	}
}

func TestANoticeThatCannotBeComposedIsAnError(t *testing.T) {
	_, err := Read(t.Context(), book{evidence: blank()}, Options{
		Next:    func(campaign.Status) []string { return nil },
		Compose: func(account.Class, string, time.Time) (Letter, error) { return Letter{}, errBook },
	})
	if !errors.Is(err, errBook) {
		t.Errorf("Read = %v", err)
	}
}

func TestTheTimelineHoldsEveryNoticeOnce(t *testing.T) {
	for name, minutes := range map[string][]campaign.MinuteCount{
		"nothing":       nil,
		"one minute":    {{At: begun, N: 3}},
		"an odd minute": {{At: begun.Add(59 * time.Minute), N: 1}, {At: begun.Add(61 * time.Minute), N: 2}},
		"two days":      minutesOf(89_150),
		"midnight":      {{At: begun.Add(17*time.Hour + 59*time.Minute), N: 1}, {At: begun.Add(64*time.Hour + time.Minute), N: 1}},
		"half a year":   {{At: begun, N: 5}, {At: begun.AddDate(0, 6, 0), N: 6}},
	} {
		t.Run(name, func(t *testing.T) {
			list := spans(minutes)
			if len(list) > maxSpans {
				t.Errorf("%d spans", len(list))
			}
			var want, got int64
			for _, m := range minutes {
				want += m.N
			}
			for i, s := range list {
				got += s.Accepted
				if i > 0 && !s.From.Equal(list[i-1].To) {
					t.Errorf("a span begins at %v, the one before ends at %v", s.From, list[i-1].To)
				}
			}
			if got != want {
				t.Errorf("the spans hold %d notices, want %d", got, want)
			}
			if n := len(minutes); n > 0 && (list[0].From.After(minutes[0].At) || !list[len(list)-1].To.After(minutes[n-1].At)) {
				t.Errorf("spans from %v to %v do not hold %v to %v", list[0].From, list[len(list)-1].To, minutes[0].At, minutes[n-1].At)
			}
		})
	}
}

func TestNumbersAreWrittenForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 10_000_000: "10,000,000", -1000: "-1,000", -100: "-100"} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d) = %q, want %q", n, got, want)
		}
	}
	for _, c := range []struct {
		part, whole int64
		want        string
	}{{0, 0, "0 %"}, {0, 5, "0 %"}, {5, 5, "100 %"}, {1, 10_000_000, "< 0.1 %"}, {9_999_999, 10_000_000, "> 99.9 %"}, {1, 3, "33.3 %"}} {
		if got := share(c.part, c.whole); got != c.want {
			t.Errorf("share(%d, %d) = %q, want %q", c.part, c.whole, got, c.want)
		}
	}
	for n, want := range map[int64]int64{0: 1, 1: 1, 9: 9, 10: 10, 11: 20, 492: 500, 501: 600, 99_999: 100_000} {
		if got := roundUp(n); got != want {
			t.Errorf("roundUp(%d) = %d, want %d", n, got, want)
		}
	}
	for s, want := range map[int64]string{3600: "1 h 0 min before", -90: "0 h 1 min after", 49 * 3600: "2 days 1 h before"} {
		if got := margin(s); got != want {
			t.Errorf("margin(%d) = %q, want %q", s, got, want)
		}
	}
}

func TestTheFirstAndTheLastAcceptanceAreToldToTheSecond(t *testing.T) {
	r := read(t, sample())
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"first_accepted":"2026-09-14T06:00:07Z"`, `"last_accepted":"2026-09-15T14:00:59Z"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the JSON does not hold %s", want)
		}
	}
	if text := visible(parsed(t, r)); !strings.Contains(text, "2026-09-14 06:00:07") || !strings.Contains(text, "2026-09-15 14:00:59") {
		t.Error("the page does not say so")
	}
}

func TestAnInterruptedRunDidNotEndInOrder(t *testing.T) {
	e := sample()
	if text := visible(parsed(t, read(t, e))); strings.Contains(text, "interrupted") || !strings.Contains(text, "in order") {
		t.Error("a run that nobody stopped is called interrupted")
	}
	e.Runs[2].Interrupted = true
	r := read(t, e)
	if text := visible(parsed(t, r)); !strings.Contains(text, "interrupted") || strings.Contains(text, "in order") {
		t.Error("the page does not say that a run was interrupted")
	}
	if text, err := json.Marshal(r.Runs[2]); err != nil || !strings.Contains(string(text), `"interrupted":true`) {
		t.Errorf("the JSON of the run is %s (%v)", text, err)
	}
}

func TestPausesForPagesAreTold(t *testing.T) {
	r := read(t, sample())
	text := visible(parsed(t, r))
	for _, want := range []string{
		"1 reset 503 2026-09-14 07:00:00 2026-09-14 07:01:00 the page answered again",
		"2 sign out no whole answer within 5s 2026-09-15 02:00:00 – nobody knows: the run ended without a word",
	} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	got, err := json.Marshal(r.Pauses)
	if want := `[{"run":1,"link":"reset","reason":"503","from":"2026-09-14T07:00:00Z","until":"2026-09-14T07:01:00Z","ending":"answered"},` +
		`{"run":2,"link":"sign_out","reason":"no whole answer within 5s","from":"2026-09-15T02:00:00Z","until":null,"ending":"lost"}]`; err != nil || string(got) != want {
		t.Errorf("the JSON of the pauses is %s (%v), want %s", got, err, want)
	}
	for ending, words := range map[campaign.PauseEnd]string{campaign.PauseOpen: "it goes on", campaign.PauseStopped: "the run ended before the page answered"} {
		e := sample()
		e.Pauses[0].Ending = ending
		if !strings.Contains(visible(parsed(t, read(t, e))), words) {
			t.Errorf("a pause that is %s is not told so", ending)
		}
	}
	if text := visible(parsed(t, read(t, blank()))); strings.Contains(text, "Pauses") {
		t.Error("a campaign without pauses has a table of them")
	}
}

// The JSON holds what the page holds, and its status is that of `status --json`.
func TestJSONHoldsTheSame(t *testing.T) {
	r := read(t, sample())
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if empty, err := json.Marshal(read(t, blank())); err != nil || strings.Contains(string(empty), `"runs":null`) || strings.Contains(string(empty), `"pauses":null`) {
		t.Errorf("without a run: %s, %v", empty, err)
	}
	for _, key := range []string{"program", "made", "planned", "status", "next", "disagreements", "first_accepted", "last_accepted", "deadline",
		"timeline", "kinds", "destinations", "other_destinations", "attempts", "bounces", "rejections", "runs", "pauses", "relays", "resends", "overrides",
		"letters", "templates", "facts", "parts"} {
		if got[key] == nil {
			t.Errorf("there is no %s", key)
		}
	}
	status, err := json.Marshal(r.Status)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"status":`+string(status)) {
		t.Error("the status is not the one of other commands")
	}
}
