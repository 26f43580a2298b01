package throttle

import (
	"errors"
	"fmt"
)

// Halt is when a run stops itself.
type Halt struct {
	Rejected    float64 // the share of rejected notices, 0 to 1, above which it stops
	After       int     // how many outcomes must be known before the share counts
	Consecutive int     // errors of the relay in a row; at least 1
}

// Validate returns an error for rules that could never or would always apply.
func (h Halt) Validate() error {
	switch {
	case !(h.Rejected >= 0 && h.Rejected <= 1):
		return errors.New("the share of rejected notices is not from 0% to 100%")
	case h.After < 1:
		return errors.New("the number of outcomes before the share counts is below 1")
	case h.Consecutive < 1:
		return errors.New("the number of errors in a row is below 1")
	}
	return nil
}

const (
	// memory is how many times Halt.After outcomes the share is taken over. Over the
	// whole run it would hide a relay that turns against the second million; over
	// After outcomes alone, chance would stop every long run.
	memory = 10
	// noChance is how many rejections at the end of a batch are taken seriously before
	// Halt.After outcomes are known, and lopsided the share of them that no list of honest
	// mailboxes has: any list has some dead ones.
	noChance = 3
	lopsided = 0.5
)

// Breaker decides when a run stops itself. Outcomes are known when they are final
// and not in doubt.
type Breaker struct {
	halt     Halt
	outcomes []bool // a ring of the last ones; true: rejected
	next     int
	known    int // held in outcomes
	rejected int // of these
	errors   int // in a row
}

// NewBreaker returns a Breaker of valid rules that has seen nothing.
func NewBreaker(h Halt) *Breaker {
	return &Breaker{halt: h, outcomes: make([]bool, memory*h.After)}
}

// Accepted takes an accepted notice in; errors are no longer in a row.
func (b *Breaker) Accepted() { b.know(false) }

// Rejected takes a rejected notice in; errors are no longer in a row.
func (b *Breaker) Rejected() { b.know(true) }

// Failed takes an error of the relay in, one that says nothing about a notice.
func (b *Breaker) Failed() { b.errors++ }

func (b *Breaker) know(rejected bool) {
	b.errors = 0
	if b.known == len(b.outcomes) {
		if b.outcomes[b.next] {
			b.rejected--
		}
	} else {
		b.known++
	}
	b.outcomes[b.next] = rejected
	b.next = (b.next + 1) % len(b.outcomes)
	if rejected {
		b.rejected++
	}
}

// Tripped returns why the run is to stop; empty: it is not.
func (b *Breaker) Tripped() string {
	if b.Failing() {
		return fmt.Sprintf("%d errors of the relay in a row (halt.consecutive_errors is %d)", b.errors, b.halt.Consecutive)
	}
	if b.known >= b.halt.After {
		return b.overShare()
	}
	return ""
}

// Failing reports whether it is errors of the relay that stop the run, and not rejections.
func (b *Breaker) Failing() bool { return b.errors >= b.halt.Consecutive }

// TrippedByBatch is Tripped at the end of a batch, where half or more of what is known
// stops the run before Halt.After outcomes are, if three notices or more were rejected. A
// canary batch can be smaller than Halt.After; what it shows must not be passed over.
func (b *Breaker) TrippedByBatch() string {
	reason := b.Tripped()
	if reason != "" || b.rejected < noChance || b.share() < lopsided {
		return reason
	}
	return b.overShare()
}

func (b *Breaker) share() float64 { return float64(b.rejected) / float64(max(b.known, 1)) }

func (b *Breaker) overShare() string {
	share := b.share()
	if share <= b.halt.Rejected {
		return ""
	}
	return fmt.Sprintf("%d of the last %d notices were rejected: %.3g%%, and halt.rejected is %.3g%%",
		b.rejected, b.known, 100*share, 100*b.halt.Rejected)
}
