package ledger

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// lastFailed selects the last attempts without an acceptance, by the index of these.
// What a finding says stands among them; that a notice arrived is no problem.
const lastFailed = `SELECT notice, n FROM attempts WHERE (code < 200 OR code > 299)
	AND stage NOT IN ('delivered', 'queued') ORDER BY at DESC LIMIT ?`

// Problems returns the last attempts that did not end with an acceptance, the latest
// first and n at most. What the replies say of the recipients is masked.
func (r *Reader) Problems(ctx context.Context, n int) (problems []campaign.Problem, err error) {
	err = r.view(ctx, func(tx *sqlx.Tx) error {
		problems, err = r.problems(ctx, tx, n)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the last problems: %w", err)
	}
	return problems, nil
}

func (r *Reader) problems(ctx context.Context, tx *sqlx.Tx, n int) ([]campaign.Problem, error) {
	var rows []struct {
		Notice, At, N, Tries int64
		State                campaign.State
		Address, Names       string
		lastAttempt
	}
	err := tx.SelectContext(ctx, &rows, `SELECT t.notice, t.at, t.n, o.tries, o.state, o.address, t.stage, t.code, t.enhanced, t.reply,
			(SELECT group_concat(name, ' ') FROM accounts a WHERE a.n = o.lead OR a.lead = o.lead) AS names
		FROM (`+lastFailed+`) l
		CROSS JOIN attempts t ON t.notice = l.notice AND t.n = l.n
		CROSS JOIN notices o ON o.seq = t.notice ORDER BY t.at DESC, t.notice DESC`, n)
	if err != nil {
		return nil, err
	}
	var problems []campaign.Problem
	for _, row := range rows {
		to, err := account.ParseAddress(row.Address)
		if err != nil {
			return nil, damaged("notice %d has no address", row.Notice)
		}
		row.Reply.String = account.MaskName(to.HideIn(row.Reply.String), row.Names)
		problems = append(problems, campaign.Problem{
			At: moment(row.At), NoticeID: r.plan.key().NoticeID(row.Notice),
			Outcome: outcomeOf(row.State, row.Stage.String, row.N == row.Tries), Reply: row.line(),
		})
	}
	return problems, nil
}

// outcomeOf returns where an attempt that brought no acceptance left its notice, from
// its stage, which may be that of a finding, and where the notice stands now. Only what was deferred is tried again, and what was in
// doubt may have been settled since.
func outcomeOf(state campaign.State, stage string, last bool) campaign.State {
	switch {
	case stage == string(campaign.FoundBounce):
		return campaign.Bounced
	case last && state == campaign.Rejected:
		return campaign.Rejected
	case last && (state == campaign.InDoubt || state == campaign.Accepted || state == campaign.Bounced):
		return campaign.InDoubt
	}
	return campaign.Deferred
}
