package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"breachnotify/pkg/campaign"
)

// stageRestart is the stage of the attempt that a process made which then died.
const stageRestart = "restart"

// Begin starts a run of send at the moment at. What an earlier process left as
// sending becomes in doubt, and is durable as that before anything is sent; Begin
// returns how many these are. Findings that waited for it are settled. It returns an error within a run.
func (l *Ledger) Begin(ctx context.Context, at time.Time) (int64, error) {
	if l.run.Load() != 0 {
		return 0, errBegun
	}
	var lost, run int64
	err := l.writer.do(ctx, func(w *writer) (err error) {
		if lost, err = w.recover(at); err != nil {
			return err
		}
		result, err := w.conn.ExecContext(context.Background(),
			"INSERT INTO runs (started, pid, host) VALUES (?, ?, ?)", micros(at), os.Getpid(), hostname())
		if err != nil {
			return err
		}
		run, err = result.LastInsertId()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("begin a run: %w", err)
	}
	l.run.Store(run)
	return lost, nil
}

// Recover makes in doubt what an earlier process left as sending, as Begin does, for
// a process that wants to know where the campaign stands before it begins a run. It
// returns how many these are.
func (l *Ledger) Recover(ctx context.Context, at time.Time) (lost int64, err error) {
	if l.run.Load() != 0 {
		return 0, errBegun
	}
	err = l.writer.do(ctx, func(w *writer) (err error) {
		lost, err = w.recover(at)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("recover from the run before: %w", err)
	}
	return lost, nil
}

// recover makes in doubt what is still sending, does what findings say of it, and closes the
// pauses that were left open.
func (w *writer) recover(at time.Time) (lost int64, err error) {
	if err = w.losePauses(); err != nil {
		return 0, err
	}
	if lost, err = w.doubt(at); err == nil {
		err = w.catchUp(at)
	}
	return lost, err
}

// catchUp does what findings that waited say, and withdraws what need not be sent then.
func (w *writer) catchUp(at time.Time) error {
	_, err := w.settle(at)
	if err == nil {
		_, err = w.withdraw(at)
	}
	return err
}

// doubt moves every notice that is sending to in doubt. The tally tells in which
// batches to look.
func (w *writer) doubt(at time.Time) (int64, error) {
	const suspects = `FROM tally CROSS JOIN batches ON number = batch CROSS JOIN notices ON seq BETWEEN first AND last
		WHERE tally.state = 'sending' AND tally.n > 0 AND notices.state = 'sending' AND notices.class = tally.class`
	_, err := w.conn.ExecContext(context.Background(), `INSERT INTO attempts (notice, n, at, stage, code, enhanced, reply, relay)
		SELECT seq, tries + 1, ?, ?, 0, '', '', '' `+suspects,
		micros(at), stageRestart)
	if err != nil {
		return 0, err
	}
	return change(context.Background(), w.conn, `UPDATE notices SET state = 'in_doubt', attempts = attempts + 1, tries = tries + 1, updated = ?
		WHERE seq IN (SELECT seq `+suspects+`)`, micros(at))
}

// Mistakes of the caller.
var (
	errBegun    = errors.New("a run has begun already")
	errNotBegun = errors.New("no run has begun")
)

// Note keeps what the run says of itself, for Status of others. It returns an error
// outside a run.
func (l *Ledger) Note(ctx context.Context, a campaign.Activity) error {
	return l.inRun(ctx, "note the activity", func(w *writer, run int64) error {
		_, err := change(context.Background(), w.conn,
			"UPDATE runs SET phase = ?, until = ?, binding = ?, rate = ?, eta = ?, ramped = ? WHERE number = ?",
			string(a.Phase), optional(a.Until), a.Limit, a.Rate, optional(a.ETA), a.Ramped.Microseconds(), run)
		return err
	})
}

// Opened keeps over what the run sends; what is known already changes nothing. It returns
// an error outside a run.
func (l *Ledger) Opened(ctx context.Context, s campaign.Session) error {
	return l.inRun(ctx, "keep a session", func(w *writer, run int64) error {
		_, err := change(context.Background(), w.conn,
			"INSERT INTO sessions (run, host, peer, encryption, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
			run, s.Host, s.Peer, s.Encryption, micros(s.At))
		return err
	})
}

// End ends the run and its pauses, and settles findings that waited for the replies that it
// brought. It returns an error outside a run.
func (l *Ledger) End(ctx context.Context, e campaign.RunEnd) error {
	err := l.inRun(ctx, "end the run", func(w *writer, run int64) error {
		_, err := change(context.Background(), w.conn,
			`UPDATE runs SET ended = ?, halted = ?, interrupted = ?, ramped = max(ramped, ?),
			until = ?, binding = ? WHERE number = ?`,
			micros(e.At), nullable(e.Halted), e.Interrupted, e.Ramped.Microseconds(), optional(e.Hold.Until), e.Hold.Limit, run)
		if err == nil {
			err = w.endPauses(e.At, campaign.PauseStopped, "")
		}
		if err == nil {
			err = w.catchUp(e.At)
		}
		return err
	})
	if err == nil {
		l.run.Store(0)
	}
	return err
}

// inRun has write committed for the run under way.
func (l *Ledger) inRun(ctx context.Context, verb string, write func(w *writer, run int64) error) error {
	run := l.run.Load()
	if run == 0 {
		return fmt.Errorf("%s: %w", verb, errNotBegun)
	}
	err := l.writer.do(ctx, func(w *writer) error { return write(w, run) })
	if err != nil {
		return fmt.Errorf("%s: %w", verb, err)
	}
	return nil
}

// Trail returns what the runs before leave to the pace of the next one. It reads a row
// a run, however many notices there are. Also a run that died has left when it last
// recorded an attempt, how far it was on the ramp some seconds before that, and what held
// it then.
func (r *Reader) Trail(ctx context.Context) (campaign.Trail, error) {
	var trail struct {
		Sent, Ramped, Until sql.NullInt64
		Binding             sql.NullString
	}
	err := r.db.GetContext(ctx, &trail, `SELECT (SELECT sent FROM runs WHERE sent IS NOT NULL ORDER BY number DESC LIMIT 1) AS sent,
		(SELECT max(ramped) FROM runs) AS ramped,
		(SELECT until FROM runs ORDER BY number DESC LIMIT 1) AS until,
		(SELECT binding FROM runs ORDER BY number DESC LIMIT 1) AS binding`)
	if err != nil {
		return campaign.Trail{}, fmt.Errorf("read what the runs before left: %w", explain(err))
	}
	return campaign.Trail{
		Last:   optionalMoment(trail.Sent),
		Ramped: time.Duration(trail.Ramped.Int64) * time.Microsecond,
		Hold:   holdOf(trail.Binding.String, trail.Until),
	}, nil
}

// holdOf returns the hold in what a run noted last; most limits are none, since the next
// run finds them anew.
func holdOf(limit string, until sql.NullInt64) campaign.Hold {
	if !until.Valid || limit != campaign.LimitRelay && limit != campaign.LimitPause {
		return campaign.Hold{}
	}
	return campaign.Hold{Limit: limit, Until: optionalMoment(until)}
}
