package delivery_test

import (
	"crypto/x509"
	"fmt"
	"slices"
	"testing"
	"time"

	"breachnotify/pkg/smtptest"
)

// contender is one way to send a number of messages to a relay.
type contender struct {
	name  string
	ratio string // the metric of how many times as fast notify is; empty: this is notify
	// prepare does what is not measured and returns what is: from the first dial until
	// the last message is taken and the last session closed.
	prepare func(b *testing.B, to target) func() error
}

// target is where the messages go, and how.
type target struct {
	port     int
	sessions int
	messages int
	rounds   int            // how often the contenders take turns: medians forgive what else the machine does
	roots    *x509.CertPool // for STARTTLS; nil: in clear
	rest     func()         // waits until nothing is left to do of what was sent before; optional
}

// BenchmarkSend compares the ways to send the same notices to the same sink over
// 10 sessions: go-mail's Client.Send in a loop and Postfix's smtp-source, which write
// nothing down, and notify with its ledger on disk. One operation is the whole
// comparison.
func BenchmarkSend(b *testing.B) {
	for _, c := range []struct {
		roundTrip        time.Duration
		messages, rounds int
	}{
		{0, 3000, 5},
		{20 * time.Millisecond, 1000, 3},
	} {
		b.Run(fmt.Sprintf("rtt=%s", c.roundTrip), func(b *testing.B) {
			to := target{port: delayed(b, startSink(b), c.roundTrip), sessions: 10, messages: c.messages, rounds: c.rounds}
			contenders := []contender{viaNotify(), viaGoMail()}
			if source, ok := viaSMTPSource(b); ok {
				contenders = append(contenders, source)
			}
			compare(b, to, contenders)
		})
	}
}

// delayed returns a port that leads to the given one over a network with a round trip
// of that length.
func delayed(b *testing.B, port int, roundTrip time.Duration) int {
	b.Helper()
	if roundTrip == 0 {
		return port
	}
	proxy, err := smtptest.StartProxy(smtptest.ProxyOptions{
		Target: fmt.Sprintf("127.0.0.1:%d", port),
		Delay:  roundTrip / 2,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := proxy.Close(); err != nil {
			b.Error(err)
		}
	})
	return proxy.Port()
}

// compare has the contenders send in turn, another one first in each round, and reports
// the median speed of each and of the ratios. The ratio is taken within each round, since what else the machine does
// then bears on all of them.
func compare(b *testing.B, to target, contenders []contender) {
	speeds := make([][]float64, len(contenders))
	for b.Loop() {
		for round := range to.rounds {
			for turn := range contenders {
				i := (round + turn) % len(contenders)
				speeds[i] = append(speeds[i], speed(b, contenders[i], to))
			}
		}
	}
	b.ReportMetric(0, "ns/op") // says nothing here
	for i, c := range contenders {
		b.ReportMetric(median(speeds[i]), c.name+"/s")
		if c.ratio == "" {
			continue
		}
		ratios := make([]float64, len(speeds[i]))
		for round, other := range speeds[i] {
			ratios[round] = speeds[0][round] / other
		}
		b.ReportMetric(median(ratios), c.ratio)
	}
}

// speed returns how many messages a second c sends.
func speed(b *testing.B, c contender, to target) float64 {
	b.Helper()
	send := c.prepare(b, to)
	if to.rest != nil {
		to.rest()
	}
	began := time.Now()
	if err := send(); err != nil {
		b.Fatalf("%s: %v", c.name, err)
	}
	return float64(to.messages) / time.Since(began).Seconds()
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
