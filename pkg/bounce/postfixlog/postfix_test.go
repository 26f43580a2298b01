package postfixlog

import (
	"context"
	"fmt"
	"net/smtp"
	"slices"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/postfixtest"
)

// TestTheLogOfARealPostfix reads what Postfix writes, with short and with long queue ids.
func TestTheLogOfARealPostfix(t *testing.T) {
	for _, long := range []string{"no", "yes"} {
		t.Run("enable_long_queue_ids="+long, func(t *testing.T) {
			server := postfixtest.Start(t, postfixtest.Options{
				Mailboxes: []string{"jane@test.example", "gone@test.example", "later@test.example", "bounces@test.example"},
				Settings: map[string]string{
					"enable_long_queue_ids": long,
					// smtpd refuses what it knows to fail; behind an alias it does not look
					"virtual_alias_maps": "inline:{ {gone@test.example = gone@gone.example}, {later@test.example = later@later.example} }",
					"transport_maps":     "inline:{ {gone.example = error:5.1.6 moved away}, {later.example = retry:4.2.1 come back} }",
				},
			})
			for i, to := range []string{"jane", "gone", "later"} {
				message := fmt.Sprintf("Message-ID: <%d@acme.example>\r\nSubject: x\r\n\r\nx\r\n", i)
				noError(t, smtp.SendMail(fmt.Sprintf("127.0.0.1:%d", server.Port()), nil, fmt.Sprintf("bounces+tok%d@test.example", i),
					[]string{to + "@test.example"}, []byte(message)))
			}
			want := []string{
				"other queued <>  unknown <0@acme.example>", "delivered delivered <jane@test.example> 2.0.0 unknown final <0@acme.example>",
				"other queued <>  unknown <1@acme.example>", "bounce failed <gone@test.example> 5.1.6 permanent final <1@acme.example>",
				"other queued <>  unknown <2@acme.example>", "delay delayed <later@test.example> 4.2.1 transient <2@acme.example>",
			}
			slices.Sort(want)
			var got []string
			for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline) && !slices.Equal(got, want); {
				var events []Event
				for e, err := range Walk(context.Background(), []string{"-"}, Options{Stdin: strings.NewReader(server.Log(t)), Now: time.Now()}) {
					if err == nil { // the log may be empty yet
						events = append(events, e)
					}
				}
				got = told(events)
				slices.Sort(got)
			}
			if !slices.Equal(got, want) {
				t.Errorf("told\n%s\nwant\n%s\nof\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), server.Log(t))
			}
		})
	}
}
