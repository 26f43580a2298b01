package relay

import (
	"context"
	"crypto/tls"
)

// Capabilities are what a relay offered in its last EHLO reply, whatever the options
// make use of.
type Capabilities struct {
	Pipelining bool // RFC 2920
	Size       bool // RFC 1870
	Largest    int  // octets of a message that it takes; 0: it names no limit
	DSN        bool // RFC 3461
	SMTPUTF8   bool // RFC 6531
}

// Capabilities returns what the relay offers.
func (s *Session) Capabilities() Capabilities { return s.capabilities }

// TLS returns the state of the encryption, with the relay's verified certificate; ok is
// false for a session in clear.
func (s *Session) TLS() (state tls.ConnectionState, ok bool) { return s.client.TLSConnectionState() }

// TryMail asks with MAIL whether the relay takes mail from the sender of e, and takes
// that back with RSET. e.To is not looked at: no recipient is named, and nothing is sent.
//
// Where the relay takes the sender, the effect is Continue and the reply that to MAIL.
// Else the outcome is what it would be for a notice: Untouched or Rejected, with the
// effect on a run, or the one that it is suspected of. Above Continue the session is over,
// and only Close may follow. When ctx ends, the connection is torn down.
func (s *Session) TryMail(ctx context.Context, e Envelope) Outcome {
	if err := s.checkTrial(e); err != nil {
		_, out := s.grounded(nil, &e, err)
		return out
	}
	stop := context.AfterFunc(ctx, s.conn.abort)
	defer stop()
	f := s.trial(e)
	landed := s.fly(f)
	out := s.judgeTrial(f, landed)
	s.first, s.stale = false, out.Effect == Continue && len(landed.replies) < len(f.exchanges)
	if landed.err != nil {
		s.drop()
	}
	_, out = s.settle(nil, Outcome{}, out)
	return out
}

func (s *Session) checkTrial(e Envelope) error {
	switch {
	case s.over:
		return ErrOver
	case s.open != nil:
		return errSequence
	}
	return e.validateSender()
}

// trial writes MAIL and the RSET that takes it back.
func (s *Session) trial(e Envelope) flight {
	f := flight{octets: s.buffer[:0], sized: e.declares(s.offers)}
	add := func(stage Stage) { f.exchanges = append(f.exchanges, exchange{stage, len(f.octets)}) }
	if s.stale {
		f.octets = append(f.octets, "RSET\r\n"...)
		add(stageReset)
	}
	f.octets = e.appendMail(f.octets, s.offers)
	add(StageMail)
	f.octets = append(f.octets, "RSET\r\n"...)
	add(stageReset)
	s.buffer = f.octets
	return f
}

func (s *Session) judgeTrial(f flight, l landing) Outcome {
	e := s.decisive(f, l)
	switch {
	case l.misread():
		e.reply, e.err = Reply{}, l.err
	case e.lost() && l.err == nil: // every command was taken
		return Outcome{Stage: StageMail, Reply: l.replies[len(l.replies)-2]}
	}
	out := judge(e)
	if e.lost() {
		out.Reply = l.unasked
	}
	if l.err != nil {
		out.Err, out.Effect = l.err, max(out.Effect, Reconnect)
	}
	return out
}
