package relay

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"breachnotify/pkg/notice"
)

func TestAppendBody(t *testing.T) {
	tests := map[string]struct{ message, want string }{
		"ends with CRLF":       {"a\r\nb\r\n", "a\r\nb\r\n.\r\n"},
		"ends without CRLF":    {"a\r\nb", "a\r\nb\r\n.\r\n"},
		"leading dots":         {".\r\n..\r\n.a\r\n", "..\r\n...\r\n..a\r\n.\r\n"},
		"a dot at the end":     {"a\r\n.", "a\r\n..\r\n.\r\n"},
		"a dot within a line":  {"a.\r\n", "a.\r\n.\r\n"},
		"bare LF before a dot": {"a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"},
		"nothing":              {"", ".\r\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, dotAt := appendBody([]byte("before "), []byte(test.message))
			if string(got) != "before "+test.want {
				t.Errorf("appendBody = %q, want %q", got, test.want)
			}
			if string(got[dotAt:]) != ".\r\n" {
				t.Errorf("the final dot is said to be at %q", got[dotAt:])
			}
		})
	}
}

// FuzzAppendBody holds that no message ends before its end, and that what the
// receiver makes of it is what was sent.
func FuzzAppendBody(f *testing.F) {
	for _, seed := range []string{"a\r\n.\r\nb", ".", "\r\n.\r\n", "\n.\nMAIL FROM:<x@example.com>\n", "a\r.\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		if bareReturn(message) {
			t.Skip("refused before it is sent")
		}
		wire, dotAt := appendBody(nil, message)
		if !bytes.Equal(wire[dotAt:], []byte(".\r\n")) {
			t.Fatalf("%q does not end with a dot", wire)
		}
		if bytes.HasPrefix(wire[:dotAt], []byte(".\r\n")) || bytes.Contains(wire[:dotAt], []byte("\n.\r")) || bytes.Contains(wire[:dotAt], []byte("\n.\n")) {
			t.Errorf("%q ends before its end", wire)
		}
		var received []byte
		for line := range bytes.Lines(wire[:dotAt]) {
			received = append(received, bytes.TrimPrefix(line, []byte("."))...)
		}
		want := bytes.ReplaceAll(message, []byte("\r\n"), []byte("\n"))
		if len(want) > 0 && !bytes.HasSuffix(want, []byte("\n")) {
			want = append(want, '\n')
		}
		if got := bytes.ReplaceAll(received, []byte("\r\n"), []byte("\n")); !bytes.Equal(got, want) {
			t.Errorf("%q is received as %q", message, received)
		}
	})
}

func TestBareReturn(t *testing.T) {
	tests := map[string]bool{"": false, "a\r\nb\r\n": false, "a\nb": false, "a\rb": true, "a\r": true, "a\r\n\r.\r\n": true, "a\r\r\n": true}
	for message, want := range tests {
		if got := bareReturn([]byte(message)); got != want {
			t.Errorf("bareReturn(%q) = %t", message, got)
		}
	}
}

func TestXtext(t *testing.T) {
	if got, want := string(appendXtext(nil, "a+b=c d\ré")), "a+2Bb+3Dc+20d+0D+C3+A9"; got != want {
		t.Errorf("appendXtext = %s, want %s", got, want)
	}
}

func TestSink(t *testing.T) {
	var taken []string
	full := errors.New("the disk is full")
	s := NewSink(func(e Envelope, m notice.Message) error {
		taken = append(taken, e.ID+" "+e.From+" "+m.ID)
		if len(taken) == 2 {
			return full
		}
		return nil
	})
	first, one := letter(t, 1)
	second, two := letter(t, 2)
	_, three := letter(t, 3)
	done, opened := s.Flight(t.Context(), nil, one)
	if done != (Outcome{}) {
		t.Errorf("%+v of no body", done)
	}
	expect(t, "the first envelope", opened, Open, Continue)
	done, opened = s.Flight(t.Context(), first, two)
	expect(t, "the first", done, Accepted, Continue)
	expect(t, "the second envelope", opened, Open, Continue)
	done, opened = s.Flight(t.Context(), second, three)
	expect(t, "the second, which cannot be kept", done, Untouched, Halt)
	expect(t, "the third envelope", opened, Untouched, Halt)
	if !errors.Is(done.Err, full) {
		t.Errorf("err = %v", done.Err)
	}
	if got, want := strings.Join(taken, "\n"), "notice1 bounces+notice1@example.com notice1\nnotice2 bounces+notice2@example.com notice2"; got != want {
		t.Errorf("took\n%s\nwant\n%s", got, want)
	}
	if done, _ := s.Flight(t.Context(), first, nil); done.Effect != Halt {
		t.Errorf("a body without an envelope: %+v", done)
	}
	if err := s.Close(); err != nil || s.Peer() != "dry run" {
		t.Errorf("Close: %v, Peer %q", err, s.Peer())
	}
}
