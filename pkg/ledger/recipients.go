package ledger

import (
	"context"
	"fmt"
	"iter"

	"breachnotify/pkg/account"
)

// recipientPage is how many addresses are read by one query.
const recipientPage = 10_000

// Recipients yields the address of every current notice, in the order of sending. It
// reads in pages, between which nothing is held open, and ends with the first error.
func (r *Reader) Recipients(ctx context.Context) iter.Seq2[account.Address, error] {
	return func(yield func(account.Address, error) bool) {
		for after := int64(0); ; {
			var page []struct {
				Seq     int64
				Address string
			}
			err := r.db.SelectContext(ctx, &page,
				"SELECT seq, address FROM notices WHERE seq > ? AND current = 1 ORDER BY seq LIMIT ?", after, recipientPage)
			if err != nil {
				yield(account.Address{}, fmt.Errorf("read the recipients: %w", explain(err)))
				return
			}
			for _, row := range page {
				after = row.Seq
				to, err := account.ParseAddress(row.Address)
				if err != nil {
					err = fmt.Errorf("read the recipients: %w", damaged("notice %d has no address", row.Seq))
				}
				if !yield(to, err) || err != nil {
					return
				}
			}
			if len(page) < recipientPage {
				return
			}
		}
	}
}
