package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
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
	aside, bar := s.showRun(ctx)
	defer bar.stop()
	options := s.deliveryOptions(s.options, s.standing)
	options.Ledger, options.Sender, options.Log, options.Hold = s.book, dialer{mailer}, aside.log, s.hold
	if s.pages != nil {
		options.Prober, options.ProbeEvery = s.pages, time.Duration(s.config.Halt.Probe.Every)
	}
	ended := make(chan struct{})
	go aside.acknowledge(ended)
	summary, err := delivery.Run(ctx, s.process.stop, options)
	close(ended)
	if errors.Is(err, context.Canceled) {
		err = nil // Summary.End says so
	}
	end := campaign.RunEnd{
		At: s.process.now(), Halted: summary.Halted, Interrupted: summary.End == delivery.Interrupted,
		Ramped: summary.Ramped, Hold: summary.Hold,
	}
	return summary, errors.Join(err, s.book.End(context.WithoutCancel(ctx), end))
}

// deliveryOptions is the configuration in the words of delivery, without a ledger
// and a relay.
func (f *folder) deliveryOptions(o sendOptions, s standing) delivery.Options {
	c := f.config
	held := restraints(c, s)
	return delivery.Options{
		Composer:    f.notices,
		Envelope:    func(n campaign.Notice) string { return c.EnvelopeSender(n.ID) },
		Clock:       throttle.System{},
		Random:      rand.Float64,
		Connections: c.SMTP.Connections,
		PerSession:  c.SMTP.PerConnection,
		PerDomain:   c.SMTP.PerDomain,
		Retry:       throttle.Backoff{First: time.Duration(c.Retry.First), Max: time.Duration(c.Retry.Max), Attempts: c.Retry.Attempts},
		Redial:      throttle.Backoff{First: redialFirst, Max: redialMax},
		Halt: throttle.Halt{Rejected: c.Halt.Rejected.Share(), After: c.Halt.After,
			Consecutive: c.Halt.ConsecutiveErrors},
		Limit:   o.limit,
		NoWait:  o.noWait,
		Pace:    held.Pace,
		Pause:   held.Pause,
		Left:    held.Left,
		Batches: held.Batches,
	}
}

// restraints are the options that say how long a run takes at least.
func restraints(c *campaign.Config, s standing) delivery.Options {
	return delivery.Options{
		Pace:    pace(c.Throttle, s.trail, s.mix),
		Pause:   time.Duration(c.Throttle.Pause),
		Left:    s.status.Notices.Left(),
		Batches: s.status.Batches.Total - s.status.Batches.Done,
	}
}

// pace is how fast notices may go after what was sent before, in the mix that is left.
func pace(t campaign.Throttle, trail campaign.Trail, mix map[string]float64) throttle.Pace {
	own, other := t.DomainRates()
	p := throttle.Pace{
		Rate: t.Rate.PerSecond(), Default: other.PerSecond(), Domains: map[string]float64{},
		Since: trail.Last, Fresh: trail.Last.IsZero(), Ramped: trail.Ramped, Mix: mix,
	}
	for domain, rate := range own {
		p.Domains[domain] = rate.PerSecond()
	}
	if t.Ramp != nil {
		p.Ramp = throttle.Ramp{From: t.Ramp.From.PerSecond(), DoubleEvery: time.Duration(t.Ramp.DoubleEvery)}
	}
	return p
}

// What a screen says about leaving it.
const (
	howToStop  = "Ctrl-C: what is in flight is finished and recorded; notify send goes on from there"
	isStopping = "finishing what is in flight; a second Ctrl-C stops at once"
	howToLeave = "Ctrl-C leaves this screen; the process that sends goes on"
)

// showRun shows the campaign while it is sent: on a screen, or in a line now and then. All
// that is shown is read from the ledger, as by status --watch. What the returned process
// says on stderr does not tear the screen.
func (s *sending) showRun(ctx context.Context) (*process, *progress) {
	read := func(ctx context.Context) (scene, error) {
		shown, err := readScene(ctx, s.book.Reader, s.config, s.process.now())
		shown.leave = howToStop
		if s.process.stopped() {
			shown.leave = isStopping
		}
		return shown, err
	}
	if s.process.draws && !s.globals.quiet {
		return showScenes(s.process, s.globals, read)
	}
	latest := s.status
	return s.process, showProgress(s.process, s.globals, func() reading {
		if scene, err := read(context.WithoutCancel(ctx)); err == nil { // or what was so before
			latest = scene.status
		}
		return progressOf(latest)
	})
}

// progressOf is a status in one line.
func progressOf(status campaign.Status) reading {
	var batch int64
	if status.Batch != nil {
		batch = status.Batch.Number
	}
	n := status.Notices
	text := fmt.Sprintf("batch %s of %s, %s accepted, %s deferred, %s rejected, %s in doubt, %s", thousands(batch),
		thousands(status.Batches.Total), thousands(n.Accepted), thousands(n.Deferred), thousands(n.Rejected), thousands(n.InDoubt),
		rateInWords(status, campaign.Rate{}))
	if held := heldBack(status); held != "" {
		text += ", " + held
	}
	if line, _ := deadlineLine(status); line != "" {
		text += "; deadline: " + line
	} else if status.ETA != nil {
		text += "; done at " + expected(status)
	}
	return reading{done: settled(n), total: n.Total, text: text}
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
