package postfixlog

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
)

// TestWhatIsRememberedIsBounded holds more messages open than may be remembered.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	const limit = 100
	w := &walker{options: Options{}, yield: func(Event, error) bool { return true }}
	w.queue = newQueue(limit, w.lost)
	for i := range 50 * limit {
		for _, text := range []string{
			fmt.Sprintf("smtp F%07X: to=<a@example.org>, relay=none, dsn=4.4.1, status=deferred (no)", i),
			fmt.Sprintf("smtp F%07X: to=<b@example.org>, relay=none, dsn=4.4.1, status=deferred (no)", i),
			fmt.Sprintf("cleanup E%07X: message-id=<%d@acme.example>", i, i),
			fmt.Sprintf("qmgr E%07X: removed", i),
		} {
			l, ok := parseLine([]byte(log(text)[:len(log(text))-1]))
			if !ok {
				t.Fatalf("not understood: %s", text)
			}
			w.line(l)
		}
	}
	q := w.queue
	if q.open.Len() > limit || q.done.Len() > maxDone || len(q.files) != q.open.Len()+q.done.Len() || len(q.latest) > len(q.files) || q.held > 2*limit || q.held < 0 {
		t.Errorf("%d open, %d done, %d files, %d Message-IDs, %d held", q.open.Len(), q.done.Len(), len(q.files), len(q.latest), q.held)
	}
}

func TestWhatGivesWayIsToldBefore(t *testing.T) {
	var text strings.Builder
	for i := range 10 {
		text.WriteString(log(fmt.Sprintf("smtp F%07X: to=<a@example.org>, relay=x[192.0.2.9]:25, dsn=5.1.1, status=bounced (no)", i)))
	}
	if events := walk(t, Options{Open: 2}, text.String()); len(events) != 10 {
		t.Errorf("%d events, want 10", len(events))
	}
}

// FuzzWalk holds that no log makes a walk panic, and that every event has an identity
// and a recipient.
func FuzzWalk(f *testing.F) {
	f.Add([]byte(log("cleanup AAAAAAA1: message-id=<1@acme.example>", "qmgr AAAAAAA1: from=<a+b@c>, size=1, nrcpt=1 (queue active)",
		"smtp AAAAAAA1: to=<a@example.org>, orig_to=<b@c>, relay=x[::1]:25, dsn=2.0.0, status=sent (queued as AAAAAAA2)", "qmgr AAAAAAA1: removed")))
	f.Add([]byte(log("smtp AAAAAAA1: to=<a@b>, dsn=, status=deferred", "postsuper AAAAAAA1: removed", "pickup AAAAAAA1: uid=0 from=<root>")))
	f.Add([]byte("]: \n[1]: \n/[1]: x: y\n postfix/qmgr[1]: AAAAAAA1: from=<a>, status=force-expired, returned to sender"))
	f.Add([]byte("<22>Feb 29 00:00:00 h postfix/bounce[1]: 4XbCdF0gHz: to=<, >, status=sent ("))
	f.Fuzz(func(t *testing.T, input []byte) {
		for e, err := range Walk(context.Background(), []string{"-"}, Options{Stdin: bytes.NewReader(input), Now: now, Open: 3}) {
			if err == nil && (len(e.Digest) != 64 || len(e.Recipients) != 1 || e.Number < 1) {
				t.Fatalf("%+v", e)
			}
		}
	})
}

func BenchmarkWalk(b *testing.B) {
	const messages = 20_000
	var text strings.Builder
	for i := range messages {
		text.WriteString(log(
			fmt.Sprintf("smtpd %08X: client=unknown[192.0.2.1]", i),
			fmt.Sprintf("cleanup %08X: message-id=<%d@acme.example>", i, i),
			fmt.Sprintf("qmgr %08X: from=<bounces+token%d@acme.example>, size=3000, nrcpt=1 (queue active)", i, i),
			fmt.Sprintf("smtp %08X: to=<a%d@example.org>, relay=x[192.0.2.9]:25, delay=0.5, delays=0.1/0/0.2/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok)", i, i),
			fmt.Sprintf("qmgr %08X: removed", i)))
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range Walk(context.Background(), []string{"-"}, Options{Stdin: io.Reader(strings.NewReader(text.String())), Now: now}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(5*messages*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
