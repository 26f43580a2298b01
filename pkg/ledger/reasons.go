package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// Reasons returns what was decided about the accounts: for each class or exclusion and
// each reason how many they are, with the first ones as examples. Those that get a
// notice come first, then the exclusions, and of each the most frequent reason. It reads
// a row a reason, however many accounts there are.
func (r *Reader) Reasons(ctx context.Context) (reasons []campaign.Reason, err error) {
	err = r.view(ctx, func(tx *sqlx.Tx) error {
		examples, err := examplesOf(ctx, tx)
		if err != nil {
			return err
		}
		reasons, err = reasonsOf(ctx, tx, examples)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the reasons: %w", err)
	}
	slices.SortStableFunc(reasons, compareReasons)
	return reasons, nil
}

// reasonsOf joins the verdicts that differ in the language alone.
func reasonsOf(ctx context.Context, tx *sqlx.Tx, examples map[int64][]campaign.Example) ([]campaign.Reason, error) {
	var verdicts []struct {
		Number, Accounts int64
		Class, Excluded  sql.NullString
		Reason           string
	}
	err := tx.SelectContext(ctx, &verdicts, `SELECT number, accounts, class, excluded, reason
		FROM verdicts WHERE accounts > 0 ORDER BY class, excluded, reason, number`)
	if err != nil {
		return nil, err
	}
	var reasons []campaign.Reason
	for _, v := range verdicts {
		reason := campaign.Reason{
			Class: account.Class(v.Class.String), Excluded: campaign.Exclusion(v.Excluded.String), Reason: v.Reason,
		}
		last := len(reasons) - 1
		if last < 0 || !reasons[last].Same(reason) {
			reasons = append(reasons, reason)
			last++
		}
		reasons[last].Accounts += v.Accounts
		shown := append(reasons[last].Examples, examples[v.Number]...)
		reasons[last].Examples = shown[:min(len(shown), maxExamples)]
	}
	return reasons, nil
}

func examplesOf(ctx context.Context, tx *sqlx.Tx) (map[int64][]campaign.Example, error) {
	var found []struct {
		Verdict int64
		ID      string
		Address sql.NullString
	}
	err := tx.SelectContext(ctx, &found, `SELECT e.verdict, a.id, a.address FROM examples e
		CROSS JOIN accounts a ON a.n = e.account ORDER BY e.verdict, e.account`)
	if err != nil {
		return nil, err
	}
	examples := map[int64][]campaign.Example{}
	for _, f := range found {
		example := campaign.Example{ID: f.ID}
		if f.Address.Valid {
			if example.To, err = account.ParseAddress(f.Address.String); err != nil {
				return nil, damaged("an account of verdict %d has no address", f.Verdict)
			}
		}
		examples[f.Verdict] = append(examples[f.Verdict], example)
	}
	return examples, nil
}

func compareReasons(a, b campaign.Reason) int {
	exclusions, classes := campaign.Exclusions(), account.Classes()
	return cmp.Or(
		cmp.Compare(slices.Index(exclusions, a.Excluded), slices.Index(exclusions, b.Excluded)),
		cmp.Compare(slices.Index(classes, a.Class), slices.Index(classes, b.Class)),
		cmp.Compare(b.Accounts, a.Accounts),
	)
}
