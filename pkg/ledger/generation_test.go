package ledger

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// world plays a campaign with mailboxes that several accounts share, whatever may
// happen to it in any order, and keeps what it sent.
type world struct {
	t      *testing.T
	random *rand.Rand
	l      *Ledger
	clock  time.Time
	heard  []campaign.Finding
	sent   map[int64]int                   // bodies that left, by notice
	fixed  map[string]map[string]time.Time // account to the mailboxes that a correction took from it, and when
}

const crowd = 24 // accounts, two to four a mailbox

func newWorld(t *testing.T, seed uint64) *world {
	var records []campaign.Planned
	for i := range crowd {
		class := []account.Class{account.Password, account.SSO}[i/3%2]
		records = append(records, person(int64(i+2), fmt.Sprint("id", i), fmt.Sprintf("box%d@big.example", i%9), class))
	}
	return &world{
		t: t, random: rand.New(rand.NewPCG(seed, 7)), clock: noon,
		l:    opened(t, planned(t, frozen(), records), Options{}),
		sent: map[int64]int{}, fixed: map[string]map[string]time.Time{},
	}
}

// tick returns a moment after all before.
func (w *world) tick() time.Time {
	w.clock = w.clock.Add(2 * time.Hour)
	return w.clock
}

// send takes some notices some way, and ends the run or dies.
func (w *world) send() {
	_, err := w.l.Begin(w.t.Context(), w.tick())
	must(w.t, err)
	dies := w.random.IntN(3) == 0
	for after := int64(0); ; {
		page, err := w.l.Pending(w.t.Context(), after, 3)
		must(w.t, err)
		if len(page) == 0 || w.random.IntN(6) == 0 {
			break
		}
		for _, n := range page {
			after = n.Seq
			w.try(n, dies)
		}
	}
	if dies {
		must(w.t, w.l.Close())
		w.l = opened(w.t, w.l.path, Options{})
		return
	}
	must(w.t, w.l.End(w.t.Context(), campaign.RunEnd{At: w.tick()}))
}

// try sends one notice. Where the process is to die, it may die now.
func (w *world) try(n campaign.Notice, dies bool) {
	for _, a := range n.Accounts {
		if when, was := w.fixed[a.ID][n.To.Mailbox()]; was && n.Planned.After(when.Add(-time.Nanosecond)) {
			w.t.Fatalf("account %s is told at the address from which it was corrected", a.ID)
		}
	}
	var told int
	must(w.t, w.l.db.Get(&told, `SELECT count(*) FROM members JOIN notices p ON p.seq = replaces
		WHERE notice = ? AND p.state = 'accepted'`, n.Seq))
	if told > 0 {
		w.t.Fatalf("notice %d goes out to %d accounts that were told", n.Seq, told)
	}
	w.sent[n.Seq]++
	m := to(n.Seq, campaign.Pending, campaign.Sending)
	m.At, m.Dated = w.clock, w.clock
	must(w.t, w.l.Record(w.t.Context(), m))
	outcomes := []campaign.State{campaign.Accepted, campaign.Accepted, campaign.InDoubt, campaign.Rejected}
	if pick := w.random.IntN(5); pick < len(outcomes) {
		must(w.t, w.l.Record(w.t.Context(), to(n.Seq, campaign.Sending, outcomes[pick])))
	} else if !dies {
		must(w.t, w.l.Record(w.t.Context(), to(n.Seq, campaign.Sending, campaign.Accepted)))
	}
}

// hear imports some findings, new ones and old ones again, in any order.
func (w *world) hear() {
	var notices int64
	must(w.t, w.l.db.Get(&notices, "SELECT max(seq) FROM notices"))
	for range w.random.IntN(5) {
		f := about(1+w.random.Int64N(notices), campaign.FindingKinds()[w.random.IntN(len(campaign.FindingKinds()))])
		f.Digest = fmt.Sprint(len(w.heard))
		f.Permanence = []campaign.Permanence{campaign.Permanent, campaign.Transient, ""}[w.random.IntN(3)]
		f.Final, f.At = w.random.IntN(4) > 0, w.clock
		switch w.random.IntN(4) {
		case 0:
			f.Tokens, f.Recipient = nil, fmt.Sprintf("box%d@big.example", w.random.IntN(11))
		case 1:
			f.Tokens = []string{campaign.Key{8}.NoticeID(1)}
		}
		w.heard = append(w.heard, f)
	}
	batch := slices.Clone(w.heard)
	w.random.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
	imported(w.t, w.l, batch...)
	got := imported(w.t, w.l, batch...)
	if got.New != 0 || got.Bounced != 0 || got.Confirmed != 0 {
		w.t.Fatalf("imported twice: %+v", got)
	}
}

// prove imports that some notices that are history arrived after all.
func (w *world) prove() {
	var doubted []int64
	must(w.t, w.l.db.Select(&doubted, "SELECT seq FROM notices WHERE state = 'in_doubt' AND current = 0"))
	for _, seq := range doubted {
		if w.random.IntN(2) == 0 {
			f := about(seq, campaign.FoundDelivered)
			f.Digest = fmt.Sprint(len(w.heard))
			w.heard = append(w.heard, f)
		}
	}
	imported(w.t, w.l, w.heard...)
}

// resend makes a generation with some corrections, and tries to make it again.
func (w *world) resend() {
	r := campaign.Resend{At: w.tick(), By: "jane", Corrections: map[string]account.Address{}}
	r.States = campaign.Resendable()[w.random.IntN(3):]
	before := map[string]AccountLine{}
	for line, err := range w.l.Accounts(w.t.Context(), Filter{}) {
		must(w.t, err)
		before[line.ID] = line
	}
	for range w.random.IntN(5) {
		id := fmt.Sprint("id", w.random.IntN(crowd+2))
		r.Corrections[id] = address(w.t, fmt.Sprintf("box%d@big.example", w.random.IntN(20)))
	}
	resent(w.t, w.l, r)
	for line, err := range w.l.Accounts(w.t.Context(), Filter{}) {
		must(w.t, err)
		was := before[line.ID]
		if line.Generation == was.Generation {
			continue
		}
		if !slices.Contains(r.States, was.State) && was.State != campaign.Sending || line.State != campaign.Pending {
			w.t.Fatalf("account %s: from %s to %s", line.ID, was.State, line.State)
		}
		if old := was.Address.Mailbox(); old != line.Address.Mailbox() {
			if w.fixed[line.ID] == nil {
				w.fixed[line.ID] = map[string]time.Time{}
			}
			w.fixed[line.ID][old] = r.At
		}
	}
	if second := resent(w.t, w.l, r); second.Number != 0 {
		w.t.Fatalf("a second time: %+v", second)
	}
}

// check holds the promises: each notice left at most once, and every other process can
// read what is there.
func (w *world) check() {
	for seq, times := range w.sent {
		if times > 1 {
			w.t.Fatalf("notice %d left %d times", seq, times)
		}
	}
	status := checkInvariants(w.t, w.l.Reader)
	if status.Accounts.Noticed != crowd {
		w.t.Fatalf("%d accounts are noticed", status.Accounts.Noticed)
	}
	var failed int
	for _, err := range w.l.Unreachable(w.t.Context()) {
		must(w.t, err)
		failed++
	}
	if (failed == 0) != (status.Notices.Failed() == 0) {
		w.t.Fatalf("%d accounts are unreachable with %d notices that failed", failed, status.Notices.Failed())
	}
	r, err := OpenReadOnly(w.t.Context(), w.l.path)
	must(w.t, err)
	must(w.t, r.Close())
}

// TestAnyOrderOfSendingHearingAndResendingKeepsThePromises plays random campaigns.
func TestAnyOrderOfSendingHearingAndResendingKeepsThePromises(t *testing.T) {
	var withdrawals atomic.Int64
	t.Cleanup(func() {
		if withdrawals.Load() == 0 {
			t.Error("nothing was ever withdrawn")
		}
	})
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, seed)
			steps := []func(){w.send, w.hear, w.resend, w.prove} // in this order first, then in any
			for i := range 30 {
				if i >= len(steps) {
					i = w.random.IntN(len(steps))
				}
				steps[i]()
				w.check()
			}
			var resends, withdrawn int64
			must(t, w.l.db.Get(&resends, "SELECT count(*) FROM resends"))
			must(t, w.l.db.Get(&withdrawn, "SELECT count(*) FROM withdrawals"))
			withdrawals.Add(withdrawn)
			if resends == 0 {
				t.Error("nothing was ever sent again")
			}
		})
	}
}
