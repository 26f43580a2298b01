package delivery_test

import (
	"net"
	netmail "net/mail"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"breachnotify/pkg/notice"
	"breachnotify/pkg/smtptest"
	"breachnotify/templates"
)

func noError(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// benchNotices loads the built-in notices with facts of an ordinary length.
func benchNotices(tb testing.TB) *notice.Set {
	tb.Helper()
	set, err := notice.Load(notice.Options{
		FS: templates.FS, MessageIDDomain: "example.com", DefaultLocale: "en",
		Facts: notice.Facts{
			Organisation: "Example Media",
			From:         &netmail.Address{Name: "Example Security", Address: "security@example.com"},
			ReplyTo:      &netmail.Address{Address: "help@example.com"},
			Incident: map[string]string{
				"what_happened":     "A third party got into one of our databases and reached a limited part of the customer data. The way in was open from 1 to 5 September 2026.",
				"what_information":  "These data were involved:\n\n- e-mail addresses and user names\n- passwords, stored only as hashes\n\nPayment data were **not** involved.",
				"what_we_are_doing": "We closed the hole on 8 September 2026. Further reviews of our systems are under way.",
				"discovered":        "2026-09-08",
			},
			Links: map[string]string{
				notice.LinkReset:   "https://example.com/reset",
				notice.LinkSignOut: "https://example.com/security",
				notice.LinkHelp:    "https://example.com/help",
			},
		},
	})
	noError(tb, err)
	return set
}

// startSink runs a server that takes everything and returns its port: Postfix's
// smtp-sink where it is installed, a process of its own as a relay is, or else the
// server of the tests.
func startSink(b *testing.B) int {
	b.Helper()
	program, err := exec.LookPath("smtp-sink")
	if err != nil {
		b.Log("without smtp-sink, which comes with Postfix:", err)
		server, err := smtptest.Start(smtptest.Options{})
		noError(b, err)
		b.Cleanup(func() { noError(b, server.Close()) })
		return server.Port()
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	noError(b, err)
	port := listener.Addr().(*net.TCPAddr).Port
	noError(b, listener.Close()) // so that the sink can have it
	args := []string{"127.0.0.1:" + strconv.Itoa(port), "128"}
	if os.Geteuid() == 0 {
		args = append([]string{"-u", "nobody"}, args...)
	}
	sink := exec.Command(program, args...)
	noError(b, sink.Start())
	b.Cleanup(func() {
		noError(b, sink.Process.Kill())
		_ = sink.Wait() // it was killed
	})
	awaitGreeting(b, port)
	return port
}

// awaitGreeting waits until a server that is a process of its own greets.
func awaitGreeting(b *testing.B, port int) {
	b.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case <-tick.C:
			if greeted(port) {
				return
			}
		case <-deadline:
			b.Fatalf("nothing answers on port %d", port)
		}
	}
}

func greeted(port int) bool {
	c, err := net.DialTimeout("tcp4", "127.0.0.1:"+strconv.Itoa(port), time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	_, err = c.Read(make([]byte, 1))
	return err == nil
}
