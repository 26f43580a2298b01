package delivery_test

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"breachnotify/pkg/campaign"
	"breachnotify/pkg/delivery"
	"breachnotify/pkg/smtptest"
)

// TestNetworkThatCutsAndJoinsSegmentsChangesNothing sends through a network that keeps
// no boundary of a write: octets come singly, in halves of a line, or several replies
// and commands at once.
func TestNetworkThatCutsAndJoinsSegmentsChangesNothing(t *testing.T) {
	for name, encryption := range map[string]smtptest.TLS{"in clear": smtptest.Clear, "STARTTLS": smtptest.WithSTARTTLS} {
		t.Run(name, func(t *testing.T) {
			const notices = 200
			// The server writes its replies in pieces, which the delay of the proxy joins.
			server, err := smtptest.Start(smtptest.Options{TLS: encryption, Fragment: 13})
			noError(t, err)
			t.Cleanup(func() { noError(t, server.Close()) })
			proxy, err := smtptest.StartProxy(smtptest.ProxyOptions{
				Target: server.Addr(), Delay: time.Millisecond, Segment: randomSegments(),
			})
			noError(t, err)
			t.Cleanup(func() { noError(t, proxy.Close()) })

			book := benchLedger(t, notices)
			to := target{port: proxy.Port(), sessions: 4, messages: notices, roots: rootsOf(server)}
			summary, err := delivery.Run(t.Context(), nil, benchRun(t, to, book))
			noError(t, err)
			if summary.End != delivery.Done {
				t.Errorf("the run ended as %+v", summary)
			}
			status, err := book.Status(t.Context(), time.Now())
			noError(t, err)
			if want := (campaign.NoticeCounts{Total: notices, Accepted: notices}); status.Notices != want {
				t.Errorf("the ledger holds %+v, want %+v", status.Notices, want)
			}
			eachOnce(t, server, notices)
		})
	}
}

// randomSegments cuts as it is dealt by a fixed seed, three times out of four close to
// the beginning.
func randomSegments() func(n int) int {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(2, 9))
	return func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		if random.IntN(4) == 0 {
			return n
		}
		return 1 + random.IntN(min(n, 500))
	}
}

func rootsOf(server *smtptest.Server) *x509.CertPool {
	if server.Authority() == nil {
		return nil
	}
	return server.Authority().Pool()
}

// eachOnce holds that every notice was taken once, and whole.
func eachOnce(t *testing.T, server *smtptest.Server, notices int) {
	t.Helper()
	taken := map[string]int{}
	for _, m := range server.Messages() {
		taken[m.To]++
		if !bytes.Contains(m.Data, fmt.Appendf(nil, "\r\nTo: <%s>\r\n", m.To)) || !bytes.HasSuffix(m.Data, []byte("--\r\n")) {
			t.Errorf("the message to %s is not whole:\n%s", m.To, m.Data)
		}
	}
	for i := range notices {
		if to := benchAddress(t, i).Wire(); taken[to] != 1 {
			t.Errorf("%s got %d notices", to, taken[to])
		}
	}
	if len(taken) != notices {
		t.Errorf("%d mailboxes got notices, want %d", len(taken), notices)
	}
}
