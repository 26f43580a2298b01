package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strings"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// accountPage is how many accounts one query reads. Between two queries nothing is
// held open, so that a slow reader does not keep a sender's log from being folded in.
const accountPage = 1000

// Filter selects accounts. An account must fit every field that is set.
type Filter struct {
	ID       string
	Address  account.Address // the same mailbox, in any case of the local part; also one before or after a correction
	Class    account.Class
	State    campaign.State // of the current notice
	Excluded bool           // only accounts that are excluded
}

// AccountLine is everything that is known about one account. What belongs to a notice
// is empty for an account that is excluded.
type AccountLine struct {
	Line       int64 // of the export
	ID         string
	Name       string
	Address    account.Address // where the notice goes; zero where there is none
	Written    string          // what stands for an address that is none, as campaign.Planned has it
	Class      account.Class   // empty where there is none
	Reason     string          // why this class, or why this exclusion
	Locale     string
	Excluded   campaign.Exclusion
	Seq        int64
	NoticeID   string
	Generation int
	State      campaign.State
	Attempts   int
	LastReply  string    // code, enhanced status code and text; may hold an address
	Updated    time.Time // of the notice's state; when it was planned, before the first move
	Withdrawn  time.Time // when a later notice about it was withdrawn last, since this one was accepted; zero: never
}

type accountRow struct {
	N, Line                   int64
	ID, Name, Reason          string
	Address, Class, Excluded  sql.NullString
	Locale                    string
	Seq, Generation, Attempts sql.NullInt64
	State, Written            sql.NullString
	Updated, Withdrawn        sql.NullInt64
	lastAttempt
}

// lastAttempt is the last row about a notice in its history.
type lastAttempt struct {
	Stage, Enhanced, Reply sql.NullString
	Code                   sql.NullInt64
}

const selectAccount = `SELECT a.n, a.line, a.id, a.name, v.reason, coalesce(o.address, a.address) AS address,
		v.class, v.excluded, coalesce(o.locale, v.locale) AS locale, o.seq, o.generation, o.attempts, o.state,
		coalesce(o.updated, (SELECT made FROM batches WHERE first <= o.seq ORDER BY first DESC LIMIT 1)) AS updated,
		(SELECT max(at) FROM withdrawals d WHERE d.account = a.n) AS withdrawn,
		t.stage, t.code, t.enhanced, t.reply, w.text AS written
	FROM accounts a CROSS JOIN verdicts v ON v.number = a.verdict
	LEFT JOIN notices o ON v.excluded IS NULL AND o.seq = ` + lastNotice + `
	LEFT JOIN attempts t ON t.notice = o.seq AND t.n = o.tries
	LEFT JOIN written w ON w.account = a.n
	WHERE a.n > ?`

// Accounts yields the accounts that fit f in the order of the export. It ends with
// the first error.
func (r *Reader) Accounts(ctx context.Context, f Filter) iter.Seq2[AccountLine, error] {
	query, args := f.query()
	return func(yield func(AccountLine, error) bool) {
		for after := int64(0); ; {
			var rows []accountRow
			err := r.db.SelectContext(ctx, &rows, query, append([]any{after}, args...)...)
			if err != nil {
				yield(AccountLine{}, fmt.Errorf("read accounts: %w", explain(err)))
				return
			}
			for _, row := range rows {
				line, err := r.accountLine(row)
				if !yield(line, err) || err != nil {
					return
				}
				after = row.N
			}
			if len(rows) < accountPage {
				return
			}
		}
	}
}

func (f Filter) query() (string, []any) {
	var query strings.Builder
	var args []any
	query.WriteString(selectAccount)
	where := func(condition string, values ...any) {
		query.WriteString(" AND " + condition)
		args = append(args, values...)
	}
	if f.ID != "" {
		where("a.id = ?", f.ID)
	}
	if mailbox := f.Address.Mailbox(); mailbox != "" {
		box := boxOf(mailbox)
		where(`a.n IN (SELECT n FROM accounts WHERE box = ? AND coalesce(mailbox, address) = ?
			UNION ALL SELECT account FROM corrections WHERE box = ? AND mailbox = ?)`, box, mailbox, box, mailbox)
	}
	if f.Class != "" {
		where("v.class = ?", string(f.Class))
	}
	if f.State != "" {
		where("o.state = ?", string(f.State))
	}
	if f.Excluded {
		where("v.excluded IS NOT NULL")
	}
	fmt.Fprintf(&query, " ORDER BY a.n LIMIT %d", accountPage)
	return query.String(), args
}

func (r *Reader) accountLine(row accountRow) (AccountLine, error) {
	line := AccountLine{
		Line: row.Line, ID: row.ID, Name: row.Name, Class: account.Class(row.Class.String), Reason: row.Reason,
		Locale: row.Locale, Excluded: campaign.Exclusion(row.Excluded.String), Written: row.Written.String,
	}
	if row.Address.Valid {
		var err error
		if line.Address, err = account.ParseAddress(row.Address.String); err != nil {
			return AccountLine{}, damaged("the account of line %d has no address", row.Line)
		}
	}
	if line.Excluded != "" {
		return line, nil
	}
	if !row.Seq.Valid {
		return AccountLine{}, damaged("the account of line %d has no notice", row.Line)
	}
	line.Seq, line.NoticeID = row.Seq.Int64, r.plan.key().NoticeID(row.Seq.Int64)
	line.Generation, line.Attempts = int(row.Generation.Int64), int(row.Attempts.Int64)
	line.State, line.Updated = campaign.State(row.State.String), moment(row.Updated.Int64)
	line.LastReply, line.Withdrawn = row.line(), optionalMoment(row.Withdrawn)
	return line, nil
}

// line is the reply in one line, such as "250 2.0.0 queued"; where no server said
// anything, the stage at which it fell silent.
func (a lastAttempt) line() string {
	if !a.Stage.Valid {
		return ""
	}
	words := []string{a.Enhanced.String, a.Reply.String}
	if a.Enhanced.String != "" && strings.Contains(a.Reply.String, a.Enhanced.String) {
		words = words[1:] // a bounce quotes the reply as a whole
	}
	if a.Code.Int64 != 0 {
		words = append([]string{fmt.Sprint(a.Code.Int64)}, words...)
	}
	if text := strings.Join(strings.Fields(strings.Join(words, " ")), " "); text != "" {
		return text
	}
	return "no reply at " + a.Stage.String
}
