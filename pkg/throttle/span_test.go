package throttle

import (
	"testing"
	"time"
)

func TestSpanGoesByTheSlowestDestination(t *testing.T) {
	mix := map[string]float64{"a.example": 0.6, "b.example": 0.3, "c.example": 0.1}
	for name, c := range map[string]struct {
		pace Pace
		want time.Duration // for 6,000 notices
	}{
		"the rate of all binds":               {Pace{Rate: 10, Default: 100, Mix: mix}, 10 * time.Minute},
		"no mix is known":                     {Pace{Rate: 10, Default: 1}, 10 * time.Minute},
		"the default binds the largest":       {Pace{Rate: 100, Default: 6, Mix: mix}, 10 * time.Minute},
		"a rate of its own frees the largest": {Pace{Rate: 100, Default: 6, Domains: map[string]float64{"a.example": 100}, Mix: mix}, 5 * time.Minute},
		"a small one is very slow":            {Pace{Rate: 100, Domains: map[string]float64{"c.example": 0.1}, Mix: mix}, 100 * time.Minute},
		"there is no rate of all":             {Pace{Default: 6, Mix: mix}, 10 * time.Minute},
		"nothing binds":                       {Pace{Mix: mix}, 0},
		"the ramp ends where the destination binds": {Pace{Rate: 100, Default: 6, Ramp: Ramp{From: 5, DoubleEvery: time.Minute}, Mix: mix},
			time.Minute + 570*time.Second},
	} {
		if got := c.pace.Span(6000).Round(time.Second); got != c.want {
			t.Errorf("%s: it takes %v, want %v", name, got, c.want)
		}
	}
}
