package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// Resend makes a new generation of the notices that r chooses, in batches of its own
// behind all others, each with a digest: the plan and its digest stay as they are. All
// of it is one transaction. Send then finds the new notices as it finds any.
//
// Every account is in one current notice before and after. One that goes over is in the
// new notice; one that does not stays in the old one, which is current as long as it has
// any. A correction is recorded with who made it and when. A second call with the same r
// does nothing, since what it would choose is pending now.
//
// What a dead process left as sending becomes in doubt first, as in Recover. Resend
// returns an error within a run.
func (l *Ledger) Resend(ctx context.Context, r campaign.Resend) (resent campaign.Resent, err error) {
	if err := r.Validate(); err != nil {
		return campaign.Resent{}, fmt.Errorf("resend: %w", err)
	}
	if l.run.Load() != 0 {
		return campaign.Resent{}, fmt.Errorf("resend: %w", errBegun)
	}
	err = l.writer.do(ctx, func(w *writer) (err error) {
		resent, err = w.resend(r, l.plan.BatchSize)
		return err
	})
	if err != nil {
		return campaign.Resent{}, fmt.Errorf("resend: %w", err)
	}
	return resent, nil
}

// resend makes the generation, and takes it back in a dry run: what would be is known
// best when it was.
func (w *writer) resend(r campaign.Resend, batchSize int) (campaign.Resent, error) {
	ctx := context.Background()
	const begin, undo, end = "SAVEPOINT resend", "ROLLBACK TO resend", "RELEASE resend"
	if _, err := w.conn.ExecContext(ctx, begin); err != nil {
		return campaign.Resent{}, err
	}
	if _, err := w.recover(r.At); err != nil {
		return campaign.Resent{}, err
	}
	g := generation{conn: w.conn, Resend: r, batchSize: batchSize, used: map[string]bool{}}
	if err := g.make(ctx); err != nil {
		return campaign.Resent{}, err
	}
	if r.DryRun {
		if _, err := w.conn.ExecContext(ctx, undo); err != nil {
			return campaign.Resent{}, err
		}
	}
	_, err := w.conn.ExecContext(ctx, end)
	return g.resent, err
}

// generation is a resend in the making.
type generation struct {
	campaign.Resend
	conn      *sqlx.Conn
	batchSize int
	used      map[string]bool // the corrections of which something has become
	resent    campaign.Resent
}

// Tables for the time of a resend: the accounts that go over, with the mailbox to which
// they go; the notices that lose the last of theirs; and the notices that are made.
var scratch = []string{
	`DROP TABLE IF EXISTS temp.going; DROP TABLE IF EXISTS temp.emptied; DROP TABLE IF EXISTS temp.made`,
	`CREATE TEMP TABLE going (account INTEGER PRIMARY KEY, notice INTEGER, generation INTEGER, class TEXT,
		was TEXT, address TEXT, mailbox TEXT, box INTEGER, corrected INTEGER)`,
	`CREATE TEMP TABLE emptied (seq INTEGER PRIMARY KEY)`,
}

// group makes one notice of the accounts of each mailbox and class. They are numbered in
// the order of the notices that they replace, so that destinations stay mixed as the
// plan has mixed them.
const group = `CREATE TEMP TABLE made AS
	SELECT (SELECT max(seq) FROM notices) + row_number() OVER (ORDER BY first, lead) AS seq,
		lead, generation, class, mailbox, box
	FROM (SELECT min(account) AS lead, min(notice) AS first, max(generation) + 1 AS generation, class, mailbox, box
		FROM going GROUP BY box, mailbox, class);
	CREATE UNIQUE INDEX temp.made_group ON made (box, mailbox, class)`

// renew writes the generation, once the row of its resend is there.
var renew = []string{
	`INSERT INTO notices (seq, lead, class, locale, address, generation)
		SELECT m.seq, m.lead, m.class, v.locale, g.address, m.generation FROM made m
		CROSS JOIN going g ON g.account = m.lead CROSS JOIN accounts a ON a.n = m.lead
		CROSS JOIN verdicts v ON v.number = a.verdict ORDER BY m.seq`,
	`INSERT INTO members (account, notice, replaces)
		SELECT g.account, m.seq, g.notice FROM going g CROSS JOIN made m USING (box, mailbox, class)`,
	`INSERT INTO corrections (account, resend, was, address, mailbox, box)
		SELECT account, (SELECT max(number) FROM resends), was, address, mailbox, box FROM going WHERE corrected`,
	`UPDATE notices SET current = 0 WHERE seq IN (SELECT seq FROM emptied)`,
}

func (g *generation) make(ctx context.Context) error {
	g.resent = campaign.Resent{
		ByClass: map[account.Class]int64{}, Refused: map[campaign.Refusal]int64{}, Examples: map[campaign.Refusal][]string{},
	}
	for _, statement := range scratch {
		if _, err := g.conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	if err := g.choose(ctx); err != nil {
		return err
	}
	if err := g.refuseUnused(ctx); err != nil {
		return err
	}
	if g.resent.Accounts > 0 {
		if err := g.write(ctx); err != nil {
			return err
		}
	}
	_, err := g.conn.ExecContext(ctx, scratch[0])
	return err
}

// choose goes through the notices that did not get through and decides of each account.
func (g *generation) choose(ctx context.Context) error {
	chosen, err := newChooser(ctx, g)
	if err != nil {
		return err
	}
	defer chosen.close()
	for after := int64(0); ; {
		page, err := nextFailing(ctx, g.conn, g.States, after)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, f := range page {
			if err := chosen.notice(f); err != nil {
				return err
			}
			after = f.Seq
		}
	}
}

// refuseUnused says of each correction that nothing has become of why that is.
func (g *generation) refuseUnused(ctx context.Context) error {
	for _, id := range slices.Sorted(maps.Keys(g.Corrections)) {
		if g.used[id] {
			continue
		}
		var excluded bool
		err := g.conn.GetContext(ctx, &excluded, `SELECT excluded IS NOT NULL FROM accounts JOIN verdicts ON number = verdict
			WHERE id = ? ORDER BY n LIMIT 1`, id)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			g.resent.Refuse(campaign.RefusedAccount, id)
		case err != nil:
			return err
		case excluded:
			g.resent.Refuse(campaign.RefusedExcluded, id)
		default:
			g.resent.Refuse(campaign.RefusedState, id)
		}
	}
	return nil
}

// write makes the notices and batches of the accounts that go over.
func (g *generation) write(ctx context.Context) error {
	if _, err := g.conn.ExecContext(ctx, group); err != nil {
		return err
	}
	if err := g.countMade(ctx); err != nil {
		return err
	}
	states, err := json.Marshal(g.States)
	if err != nil {
		return err
	}
	result, err := g.conn.ExecContext(ctx, "INSERT INTO resends (at, by, states, forced, notices, corrected) VALUES (?, ?, ?, ?, ?, ?)",
		micros(g.At), g.By, string(states), g.Force, g.resent.Notices, g.resent.Corrected)
	if err != nil {
		return err
	}
	if g.resent.Number, err = result.LastInsertId(); err != nil {
		return err
	}
	for _, statement := range renew {
		if _, err := g.conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return g.bind(ctx)
}

// countMade counts what is made.
func (g *generation) countMade(ctx context.Context) error {
	var counts []struct {
		Class account.Class
		N     int64
	}
	if err := g.conn.SelectContext(ctx, &counts, "SELECT class, count(*) AS n FROM made GROUP BY class"); err != nil {
		return err
	}
	for _, c := range counts {
		g.resent.ByClass[c.Class] = c.N
		g.resent.Notices += c.N
	}
	return nil
}

// bind makes the batches.
func (g *generation) bind(ctx context.Context) error {
	var end struct{ Number, Last, Seq int64 }
	err := g.conn.GetContext(ctx, &end, `SELECT max(number) AS number, max(last) AS last,
		(SELECT max(seq) FROM notices) AS seq FROM batches`)
	if err != nil {
		return err
	}
	for end.Last < end.Seq {
		b := batch{
			span: span{Number: end.Number + 1, First: end.Last + 1, Last: min(end.Last+int64(g.batchSize), end.Seq)},
			made: micros(g.At), resend: sql.NullInt64{Int64: g.resent.Number, Valid: true},
		}
		if err := b.bind(ctx, g.conn); err != nil {
			return err
		}
		g.resent.Batches++
		end.Number, end.Last = b.Number, b.Last
	}
	return nil
}
