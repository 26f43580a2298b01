package relay

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func read(s string) (Reply, error) { return readReply(bufio.NewReader(strings.NewReader(s))) }

func TestReadReply(t *testing.T) {
	tests := map[string]struct {
		in   string
		want Reply
	}{
		"one line":                        {"250 ok\r\n", Reply{250, "", "ok"}},
		"only a code":                     {"250\r\n", Reply{250, "", ""}},
		"enhanced code":                   {"550 5.1.1 no such user\r\n", Reply{550, "5.1.1", "no such user"}},
		"enhanced code alone":             {"250 2.0.0\r\n", Reply{250, "2.0.0", ""}},
		"enhanced code of another class":  {"550 4.1.1 odd\r\n", Reply{550, "", "4.1.1 odd"}},
		"enhanced code on every line":     {"550-5.7.1 first\r\n550 5.7.1 second\r\n", Reply{550, "5.7.1", "first second"}},
		"a version is no enhanced code":   {"250 2.0.0.1 server\r\n", Reply{250, "", "2.0.0.1 server"}},
		"bare LF":                         {"250 ok\n", Reply{250, "", "ok"}},
		"control characters":              {"250 a\x1b[2Jb\x00\tc\r\n", Reply{250, "", "a [2Jb  c"}},
		"not UTF-8":                       {"250 a\xffb\r\n", Reply{250, "", "a\uFFFDb"}},
		"text that turns the reading way": {"250 a\u202Eb\r\n", Reply{250, "", "a b"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := read(test.in)
			if err != nil || got != test.want {
				t.Errorf("readReply = %#v, %v; want %#v", got, err, test.want)
			}
		})
	}
}

func TestReadReplyRefuses(t *testing.T) {
	tests := map[string]string{
		"no code":               "hello there\r\n",
		"a code of two digits":  "25 ok\r\n",
		"a class below 2":       "150 ok\r\n",
		"a class above 5":       "650 ok\r\n",
		"no space after a code": "250ok\r\n",
		"codes that differ":     "250-a\r\n251 b\r\n",
		"an empty line":         "\r\n",
		"a line of a megabyte":  "250 " + strings.Repeat("x", 1<<20) + "\r\n",
		"a line over 2 KiB":     "250 " + strings.Repeat("x", 2<<10) + "\r\n",
		"too many lines":        strings.Repeat("250-x\r\n", 200) + "250 x\r\n",
		"too many octets":       strings.Repeat("250-"+strings.Repeat("x", 1<<10)+"\r\n", 90) + "250 x\r\n",
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			if got, err := read(in); !errors.Is(err, errProtocol) {
				t.Errorf("readReply = %v, %v; want errProtocol", got, err)
			}
		})
	}
	for _, in := range []string{"", "250", "250-a\r\n", "250-a\r\n250 b"} {
		if _, err := read(in); !errors.Is(err, io.EOF) {
			t.Errorf("readReply(%q): %v, want io.EOF", in, err)
		}
	}
}

func TestReplyTextIsCutBetweenCharacters(t *testing.T) {
	got, err := read("250 x" + strings.Repeat("ü", 600) + "\r\n")
	if err != nil || len(got.Text) != maxReplyText-1 || !utf8.ValidString(got.Text) {
		t.Errorf("text of %d octets, valid %t, %v", len(got.Text), utf8.ValidString(got.Text), err)
	}
}

func FuzzReadReply(f *testing.F) {
	for _, seed := range []string{"250 ok\r\n", "550-5.1.1 a\r\n550 5.1.1 b\r\n", "354", "250-\xff\r\n250 \x00\r\n", "421 4.7.0 try again in 5 minutes\r\n250 late\r\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		r, err := read(in)
		if err != nil {
			if r != (Reply{}) {
				t.Errorf("a reply %v besides an error", r)
			}
			return
		}
		if r.Code < 200 || r.Code > 599 || len(r.Text) > maxReplyText || !utf8.ValidString(r.Text) ||
			strings.ContainsFunc(r.String(), unicode.IsControl) {
			t.Errorf("%q reads as %#v", in, r)
		}
		if r.Enhanced != "" && int(r.Enhanced[0]-'0') != r.Code/100 {
			t.Errorf("%q: the enhanced code %s is not of class %d", in, r.Enhanced, r.Code/100)
		}
		if w := quotaWait(r.Text); w < 0 || w > maxWait {
			t.Errorf("%q asks to wait %s", in, w)
		}
		for _, row := range rules { // the rules must hold for whatever is said
			judge(event{stage: row.stages[0], reply: r})
		}
	})
}

func TestAskedWait(t *testing.T) {
	tests := map[string]time.Duration{
		"try again in 30 seconds":                             30 * time.Second,
		"please try again in 5 minutes":                       5 * time.Minute,
		"Greylisted for 300 seconds, see http://x.example/":   300 * time.Second,
		"retry after 2 hours":                                 2 * time.Hour,
		"wait 10s":                                            10 * time.Second,
		"come back in at least 1 minute":                      time.Minute,
		"Greylisting in action, please come back in 00:04:59": 4*time.Minute + 59*time.Second,
		"try again in 99999 days":                             maxWait,
		"try again later":                                     0,
		"after 5 failed attempts":                             0,
		"limit is 100 messages per hour":                      0,
		"":                                                    0,
	}
	for text, want := range tests {
		if got := askedWait(text); got != want {
			t.Errorf("askedWait(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestQuotaWait(t *testing.T) {
	tests := map[string]time.Duration{
		"Daily user sending limit exceeded":           24 * time.Hour,
		"limit is 100 messages per hour":              time.Hour,
		"daily limit reached, try again in 3 hours":   3 * time.Hour,
		"over 30 messages per minute":                 time.Minute,
		"limit of 10000 recipients in 24 hours is up": 24 * time.Hour,
		"quota exceeded":                              0,
	}
	for text, want := range tests {
		if got := quotaWait(text); got != want {
			t.Errorf("quotaWait(%q) = %s, want %s", text, got, want)
		}
	}
}
