package ledger

import (
	"context"
	"database/sql/driver"
	"strings"

	"breachnotify/pkg/campaign"
)

const (
	insertInto  = "INSERT INTO accounts (line, id, name, verdict, address, mailbox, box, turn) VALUES "
	insertRow   = "(?, ?, ?, ?, ?, ?, ?, ?)"
	insertWidth = 8
	insertRows  = 250 // rows of one statement
)

func insertStatement(rows int) string {
	return insertInto + strings.Repeat(insertRow+",", rows-1) + insertRow
}

// register makes the rows of accounts, and counts who shares a verdict or a destination.
type register struct {
	verdicts verdicts
	turns    turns
	n        int64                      // of the last account, as the table numbers it
	box      func(mailbox string) int64 // boxOf
	whole    string                     // the statement for insertRows
	args     []driver.NamedValue
}

func newRegister() *register {
	return &register{box: boxOf, whole: insertStatement(insertRows)}
}

// insert writes accounts, at least one and at most insertRows.
//
// It goes past database/sql, which looks at every argument and copies it. And it asks for
// rows, of which there are none, since the driver hands the arguments of a query to SQLite
// all at once, and those of anything else one by one. There is no context, so that the
// driver needs no goroutine a statement; none takes long.
func (r *register) insert(conn driver.QueryerContext, accounts []campaign.Planned) error {
	clear(r.args)
	r.args = r.args[:0]
	for _, p := range accounts {
		r.append(p)
	}
	statement := r.whole
	if len(accounts) != insertRows {
		statement = insertStatement(len(accounts))
	}
	rows, err := conn.QueryContext(context.Background(), statement, r.args)
	if err != nil {
		return err
	}
	if err := rows.Close(); err != nil {
		return err
	}
	return r.keepWritten(conn, accounts)
}

// keepWritten keeps what stands for the addresses of accounts that insert has just written
// and that have none.
func (r *register) keepWritten(conn driver.QueryerContext, accounts []campaign.Planned) error {
	first := r.n - int64(len(accounts)) + 1
	for i, p := range accounts {
		if p.Written == "" {
			continue
		}
		args := []driver.NamedValue{{Ordinal: 1, Value: first + int64(i)}, {Ordinal: 2, Value: p.Written}}
		rows, err := conn.QueryContext(context.Background(), "INSERT INTO written (account, text) VALUES (?, ?)", args)
		if err != nil {
			return err
		}
		if err := rows.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (r *register) append(p campaign.Planned) {
	var address, mailbox, box, turn any
	if !p.To.IsZero() {
		wire, key := p.To.Wire(), p.To.Mailbox()
		address, box = wire, r.box(key)
		if key != wire {
			mailbox = key
		}
		if p.Excluded == "" {
			turn = r.turns.next(p.To.Domain())
		}
	}
	decided := r.verdicts.add(verdict{p.Class, p.Reason, p.Locale, p.Excluded}, 1)
	r.n++
	r.verdicts.show(decided, r.n)
	for _, value := range [insertWidth]any{p.Line, p.ID, p.Name, decided, address, mailbox, box, turn} {
		r.args = append(r.args, driver.NamedValue{Ordinal: len(r.args) + 1, Value: value})
	}
}

// boxOf is the hash under which the accounts of a mailbox are found. Two mailboxes
// may share one, so that whoever looks one up compares the mailbox as well.
func boxOf(mailbox string) int64 { return int64(hash64(mailbox)) }

// hash64 is FNV-1a. It is the same in every run, and whoever makes two texts with the
// same hash costs a little time and nothing else.
func hash64(text string) uint64 {
	sum := uint64(14695981039346656037)
	for i := range len(text) {
		sum = (sum ^ uint64(text[i])) * 1099511628211
	}
	return sum
}
