package ledger

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/campaign"
)

func TestEveryMoveIsAsTheTableSays(t *testing.T) {
	l := ready(t, 60, Options{})
	raw, err := connect(l.path, writePragmas, 1)
	must(t, err)
	defer raw.Close()
	seq := int64(0)
	for _, from := range campaign.States() {
		for _, next := range campaign.States() {
			seq++
			t.Run(fmt.Sprintf("%s to %s", from, next), func(t *testing.T) {
				bring(t, l, seq, from)
				err := l.Record(t.Context(), to(seq, from, next))
				if legal := from.CanMove(next); legal != (err == nil) {
					t.Fatalf("Record = %v, legal %v", err, legal)
				}
				var move *MoveError
				if err != nil && (!errors.As(err, &move) || stateOf(t, l.Reader, seq) != from) {
					t.Errorf("err = %v, state %s", err, stateOf(t, l.Reader, seq))
				}
				if err == nil {
					if got := stateOf(t, l.Reader, seq); got != next {
						t.Errorf("state = %s, want %s", got, next)
					}
					return
				}
				// The schema refuses as well, whatever a program asks of it.
				_, err = raw.Exec(`UPDATE notices SET state = ?, dated = 1, next_at = iif(? = 'deferred', 1, NULL) WHERE seq = ?`, next, next, seq)
				if err == nil {
					t.Error("the schema let an illegal move pass")
				}
			})
		}
	}
	checkInvariants(t, l.Reader)
}

func TestAMoveFromAnotherStateIsStaleAndUndoesItsCall(t *testing.T) {
	l := ready(t, 9, Options{})
	bring(t, l, 1, campaign.Sending)
	err := l.Record(t.Context(),
		to(1, campaign.Sending, campaign.Accepted),
		to(2, campaign.Sending, campaign.Accepted))
	var move *MoveError
	if !errors.Is(err, ErrStale) || !errors.As(err, &move) || move.Seq != 2 {
		t.Fatalf("err = %v, want a stale move of notice 2", err)
	}
	if got := stateOf(t, l.Reader, 1); got != campaign.Sending {
		t.Errorf("notice 1 is %s: half a call was recorded", got)
	}
	if err := l.Record(t.Context(), to(99, campaign.Pending, campaign.Sending)); !errors.Is(err, ErrStale) {
		t.Errorf("a notice that does not exist: %v, want ErrStale", err)
	}
	must(t, l.Record(t.Context(), to(1, campaign.Sending, campaign.Accepted)))
	checkInvariants(t, l.Reader)
}

func TestMovesThatLackSomething(t *testing.T) {
	l := ready(t, 9, Options{})
	for name, change := range map[string]func(*campaign.Move){
		"no time":                        func(m *campaign.Move) { m.At = time.Time{} },
		"sending without a date":         func(m *campaign.Move) { m.Dated = time.Time{} },
		"sending with an attempt":        func(m *campaign.Move) { m.Attempt = &campaign.Attempt{} },
		"sending with a next time":       func(m *campaign.Move) { m.Next = noon },
		"counted without an attempt":     func(m *campaign.Move) { m.Counted = true },
		"deferred without a next time":   func(m *campaign.Move) { *m = to(1, m.From, campaign.Deferred); m.Next = time.Time{} },
		"a code that SMTP does not know": func(m *campaign.Move) { *m = to(1, m.From, campaign.Rejected); m.Attempt.Code = 1000 },
		"an attempt without a stage":     func(m *campaign.Move) { *m = to(1, m.From, campaign.Rejected); m.Attempt.Stage = "" },
	} {
		m := to(1, campaign.Pending, campaign.Sending)
		change(&m)
		if err := l.Record(t.Context(), m); err == nil || errors.Is(err, ErrStopped) {
			t.Errorf("%s: %v, want a refusal that stops nothing", name, err)
		}
	}
	if got := stateOf(t, l.Reader, 1); got != campaign.Pending {
		t.Errorf("state = %s", got)
	}
}

func TestAnAttemptIsKeptWithItsReply(t *testing.T) {
	l := ready(t, 9, Options{})
	bring(t, l, 1, campaign.Sending)
	m := to(1, campaign.Sending, campaign.Deferred)
	m.Attempt.Code, m.Attempt.Enhanced, m.Attempt.Reply = 451, "4.7.1", "try later"
	must(t, l.Record(t.Context(), m))
	again := to(1, campaign.Deferred, campaign.Sending)
	again.Dated = noon
	must(t, l.Record(t.Context(), again))
	must(t, l.Record(t.Context(), to(1, campaign.Sending, campaign.Accepted)))

	var log []string
	must(t, l.db.Select(&log, "SELECT n || ' ' || stage || ' ' || code || ' ' || enhanced || ' ' || reply || ' ' || relay FROM attempts WHERE notice = 1 ORDER BY n"))
	if got, want := strings.Join(log, "\n"), "1 dot 451 4.7.1 try later localhost:25\n2 dot 250 2.0.0 ok localhost:25"; got != want {
		t.Errorf("attempts:\n%s\nwant:\n%s", got, want)
	}
}
