package export

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

func TestCancellationEndsEveryPhase(t *testing.T) {
	source := file(t, "a.csv", numbered)
	endless := "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
	db := sqliteDB(t, "a.db", "CREATE TABLE u(id, email)", "INSERT INTO u VALUES(1, 'x'), (2, 'y')")
	for name, spec := range map[string]Spec{
		"streaming": {Source: source},
		"staging":   {Source: source, Where: "1"},
		"SQLite":    {Source: db},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			checkEndsWith(t, s, ctx, context.Canceled)
		})
	}
	t.Run("selecting", func(t *testing.T) {
		s, err := Open(t.Context(), Spec{Source: source, Query: endless + "SELECT sum(i) AS id, 'x' AS email FROM n"})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		checkEndsWith(t, s, ctx, context.DeadlineExceeded)
	})
}

func checkEndsWith(t *testing.T, s *Selection, ctx context.Context, want error) {
	t.Helper()
	records := 0
	var last error
	for _, err := range s.Records(ctx) {
		if last = err; err == nil {
			records++
		}
	}
	if !errors.Is(last, want) || records > 0 {
		t.Errorf("%d records and then %v, want none and %v", records, last, want)
	}
}

func TestALineOfAHundredMegabytesIsAnErrorInFlatMemory(t *testing.T) {
	path := file(t, "a.csv", "id,email\n1,")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.CopyN(f, zeros{}, 100<<20); err != nil {
		t.Fatal(err)
	}
	got := mustFail(t, Spec{Source: path, MaxRecord: 1 << 20})
	if want := path + ": line 2: the record is larger than 1048576 bytes\n" +
		"look there for a quote that is not closed and for line ends that are missing; export.max_record raises the limit"; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
}

// BenchmarkStream makes records of the same rows of which encoding/csv makes strings, and
// reports how many times as fast.
func BenchmarkStream(b *testing.B) {
	const rows = 100_000
	var content bytes.Buffer
	content.WriteString("id,email,name,password,sso,locale\n")
	if _, err := io.Copy(&content, &generated{rows: rows}); err != nil {
		b.Fatal(err)
	}
	path := file(b, "a.csv", content.String())
	var ours, theirs time.Duration
	for b.Loop() {
		ours += timed(b, func() (int, error) { return countRecords(b.Context(), path) }, rows)
		theirs += timed(b, func() (int, error) { return countCSV(path) }, rows+1)
	}
	total := float64(rows) * float64(b.N)
	b.ReportMetric(float64(ours.Nanoseconds())/total, "ns/row")
	b.ReportMetric(float64(content.Len())*float64(b.N)/1e6/ours.Seconds(), "MB/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "x-encoding/csv")
}

func timed(b *testing.B, read func() (int, error), want int) time.Duration {
	start := time.Now()
	got, err := read()
	if err != nil || got != want {
		b.Fatalf("%d rows, %v, want %d", got, err, want)
	}
	return time.Since(start)
}

func countRecords(ctx context.Context, path string) (int, error) {
	records := 0
	s, err := Open(ctx, Spec{Source: path})
	if err != nil {
		return 0, err
	}
	for _, err := range s.Records(ctx) {
		if err != nil {
			return records, errors.Join(err, s.Close())
		}
		records++
	}
	return records, s.Close()
}

func countCSV(path string) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	r := csv.NewReader(bufio.NewReaderSize(f, scanBuffer))
	for records := 0; ; records++ {
		if _, err := r.Read(); errors.Is(err, io.EOF) {
			return records, nil
		} else if err != nil {
			return records, err
		}
	}
}
