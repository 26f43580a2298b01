package ledger

import (
	"context"
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/campaign"
)

// Probed keeps which pages do not answer as of at, so that the run waits for them: those
// that are new begin a pause, and the pauses of those that are no longer among them have
// ended. None: all answer. It returns an error outside a run.
func (l *Ledger) Probed(ctx context.Context, at time.Time, silent []campaign.PageFailure) error {
	return l.inRun(ctx, "keep which pages answer", func(w *writer, run int64) error {
		open, err := openPauses(context.Background(), w.conn)
		if err != nil {
			return err
		}
		waited := map[string]bool{}
		for _, p := range open {
			waited[p.Link] = true
		}
		still := map[string]bool{}
		for _, page := range silent {
			still[page.Link] = true
			if err := w.await(run, at, page, waited[page.Link]); err != nil {
				return err
			}
		}
		for _, p := range open {
			if !still[p.Link] {
				if err := w.endPauses(at, campaign.PauseAnswered, p.Link); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// await begins a pause for a page, or keeps why the page that is waited for already does
// not answer now.
func (w *writer) await(run int64, at time.Time, page campaign.PageFailure, already bool) error {
	if already {
		_, err := change(context.Background(), w.conn, "UPDATE pauses SET reason = ? WHERE link = ? AND ending = 'open'", page.Reason, page.Link)
		return err
	}
	_, err := change(context.Background(), w.conn, "INSERT INTO pauses (run, link, reason, began) VALUES (?, ?, ?, ?)",
		run, page.Link, page.Reason, micros(at))
	return err
}

// endPauses ends the pause for a page, or all that are open where link is empty. A clock
// that was set back ends none before it began.
func (w *writer) endPauses(at time.Time, ending campaign.PauseEnd, link string) error {
	_, err := change(context.Background(), w.conn,
		"UPDATE pauses SET ended = max(began, ?), ending = ? WHERE ending = 'open' AND (link = ? OR ? = '')",
		micros(at), ending, link, link)
	return err
}

// losePauses says of what a process left open that nobody knows how long it waited.
func (w *writer) losePauses() error {
	_, err := change(context.Background(), w.conn, "UPDATE pauses SET ending = 'lost' WHERE ending = 'open'")
	return err
}

type pauseRow struct {
	Run, Began   int64
	Ended        sql.NullInt64
	Link, Reason string
	Ending       campaign.PauseEnd
}

// selecter is a connection or a transaction.
type selecter interface {
	SelectContext(ctx context.Context, dest any, query string, args ...any) error
}

func openPauses(ctx context.Context, from selecter) (rows []pauseRow, err error) {
	err = from.SelectContext(ctx, &rows, "SELECT run, link, reason, began, ended, ending FROM pauses WHERE ending = 'open' ORDER BY number")
	return rows, err
}

// silence says what the run that is under way waits for.
func silence(ctx context.Context, tx *sqlx.Tx, s *campaign.Status) error {
	open, err := openPauses(ctx, tx)
	if err != nil || len(open) == 0 {
		return err
	}
	s.Probe = &campaign.Silence{Since: moment(open[0].Began).Truncate(time.Second)}
	for _, p := range open {
		s.Probe.Pages = append(s.Probe.Pages, campaign.PageFailure{Link: p.Link, Reason: p.Reason})
	}
	return nil
}

// pausesOf reads all pauses. One that is open where nothing is sent was left by a process
// that died.
func pausesOf(ctx context.Context, tx *sqlx.Tx, e *campaign.Evidence) error {
	var rows []pauseRow
	if err := tx.SelectContext(ctx, &rows, "SELECT run, link, reason, began, ended, ending FROM pauses ORDER BY number"); err != nil {
		return err
	}
	for _, row := range rows {
		if row.Ending == campaign.PauseOpen && !e.Status.Running() {
			row.Ending = campaign.PauseLost
		}
		e.Pauses = append(e.Pauses, campaign.Pause{
			Run: row.Run, Page: campaign.PageFailure{Link: row.Link, Reason: row.Reason},
			From: moment(row.Began), Until: optionalMoment(row.Ended), Ending: row.Ending,
		})
	}
	return nil
}
