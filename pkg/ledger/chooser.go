package ledger

import (
	"context"
	"database/sql"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// chooser decides of each account of a notice that did not get through whether it goes
// over to the next generation, and writes down those that do.
type chooser struct {
	g                     *generation
	going, emptied, tried *sql.Stmt
}

// hadMailbox tells whether account ?1 had the mailbox ?2 in the export or by a
// correction, unless what was to go there was withdrawn.
const hadMailbox = `SELECT EXISTS (SELECT 1 FROM accounts WHERE n = ?1 AND coalesce(mailbox, address) = ?2)
	OR EXISTS (SELECT 1 FROM corrections c WHERE c.account = ?1 AND c.mailbox = ?2
		AND NOT EXISTS (SELECT 1 FROM withdrawals w CROSS JOIN batches b ON w.notice BETWEEN b.first AND b.last
			WHERE w.account = c.account AND b.resend = c.resend))`

func newChooser(ctx context.Context, g *generation) (c *chooser, err error) {
	c = &chooser{g: g}
	for statement, query := range map[**sql.Stmt]string{
		&c.going:   "INSERT INTO going VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		&c.emptied: "INSERT INTO emptied VALUES (?)",
		&c.tried:   hadMailbox,
	} {
		if *statement, err = g.conn.PrepareContext(ctx, query); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

func (c *chooser) close() {
	for _, statement := range []*sql.Stmt{c.going, c.emptied, c.tried} {
		if statement != nil {
			_ = statement.Close() // that it cannot be freed says nothing about the choice
		}
	}
}

// notice decides of the accounts of one notice.
func (c *chooser) notice(f failing) error {
	present, err := account.ParseAddress(f.Address)
	if err != nil {
		return damaged("notice %d has no address", f.Seq)
	}
	emptied := true
	for _, m := range f.accounts {
		went, err := c.account(f, m, present)
		if err != nil {
			return err
		}
		emptied = emptied && went
	}
	if !emptied {
		return nil
	}
	c.g.resent.Replaced++
	_, err = c.emptied.Exec(f.Seq)
	return err
}

// account decides of one account and reports whether it goes over.
func (c *chooser) account(f failing, m member, present account.Address) (went bool, err error) {
	to, failure := present, campaign.Failure{State: f.State, Permanence: f.permanence}
	if corrected, ok := c.g.Corrections[m.ID]; ok {
		c.g.used[m.ID] = true
		if corrected.Mailbox() != present.Mailbox() {
			to, failure.Corrected = corrected, true
			if err := c.tried.QueryRow(m.N, to.Mailbox()).Scan(&failure.Tried); err != nil {
				return false, err
			}
		}
	}
	if refusal := failure.Worth(); refusal != "" && !c.g.Force {
		c.g.resent.Refuse(refusal, m.ID)
		return false, nil
	}
	c.g.resent.Accounts++
	c.g.resent.Corrected += one(failure.Corrected)
	_, err = c.going.Exec(m.N, f.Seq, f.Generation, string(f.Class), present.Wire(), to.Wire(), to.Mailbox(),
		boxOf(to.Mailbox()), failure.Corrected)
	return true, err
}
