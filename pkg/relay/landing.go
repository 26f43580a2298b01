package relay

import "errors"

// landing is what came of a flight.
type landing struct {
	replies []Reply // one an exchange, as far as they came
	written int     // octets that were handed to the kernel
	err     error   // why the session is over; nil: it is not
	unasked Reply   // what the relay said without being asked
}

// aligned reports whether the last reply is the 354 that only DATA gets: then every
// reply before it was read for its own command.
func (l landing) aligned() bool {
	return len(l.replies) > 0 && l.replies[len(l.replies)-1].Code == 354
}

// misread reports whether there was a reply too many or too few: whose the others
// are is not known then.
func (l landing) misread() bool { return errors.Is(l.err, errOutOfStep) && !l.aligned() }

// torn reports whether replies are missing of which the relay did not say so.
func (l landing) torn() bool {
	return l.err != nil && !errors.Is(l.err, errClosing) && !l.aligned()
}

// judgeBody says what became of the body of a flight, the zero Outcome where it had
// none.
func (s *Session) judgeBody(f flight, l landing) Outcome {
	if f.exchanges[0].stage != StageDot {
		return Outcome{}
	}
	if len(l.replies) == 0 {
		stage := StageBody
		if l.written > f.dotAt {
			stage = StageDot
		}
		out := judge(event{stage: stage, err: l.err})
		out.Reply = l.unasked
		return out
	}
	reply := l.replies[0]
	if l.misread() {
		return Outcome{Stage: StageDot, Verdict: InDoubt, Effect: Reconnect, Reply: reply, Err: l.err}
	}
	out := judge(event{stage: StageDot, reply: reply})
	if l.err != nil {
		out.Effect = max(out.Effect, Reconnect)
	}
	return out
}

// judgeEnvelope says what became of the envelope of a flight, and leaves the session
// fit for the next one.
func (s *Session) judgeEnvelope(f flight, l landing) Outcome {
	e := s.decisive(f, l)
	if l.misread() {
		e.reply, e.err = Reply{}, l.err // as if none had come
	}
	out := judge(e)
	switch {
	case e.lost():
		out.Reply = l.unasked
	case out.Verdict == Rejected && l.torn():
		out.Verdict = Deferred // it may be the reply to a later command, and its own did not come
	case out.Verdict == Open && l.err != nil: // the relay spoke on after its 354
		out.Verdict, out.Effect, out.Reply = Untouched, Reconnect, l.unasked
	}
	s.first, s.stale = false, out.Verdict != Open
	if l.err == nil && l.aligned() && out.Verdict != Open && out.Effect != Reconnect {
		l.err = s.emptyBody()
	}
	if l.err != nil {
		out.Err, out.Effect = l.err, max(out.Effect, Reconnect)
	}
	return out
}

// decisive finds what decided about the envelope of a flight: the first command
// that was refused or got no reply, or else DATA.
func (s *Session) decisive(f flight, l landing) event {
	e := event{first: s.first, sized: f.sized}
	for i, x := range f.exchanges {
		if x.stage == StageDot {
			continue
		}
		e.stage = x.stage
		if x.stage == stageReset {
			e.stage = StageMail
		}
		if i >= len(l.replies) {
			e.err = l.err
			return e
		}
		if e.reply = l.replies[i]; !e.positive() {
			return e
		}
		e.reply = Reply{}
	}
	return e
}

// emptyBody ends a DATA that was let through although nobody is to receive it (RFC
// 2920 section 3.1).
func (s *Session) emptyBody() error {
	if _, err := s.write([]byte(".\r\n")); err != nil {
		return err
	}
	reply, err := s.reply(StageDot)
	if err == nil && reply.Code == 421 {
		return errClosing
	}
	return err
}
