package delivery

import (
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/throttle"
)

// maxAsked bounds the wait that a server may ask for a notice, so that a slip of its
// pen does not put a notice off for a year.
const maxAsked = 24 * time.Hour

// settlement is all that decides what an outcome makes of a notice.
type settlement struct {
	notice  campaign.Notice // State is Sending once its intent was recorded
	outcome relay.Outcome
	peer    string
	at      time.Time     // by the wall, for the record
	now     time.Time     // by the run's timeline, for what is to come
	hold    time.Duration // how long the destination is paused
	retry   throttle.Backoff
	random  float64
}

// move returns what to record. It reports false where nothing was decided about a
// notice that was not on its way and met no complaint: it stays as it is.
func (s settlement) move() (campaign.Move, bool) {
	m := campaign.Move{
		Seq:  s.notice.Seq,
		From: s.notice.State,
		At:   s.at,
		Attempt: &campaign.Attempt{
			At:       s.at,
			Stage:    string(s.outcome.Stage),
			Code:     s.outcome.Reply.Code,
			Enhanced: s.outcome.Reply.Enhanced,
			Reply:    s.outcome.Reply.Text,
			Relay:    s.peer,
		},
		Counted: true,
	}
	sending := s.notice.State == campaign.Sending
	switch verdict := s.outcome.Verdict; {
	case verdict == relay.Rejected:
		m.To = campaign.Rejected
	case verdict == relay.Deferred:
		s.deferred(&m)
	case verdict == relay.Accepted && sending:
		m.To = campaign.Accepted
	case verdict == relay.Untouched && (sending || blames(s.outcome)):
		s.untouched(&m)
	case sending:
		m.To = campaign.InDoubt // also for an outcome that no session gives
	default:
		return campaign.Move{}, false
	}
	return m, true
}

func (s settlement) deferred(m *campaign.Move) {
	failed := s.notice.Attempts + 1
	if s.retry.Exhausted(failed) {
		m.To = campaign.Rejected
		return
	}
	m.To = campaign.Deferred
	m.Next = s.now.Add(max(asked(s.outcome), s.hold, s.retry.Wait(failed, s.random)))
}

// untouched puts off a notice that nothing was decided about, since no way leads back to
// pending, and does not count the attempt. It is due again at once, except where it met a
// complaint: should that be for this notice alone, the others come first. A wait that the
// run as a whole keeps (Summary.Hold) is not the notice's: pending ones do not know of it
// either.
func (s settlement) untouched(m *campaign.Move) {
	m.To, m.Counted = campaign.Deferred, false
	wait := s.hold
	if s.outcome.Effect < relay.BackOff {
		wait = max(wait, asked(s.outcome))
	}
	if blames(s.outcome) {
		wait = max(wait, s.retry.Wait(1, s.random))
	}
	m.Next = s.now.Add(wait)
}

// intent returns the move that must be durable before the body of n leaves.
func intent(n campaign.Notice, at, dated time.Time) campaign.Move {
	return campaign.Move{Seq: n.Seq, From: n.State, To: campaign.Sending, At: at, Dated: dated}
}
