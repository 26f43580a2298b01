package delivery

import (
	"context"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/notice"
	"breachnotify/pkg/relay"
	"breachnotify/pkg/throttle"
)

// Ledger is what remembers. Its methods are called by several goroutines.
type Ledger interface {
	Reader
	// Record makes the moves durable before it returns, all of them or none.
	Record(ctx context.Context, moves ...campaign.Move) error
	// Note keeps what the run is doing for those who watch from elsewhere.
	Note(ctx context.Context, a campaign.Activity) error
	// Opened keeps over what a session with the relay goes, before the session carries
	// anything. What it keeps already changes nothing.
	Opened(ctx context.Context, s campaign.Session) error
	// Probed keeps which pages do not answer from at on; none: all do.
	Probed(ctx context.Context, at time.Time, silent []campaign.PageFailure) error
}

// Reader is the part of a Ledger that changes nothing.
type Reader interface {
	// Pending returns pending notices with a Seq above after, by rising Seq, all of
	// one batch: the first that has any. None: nothing is left above after.
	Pending(ctx context.Context, after int64, limit int) ([]campaign.Notice, error)
	// Due returns deferred notices whose time has come at now, oldest first, and when
	// the next of the others is due; zero: there is none.
	Due(ctx context.Context, now time.Time, limit int) (due []campaign.Notice, next time.Time, err error)
}

// Sender opens sessions with the relay.
type Sender interface {
	// Open returns a session, or none and an outcome whose effect is BackOff or Halt.
	Open(ctx context.Context) (Session, relay.Outcome)
}

// Session is one SMTP session. It is used by one goroutine.
type Session interface {
	// Flight sends body and its final dot (nil: no envelope is open) and opens the
	// envelope next (nil: none), and returns what became of each. After Open the next
	// call carries the body, unless the session is closed before.
	Flight(ctx context.Context, body *notice.Message, next *relay.Envelope) (done, opened relay.Outcome)
	// Close ends the session. An envelope that is open is left without a final dot,
	// so that its message is not accepted.
	Close() error
	// Peer returns the host:port that the session is with.
	Peer() string
	// Link returns over what the session goes, for the record.
	Link() relay.Link
}

// Composer makes the message of a notice. It is called by several goroutines.
type Composer interface {
	Compose(notice.Recipient) (notice.Message, error)
}

// Clock is the time that a run goes by.
type Clock interface {
	Now() time.Time
	// After returns a channel that delivers once d has passed.
	After(d time.Duration) <-chan time.Time
}

var (
	_ Clock = throttle.System{}
	_ Clock = (*throttle.Virtual)(nil)
)
