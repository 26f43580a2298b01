package ledger

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// Unreachable is an account whose owner could not be told by mail, for post or the
// telephone. Either State or Excluded says which kind of failure it is.
type Unreachable struct {
	Line       int64 // of the export
	ID, Name   string
	Class      account.Class       // empty where there is none
	Address    account.Address     // the last one that was tried; zero where there is none
	Written    string              // what stands for an address that is none, as campaign.Planned has it
	State      campaign.State      // rejected, bounced or in doubt; empty: excluded
	Excluded   campaign.Exclusion  // no usable address, or withheld; empty: a notice failed
	Reason     string              // a reason of package bounce, the state, or why it is excluded
	Status     string              // enhanced status code; may be empty
	Permanence campaign.Permanence // empty where it is excluded
	Diagnostic string              // what a server said; may hold an address
	Seq        int64               // of the current notice; 0: there is none
	NoticeID   string
	Generation int
	At         time.Time // when that became known
}

// Unreachable yields the accounts whose owners could not be told: those whose current
// notice is rejected, bounced or in doubt, in the order of sending, and then those that
// are excluded for their address or mailbox, in the order of the export. It ends with the first
// error.
func (r *Reader) Unreachable(ctx context.Context) iter.Seq2[Unreachable, error] {
	return func(yield func(Unreachable, error) bool) {
		goesOn := true
		each := func(u Unreachable) bool {
			goesOn = yield(u, nil)
			return goesOn
		}
		err := r.eachFailing(ctx, each)
		if err == nil && goesOn {
			err = r.eachWithoutAddress(ctx, each)
		}
		if err != nil {
			yield(Unreachable{}, fmt.Errorf("read who could not be told: %w", explain(err)))
		}
	}
}

// eachFailing reads in pages, between which nothing is held open.
func (r *Reader) eachFailing(ctx context.Context, yield func(Unreachable) bool) error {
	for after := int64(0); ; {
		var page []failing
		err := r.view(ctx, func(tx *sqlx.Tx) (err error) {
			page, err = nextFailing(ctx, tx, campaign.Resendable(), after)
			return err
		})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, f := range page {
			to, err := account.ParseAddress(f.Address)
			if err != nil {
				return damaged("notice %d has no address", f.Seq)
			}
			for _, m := range f.accounts {
				if !yield(r.unreached(f, m, to)) {
					return nil
				}
			}
			after = f.Seq
		}
	}
}

func (r *Reader) unreached(f failing, m member, to account.Address) Unreachable {
	return Unreachable{
		Line: m.Line, ID: m.ID, Name: m.Name, Class: f.Class, Address: to, State: f.State,
		Reason: f.why, Status: f.status, Permanence: f.permanence, Diagnostic: f.diagnostic,
		Seq: f.Seq, NoticeID: r.plan.key().NoticeID(f.Seq), Generation: int(f.Generation), At: optionalMoment(f.Updated),
	}
}

const withoutAddress = selectAccount + ` AND a.verdict IN (SELECT number FROM verdicts
	WHERE excluded IN ('no_address', 'invalid_address', 'unsendable', 'withheld')) ORDER BY a.n LIMIT ?`

func (r *Reader) eachWithoutAddress(ctx context.Context, yield func(Unreachable) bool) error {
	for after := int64(0); ; {
		var page []accountRow
		if err := r.db.SelectContext(ctx, &page, withoutAddress, after, accountPage); err != nil {
			return err
		}
		for _, row := range page {
			line, err := r.accountLine(row)
			if err != nil {
				return err
			}
			u := Unreachable{
				Line: line.Line, ID: line.ID, Name: line.Name, Class: line.Class, Address: line.Address,
				Written: line.Written, Excluded: line.Excluded, Reason: line.Reason, At: moment(r.plan.Made),
			}
			if !yield(u) {
				return nil
			}
			after = row.N
		}
		if len(page) < accountPage {
			return nil
		}
	}
}
