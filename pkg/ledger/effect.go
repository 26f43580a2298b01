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

// effect does to a notice what a finding says. The move stands in the history of the
// notice with the words of the finding; it is no attempt that counts.
func (w *writer) effect(n told, f campaign.Finding, at time.Time) (effect string, to campaign.State, err error) {
	to, wait := f.Effect(n.State)
	switch {
	case wait:
		return effectWaiting, "", nil
	case to == "":
		return effectNone, "", nil
	}
	said := f.At
	if said.IsZero() {
		said = at
	}
	err = w.apply(campaign.Move{Seq: n.Seq, From: n.State, To: to, At: at, Attempt: &campaign.Attempt{
		At: said, Stage: string(f.Kind), Enhanced: f.Status, Reply: cmp.Or(f.Diagnostic, f.Reason, string(f.Kind)),
	}})
	return effectMoved, to, err
}

// settle looks again at the findings that wait: those whose notice has got a reply since
// have their effect now. It returns how many notices went to which state.
func (w *writer) settle(at time.Time) (map[campaign.State]int64, error) {
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
		return nil, err
	}
	moved := map[campaign.State]int64{}
	for _, row := range waiting {
		n := told{Seq: row.Notice} // its state may be the work of the row before
		if err := w.conn.GetContext(ctx, &n.State, "SELECT state FROM notices WHERE seq = ?", n.Seq); err != nil {
			return nil, err
		}
		effect, to, err := w.effect(n, campaign.Finding{
			Kind: campaign.FindingKind(row.Kind), Status: row.Status, Reason: row.Reason, Diagnostic: row.Diagnostic,
			Final: row.Final, At: optionalMoment(row.At),
		}, at)
		if err != nil {
			return nil, err
		}
		if to != "" {
			moved[to]++
		}
		_, err = change(ctx, w.conn, "UPDATE effects SET effect = ? WHERE notice = ? AND finding = ?", effect, row.Notice, row.Finding)
		if err != nil {
			return nil, fmt.Errorf("settle notice %d: %w", row.Notice, err)
		}
	}
	return moved, nil
}
