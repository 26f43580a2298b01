package throttle

import "time"

// How replies slow a rate down. A provider that throttles does so for minutes and
// counts what is sent meanwhile against the sender, so that halving at once and coming
// back slowly costs less than asking again at full speed.
const (
	halving  = 0.5
	least    = 1.0 / 16 // of the configured rate: with less nobody would see when it is over
	recovery = 0.1      // of the configured rate, a minute without complaint
	// echo is how long after a halving further complaints are taken for answers to
	// what was on its way then.
	echo = 5 * time.Second
	// relief is how much of a complaint one acceptance makes good: a destination that
	// puts off less than every fifth notice is not slowed.
	relief = 0.25
	// grudge is how long a complaint is remembered if no other follows.
	grudge = 10 * time.Minute
)

// The number of complaints that it takes. One greylisted mailbox must not slow down
// millions, and its reply cannot be told from one about all of its domain; so a
// destination is believed at the third complaint in a row. The relay speaks for itself
// and is believed at once.
const (
	patienceDomain = 3
	patienceRelay  = 1
)

// strain is how far the replies of one side slow its rate down. The zero value is a
// rate that is not slowed.
type strain struct {
	score  float64   // complaints, less those made good
	slowed float64   // how much of the rate was taken away, when it was last looked at
	halved time.Time // when it was last halved
	heard  time.Time // when the last complaint came
	until  time.Time // nothing is to be sent before
}

// complain takes in a reply that says later, and asks to wait. Before patience runs
// out it changes nothing: the notice that got the reply waits by itself.
func (s *strain) complain(now time.Time, wait time.Duration, patience float64) {
	slowed := 1 - s.share(now)
	if now.Sub(s.heard) > grudge && !s.until.After(now) {
		s.score = 0
	}
	s.heard, s.slowed = now, slowed
	s.score = min(s.score+1, patience)
	if s.score < patience {
		return
	}
	if until := now.Add(wait); until.After(s.until) {
		s.until = until
	}
	if now.Sub(s.halved) >= echo {
		s.halved = now
		s.slowed = 1 - max((1-slowed)*halving, least)
	}
}

// ease takes in an acceptance.
func (s *strain) ease() { s.score = max(0, s.score-relief) }

// share returns the part of the configured rate that is left, up to 1. It begins to
// recover when the pause is over: a side that keeps silent while nothing is sent has
// not agreed to anything.
func (s *strain) share(now time.Time) float64 {
	calm := s.heard
	if s.until.After(calm) {
		calm = s.until
	}
	return min(1, 1-s.slowed+recovery*max(0, now.Sub(calm).Minutes()))
}

// pause returns how long nothing is to be sent.
func (s *strain) pause(now time.Time) time.Duration { return max(0, s.until.Sub(now)) }

// over reports whether s is the same as one never made.
func (s *strain) over(now time.Time) bool {
	return s.share(now) == 1 && s.pause(now) == 0 && now.Sub(s.heard) > grudge
}
