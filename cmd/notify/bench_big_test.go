package main

import (
	"flag"
	"strconv"
	"sync"
	"testing"
	"time"

	"breachnotify/pkg/smtptest"
)

var bigRows = flag.Int("big.rows", 200_000, "accounts of BenchmarkBig; .ci/big asks for ten million")

// bigLimit is how many notices BenchmarkBig sends.
const bigLimit = 20_000

// BenchmarkBig takes one campaign of any size through plan, status, the beginning of
// send, and status again. What these take must not grow with the campaign, but for the
// time of plan.
func BenchmarkBig(b *testing.B) {
	var mu sync.Mutex
	var first time.Time // when the first message was taken
	server, err := smtptest.Start(smtptest.Options{Script: func(e smtptest.Event) smtptest.Action {
		if e.Stage == smtptest.Dot {
			mu.Lock()
			defer mu.Unlock()
			if first.IsZero() {
				first = time.Now()
			}
		}
		return smtptest.Action{}
	}})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	for range b.N {
		first = time.Time{}
		c := newBigCampaign(b, *bigRows, server.Port())
		plan := c.notify(b, exitDone, "plan")
		b.ReportMetric(plan.seconds, "plan-s")
		b.ReportMetric(float64(*bigRows)/plan.seconds, "plan-rows/s")
		b.ReportMetric(plan.megabytes, "plan-MB")
		b.ReportMetric(c.notify(b, exitDone, "status").seconds, "status-s")
		send := c.notify(b, exitIncomplete, "send", "--yes", "--limit", strconv.Itoa(bigLimit))
		b.ReportMetric(first.Sub(send.began).Seconds(), "first-message-s")
		b.ReportMetric(bigLimit/send.seconds, "send-notices/s")
		b.ReportMetric(send.megabytes, "send-MB")
		b.ReportMetric(c.notify(b, exitDone, "status").seconds, "status-again-s")
	}
}
