package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"time"

	"breachnotify/pkg/campaign"
)

// What a finding did to a notice, as the table has it.
const (
	effectNone    = "none"
	effectWaiting = "waiting"
	effectMoved   = "moved"
)

// outcome is what a finding did to one notice.
type outcome struct {
	effect  string
	to      campaign.State // empty: it stays
	history bool           // it is not current
}

// effect does to a notice what a finding says. The move stands in the history of the
// notice with the words of the finding; it is no attempt that counts.
func (w *writer) effect(n told, f campaign.Finding, at time.Time) (o outcome, err error) {
	to, wait := f.Effect(n.State)
	switch {
	case wait:
		return outcome{effect: effectWaiting}, nil
	case to == "":
		return outcome{effect: effectNone}, nil
	}
	said := f.At
	if said.IsZero() {
		said = at
	}
	err = w.apply(campaign.Move{Seq: n.Seq, From: n.State, To: to, At: at, Attempt: &campaign.Attempt{
		At: said, Stage: string(f.Kind), Enhanced: f.Status, Reply: cmp.Or(f.Diagnostic, f.Reason, string(f.Kind)),
	}})
	return outcome{effect: effectMoved, to: to, history: !n.Current}, err
}

// settlement is what findings did that had waited.
type settlement struct {
	moved   map[campaign.State]int64 // notices, by where they went
	history int64                    // those of them that bounced and are not current
}

// settle looks again at the findings that wait: those whose notice has got a reply since
// have their effect now.
func (w *writer) settle(at time.Time) (settlement, error) {
	ctx := context.Background()
	var waiting []struct {
		Notice, Finding                  int64
		Kind, Status, Reason, Diagnostic string
		Final                            bool
		At                               sql.NullInt64
	}
	err := w.conn.SelectContext(ctx, &waiting, `SELECT e.notice, e.finding, f.kind, f.status, f.reason, f.diagnostic, f.final, f.at
		FROM effects e CROSS JOIN notices o ON o.seq = e.notice CROSS JOIN findings f ON f.number = e.finding
		WHERE e.effect = 'waiting' AND o.state NOT IN ('pending', 'sending', 'deferred') ORDER BY e.notice, e.finding`)
	if err != nil {
		return settlement{}, err
	}
	s := settlement{moved: map[campaign.State]int64{}}
	for _, row := range waiting {
		n := told{Seq: row.Notice} // its state may be the work of the row before
		if err := w.conn.GetContext(ctx, &n, "SELECT seq, state, current FROM notices WHERE seq = ?", n.Seq); err != nil {
			return settlement{}, err
		}
		o, err := w.effect(n, campaign.Finding{
			Kind: campaign.FindingKind(row.Kind), Status: row.Status, Reason: row.Reason, Diagnostic: row.Diagnostic,
			Final: row.Final, At: optionalMoment(row.At),
		}, at)
		if err != nil {
			return settlement{}, err
		}
		if o.to != "" {
			s.moved[o.to]++
		}
		s.history += one(o.history && o.to == campaign.Bounced)
		_, err = change(ctx, w.conn, "UPDATE effects SET effect = ? WHERE notice = ? AND finding = ?", o.effect, row.Notice, row.Finding)
		if err != nil {
			return settlement{}, fmt.Errorf("settle notice %d: %w", row.Notice, err)
		}
	}
	return s, nil
}

// withdraw takes accounts whose notice turned out accepted out of the later ones that
// replace it for them, as far as these have not been tried: they were told. It returns how
// many these are. It looks at what is left of resends only, and the schema does the rest
// (0007_withdrawals.sql).
func (w *writer) withdraw(at time.Time) (accounts int64, err error) {
	return change(context.Background(), w.conn, `INSERT INTO withdrawals (account, notice, replaces, at)
		SELECT m.account, m.notice, m.replaces, ? FROM batches b CROSS JOIN notices o ON o.seq BETWEEN b.first AND b.last
		CROSS JOIN members m ON m.notice = o.seq CROSS JOIN notices p ON p.seq = m.replaces
		WHERE b.resend IS NOT NULL AND EXISTS (SELECT 1 FROM tally t WHERE t.batch = b.number AND t.n > 0
			AND (t.state = 'pending' OR t.state = 'deferred'))
		AND +o.current = 1 AND o.tries = 0 AND (+o.state = 'pending' OR +o.state = 'deferred') AND p.state = 'accepted'`, micros(at))
}
