package smtptest

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Stage is the moment at which a Script is asked.
type Stage string

// The stages. Each but Body is answered with one reply.
const (
	Connect  Stage = "connect" // the banner is due
	EHLO     Stage = "ehlo"
	HELO     Stage = "helo"
	STARTTLS Stage = "starttls"
	Auth     Stage = "auth"
	Mail     Stage = "mail"
	Rcpt     Stage = "rcpt"
	Data     Stage = "data"
	Body     Stage = "body" // 354 was said; nothing of the message was read yet
	Dot      Stage = "dot"  // the final dot was read
	Reset    Stage = "rset"
	Noop     Stage = "noop"
	Quit     Stage = "quit"
)

// Event is what a Script decides about.
type Event struct {
	Conn  int    // the number of the connection, from 1
	Stage Stage  // the moment
	Line  string // the command as it came, without its line end
	From  string // of the transaction; empty before MAIL
	To    string // of the transaction, at Rcpt the one asked for; empty before RCPT
	Taken int    // messages taken over this connection so far
}

// End is what becomes of the connection after an Action.
type End int

// The ends.
const (
	Stay  End = iota // the session goes on
	Drop             // it is closed
	Abort            // it is closed with a TCP reset
	Stall            // nothing more is read or said until the client or the server closes
)

// Action is what the server does in place of what it would do. The zero Action is
// what it would do.
type Action struct {
	// Reply is said instead of the usual reply, as it stands, with CRLF added at its
	// end. The server goes on by its first digit as if it had been its own. It may
	// hold several lines, or several replies.
	Reply string
	// Silent says nothing. At Dot the message counts as received, not as taken.
	Silent bool
	Delay  time.Duration   // waited before the reply
	Until  <-chan struct{} // waited for before the reply
	Then   End             // after the reply
}

func (a Action) isZero() bool { return a == Action{} }

// Script says what to do at an event. It is called by several goroutines at once.
type Script func(Event) Action

// Chain asks one script after the other; the first that wants something gets it.
func Chain(scripts ...Script) Script {
	return func(e Event) Action {
		for _, script := range scripts {
			if a := script(e); !a.isZero() {
				return a
			}
		}
		return Action{}
	}
}

// On does a at every event of the stage.
func On(stage Stage, a Action) Script {
	return func(e Event) Action {
		if e.Stage == stage {
			return a
		}
		return Action{}
	}
}

// Once does a at the nth event of the stage, from 1, counted over all connections.
func Once(stage Stage, nth int, a Action) Script {
	var mu sync.Mutex
	return func(e Event) Action {
		if e.Stage != stage {
			return Action{}
		}
		mu.Lock()
		defer mu.Unlock()
		if nth--; nth == 0 {
			return a
		}
		return Action{}
	}
}

// For does a at every event of the stage in a transaction to the recipient, whose
// case does not matter.
func For(recipient string, stage Stage, a Action) Script {
	return func(e Event) Action {
		if e.Stage == stage && strings.EqualFold(e.To, recipient) {
			return a
		}
		return Action{}
	}
}

// Refuse answers RCPT for each of the recipients with reply.
func Refuse(reply string, recipients ...string) Script {
	return func(e Event) Action {
		if e.Stage == Rcpt && slices.ContainsFunc(recipients, func(r string) bool { return strings.EqualFold(r, e.To) }) {
			return Action{Reply: reply}
		}
		return Action{}
	}
}

// Greylist refuses each recipient of the list the first n times with reply; an
// empty list is everybody.
func Greylist(n int, reply string, recipients ...string) Script {
	var mu sync.Mutex
	tries := make(map[string]int)
	return func(e Event) Action {
		to := strings.ToLower(e.To)
		if e.Stage != Rcpt || len(recipients) > 0 && !slices.Contains(recipients, to) {
			return Action{}
		}
		mu.Lock()
		defer mu.Unlock()
		if tries[to]++; tries[to] <= n {
			return Action{Reply: reply}
		}
		return Action{}
	}
}

// CloseAfter closes every connection after its nth message was answered with 250.
func CloseAfter(n int) Script {
	return func(e Event) Action {
		if e.Stage == Dot && e.Taken == n-1 {
			return Action{Reply: "250 2.0.0 the last one", Then: Drop}
		}
		return Action{}
	}
}

// DismissAfter answers the MAIL after the nth message of a connection with 421.
func DismissAfter(n int) Script {
	return func(e Event) Action {
		if e.Stage == Mail && e.Taken == n {
			return Action{Reply: "421 4.7.0 enough for this session", Then: Drop}
		}
		return Action{}
	}
}

// Slow waits d before each reply.
func Slow(d time.Duration) Script {
	return func(Event) Action { return Action{Delay: d} }
}
