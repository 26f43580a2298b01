package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"os"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// Resends returns the resends in their order.
func (r *Reader) Resends(ctx context.Context) ([]campaign.ResendRecord, error) {
	resends, err := resendsOf(ctx, r.db)
	if err != nil {
		return nil, fmt.Errorf("read the resends: %w", explain(err))
	}
	return resends, nil
}

func resendsOf(ctx context.Context, q selector) ([]campaign.ResendRecord, error) {
	var rows []struct {
		Number, At, Notices, Corrected, Withdrawn int64
		By, States                                string
		Forced                                    bool
	}
	err := q.SelectContext(ctx, &rows, `SELECT number, at, by, states, forced, notices, corrected,
		(SELECT count(*) FROM batches b CROSS JOIN withdrawals w ON w.notice BETWEEN b.first AND b.last
			WHERE b.resend = resends.number) AS withdrawn FROM resends ORDER BY number`)
	if err != nil {
		return nil, err
	}
	resends := make([]campaign.ResendRecord, len(rows))
	for i, row := range rows {
		resends[i] = campaign.ResendRecord{
			Number: row.Number, At: moment(row.At), By: row.By, Forced: row.Forced,
			Notices: row.Notices, Corrected: row.Corrected, Withdrawn: row.Withdrawn,
		}
		if err := json.Unmarshal([]byte(row.States), &resends[i].States); err != nil {
			return nil, damaged("resend %d is of no states", row.Number)
		}
	}
	return resends, nil
}

// CorrectionLine is an address that an operator gave for an account.
type CorrectionLine struct {
	ID      string // of the account
	Resend  int64
	Was, Is account.Address
	At      time.Time
	By      string
}

// Corrections yields the corrections, those of the first resend first. It ends with the
// first error.
func (r *Reader) Corrections(ctx context.Context) iter.Seq2[CorrectionLine, error] {
	return func(yield func(CorrectionLine, error) bool) {
		for resend, after := int64(0), int64(0); ; {
			var page []struct {
				N, Resend, At        int64
				ID, By, Was, Address string
			}
			err := r.db.SelectContext(ctx, &page, `SELECT c.account AS n, c.resend, r.at, a.id, r.by, c.was, c.address
				FROM corrections c JOIN resends r ON r.number = c.resend JOIN accounts a ON a.n = c.account
				WHERE (c.resend, c.account) > (?, ?) ORDER BY c.resend, c.account LIMIT ?`, resend, after, accountPage)
			if err != nil {
				yield(CorrectionLine{}, fmt.Errorf("read the corrections: %w", explain(err)))
				return
			}
			for _, row := range page {
				line := CorrectionLine{ID: row.ID, Resend: row.Resend, At: moment(row.At), By: row.By}
				if line.Was, err = account.ParseAddress(row.Was); err == nil {
					line.Is, err = account.ParseAddress(row.Address)
				}
				if err != nil {
					err = damaged("a correction of resend %d has no address", row.Resend)
				}
				if !yield(line, err) || err != nil {
					return
				}
				resend, after = row.Resend, row.N
			}
			if len(page) < accountPage {
				return
			}
		}
	}
}

// Copy writes the ledger as it is at this moment into a new file at path, for its owner
// alone: a resend there shows what one here would send, to the byte, since numbers and
// tokens come out the same. It returns fs.ErrExist where there is a file.
func (r *Reader) Copy(ctx context.Context, path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("copy the ledger: %w", explain(err))
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("copy the ledger: %w", explain(err))
	}
	db, err := connect(r.path, copyPragmas, 1)
	if err != nil {
		return fmt.Errorf("copy the ledger: %w", explain(err))
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return fmt.Errorf("copy the ledger: %w", explain(err))
	}
	if err := settleCopy(ctx, path); err != nil {
		return fmt.Errorf("copy the ledger: %w", explain(err))
	}
	return nil
}

// settleCopy says in a copy that it needs no log: it was made of the file and its log.
func settleCopy(ctx context.Context, path string) error {
	db, err := connect(path, draftPragmas, 1)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "UPDATE commits SET n = n + 1, open = 0 WHERE open = 1")
	return err
}
