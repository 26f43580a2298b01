package ledger

import (
	"fmt"
	"testing"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// BenchmarkRecord is a run's steady state: 25 connections, of which each records the
// outcome of one notice and the intent of the next in one call.
func BenchmarkRecord(b *testing.B) {
	const connections = 25
	commits := 0
	f := frozen()
	f.BatchSize = 1000
	l := opened(b, planned(b, f, people(max(b.N, connections)+connections)), Options{Fault: func(point string) error {
		if point == BeforeCommit {
			commits++
		}
		return nil
	}})
	_, err := l.Begin(b.Context(), noon)
	must(b, err)
	b.ResetTimer()
	done := make(chan error)
	for c := range connections {
		go func() {
			var moves []campaign.Move
			for seq := c + 1; seq <= b.N; seq += connections {
				moves = append(moves, to(int64(seq), campaign.Pending, campaign.Sending))
				if err := l.Record(b.Context(), moves...); err != nil {
					done <- err
					return
				}
				moves = []campaign.Move{to(int64(seq), campaign.Sending, campaign.Accepted)}
			}
			done <- l.Record(b.Context(), moves...)
		}()
	}
	for range connections {
		must(b, <-done)
	}
	b.ReportMetric(float64(b.N)/float64(commits), "notices/commit")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "notices/s")
}

// BenchmarkStatus reads the status of a campaign with 10,000 batches, as one of ten
// million notices has them.
func BenchmarkStatus(b *testing.B) {
	f := frozen()
	f.BatchSize = 2
	r := readOnly(b, planned(b, f, people(20_000)))
	for b.Loop() {
		_, err := r.Status(b.Context(), noon)
		must(b, err)
	}
}

// BenchmarkPlan is Add and Seal of 100,000 accounts.
func BenchmarkPlan(b *testing.B) {
	records := people(100_000)
	f := frozen()
	f.BatchSize = 1000
	for b.Loop() {
		planned(b, f, records)
	}
}

// accepted is a ledger of n accepted notices.
func accepted(b *testing.B, n int) *Ledger {
	f := frozen()
	f.BatchSize = 1000
	l := opened(b, planned(b, f, people(n)), Options{})
	_, err := l.Begin(b.Context(), noon)
	must(b, err)
	for seq := 1; seq <= n; seq += 1000 {
		var moves []campaign.Move
		for s := seq; s < min(seq+1000, n+1); s++ {
			moves = append(moves, to(int64(s), campaign.Pending, campaign.Sending), to(int64(s), campaign.Sending, campaign.Accepted))
		}
		must(b, l.Record(b.Context(), moves...))
	}
	must(b, l.End(b.Context(), campaign.RunEnd{At: noon}))
	return l
}

// bounces is a bounce of every notice up to n, half of them matched by an address.
func bounces(n int) func(func(campaign.Finding, error) bool) {
	return func(yield func(campaign.Finding, error) bool) {
		for i := range n {
			f := about(int64(i+1), campaign.FoundBounce)
			if i%2 == 1 {
				f = heard(fmt.Sprint("address ", i))
				f.Recipient = fmt.Sprintf("user%d@%s", i, []string{"big.example", "big.example", "small.example", "other.example"}[i%4])
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// BenchmarkImport is 100,000 bounces, each of a notice of its own.
func BenchmarkImport(b *testing.B) {
	const n = 100_000
	for b.Loop() {
		b.StopTimer()
		l := accepted(b, n)
		b.StartTimer()
		got, err := l.Import(b.Context(), later, bounces(n))
		must(b, err)
		if got.New != n || got.Unmatched != 0 {
			b.Fatalf("imported %+v", got)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "findings/s")
}

// BenchmarkResend is a new generation of 100,000 notices that bounced, every tenth of
// them corrected.
func BenchmarkResend(b *testing.B) {
	const n = 100_000
	r := campaign.Resend{States: []campaign.State{campaign.Bounced}, At: later, By: "jane", Corrections: map[string]account.Address{}}
	for i := 0; i < n; i += 10 {
		to, err := account.ParseAddress(fmt.Sprintf("new%d@other.example", i))
		must(b, err)
		r.Corrections[fmt.Sprint("id", i)] = to
	}
	for b.Loop() {
		b.StopTimer()
		l := accepted(b, n)
		_, err := l.Import(b.Context(), later, func(yield func(campaign.Finding, error) bool) {
			for seq := range int64(n) {
				if !yield(about(seq+1, campaign.FoundBounce), nil) {
					return
				}
			}
		})
		must(b, err)
		b.StartTimer()
		got, err := l.Resend(b.Context(), r)
		must(b, err)
		if got.Notices != n {
			b.Fatalf("resent %+v", got)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "notices/s")
}
