package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/delivery"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/throttle"
)

// The waits before the relay is dialled again. halt.consecutive_errors ends them.
const (
	redialFirst = time.Second
	redialMax   = time.Minute
)

// deliver runs one delivery and records its beginning and its end.
func (s *sending) deliver(ctx context.Context, mailer *relay.Relay) (delivery.Summary, error) {
	if _, err := s.book.Begin(ctx, s.process.now()); err != nil {
		return delivery.Summary{}, err
	}
	var latest atomic.Pointer[delivery.Event]
	latest.Store(&delivery.Event{})
	options := s.deliveryOptions(s.options, s.standing)
	options.Ledger, options.Sender, options.Log = s.book, dialer{mailer}, s.process.log
	options.Progress = func(e delivery.Event) { latest.Store(&e) }
	ended := make(chan struct{})
	go s.process.acknowledge(ended)
	bar := showProgress(s.process, s.globals, func() reading { return progressOf(s.status, *latest.Load()) })
	summary, err := delivery.Run(ctx, s.process.stop, options)
	bar.stop()
	close(ended)
	if errors.Is(err, context.Canceled) {
		err = nil // Summary.End says so
	}
	end := campaign.RunEnd{At: s.process.now(), Halted: summary.Halted, Ramped: summary.Ramped}
	return summary, errors.Join(err, s.book.End(context.WithoutCancel(ctx), end))
}

// deliveryOptions is the configuration in the words of delivery, without a ledger
// and a relay.
func (f *folder) deliveryOptions(o sendOptions, s standing) delivery.Options {
	c := f.config
	return delivery.Options{
		Composer:    f.notices,
		Envelope:    func(n campaign.Notice) string { return c.EnvelopeSender(n.ID) },
		Clock:       throttle.System{},
		Random:      rand.Float64,
		Connections: c.SMTP.Connections,
		PerSession:  c.SMTP.PerConnection,
		PerDomain:   c.SMTP.PerDomain,
		Pace:        pace(c.Throttle, s.trail),
		Pause:       time.Duration(c.Throttle.Pause),
		Retry:       throttle.Backoff{First: time.Duration(c.Retry.First), Max: time.Duration(c.Retry.Max), Attempts: c.Retry.Attempts},
		Redial:      throttle.Backoff{First: redialFirst, Max: redialMax},
		Halt: throttle.Halt{Rejected: c.Halt.Rejected.Share(), After: c.Halt.After,
			Consecutive: c.Halt.ConsecutiveErrors},
		Limit:  o.limit,
		NoWait: o.noWait,
		Left:   s.status.Notices.Left(),
		Batch:  c.Throttle.Batch,
	}
}

// pace is how fast notices may go after what was sent before.
func pace(t campaign.Throttle, trail campaign.Trail) throttle.Pace {
	own, other := t.DomainRates()
	p := throttle.Pace{
		Rate: t.Rate.PerSecond(), Default: other.PerSecond(), Domains: map[string]float64{},
		Since: trail.Last, Fresh: trail.Last.IsZero(), Ramped: trail.Ramped,
	}
	for domain, rate := range own {
		p.Domains[domain] = rate.PerSecond()
	}
	if t.Ramp != nil {
		p.Ramp = throttle.Ramp{From: t.Ramp.From.PerSecond(), DoubleEvery: time.Duration(t.Ramp.DoubleEvery)}
	}
	return p
}

// progressOf is the state of the campaign while a run goes on: where it stood at
// the beginning and what the run has done since.
func progressOf(began campaign.Status, e delivery.Event) reading {
	total := began.Notices.Total
	accepted := began.Notices.Accepted + e.Tally.Accepted
	rejected := began.Notices.Rejected + e.Tally.Rejected
	doubt := began.Notices.InDoubt + e.Tally.InDoubt
	text := fmt.Sprintf("batch %d of %d: %d accepted, %d rejected, %d in doubt, %.1f/s", e.Batch, began.Batches.Total,
		accepted, rejected, doubt, e.Rate)
	if e.Limit != "" {
		var until *time.Time
		if !e.Until.IsZero() {
			until = &e.Until
		}
		text += ", " + heldBack(e.Limit, until)
	}
	return reading{done: accepted + rejected + doubt + began.Notices.Bounced, total: total, text: text}
}

// dialer makes a relay a delivery.Sender: a nil *relay.Session must not become a
// Session that is not nil.
type dialer struct{ relay *relay.Relay }

var _ delivery.Sender = dialer{}

func (d dialer) Open(ctx context.Context) (delivery.Session, relay.Outcome) {
	session, outcome := d.relay.Open(ctx)
	if session == nil {
		return nil, outcome
	}
	return session, outcome
}
