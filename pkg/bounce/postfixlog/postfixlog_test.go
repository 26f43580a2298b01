package postfixlog

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/bounce"
	"breachnotify/pkg/hint"
)

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// now is when the logs of the tests were read.
var now = time.Date(2026, 9, 10, 0, 0, 0, 0, time.UTC)

// log writes lines as postlogd does, a second apart. A line begins with its daemon.
func log(lines ...string) string {
	var b strings.Builder
	for i, line := range lines {
		daemon, text, _ := strings.Cut(line, " ")
		fmt.Fprintf(&b, "Sep  8 10:11:%02d mx postfix/%s[12%d]: %s\n", i%60, daemon, i, text)
	}
	return b.String()
}

// told writes events on lines: kind, action, address, status, permanence, Message-ID.
func told(events []Event) []string {
	var all []string
	for _, e := range events {
		r := e.Recipients[0]
		final := ""
		if r.Final {
			final = " final"
		}
		all = append(all, fmt.Sprintf("%s %s <%s> %s %s%s <%s>", e.Kind, r.Action, r.Address, r.Status, r.Permanence, final, e.MessageID))
	}
	return all
}

func walk(t *testing.T, o Options, text string) []Event {
	t.Helper()
	o.Stdin, o.Now = strings.NewReader(text), now
	var events []Event
	for e, err := range Walk(context.Background(), []string{"-"}, o) {
		noError(t, err)
		events = append(events, e)
	}
	return events
}

func TestWhatBecomesOfAMessage(t *testing.T) {
	const took = "other queued <>  unknown <1@acme.example>"
	begin := []string{
		"smtpd 4XbCdF0gHz: client=unknown[192.0.2.1]",
		"cleanup 4XbCdF0gHz: message-id=<1@acme.example>",
		"qmgr 4XbCdF0gHz: from=<bounces+tok@acme.example>, size=3000, nrcpt=1 (queue active)",
	}
	for name, c := range map[string]struct {
		lines []string
		want  []string
	}{
		"sent": {append(begin[:3:3],
			"smtp 4XbCdF0gHz: to=<jane@example.org>, relay=mail.example.org[192.0.2.9]:25, delay=0.5, delays=0.1/0/0.2/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 99)",
			"qmgr 4XbCdF0gHz: removed"),
			[]string{took, "delivered delivered <jane@example.org> 2.0.0 unknown final <1@acme.example>"}},
		"bounced": {append(begin[:3:3],
			"smtp 4XbCdF0gHz: to=<jane@example.org>, relay=mail.example.org[192.0.2.9]:25, delay=0.5, delays=0.1/0/0.2/0.2, dsn=5.1.1, status=bounced (host mail.example.org[192.0.2.9] said: 550 5.1.1 <jane@example.org>: no such user (in reply to RCPT TO command))",
			"bounce 4XbCdF0gHz: sender non-delivery notification: 4BbCdF0gHz",
			"cleanup 4BbCdF0gHz: message-id=<2@mx>",
			"qmgr 4BbCdF0gHz: from=<>, size=5000, nrcpt=1 (queue active)",
			"local 4BbCdF0gHz: to=<bounces+tok@acme.example>, relay=local, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)",
			"qmgr 4XbCdF0gHz: removed"),
			[]string{took, "bounce failed <jane@example.org> 5.1.1 permanent final <1@acme.example>"}},
		"deferred, and then sent": {append(begin[:3:3],
			"smtp 4XbCdF0gHz: to=<jane@example.org>, relay=none, delay=30, delays=0/0/30/0, dsn=4.4.1, status=deferred (connect to mail.example.org[192.0.2.9]:25: Connection timed out)",
			"qmgr 4XbCdF0gHz: from=<bounces+tok@acme.example>, size=3000, nrcpt=1 (queue active)",
			"smtp 4XbCdF0gHz: to=<jane@example.org>, relay=mail.example.org[192.0.2.9]:25, conn_use=2, delay=300, delays=0/0/0/0, dsn=2.0.0, status=sent (250 ok)"),
			[]string{took, "delay delayed <jane@example.org> 4.4.1 transient <1@acme.example>", "delivered delivered <jane@example.org> 2.0.0 unknown final <1@acme.example>"}},
		"deferred until it expires": {append(begin[:3:3],
			"smtp 4XbCdF0gHz: to=<jane@example.org>, relay=none, delay=30, delays=0/0/30/0, dsn=4.4.1, status=deferred (connect to mail.example.org[192.0.2.9]:25: Connection timed out)",
			"qmgr 4XbCdF0gHz: from=<bounces+tok@acme.example>, status=expired, returned to sender",
			"qmgr 4XbCdF0gHz: removed"),
			[]string{took, "delay delayed <jane@example.org> 4.4.1 transient <1@acme.example>", "bounce failed <jane@example.org> 4.4.1 transient final <1@acme.example>"}},
		"expired, as a status of a recipient": {append(begin[:3:3],
			"error 4XbCdF0gHz: to=<jane@example.org>, relay=none, delay=9, delays=9/0/0/0, dsn=4.4.1, status=expired (delivery temporarily suspended)"),
			[]string{took, "bounce failed <jane@example.org> 4.4.1 transient final <1@acme.example>"}},
		"an alias": {append(begin[:3:3],
			"virtual 4XbCdF0gHz: to=<box@example.org>, orig_to=<jane@example.org>, relay=virtual, delay=0, delays=0/0/0/0, dsn=5.2.2, status=bounced (maildir delivery failed: over quota)"),
			[]string{took, "bounce failed <jane@example.org> 5.2.2 permanent final <1@acme.example>"}},
		"soft_bounce": {append(begin[:3:3],
			"smtp 4XbCdF0gHz: to=<jane@example.org>, relay=x[192.0.2.9]:25, delay=0, delays=0/0/0/0, dsn=5.1.1, status=SOFTBOUNCE (550 no)"),
			[]string{took, "delay delayed <jane@example.org> 5.1.1 transient <1@acme.example>"}},
		"several recipients": {append(begin[:3:3],
			"smtp 4XbCdF0gHz: to=<a@example.org>, relay=x[192.0.2.9]:25, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (250 ok)",
			"smtp 4XbCdF0gHz: to=<b@example.org>, relay=x[192.0.2.9]:25, delay=0, delays=0/0/0/0, dsn=5.1.1, status=bounced (550 no)"),
			[]string{took, "delivered delivered <a@example.org> 2.0.0 unknown final <1@acme.example>", "bounce failed <b@example.org> 5.1.1 permanent final <1@acme.example>"}},
		"deleted by an operator": {append(begin[:3:3],
			"smtp 4XbCdF0gHz: to=<jane@example.org>, relay=none, delay=30, delays=0/0/30/0, dsn=4.4.1, status=deferred (timed out)",
			"postsuper 4XbCdF0gHz: removed"),
			[]string{took, "delay delayed <jane@example.org> 4.4.1 transient <1@acme.example>", "bounce failed <jane@example.org> 4.4.1 transient final <1@acme.example>"}},
		"deferred, without the line of the queue manager": {append(begin[:2:2],
			"smtp 4XbCdF0gHz: to=<jane@example.org>, relay=none, delay=30, delays=0/0/30/0, dsn=4.4.1, status=deferred (timed out)",
			"smtp 4XbCdF0gHz: to=<jane@example.org>, relay=none, delay=90, delays=0/0/90/0, dsn=4.4.1, status=deferred (timed out)"),
			[]string{took, "delay delayed <jane@example.org> 4.4.1 transient <1@acme.example>", "delay delayed <jane@example.org> 4.4.1 transient <1@acme.example>"}},
		"never complete": {begin[:2], nil},
		"refused by a milter": {append(begin[:2:2],
			"cleanup 4XbCdF0gHz: milter-reject: END-OF-MESSAGE from unknown[192.0.2.1]: 5.7.1 no; from=<bounces+tok@acme.example> to=<jane@example.org> proto=ESMTP helo=<x>"),
			nil},
		"the probe of an address": {append(begin[:3:3],
			"smtp 4XbCdF0gHz: to=<jane@example.org>, relay=x[192.0.2.9]:25, delay=0, delays=0/0/0/0, dsn=5.1.1, status=undeliverable (550 no)"),
			[]string{took}},
		"a delivery before the Message-ID": {[]string{
			"smtp 4XbCdF0gHz: to=<jane@example.org>, relay=x[192.0.2.9]:25, delay=0, delays=0/0/0/0, dsn=5.1.1, status=bounced (550 no)",
			"qmgr 4XbCdF0gHz: removed", begin[2], begin[1]},
			[]string{"bounce failed <jane@example.org> 5.1.1 permanent final <1@acme.example>", took}},
		"a delivery behind the removal": {append(begin[:3:3], "qmgr 4XbCdF0gHz: removed",
			"smtp 4XbCdF0gHz: to=<jane@example.org>, relay=x[192.0.2.9]:25, delay=0, delays=0/0/0/0, dsn=5.1.1, status=bounced (550 no)"),
			[]string{took, "bounce failed <jane@example.org> 5.1.1 permanent final <1@acme.example>"}},
		"the log begins too late": {[]string{
			"smtp 4XbCdF0gHz: to=<jane@example.org>, relay=x[192.0.2.9]:25, delay=0, delays=0/0/0/0, dsn=5.1.1, status=bounced (550 no)"},
			[]string{"bounce failed <jane@example.org> 5.1.1 permanent final <>"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := told(walk(t, Options{}, log(c.lines...))); !slices.Equal(got, c.want) {
				t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestAnEventHasItsTokenPlaceAndTime(t *testing.T) {
	events := walk(t, Options{}, "no line of Postfix\n"+log(
		"cleanup 4XbCdF0gHz: message-id=<1@acme.example>",
		"qmgr 4XbCdF0gHz: from=<bounces+tok@acme.example>, size=3000, nrcpt=1 (queue active)",
		"virtual 4XbCdF0gHz: to=<box@example.org>, orig_to=<jane@example.org>, relay=virtual, delay=0, delays=0/0/0/0, dsn=5.2.2, status=bounced (over  quota)"))
	if len(events) != 2 {
		t.Fatalf("%d events", len(events))
	}
	e := events[1]
	if e.File != "-" || e.Number != 4 || !e.At.Equal(time.Date(2026, 9, 8, 10, 11, 2, 0, time.UTC)) || e.Source != bounce.SourcePostfix ||
		!slices.Equal(e.Tokens, []string{"tok"}) || !slices.Equal(e.Addresses, []string{"jane@example.org", "box@example.org"}) ||
		e.Recipients[0].Reason != bounce.ReasonMailboxFull || e.Recipients[0].Diagnostic != "over quota" {
		t.Errorf("%+v", e)
	}
}

func TestAQueueIDThatIsUsedAgainIsAnotherMessage(t *testing.T) {
	for name, between := range map[string]string{"removed": "qmgr ABCDEF01: removed", "the removal is lost": "qmgr 99999999: removed"} {
		t.Run(name, func(t *testing.T) {
			got := told(walk(t, Options{}, log(
				"cleanup ABCDEF01: message-id=<1@acme.example>",
				"smtp ABCDEF01: to=<a@example.org>, relay=x[192.0.2.9]:25, delay=0, dsn=2.0.0, status=sent (ok)",
				between,
				"smtpd ABCDEF01: client=unknown[192.0.2.1]",
				"cleanup ABCDEF01: message-id=<2@acme.example>",
				"smtp ABCDEF01: to=<b@example.org>, relay=x[192.0.2.9]:25, delay=0, dsn=2.0.0, status=sent (ok)")))
			want := []string{"delivered delivered <a@example.org> 2.0.0 unknown final <1@acme.example>", "delivered delivered <b@example.org> 2.0.0 unknown final <2@acme.example>"}
			if !slices.Equal(got, want) {
				t.Errorf("told\n%s", strings.Join(got, "\n"))
			}
		})
	}
}

func TestInstancesHaveQueueIDsOfTheirOwn(t *testing.T) {
	text := log("cleanup ABCDEF01: message-id=<1@acme.example>") +
		strings.ReplaceAll(log("cleanup ABCDEF01: message-id=<2@acme.example>"), "postfix/", "postfix-out/") +
		strings.ReplaceAll(log("smtp ABCDEF01: to=<b@example.org>, relay=x[192.0.2.9]:25, delay=0, dsn=2.0.0, status=sent (ok)"), "postfix/", "postfix-out/relay/") +
		log("smtp ABCDEF01: to=<a@example.org>, relay=x[192.0.2.9]:25, delay=0, dsn=2.0.0, status=sent (ok)")
	want := []string{"delivered delivered <b@example.org> 2.0.0 unknown final <2@acme.example>", "delivered delivered <a@example.org> 2.0.0 unknown final <1@acme.example>"}
	if got := told(walk(t, Options{}, text)); !slices.Equal(got, want) {
		t.Errorf("told\n%s", strings.Join(got, "\n"))
	}
}

func TestAContentFilterIsFollowedToTheEnd(t *testing.T) {
	first := []string{"cleanup AAAAAAA1: message-id=<1@acme.example>"}
	back := []string{"cleanup BBBBBBB2: message-id=<1@acme.example>"}
	toFilter := "smtp AAAAAAA1: to=<jane@example.org>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, dsn=2.0.0, status=sent (250 2.0.0 from MTA: 250 2.0.0 Ok: queued as BBBBBBB2)"
	toPipe := "pipe AAAAAAA1: to=<jane@example.org>, relay=filter, delay=1, dsn=2.0.0, status=sent (delivered via filter service)"
	end := "smtp BBBBBBB2: to=<jane@example.org>, relay=mail.example.org[192.0.2.9]:25, delay=1, dsn=5.1.1, status=bounced (550 no)"
	const bounced = "bounce failed <jane@example.org> 5.1.1 permanent final <1@acme.example>"
	for name, c := range map[string]struct {
		lines []string
		want  []string
	}{
		"the reply names the new queue id":     {slices.Concat(first, back, []string{toFilter, end}), []string{bounced}},
		"the new one is gone already":          {slices.Concat(first, back, []string{end, "qmgr BBBBBBB2: removed", toFilter}), []string{bounced}},
		"a pipe":                               {slices.Concat(first, back, []string{toPipe, end}), []string{bounced}},
		"the message comes back later":         {slices.Concat(first, []string{toPipe}, back, []string{end}), []string{"delivered delivered <jane@example.org> 2.0.0 unknown final <1@acme.example>", bounced}},
		"a foreign server with the same words": {slices.Concat(first, []string{strings.ReplaceAll(toFilter, "127.0.0.1", "192.0.2.7")}), []string{"delivered delivered <jane@example.org> 2.0.0 unknown final <1@acme.example>"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := told(walk(t, Options{}, log(c.lines...))); !slices.Equal(got, c.want) {
				t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestOnlyMessagesOfInterestAreKept(t *testing.T) {
	got := told(walk(t, Options{Keep: func(id string) bool { return strings.HasSuffix(id, "@acme.example") }}, log(
		"cleanup AAAAAAA1: message-id=<1@acme.example>", "cleanup BBBBBBB2: message-id=<1@other.example>",
		"smtp CCCCCCC3: to=<c@example.org>, relay=x[192.0.2.9]:25, delay=0, dsn=2.0.0, status=sent (ok)",
		"smtp BBBBBBB2: to=<b@example.org>, relay=x[192.0.2.9]:25, delay=0, dsn=2.0.0, status=sent (ok)",
		"smtp AAAAAAA1: to=<a@example.org>, relay=x[192.0.2.9]:25, delay=0, dsn=2.0.0, status=sent (ok)")))
	want := []string{"delivered delivered <a@example.org> 2.0.0 unknown final <1@acme.example>", "delivered delivered <c@example.org> 2.0.0 unknown final <>"}
	if !slices.Equal(got, want) {
		t.Errorf("told\n%s", strings.Join(got, "\n"))
	}
}

func TestDates(t *testing.T) {
	berlin := time.FixedZone("", 2*60*60)
	for stamp, want := range map[string]time.Time{
		"Sep  8 10:11:12":                   time.Date(2026, 9, 8, 10, 11, 12, 0, berlin),
		"Sep  8 10:11:12.345678":            time.Date(2026, 9, 8, 10, 11, 12, 345678000, berlin),
		"Dec 31 23:59:59":                   time.Date(2025, 12, 31, 23, 59, 59, 0, berlin),
		"Feb 29 01:02:03":                   time.Date(2024, 2, 29, 1, 2, 3, 0, berlin),
		"<22>Sep  8 10:11:12":               time.Date(2026, 9, 8, 10, 11, 12, 0, berlin),
		"2026-09-08T10:11:12.123456+05:00":  time.Date(2026, 9, 8, 5, 11, 12, 123456000, time.UTC),
		"2026-09-08T10:11:12Z":              time.Date(2026, 9, 8, 10, 11, 12, 0, time.UTC),
		"2026-09-08T10:11:12+0500":          time.Date(2026, 9, 8, 5, 11, 12, 0, time.UTC),
		"2026-09-08T10:11:12":               time.Date(2026, 9, 8, 10, 11, 12, 0, berlin),
		"Tue 2026-09-08 10:11:12 UTC":       time.Date(2026, 9, 8, 10, 11, 12, 0, time.UTC),
		"2026-09-08 10:11:12":               time.Date(2026, 9, 8, 10, 11, 12, 0, berlin),
		"the day before yesterday, at noon": {},
	} {
		text := stamp + " mx postfix/cleanup[1]: AAAAAAA1: message-id=<1@acme.example>\n" +
			stamp + " mx postfix/smtp[1]: AAAAAAA1: to=<a@example.org>, relay=x[192.0.2.9]:25, dsn=2.0.0, status=sent (ok)\n"
		events := walk(t, Options{Location: berlin}, text)
		if len(events) != 1 || !events[0].At.Equal(want) {
			t.Errorf("%s: %+v, want %v", stamp, events, want)
		}
	}
}

func TestTheSameLineIsTheSameEvent(t *testing.T) {
	text := log("cleanup AAAAAAA1: message-id=<1@acme.example>",
		"smtp AAAAAAA1: to=<a@example.org>, relay=none, delay=0, dsn=4.4.1, status=deferred (no)",
		"smtp AAAAAAA1: to=<a@example.org>, relay=none, delay=9, dsn=4.4.1, status=deferred (no)",
		"smtp AAAAAAA1: to=<a@example.org>, relay=x[192.0.2.9]:25, delay=0, dsn=2.0.0, status=sent (ok)")
	once, again := walk(t, Options{}, text), walk(t, Options{}, strings.ReplaceAll(strings.ReplaceAll(text, "Sep  8 ", "2026-09-08T"), " mx ", "Z mx "))
	if len(once) != 4 || len(again) != 4 { // the first put-off tells as well that the message is in the queue
		t.Fatalf("%d and %d events", len(once), len(again))
	}
	for i := range once {
		if once[i].Digest != again[i].Digest || len(once[i].Digest) != 64 {
			t.Errorf("event %d has the digests %s and %s", i, once[i].Digest, again[i].Digest)
		}
	}
	for i := range once[1:] {
		if once[i].Digest == once[i+1].Digest {
			t.Error("different events have the same digest")
		}
	}
	active := walk(t, Options{}, log("cleanup AAAAAAA1: message-id=<1@acme.example>", "qmgr AAAAAAA1: from=<a@b>, size=1, nrcpt=1 (queue active)"))
	if len(active) != 1 || active[0].Digest != once[0].Digest {
		t.Error("what the queue manager says is another event than what a put-off tells")
	}
}

func TestRotatedFilesAreOneLogInWhateverOrder(t *testing.T) {
	dir := t.TempDir()
	var old bytes.Buffer
	w := gzip.NewWriter(&old)
	_, err := io.WriteString(w, "Dec 31 23:59:58 mx postfix/cleanup[1]: AAAAAAA1: message-id=<1@acme.example>\n")
	noError(t, errors.Join(err, w.Close()))
	noError(t, os.WriteFile(filepath.Join(dir, "mail.log.1.gz"), old.Bytes(), 0o600))
	noError(t, os.WriteFile(filepath.Join(dir, "mail.log"), []byte("Jan  1 00:00:01 mx postfix/smtp[1]: AAAAAAA1: to=<a@example.org>, relay=x[192.0.2.9]:25, dsn=2.0.0, status=sent (ok)\n"), 0o600))
	noError(t, os.WriteFile(filepath.Join(dir, "empty"), nil, 0o600))
	paths := []string{filepath.Join(dir, "mail.log"), filepath.Join(dir, "mail.log.1.gz"), filepath.Join(dir, "empty")}
	var events []Event
	for e, err := range Walk(context.Background(), paths, Options{Now: now}) {
		noError(t, err)
		events = append(events, e)
	}
	if len(events) != 1 || events[0].MessageID != "1@acme.example" || events[0].File != paths[0] || events[0].Number != 1 {
		t.Errorf("%+v", events)
	}
}

func TestWhatCannotBeReadIsToldAndTheRestIsRead(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	other := filepath.Join(dir, "other")
	noError(t, os.WriteFile(good, []byte(strings.Repeat("x", 1<<17)+"\n"+log("smtp AAAAAAA1: to=<a@example.org>, relay=x[192.0.2.9]:25, dsn=2.0.0, status=sent (ok)")), 0o600))
	noError(t, os.WriteFile(other, []byte("Sep  8 10:11:12 mx sshd[12]: something else\n"), 0o600))
	var errs []error
	events := 0
	for _, err := range Walk(context.Background(), []string{dir, filepath.Join(dir, "missing"), other, good}, Options{Now: now}) {
		if err != nil {
			errs = append(errs, err)
		} else {
			events++
		}
	}
	if len(errs) != 4 || events != 1 {
		t.Fatalf("%d events, errors %v", events, errs)
	}
	long := slices.IndexFunc(errs, func(err error) bool { return strings.Contains(err.Error(), good+": line 1: longer than") })
	none := slices.IndexFunc(errs, func(err error) bool { return errors.Is(err, ErrNoLog) && strings.Contains(err.Error(), other) })
	if !errors.Is(errs[1], os.ErrNotExist) || long < 0 || none < 0 || len(hint.Of(errs[none])) == 0 {
		t.Errorf("errors %v", errs)
	}
}

func TestACancelledContextEndsTheWalk(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var errs []error
	for _, err := range Walk(ctx, []string{"-"}, Options{Stdin: strings.NewReader(log("qmgr AAAAAAA1: removed"))}) {
		errs = append(errs, err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], context.Canceled) {
		t.Errorf("errors %v", errs)
	}
}

func TestTheConsumerMayStopAtAnyEvent(t *testing.T) {
	text := log("smtp AAAAAAA1: to=<a@example.org>, relay=x[192.0.2.9]:25, dsn=2.0.0, status=sent (ok)",
		"smtp AAAAAAA2: to=<a@example.org>, relay=x[192.0.2.9]:25, dsn=2.0.0, status=sent (ok)")
	for range Walk(context.Background(), []string{"-"}, Options{Stdin: strings.NewReader(text)}) {
		break // going on would panic
	}
}
