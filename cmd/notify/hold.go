package main

import (
	"context"
	"fmt"
	"time"
)

// keepHold takes over what the run before left to wait for, and tells of it before anybody
// is asked, unless the operator knows better.
func (s *sending) keepHold(ctx context.Context) error {
	trail, err := s.book.Trail(ctx) // which no standing has while nothing is left, as before a resend
	if err != nil {
		return err
	}
	hold := trail.Hold
	if s.options.ignoreHold || !hold.Active(s.process.now()) {
		return nil
	}
	s.hold = hold
	warning{
		fmt.Sprintf("the run before was held back by %s until %s, and so is this one", hold.Limit, hold.Until.UTC().Format(time.RFC3339)),
		"--ignore-hold goes on at once, if you know that it is over",
	}.show(s.process)
	return nil
}

// takes returns how long this run takes at least to send n notices.
func (s *sending) takes(n int64) time.Duration {
	return s.rest() + s.deliveryOptions(s.options, s.standing).Outlook(n)
}

// rest is how long nothing is sent at first.
func (s *sending) rest() time.Duration {
	if now := s.process.now(); s.hold.Active(now) {
		return s.hold.Until.Sub(now)
	}
	return 0
}
