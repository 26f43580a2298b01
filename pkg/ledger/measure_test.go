package ledger

import (
	"testing"
	"time"

	"breachnotify/pkg/campaign"
)

func TestTheEndIsThatOfTheMeasuredRate(t *testing.T) {
	l := opened(t, planned(t, frozen(), people(12)), Options{})
	_, err := l.Begin(t.Context(), noon)
	must(t, err)
	throttled := noon.Add(time.Minute)
	for limit, want := range map[string]time.Time{
		"":                 noon.Add(130 * time.Second), // 12 are left at 0.1/s
		campaign.LimitRamp: throttled,
	} {
		must(t, l.Note(t.Context(), campaign.Activity{Phase: campaign.PhaseSending, Limit: limit, Rate: 0.1, ETA: throttled}))
		s, err := l.Status(t.Context(), noon.Add(10*time.Second))
		must(t, err)
		if s.ETA == nil || !s.ETA.Equal(want) || !s.Began.Equal(noon) {
			t.Errorf("held back by %q the run that began at %v ends at %v, want %v", limit, s.Began, s.ETA, want)
		}
	}
}
