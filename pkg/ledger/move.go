package ledger

import (
	"context"
	"errors"
	"fmt"

	"breachnotify/pkg/campaign"
)

const (
	// The unary plus keeps the planner from holding the state against the condition of
	// a partial index, which would compile the statement anew for every value.
	moveStatement = `UPDATE notices SET state = ?, next_at = ?, dated = coalesce(?, dated),
		attempts = attempts + ?, tries = tries + ?, updated = ? WHERE seq = ? AND +state = ?`
	attemptStatement = `INSERT INTO attempts (notice, n, at, stage, code, enhanced, reply, relay)
		SELECT seq, tries, ?, ?, ?, ?, ?, ? FROM notices WHERE seq = ?`
)

// Record makes moves, all or none, and returns when they are durable. Moves of
// several calls share a commit.
//
// It returns a *MoveError for a move that cannot be made: ErrStale where the notice
// is in another state than the move starts from. ErrStopped means that an earlier or
// this write failed: it is not known whether this one happened. With ctx's error
// nothing happened.
func (l *Ledger) Record(ctx context.Context, moves ...campaign.Move) error {
	for _, m := range moves {
		if err := checkMove(m); err != nil {
			return &MoveError{Seq: m.Seq, From: m.From, To: m.To, Err: err}
		}
	}
	return l.writer.do(ctx, func(w *writer) error {
		for _, m := range moves {
			if err := w.apply(m); err != nil {
				return err
			}
		}
		if run := l.run.Load(); run != 0 && len(moves) > 0 {
			w.sentBy, w.sentAt = run, max(w.sentAt, micros(moves[len(moves)-1].At))
			for _, m := range moves {
				if m.To == campaign.Accepted {
					w.acceptedAt = max(w.acceptedAt, micros(m.At))
				}
			}
		}
		return nil
	})
}

// checkMove holds a move against everything that can be known without the ledger.
func checkMove(m campaign.Move) error {
	if err := campaign.Legal(m.From, m.To); err != nil {
		return err
	}
	switch {
	case m.At.IsZero():
		return errors.New("it has no time")
	case (m.To == campaign.Deferred) == m.Next.IsZero():
		return errors.New("a deferred notice, and no other, has a time for the next attempt")
	case (m.To == campaign.Sending) == m.Dated.IsZero():
		return errors.New("a notice gets its date on the move to sending")
	case m.To == campaign.Sending && m.Attempt != nil:
		return errors.New("an attempt is recorded when its outcome is known")
	case m.Counted && m.Attempt == nil:
		return errors.New("no attempt can be counted where none is recorded")
	}
	return nil
}

func (w *writer) apply(m campaign.Move) error {
	result, err := w.move.Exec(string(m.To), optional(m.Next), optional(m.Dated),
		one(m.Counted), one(m.Attempt != nil), micros(m.At), m.Seq, string(m.From))
	if err != nil {
		return moveFailed(m, err)
	}
	changed, err := result.RowsAffected()
	if err != nil {
		return moveFailed(m, err)
	}
	if changed != 1 {
		return &MoveError{Seq: m.Seq, From: m.From, To: m.To, Err: ErrStale}
	}
	if a := m.Attempt; a != nil {
		_, err = w.attempt.Exec(micros(a.At), a.Stage, a.Code, a.Enhanced, a.Reply, a.Relay, m.Seq)
	}
	return moveFailed(m, err)
}

func moveFailed(m campaign.Move, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("move notice %d from %s to %s: %w", m.Seq, m.From, m.To, err)
}

// one counts what is true.
func one(counts bool) int64 {
	if counts {
		return 1
	}
	return 0
}
