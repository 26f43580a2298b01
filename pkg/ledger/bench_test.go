package ledger

import (
	"testing"

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
