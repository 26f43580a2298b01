package mailbox

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestMbox(t *testing.T) {
	crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	cr := func(s string) string { return strings.ReplaceAll(s, "\n", "\r") }
	two := envelope + mail("a") + "\n" + envelope + mail("b") + "\n"
	for name, c := range map[string]struct {
		input string
		want  []string
	}{
		"LF":                     {two, []string{mail("a"), mail("b")}},
		"CRLF":                   {crlf(two), []string{crlf(mail("a")), crlf(mail("b"))}},
		"CR":                     {cr(two), []string{mail("a"), mail("b")}},
		"LF and CRLF mixed":      {envelope + mail("a") + "\n" + crlf(envelope+mail("b")), []string{mail("a"), crlf(mail("b"))}},
		"no empty line between":  {envelope + mail("a") + envelope + mail("b"), []string{mail("a"), mail("b")}},
		"no line end at the end": {strings.TrimRight(two, "\n"), []string{mail("a"), strings.TrimRight(mail("b"), "\n")}},
		"empty lines of the message stay": {envelope + mail("a") + "\n\n\n" + envelope + mail("b"),
			[]string{mail("a") + "\n\n", mail("b")}},
		"mboxo and mboxrd quoting": {envelope + mail("a") + ">From here\n>>From there\n> From is no such line\n",
			[]string{mail("a") + "From here\n>From there\n> From is no such line\n"}},
		"a From line in the body": {envelope + mail("a") + "\nFrom the desk of Jane\nNote: at 10:30\n",
			[]string{mail("a") + "\nFrom the desk of Jane\nNote: at 10:30\n"}},
		"a From line with a date in the body": {envelope + mail("a") + "\nFrom 10:30 on 3 May 2026 nothing\nworked any more.\n",
			[]string{mail("a") + "\nFrom 10:30 on 3 May 2026 nothing\nworked any more.\n"}},
		"Content-Length lies": {envelope + "Content-Length: 1\n" + mail("a") + "\n" + envelope + mail("b"),
			[]string{"Content-Length: 1\n" + mail("a"), mail("b")}},
		"a date with a time zone": {"From 1234@xxx Mon Sep 07 08:09:10 +0000 2026\n" + mail("a") + "\nFrom - Mon, 7 Sep 2026 08:09:10 +0200\n" + mail("b"),
			[]string{mail("a"), mail("b")}},
		"a date of ISO 8601": {"From x\n" + mail("a") + "\nFrom jane@example.org 2026-09-07T08:09:10Z\n" + mail("b"),
			[]string{mail("a"), mail("b")}},
		"a quoted From line on top": {envelope + ">From somebody Tue Sep  8 10:11:12 2026\n" + mail("a") + "\n" + envelope + ">From x Tue Sep  8 10:11:12 2026\n" + mail("b"),
			[]string{"From somebody Tue Sep  8 10:11:12 2026\n" + mail("a"), "From x Tue Sep  8 10:11:12 2026\n" + mail("b")}},
		"a byte order mark on top":     {"\xef\xbb\xbf" + two, []string{mail("a"), mail("b")}},
		"empty lines on top":           {"\n\r\n\n" + two, []string{mail("a"), mail("b")}},
		"both on top":                  {"\xef\xbb\xbf\r\n" + crlf(two), []string{crlf(mail("a")), crlf(mail("b"))}},
		"empty lines on top, CR":       {"\r\r" + cr(two), []string{mail("a"), mail("b")}},
		"both on top of a message":     {"\xef\xbb\xbf\n\n" + mail("a"), []string{mail("a")}},
		"a From line and nothing else": {envelope, []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			for way, reader := range map[string]io.Reader{
				"at once":          strings.NewReader(c.input),
				"a byte at a time": iotest.OneByteReader(strings.NewReader(c.input)),
			} {
				var got []string
				for message, err := range Walk(context.Background(), []string{"-"}, Options{Stdin: reader}) {
					noError(t, err)
					body, err := io.ReadAll(iotest.OneByteReader(message.Body))
					noError(t, err)
					got = append(got, string(body))
				}
				if len(got) != len(c.want) {
					t.Fatalf("%s: %d messages %q, want %d", way, len(got), got, len(c.want))
				}
				for i := range got {
					if got[i] != c.want[i] {
						t.Errorf("%s: message %d is\n%q, want\n%q", way, i+1, got[i], c.want[i])
					}
				}
			}
		})
	}
}

func TestALineLongerThanTheBufferIsNoPlaceForAFromLine(t *testing.T) {
	long := mail("a") + strings.Repeat("x", 1<<16) + envelope + "To: nobody\n"
	f := walkAll(t, "", Options{Stdin: strings.NewReader(envelope + long + "\n" + envelope + mail("b"))}, "-")
	if len(f.bodies) != 2 || f.bodies[0] != long || f.bodies[1] != mail("b") {
		t.Errorf("%d messages, errors %v", len(f.bodies), f.errs)
	}
}

// FuzzWalk holds that no bytes make a walk panic or go on forever, and that an mbox
// loses nothing but its own lines: what is read is no longer than what was given.
func FuzzWalk(f *testing.F) {
	f.Add([]byte(envelope + mail("a") + "\n" + envelope + mail("b")))
	f.Add([]byte(strings.ReplaceAll(envelope+mail("a"), "\n", "\r")))
	f.Add([]byte(envelope + ">From x\n\r\n\r\nFrom x 10:30 2026\nTo: y\n"))
	f.Add([]byte("\xef\xbb\xbf\r\n" + mail("a")))
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00"))
	f.Add([]byte("From \nFrom \n\n\n\nFrom x Tue Sep  8 10:11:12 2026\n>>From x"))
	f.Fuzz(func(t *testing.T, input []byte) {
		total, number := 0, int64(0)
		for message, err := range Walk(context.Background(), []string{"-"}, Options{Stdin: bytes.NewReader(input), Limit: 1 << 20}) {
			if err != nil {
				continue
			}
			body, _ := io.ReadAll(message.Body)
			total += len(body)
			if message.Number != 0 && message.Number != number+1 {
				t.Fatalf("message %d after %d", message.Number, number)
			}
			number = message.Number
		}
		if !bytes.HasPrefix(input, []byte{0x1f, 0x8b}) && total > len(input) {
			t.Fatalf("%d bytes out of %d", total, len(input))
		}
	})
}
