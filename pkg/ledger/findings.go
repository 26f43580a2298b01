package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"

	"breachnotify/pkg/campaign"
)

// findingPage is how many findings one query reads.
const findingPage = 1000

// FindingFilter selects findings. A finding must fit every field that is set.
type FindingFilter struct {
	Kind      campaign.FindingKind
	Unmatched bool // only those that belong to no notice
}

// FindingLine is a finding as it is kept: without the tokens and addresses that served
// to match it.
type FindingLine struct {
	campaign.Finding
	Matched   campaign.Match    // empty: it belongs to no notice
	Mismatch  campaign.Mismatch // why it belongs to none
	NoticeIDs []string          // of the notices to which it belongs
	Imported  time.Time
}

type findingRow struct {
	Number, Imported, Place                      int64
	Digest, Recipient, Source, Kind, Action      string
	MessageID                                    string `db:"message_id"`
	Status, Permanence, Reason, Diagnostic, File string
	Final                                        bool
	At                                           sql.NullInt64
	Matched, Mismatch                            sql.NullString
	Notices                                      string
}

const selectFinding = `SELECT f.*, (SELECT json_group_array(notice) FROM effects WHERE finding = f.number) AS notices
	FROM findings f WHERE f.number > ?`

// Findings yields what others said about notices, in the order of its import. It ends
// with the first error.
func (r *Reader) Findings(ctx context.Context, f FindingFilter) iter.Seq2[FindingLine, error] {
	query, args := f.query()
	return func(yield func(FindingLine, error) bool) {
		for after := int64(0); ; {
			var page []findingRow
			if err := r.db.SelectContext(ctx, &page, query, append([]any{after}, args...)...); err != nil {
				yield(FindingLine{}, fmt.Errorf("read findings: %w", explain(err)))
				return
			}
			for _, row := range page {
				line, err := r.findingLine(row)
				if !yield(line, err) || err != nil {
					return
				}
				after = row.Number
			}
			if len(page) < findingPage {
				return
			}
		}
	}
}

func (f FindingFilter) query() (string, []any) {
	var query strings.Builder
	var args []any
	query.WriteString(selectFinding)
	if f.Kind != "" {
		query.WriteString(" AND f.kind = ?")
		args = append(args, string(f.Kind))
	}
	if f.Unmatched {
		query.WriteString(" AND f.mismatch IS NOT NULL")
	}
	fmt.Fprintf(&query, " ORDER BY f.number LIMIT %d", findingPage)
	return query.String(), args
}

func (r *Reader) findingLine(row findingRow) (FindingLine, error) {
	line := FindingLine{
		Finding: campaign.Finding{
			Digest: row.Digest, Source: row.Source, Kind: campaign.FindingKind(row.Kind), MessageID: row.MessageID,
			Recipient: row.Recipient, Action: row.Action, Status: row.Status, Permanence: campaign.Permanence(row.Permanence),
			Final: row.Final, Reason: row.Reason, Diagnostic: row.Diagnostic, At: optionalMoment(row.At),
			Place: campaign.Place{File: row.File, Number: row.Place},
		},
		Matched: campaign.Match(row.Matched.String), Mismatch: campaign.Mismatch(row.Mismatch.String),
		Imported: moment(row.Imported),
	}
	var notices []int64
	if err := json.Unmarshal([]byte(row.Notices), &notices); err != nil {
		return FindingLine{}, damaged("the notices of finding %d cannot be read", row.Number)
	}
	for _, seq := range notices {
		line.NoticeIDs = append(line.NoticeIDs, r.plan.key().NoticeID(seq))
	}
	return line, nil
}
