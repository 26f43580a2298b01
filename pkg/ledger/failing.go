package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// failingPage is how many notices that did not get through are read at once.
const failingPage = 500

// A selector is a transaction, or the connection that writes.
type selector interface {
	queryer
	SelectContext(ctx context.Context, dest any, query string, args ...any) error
}

// failing is a current notice that did not get through, with what is known of why.
type failing struct {
	Seq, Generation int64
	Class           account.Class
	Address         string
	State           campaign.State
	Updated         sql.NullInt64
	lastAttempt
	accounts                []member // those for whom it is the last notice
	permanence              campaign.Permanence
	status, why, diagnostic string
}

// member is an account of a notice.
type member struct {
	Seq, N, Line int64
	ID, Name     string
}

// bounce is a final bounce of a notice.
type bounce struct {
	Notice                                 int64
	Permanence, Status, Reason, Diagnostic string
}

// nextFailing returns the current notices above after in one of states, in their order,
// at most failingPage of them and all of one batch; none: there are no more. The tally
// tells in which batches to look.
func nextFailing(ctx context.Context, q selector, states []campaign.State, after int64) ([]failing, error) {
	list, err := json.Marshal(states)
	if err != nil {
		return nil, err
	}
	for s := (span{}); ; {
		err := q.GetContext(ctx, &s, `SELECT number, first, last FROM tally JOIN batches ON number = batch
			WHERE state IN (SELECT value FROM json_each(?)) AND n > 0
				AND batch > max(?, coalesce((SELECT max(number) FROM batches WHERE first <= ?), 1) - 1)
			ORDER BY batch LIMIT 1`, string(list), s.Number, after+1)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		var page []failing
		err = q.SelectContext(ctx, &page, `SELECT o.seq, o.generation, o.class, o.address, o.state, o.updated,
				t.stage, t.code, t.enhanced, t.reply
			FROM notices o LEFT JOIN attempts t ON t.notice = o.seq AND t.n = o.tries
			WHERE o.seq BETWEEN ? AND ? AND o.current = 1 AND o.state IN (SELECT value FROM json_each(?))
			ORDER BY o.seq LIMIT ?`, max(s.First, after+1), s.Last, string(list), failingPage)
		if err != nil {
			return nil, err
		}
		if len(page) > 0 {
			return page, explainFailures(ctx, q, page)
		}
	}
}

// explainFailures fills in whom notices are about and why they did not get through.
func explainFailures(ctx context.Context, q selector, page []failing) error {
	numbers := make([]int64, len(page))
	for i, f := range page {
		numbers[i] = f.Seq
	}
	list, err := json.Marshal(numbers)
	if err != nil {
		return err
	}
	members, err := membersOf(ctx, q, string(list))
	if err != nil {
		return err
	}
	bounces, err := bouncesOf(ctx, q, string(list))
	if err != nil {
		return err
	}
	for i := range page {
		f := &page[i]
		if f.accounts = members[f.Seq]; len(f.accounts) == 0 {
			return damaged("notice %d is current and about nobody", f.Seq)
		}
		f.judge(bounces[f.Seq])
	}
	return nil
}

// The accounts for whom some notices are the last: of the plan those without a later
// one, of later generations likewise.
const lastMembers = `WITH asked AS (SELECT value AS seq FROM json_each(?)),
	planned AS (SELECT o.seq, lead FROM asked CROSS JOIN notices o ON o.seq = asked.seq WHERE generation = 1),
	about AS (
		SELECT p.seq, p.lead AS n FROM planned p
		UNION ALL SELECT p.seq, a.n FROM planned p CROSS JOIN accounts a ON a.lead = p.lead
		UNION ALL SELECT asked.seq, account FROM asked CROSS JOIN members ON notice = asked.seq)
	SELECT about.seq, a.n, a.line, a.id, a.name FROM about CROSS JOIN accounts a ON a.n = about.n
	WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.account = a.n AND m.notice > about.seq) ORDER BY a.n`

func membersOf(ctx context.Context, q selector, seqs string) (map[int64][]member, error) {
	var found []member
	if err := q.SelectContext(ctx, &found, lastMembers, seqs); err != nil {
		return nil, err
	}
	members := map[int64][]member{}
	for _, m := range found {
		members[m.Seq] = append(members[m.Seq], m)
	}
	return members, nil
}

// bouncesOf returns of each notice the bounce that decides: one that says permanent
// before one that says transient, whatever the order in which they came.
func bouncesOf(ctx context.Context, q selector, seqs string) (map[int64]*bounce, error) {
	var found []bounce
	err := q.SelectContext(ctx, &found, `SELECT e.notice, f.permanence, f.status, f.reason, f.diagnostic
		FROM json_each(?) CROSS JOIN effects e ON e.notice = value CROSS JOIN findings f ON f.number = e.finding
		WHERE f.kind = 'bounce' AND f.final = 1 ORDER BY f.at, f.digest`, seqs)
	if err != nil {
		return nil, err
	}
	rank := []string{string(campaign.Permanent), string(campaign.Transient), string(campaign.PermanenceUnknown)}
	slices.SortStableFunc(found, func(a, b bounce) int {
		return cmp.Compare(slices.Index(rank, a.Permanence), slices.Index(rank, b.Permanence))
	})
	bounces := map[int64]*bounce{}
	for i, b := range found {
		if bounces[b.Notice] == nil {
			bounces[b.Notice] = &found[i]
		}
	}
	return bounces, nil
}

// judge says why a notice did not get through: by what came back, or by the relay's
// last reply.
func (f *failing) judge(b *bounce) {
	switch {
	case f.State == campaign.InDoubt:
		f.permanence, f.why = campaign.PermanenceUnknown, f.line()
	case b != nil:
		f.permanence, f.status = campaign.Permanence(b.Permanence), b.Status
		f.why, f.diagnostic = cmp.Or(b.Reason, "bounced"), b.Diagnostic
	default:
		f.permanence = campaign.RejectionPermanence(int(f.Code.Int64), f.Enhanced.String)
		f.status, f.why, f.diagnostic = f.Enhanced.String, string(f.State), f.line()
	}
}
