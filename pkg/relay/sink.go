package relay

import (
	"context"
	"fmt"

	"breachnotify/pkg/notice"
)

// Sink stands in for a Session in a dry run: it accepts everything, and no octet
// leaves the process. It is used by one goroutine.
type Sink struct {
	take func(Envelope, notice.Message) error
	open *Envelope
}

// NewSink returns a sink that hands every message to take, with the envelope that
// it would have gone out in. An error of take halts the run.
func NewSink(take func(Envelope, notice.Message) error) *Sink { return &Sink{take: take} }

// Flight does as Session.Flight does with a relay that refuses nothing.
func (s *Sink) Flight(_ context.Context, body *notice.Message, next *Envelope) (done, opened Outcome) {
	if (body == nil) != (s.open == nil) || body != nil && body.ID != s.open.ID {
		halt := Outcome{Stage: StageBody, Effect: Halt, Err: errSequence}
		return halt, halt
	}
	if body != nil {
		done = s.end(*body)
	}
	s.open = nil
	if next != nil {
		opened = Outcome{Stage: StageData, Verdict: Untouched, Effect: done.Effect}
		if done.Effect == Continue {
			s.open, opened.Verdict = next, Open
		}
	}
	return done, opened
}

func (s *Sink) end(body notice.Message) Outcome {
	if err := s.take(*s.open, body); err != nil {
		return Outcome{Stage: StageDot, Effect: Halt, Err: fmt.Errorf("keep the message: %w", err)}
	}
	return Outcome{Stage: StageDot, Verdict: Accepted, Reply: Reply{Code: 250, Enhanced: "2.0.0", Text: "dry run"}}
}

// Close forgets an envelope that is open.
func (s *Sink) Close() error {
	s.open = nil
	return nil
}

// Link returns the zero Link: there is none.
func (s *Sink) Link() Link { return Link{} }

// Peer returns "dry run".
func (s *Sink) Peer() string { return "dry run" }
