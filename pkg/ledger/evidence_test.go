package ledger

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// history is a ledger of 40 notices in every state, with runs, sessions, bounces and a
// resend.
func history(t *testing.T) *Ledger {
	t.Helper()
	l := ready(t, 40, Options{})
	for seq := int64(1); seq <= 30; seq++ {
		bring(t, l, seq, campaign.States()[seq%7])
	}
	for _, s := range []campaign.Session{
		{At: noon, Host: "relay.example:587", Peer: "192.0.2.1:587", Encryption: "TLS 1.3 A"},
		{At: noon.Add(time.Hour), Host: "relay.example:587", Peer: "192.0.2.1:587", Encryption: "TLS 1.3 A"},
		{At: noon.Add(time.Second), Host: "relay.example:587", Peer: "192.0.2.2:587"},
	} {
		must(t, l.Opened(t.Context(), s))
	}
	must(t, l.End(t.Context(), campaign.RunEnd{At: noon.Add(time.Hour), Halted: "550 no such user ann@one.example"}))
	return l
}

func evidence(t *testing.T, r *Reader) campaign.Evidence {
	t.Helper()
	e, err := r.Evidence(t.Context(), noon.Add(2*time.Hour))
	must(t, err)
	return e
}

func TestEvidenceAgreesWithTheStatus(t *testing.T) {
	l := history(t)
	e := evidence(t, l.Reader)
	status, err := l.Status(t.Context(), noon.Add(2*time.Hour))
	must(t, err)
	if !reflect.DeepEqual(e.Status, status) {
		t.Errorf("status is %+v, want %+v", e.Status, status)
	}
	byClass := map[account.Class]campaign.NoticeCounts{}
	for _, k := range e.Kinds {
		byClass[k.Class] = k.NoticeCounts
	}
	if !reflect.DeepEqual(byClass, status.ByClass) {
		t.Errorf("by class %+v, want %+v", byClass, status.ByClass)
	}
	all := e.Others
	for _, d := range e.Domains {
		for _, s := range campaign.States() {
			all.Add(s, d.Of(s))
		}
	}
	if all != status.Notices {
		t.Errorf("all destinations together have %+v, want %+v", all, status.Notices)
	}
	var accepted, tried int64
	for _, m := range e.Accepted {
		accepted += m.N
	}
	for _, a := range e.Attempts {
		tried += a.Notices
	}
	if accepted != status.Notices.Accepted || tried != status.Notices.Total {
		t.Errorf("%d in the timeline and %d by attempts, want %d and %d", accepted, tried, status.Notices.Accepted, status.Notices.Total)
	}
	if want := noon.Add(time.Minute); len(e.Accepted) != 1 || !e.Accepted[0].At.Equal(want) {
		t.Errorf("the timeline is %v, want all at %v", e.Accepted, want)
	}
}

// It is of one moment, also while notices move.
func TestEvidenceAgreesWhileAnotherSends(t *testing.T) {
	const notices = 400
	l := ready(t, notices, Options{})
	sent := make(chan error, 1)
	go func() {
		for seq := int64(1); seq <= notices; seq++ {
			err := l.Record(background, to(seq, campaign.Pending, campaign.Sending))
			if err == nil {
				err = l.Record(background, to(seq, campaign.Sending, campaign.Accepted))
			}
			if err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	r := readOnly(t, l.path)
	for moving := true; moving; {
		select {
		case err := <-sent:
			must(t, err)
			moving = false
		default:
		}
		e := evidence(t, r)
		all := e.Others
		for _, d := range e.Domains {
			for _, s := range campaign.States() {
				all.Add(s, d.Of(s))
			}
		}
		if all != e.Status.Notices {
			t.Fatalf("counted %+v, the tally says %+v", all, e.Status.Notices)
		}
	}
}

func TestEvidenceTellsTheVeryMomentsOfTheFirstAndTheLastAcceptance(t *testing.T) {
	l := ready(t, 4, Options{})
	if e := evidence(t, l.Reader); !e.First.IsZero() || !e.Last.IsZero() {
		t.Errorf("before any: %v to %v", e.First, e.Last)
	}
	for i, at := range []time.Time{noon.Add(61500 * time.Millisecond), noon.Add(42 * time.Second), noon.Add(59 * time.Second)} {
		seq := int64(i + 1)
		must(t, l.Record(t.Context(), to(seq, campaign.Pending, campaign.Sending)))
		m := to(seq, campaign.Sending, campaign.Accepted)
		m.At, m.Attempt.At = at, at
		must(t, l.Record(t.Context(), m))
	}
	rejected := to(4, campaign.Pending, campaign.Rejected)
	rejected.At = noon.Add(time.Hour)
	must(t, l.Record(t.Context(), rejected))
	e := evidence(t, l.Reader)
	if first, last := noon.Add(42*time.Second), noon.Add(61500*time.Millisecond); !e.First.Equal(first) || !e.Last.Equal(last) {
		t.Errorf("%v to %v, want %v to %v", e.First, e.Last, first, last)
	}
}

func TestEvidenceTellsWhichRunWasInterrupted(t *testing.T) {
	l := ready(t, 4, Options{})
	must(t, l.End(t.Context(), campaign.RunEnd{At: noon, Interrupted: true}))
	_, err := l.Begin(t.Context(), noon)
	must(t, err)
	must(t, l.End(t.Context(), campaign.RunEnd{At: noon}))
	if runs := evidence(t, l.Reader).Runs; len(runs) != 2 || !runs[0].Interrupted || runs[1].Interrupted {
		t.Errorf("runs are %+v", runs)
	}
}

func TestEvidenceTellsOfRunsAndSessions(t *testing.T) {
	e := evidence(t, history(t).Reader)
	want := []campaign.RunRecord{{
		Number: 1, Started: noon, Ended: noon.Add(time.Hour), Host: hostname(), Last: noon.Add(time.Minute),
		Halted: "550 no such user a***@one.example",
	}}
	if !reflect.DeepEqual(e.Runs, want) {
		t.Errorf("runs are %+v\nwant %+v", e.Runs, want)
	}
	if len(e.Sessions) != 2 || !e.Sessions[0].At.Equal(noon) || e.Sessions[0].Encryption != "TLS 1.3 A" || e.Sessions[1].Encryption != "" {
		t.Errorf("sessions are %+v", e.Sessions)
	}
	if e.Frozen.Key != (campaign.Key{}) || len(e.Frozen.Wordings) != 2 {
		t.Errorf("the plan is %+v", e.Frozen)
	}
}

func TestEvidenceCountsFailuresByTheirReason(t *testing.T) {
	l := ready(t, 12, Options{})
	for seq := int64(1); seq <= 4; seq++ {
		bring(t, l, seq, campaign.Accepted)
	}
	bring(t, l, 5, campaign.Rejected)
	transient, permanent, later1 := about(1, campaign.FoundBounce), about(1, campaign.FoundBounce), about(2, campaign.FoundBounce)
	transient.Digest, transient.Permanence, transient.Reason = "a", campaign.Transient, "mailbox_full"
	permanent.Digest, permanent.Permanence, permanent.Reason = "b", campaign.Permanent, "no_mailbox"
	later1.Digest, later1.Permanence, later1.Reason = "c", campaign.Transient, "mailbox_full"
	_, err := l.Import(t.Context(), later, func(yield func(campaign.Finding, error) bool) {
		for _, f := range []campaign.Finding{transient, permanent, later1} {
			if !yield(f, nil) {
				return
			}
		}
	})
	must(t, err)
	e := evidence(t, l.Reader)
	if want := []campaign.BounceCount{
		{Reason: "mailbox_full", Permanence: campaign.Transient, Notices: 1},
		{Reason: "no_mailbox", Permanence: campaign.Permanent, Notices: 1},
	}; !reflect.DeepEqual(e.Bounces, want) {
		t.Errorf("bounces are %+v, want %+v", e.Bounces, want)
	}
	if want := []campaign.RejectionCount{{Code: 250, Enhanced: "2.0.0", Notices: 1}}; !reflect.DeepEqual(e.Rejections, want) {
		t.Errorf("rejections are %+v, want %+v", e.Rejections, want)
	}
}

func TestEvidenceLeavesOutWhatIsHistory(t *testing.T) {
	l := ready(t, 4, Options{})
	bring(t, l, 1, campaign.InDoubt)
	must(t, l.End(t.Context(), campaign.RunEnd{At: noon}))
	_, err := l.Resend(t.Context(), campaign.Resend{States: []campaign.State{campaign.InDoubt}, At: noon, By: "ann"})
	must(t, err)
	e := evidence(t, l.Reader)
	if e.Status.Notices.Total != 4 || e.Others.Total != 4 || e.Others.InDoubt != 0 {
		t.Errorf("%+v of %+v", e.Others, e.Status.Notices)
	}
	if len(e.Resends) != 1 || e.Resends[0].By != "ann" || e.Resends[0].Notices != 1 {
		t.Errorf("resends are %+v", e.Resends)
	}
}

func TestTheLargestDestinationsAreCountedWhole(t *testing.T) {
	first := newDestinations()
	first.room = 64
	var stream []string
	for i := range 3000 {
		stream = append(stream, fmt.Sprintf("own%d.example", i), fmt.Sprintf("big%d.example", i%30))
	}
	count := func(d *destinations) {
		for _, domain := range stream {
			d.add([]byte(domain), campaign.Accepted)
		}
	}
	count(first)
	if !first.pruned {
		t.Fatal("nothing was forgotten")
	}
	again := first.candidates()
	count(again)
	named, others := again.largest()
	if len(named) != shownDestinations || others.Total != int64(len(stream)-shownDestinations*100) {
		t.Fatalf("%d are named and %d are others", len(named), others.Total)
	}
	for _, d := range named {
		if d.Total != 100 {
			t.Errorf("%s has %d notices, want 100", d.Domain, d.Total)
		}
	}
}

func TestASmallDestinationIsNotNamed(t *testing.T) {
	d := newDestinations()
	for range leastNamed - 1 {
		d.add([]byte("ann-smith.example"), campaign.Accepted)
	}
	if named, others := d.largest(); len(named) != 0 || others.Accepted != leastNamed-1 {
		t.Errorf("named are %v, others %+v", named, others)
	}
}

// BenchmarkEvidence reads the evidence of 100,000 accepted notices.
func BenchmarkEvidence(b *testing.B) {
	l := accepted(b, 100_000)
	for b.Loop() {
		_, err := l.Evidence(b.Context(), noon)
		must(b, err)
	}
}
