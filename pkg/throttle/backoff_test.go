package throttle

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestBackoffDoublesUpToTheMost(t *testing.T) {
	b := Backoff{First: 5 * time.Minute, Max: 4 * time.Hour}
	for failed, want := range map[int]time.Duration{
		1: 5 * time.Minute, 2: 10 * time.Minute, 3: 20 * time.Minute, 6: 160 * time.Minute,
		7: 4 * time.Hour, 8: 4 * time.Hour, math.MaxInt: 4 * time.Hour,
	} {
		if got := b.Wait(failed, 0.5); got != want {
			t.Errorf("after %d failures %v, want %v", failed, got, want)
		}
	}
	if got, want := b.Wait(1, 0), 4*time.Minute; got != want {
		t.Errorf("shortest %v, want %v", got, want)
	}
	if got, most := b.Wait(1, 0.999), 6*time.Minute; got > most || got < 5*time.Minute {
		t.Errorf("longest %v, want just under %v", got, most)
	}
}

func TestBackoffIsExhaustedAfterItsAttempts(t *testing.T) {
	b := Backoff{Attempts: 3}
	if b.Exhausted(2) || !b.Exhausted(3) || !b.Exhausted(4) {
		t.Error("3 attempts are not 3")
	}
	if (Backoff{}).Exhausted(1000) {
		t.Error("no number of attempts is a number of attempts")
	}
}

func TestBackoffRefusesWaitsThatDoNotGrow(t *testing.T) {
	for name, b := range map[string]Backoff{
		"no first":          {Max: time.Second},
		"shrinks":           {First: time.Minute, Max: time.Second},
		"negative attempts": {First: 1, Max: 1, Attempts: -1},
	} {
		if b.Validate() == nil {
			t.Errorf("%s: Validate is content", name)
		}
	}
}

func TestGateIsClosedOnceForOneIncident(t *testing.T) {
	g := Gate{Backoff: Backoff{First: time.Second, Max: time.Minute}}
	seen := g.Incident()
	if !g.Fail(start, seen, 0, 0.5) {
		t.Error("the first failure is no incident")
	}
	for range 9 {
		if g.Fail(start, seen, 0, 0.5) {
			t.Error("another sign of the same incident is one more")
		}
	}
	if got := g.Wait(start); got != time.Second {
		t.Errorf("closed for %v, want 1 s", got)
	}
	if !g.Fail(start.Add(time.Second), g.Incident(), 0, 0.5) {
		t.Error("the next failure is no incident")
	}
	if got := g.Wait(start.Add(time.Second)); got != 2*time.Second {
		t.Errorf("closed for %v, want 2 s", got)
	}
	g.Succeed()
	later := start.Add(time.Hour)
	g.Fail(later, g.Incident(), 0, 0.5)
	if got := g.Wait(later); got != time.Second {
		t.Errorf("closed for %v after a success, want 1 s", got)
	}
}

func TestGateWaitsForAsLongAsTheServerAsks(t *testing.T) {
	g := Gate{Backoff: Backoff{First: time.Second, Max: time.Minute}}
	g.Fail(start, 0, time.Hour, 0.5)
	if got := g.Wait(start); got != time.Hour {
		t.Errorf("closed for %v, want 1 h", got)
	}
	g.Fail(start, 1, 0, 0.5)
	if got := g.Wait(start); got != time.Hour {
		t.Errorf("closed for %v after a short wait on top, want 1 h", got)
	}
}

func TestBreakerTripsOnTheShareOnceEnoughIsKnown(t *testing.T) {
	b := NewBreaker(Halt{Rejected: 0.05, After: 100, Consecutive: 20})
	for range 99 {
		b.Rejected()
	}
	if reason := b.Tripped(); reason != "" {
		t.Errorf("99 outcomes trip: %s", reason)
	}
	b.Rejected()
	if reason := b.Tripped(); !strings.Contains(reason, "100 of the last 100") || !strings.Contains(reason, "halt.rejected is 5%") {
		t.Errorf("the reason is %q", reason)
	}
}

func TestBreakerLetsTheVeryShareThrough(t *testing.T) {
	b := NewBreaker(Halt{Rejected: 0.05, After: 100, Consecutive: 20})
	for i := range 1000 {
		if i%20 == 19 {
			b.Rejected()
		} else {
			b.Accepted()
		}
		if reason := b.Tripped(); reason != "" {
			t.Fatalf("5%% trips after %d: %s", i+1, reason)
		}
	}
}

func TestBreakerNoticesARelayThatTurnsLate(t *testing.T) {
	b := NewBreaker(Halt{Rejected: 0.05, After: 100, Consecutive: 20})
	for range 1_000_000 {
		b.Accepted()
	}
	rejected := 0
	for b.Tripped() == "" {
		b.Rejected()
		if rejected++; rejected > 1000 {
			t.Fatal("a thousand rejections pass")
		}
	}
	if rejected != 51 {
		t.Errorf("trips after %d rejections, want 51 of the last 1000", rejected)
	}
}

func TestBreakerTripsOnErrorsInARow(t *testing.T) {
	b := NewBreaker(Halt{Rejected: 1, After: 1, Consecutive: 3})
	for _, in := range []func(){b.Failed, b.Failed, b.Accepted, b.Failed, b.Failed, b.Rejected, b.Failed, b.Failed} {
		in()
		if reason := b.Tripped(); reason != "" {
			t.Fatalf("two in a row trip: %s", reason)
		}
	}
	b.Failed()
	if reason := b.Tripped(); !strings.Contains(reason, "3 errors of the relay in a row") {
		t.Errorf("the reason is %q", reason)
	}
}

func TestBreakerAtTheEndOfABatch(t *testing.T) {
	for _, test := range []struct {
		name               string
		accepted, rejected int
		trips              bool
	}{
		{"a canary with half of ten rejected trips", 5, 5, true},
		{"three of ten wait for more outcomes", 7, 3, false},
		{"two dead mailboxes are chance", 1, 2, false},
		{"three under the share pass", 90, 3, false},
		{"nothing known passes", 0, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := NewBreaker(Halt{Rejected: 0.05, After: 100, Consecutive: 20})
			for range test.accepted {
				b.Accepted()
			}
			for range test.rejected {
				b.Rejected()
			}
			if b.Tripped() != "" {
				t.Error("trips before the end of the batch")
			}
			if got := b.TrippedByBatch() != ""; got != test.trips {
				t.Errorf("trips: %v, want %v", got, test.trips)
			}
		})
	}
}

func TestHaltRefusesRulesThatMakeNoSense(t *testing.T) {
	for name, h := range map[string]Halt{
		"share above 1": {Rejected: 1.1, After: 1, Consecutive: 1},
		"no number":     {Rejected: math.NaN(), After: 1, Consecutive: 1},
		"after 0":       {After: 0, Consecutive: 1},
		"no errors":     {After: 1},
	} {
		if h.Validate() == nil {
			t.Errorf("%s: Validate is content", name)
		}
	}
}

func TestGateThatIsHeldStaysClosedAsLongAsTheLongerWait(t *testing.T) {
	g := Gate{Backoff: Backoff{First: time.Second, Max: time.Minute}}
	g.Hold(start.Add(time.Hour))
	if got := g.Wait(start); got != time.Hour || g.Incident() != 0 {
		t.Errorf("it waits %v after %d incidents", got, g.Incident())
	}
	g.Fail(start, 0, 0, 0.5)
	g.Hold(start.Add(time.Minute))
	if got := g.Wait(start); got != time.Hour {
		t.Errorf("a shorter wait makes it %v", got)
	}
}
