package bounce

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

const failedPart = "Content-Type: message/delivery-status\n\nFinal-Recipient: rfc822; jo@example.org\nAction: failed\nStatus: 5.1.1\n\n"

// repeat reads the same text n times over.
func repeat(text string, n int) io.Reader { return &repeater{text: text, left: n} }

type repeater struct {
	text         string
	offset, left int
}

func (r *repeater) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := copy(p, r.text[r.offset:])
	if r.offset += n; r.offset == len(r.text) {
		r.offset = 0
		r.left--
	}
	return n, nil
}

func parseReader(t *testing.T, r io.Reader) Report {
	t.Helper()
	report, err := Parse(r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func wantFailed(t *testing.T, report Report) {
	t.Helper()
	if report.Kind != KindBounce || len(report.Recipients) != 1 || report.Recipients[0].Address != "jo@example.org" {
		t.Errorf("got %s with %d recipients, want a bounce of one", report.Kind, len(report.Recipients))
	}
}

func TestHugeBounceIsReadInBoundedMemory(t *testing.T) {
	kilobyte := strings.Repeat(strings.Repeat("QUJD", 19)+"\n", 13)
	huge := io.MultiReader(
		strings.NewReader("From: MAILER-DAEMON@example.net\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <x@notify.example>\n\n"),
		repeat(kilobyte, 50_000),
		strings.NewReader("\n--b\nContent-Type: text/plain\n\n"),
		repeat(kilobyte, 2_000),
		strings.NewReader("\n--b\n"+failedPart+"--b--\n"))
	watch := &heapWatch{in: huge}
	report := parseReader(t, watch)
	wantFailed(t, report)
	if report.MessageID != "x@notify.example" {
		t.Error("the Message-ID of the original before the report is not found")
	}
	if watch.highest > 32<<20 {
		t.Errorf("the heap held %d MiB while %d MiB were read", watch.highest>>20, watch.read>>20)
	}
}

// heapWatch looks at what the heap holds every four megabytes of what it reads.
type heapWatch struct {
	in      io.Reader
	read    int
	highest uint64
}

func (w *heapWatch) Read(p []byte) (int, error) {
	n, err := w.in.Read(p)
	const step = 4 << 20
	if w.read/step != (w.read+n)/step {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		w.highest = max(w.highest, stats.HeapAlloc)
	}
	w.read += n
	return n, err
}

func TestReportBehindAThousandPartsIsFound(t *testing.T) {
	wantFailed(t, parseReader(t, io.MultiReader(
		strings.NewReader("Content-Type: multipart/report; boundary=b\n\n"),
		repeat("--b\nContent-Type: text/plain\n\nnothing\n", 1000),
		strings.NewReader("--b\n"+failedPart+"--b--\n"))))
}

func TestReportBehindAThousandNestedPartsIsFound(t *testing.T) {
	var b strings.Builder
	b.WriteString("Content-Type: multipart/mixed; boundary=b\n\n")
	for i := range 1000 {
		fmt.Fprintf(&b, "--%s\nContent-Type: multipart/mixed; boundary=n%d\n\n", boundaryName(i), i)
	}
	b.WriteString("--n999\nContent-Type: text/plain\n\ndeep\n--b\n" + failedPart + "--b--\n")
	wantFailed(t, parseReader(t, strings.NewReader(b.String())))
}

func boundaryName(i int) string {
	if i == 0 {
		return "b"
	}
	return fmt.Sprintf("n%d", i-1)
}

func TestHeaderAndLineWithoutEndAreBounded(t *testing.T) {
	for name, r := range map[string]io.Reader{
		"endless header field":   io.MultiReader(strings.NewReader("Subject: "), repeat("a", 1<<18)),
		"endless header":         repeat("X-Field: value\n", 1<<16),
		"endless folding":        io.MultiReader(strings.NewReader("Subject: x\n"), repeat(" \n", 1<<16)),
		"endless parts' headers": io.MultiReader(strings.NewReader("Content-Type: multipart/mixed; boundary=b\n\n"), repeat("--b\nX: "+strings.Repeat("x", 1000)+"\n\nx\n", 1<<14)),
		"endless recipients":     io.MultiReader(strings.NewReader("Content-Type: message/delivery-status\n\n"), repeat("Final-Recipient: rfc822; a@b.example\nAction: failed\n\n", 1<<16)),
		"endless addresses":      io.MultiReader(strings.NewReader("From: MAILER-DAEMON@x\nSubject: failure notice\n\n"), repeat("<a@b.example>: 550 5.1.1 unknown\n", 1<<16)),
		"nothing but at signs":   io.MultiReader(strings.NewReader("From: MAILER-DAEMON@x\nSubject: failure notice\n\n"), repeat("@", 1<<18)),
		"letters around the at":  io.MultiReader(strings.NewReader("From: MAILER-DAEMON@x\nSubject: failure notice\n\n"), repeat("a@", 1<<18)),
		"nothing but quotes":     io.MultiReader(strings.NewReader("From: MAILER-DAEMON@x\nSubject: failure notice\n\n"), repeat(`"@`, 1<<18)),
		"nothing but boundaries": io.MultiReader(strings.NewReader("Content-Type: multipart/mixed; boundary=b\n\n"), repeat("--b\n", 1<<16)),
	} {
		t.Run(name, func(t *testing.T) {
			report := parseReader(t, r)
			if len(report.Recipients) > maxRecipients || len(report.Addresses) > maxAddresses || len(report.Tokens) > maxTokens {
				t.Errorf("got %d recipients, %d addresses, %d tokens", len(report.Recipients), len(report.Addresses), len(report.Tokens))
			}
		})
	}
}

func TestReaderThatFailsIsTheOnlyError(t *testing.T) {
	broken := errors.New("the disk is gone")
	for _, text := range []string{"", "Subject: x\r", "Subject: x\n\nbody"} {
		_, err := Parse(io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), Options{})
		if !errors.Is(err, broken) {
			t.Errorf("after %q: got %v, want the reader's own error", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "\r\r\n", "From: MAILER-DAEMON@x\nSubject: failure notice\n\n<a@b.example>:\n550 5.1.1 unknown\n",
		"Content-Type: multipart/report; boundary=b\n\n--b\n" + failedPart + "--b--\n",
		"Content-Type: multipart/report; boundary=\"\\\"\n\n--b\n--\n",
		"Content-Transfer-Encoding: base64\nContent-Type: text/plain; charset=iso-2022-jp\n\nGyRC\n",
		"Content-Transfer-Encoding: quoted-printable\nContent-Type: text/html; charset=utf-7\n\n<p>=\n=FF\n",
		"From: no-reply@sns.amazonaws.com\n\n{\"notificationType\":\"Bounce\",\"Message\":\"{}\"}\n",
		"To: a+\"@b\nSubject: =?x?q?=FF?=\n\n\"@\"@\n",
	} {
		f.Add([]byte(seed))
	}
	files, err := filepath.Glob("testdata/mail/*.eml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, message := range families(f) {
		f.Add(message.mail)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		report, err := Parse(strings.NewReader(string(raw)), Options{})
		if err != nil {
			t.Fatal(err)
		}
		switch report.Kind {
		case KindBounce, KindDelay:
			if len(report.Recipients) == 0 {
				t.Error("a bounce or a delay of nobody")
			}
		case KindFeedback, KindAutoReply, KindDelivered, KindOther:
			for _, r := range report.Recipients {
				if r.Action == ActionFailed {
					t.Errorf("%s holds a failure", report.Kind)
				}
			}
		default:
			t.Errorf("kind is %q", report.Kind)
		}
		for _, r := range report.Recipients {
			if r.Permanence != Permanent && r.Permanence != Transient && r.Permanence != Unknown {
				t.Errorf("permanence is %q", r.Permanence)
			}
			if len(r.Diagnostic) > maxDiagnostic || strings.ContainsAny(r.Diagnostic+r.Address, "\r\n") {
				t.Error("a diagnostic or an address is not one bounded line")
			}
		}
	})
}

// manyFailed makes a delivery status of n recipients.
func manyFailed(n int) string {
	var b strings.Builder
	b.WriteString("Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n")
	for i := range n {
		fmt.Fprintf(&b, "Final-Recipient: rfc822; u%d@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 <u%d@example.org> unknown\n\n", i, i)
	}
	return b.String()
}

func TestAReportOfTooManyRecipientsSaysThatItIsTruncated(t *testing.T) {
	listed := func(n int) string {
		text := "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\nThe following addresses failed:\n\n"
		for i := range n {
			text += fmt.Sprintf("<u%d@example.org>: 550 5.1.1 unknown\n", i)
		}
		return text
	}
	for name, c := range map[string]struct {
		raw        string
		recipients int
		truncated  bool
	}{
		"501":          {manyFailed(501), 501, false},
		"one too many": {manyFailed(maxRecipients + 1), maxRecipients, true},
		"cut off": {failedPart + strings.Repeat("X-Filler: "+strings.Repeat("y", 30)+"\n", maxReport/41) + "\nFinal-Recipient: rfc822; " +
			strings.Repeat("a", 60) + "@example.org\nAction: failed\nStatus: 5.1.1\n", 1, true},
		"a list":        {listed(600), 600, false},
		"a longer list": {listed(maxNotice), maxNotice - 2, true},
		"a report and a long text": {"Content-Type: multipart/report; boundary=b\n\n--b\n\n" +
			strings.Repeat("jo@example.org\n", 2*maxNotice) + "--b\n" + failedPart + "--b--\n", 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			report := parseReader(t, strings.NewReader(c.raw))
			if len(report.Recipients) != c.recipients || report.Truncated != c.truncated || report.Line("x").Truncated != c.truncated {
				t.Errorf("%d recipients, truncated %t; want %d, %t", len(report.Recipients), report.Truncated, c.recipients, c.truncated)
			}
		})
	}
}
