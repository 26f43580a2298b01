package ledger

import (
	"context"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// verdict is everything about an account that many others share.
type verdict struct {
	class    account.Class
	reason   string
	locale   string
	excluded campaign.Exclusion
}

// duplicate is the verdict on an account that an earlier line has told everything of.
var duplicate = verdict{reason: "the same account is on an earlier line", excluded: campaign.Duplicate}

// verdicts numbers the verdicts from 1 on and counts the accounts of each. There are as
// many as there are reasons and languages, which does not grow with the export.
type verdicts struct {
	numbers  map[verdict]int64
	counts   []int64   // by number - 1
	examples [][]int64 // the first accounts of each
}

// maxExamples is how many accounts are kept as examples of a verdict.
const maxExamples = 3

// add counts more accounts under a verdict and returns its number.
func (s *verdicts) add(v verdict, accounts int64) int64 {
	number, known := s.numbers[v]
	if !known {
		if s.numbers == nil {
			s.numbers = map[verdict]int64{}
		}
		s.counts = append(s.counts, 0)
		s.examples = append(s.examples, nil)
		number = int64(len(s.counts))
		s.numbers[v] = number
	}
	s.counts[number-1] += accounts
	return number
}

// show keeps account n as an example of the verdict of the given number, while it has few.
func (s *verdicts) show(number, n int64) {
	if shown := &s.examples[number-1]; len(*shown) < maxExamples {
		*shown = append(*shown, n)
	}
}

// move counts accounts under the verdict v that were under the one of the given number.
func (s *verdicts) move(from int64, v verdict, accounts int64) {
	s.counts[from-1] -= accounts
	s.add(v, accounts)
}

// census counts the accounts by reason of exclusion; the empty one are those that get a
// notice.
func (s *verdicts) census() map[campaign.Exclusion]int64 {
	census := map[campaign.Exclusion]int64{}
	for v, number := range s.numbers {
		if n := s.counts[number-1]; n > 0 {
			census[v.excluded] += n
		}
	}
	return census
}

// insert writes the verdicts and their examples. How many accounts each has is written
// by count, when that is known.
func (s *verdicts) insert(ctx context.Context, conn *sqlx.Conn) error {
	for v, number := range s.numbers {
		_, err := conn.ExecContext(ctx, "INSERT INTO verdicts (number, class, reason, locale, excluded) VALUES (?, ?, ?, ?, ?)",
			number, nullable(string(v.class)), v.reason, v.locale, nullable(string(v.excluded)))
		if err != nil {
			return err
		}
		for _, n := range s.examples[number-1] {
			if _, err := conn.ExecContext(ctx, "INSERT INTO examples VALUES (?, ?)", number, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// count writes how many accounts each verdict has.
func (s *verdicts) count(ctx context.Context, conn *sqlx.Conn) error {
	for i, n := range s.counts {
		if _, err := conn.ExecContext(ctx, "UPDATE verdicts SET accounts = ? WHERE number = ?", n, i+1); err != nil {
			return err
		}
	}
	return nil
}
