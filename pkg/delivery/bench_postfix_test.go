package delivery_test

import (
	"fmt"
	"testing"
	"time"

	"breachnotify/pkg/postfixtest"
	"breachnotify/pkg/smtptest"
)

// BenchmarkSendToPostfix compares notify and go-mail as BenchmarkSend does, against a
// real mail server over STARTTLS: far away, and next door over one session, where
// nothing can be gained from pipelining but a flight in two writes would lose 40 ms
// (Nagle against delayed ACK). smtp-source speaks no TLS.
func BenchmarkSendToPostfix(b *testing.B) {
	for _, c := range []struct {
		roundTrip                  time.Duration
		sessions, messages, rounds int
	}{
		{0, 1, 300, 5},
		{20 * time.Millisecond, 5, 200, 3},
	} {
		b.Run(fmt.Sprintf("rtt=%s/sessions=%d", c.roundTrip, c.sessions), func(b *testing.B) {
			authority, err := smtptest.NewAuthority(time.Now())
			noError(b, err)
			certificate, err := authority.Issue("127.0.0.1")
			noError(b, err)
			server := postfixtest.Start(b, postfixtest.Options{Certificate: &certificate, Settings: map[string]string{
				"mynetworks":               "127.0.0.0/8",
				"smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination",
				"default_transport":        "discard:",
			}})
			compare(b, target{
				port:     delayed(b, server.Port(), c.roundTrip),
				sessions: c.sessions, messages: c.messages, rounds: c.rounds,
				roots: authority.Pool(),
				rest:  func() { server.Deliveries(b) }, // none, but Postfix throws away in its own time
			}, []contender{viaNotify(), viaGoMail()})
		})
	}
}
