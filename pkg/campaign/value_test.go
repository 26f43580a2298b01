package campaign

import (
	"encoding"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestValuesThatAreRead(t *testing.T) {
	cases := []struct {
		text string
		into encoding.TextUnmarshaler
		want string
	}{
		{"30s", new(Duration), "30s"},
		{"1h30m", new(Duration), "1h30m0s"},
		{"0s", new(Duration), "0s"},
		{"50/s", new(Rate), "50/s"},
		{"10/m", new(Rate), "10/m"},
		{"3000 / h", new(Rate), "3000/h"},
		{"5%", new(Percent), "5%"},
		{"0.25 %", new(Percent), "0.25%"},
		{"100%", new(Percent), "100%"},
		{"0%", new(Percent), "0%"},
		{"1B", new(Size), "1B"},
		{"200GB", new(Size), "200000000000B"},
		{"16 MiB", new(Size), "16777216B"},
		{"8TiB", new(Size), "8796093022208B"},
	}
	for _, c := range cases {
		if err := c.into.UnmarshalText([]byte(c.text)); err != nil {
			t.Errorf("%q is refused: %v", c.text, err)
		}
		if got := c.into.(fmt.Stringer).String(); got != c.want {
			t.Errorf("%q is read as %s, want %s", c.text, got, c.want)
		}
	}
}

func TestValuesThatAreRefused(t *testing.T) {
	cases := []struct {
		into  encoding.TextUnmarshaler
		texts []string
	}{
		{new(Duration), []string{"", "30", "-1s", "1d", "s", "1e300h"}},
		{new(Rate), []string{"", "0/s", "-1/s", "1.5/s", "50", "50/d", "50/", "/s", "50/ss", "10000000000/s", "5/s\n"}},
		{new(Percent), []string{"", "5", "-1%", "100.1%", "101%", "NaN%", "1e1%", ".5%", "%", "5%%"}},
		{new(Size), []string{"", "5", "0MB", "-1MB", "1.5GB", "GB", "1PB", "1gb", "1Ki", "999999999TB"}},
		{new(Sender), []string{
			"", "example.com", "a@b", "a@example.com, b@example.com", "A <a@example.com", "<>", "a@[127.0.0.1]",
			"\"a\nb\" <a@example.com>", "=?utf-8?q?a=0Ab?= <a@example.com>", "jürgen@example.com", "a\u202eb <a@example.com>",
		}},
	}
	for _, c := range cases {
		for _, text := range c.texts {
			if err := c.into.UnmarshalText([]byte(text)); err == nil {
				t.Errorf("%T accepts %q", c.into, text)
			}
		}
	}
}

func TestSenderIsCanonical(t *testing.T) {
	s := sender(t, ` "Bücher, Security" <Security@BÜCHER.example> `)
	if s.Name != "Bücher, Security" || s.Address.Wire() != "Security@xn--bcher-kva.example" {
		t.Errorf("sender is %q, %q", s.Name, s.Address.Wire())
	}
}

func TestRatesAndSharesAsNumbers(t *testing.T) {
	if got := (Rate{3600, time.Hour}).PerSecond(); got != 1 {
		t.Errorf("3600/h is %v a second", got)
	}
	if got := (Rate{}).PerSecond(); got != 0 {
		t.Errorf("no rate is %v a second", got)
	}
	if got := Percent(5).Share(); got != 0.05 {
		t.Errorf("5%% is a share of %v", got)
	}
}

func TestEnvelopeSender(t *testing.T) {
	token := Key{}.NoticeID(1)
	for text, want := range map[string]string{
		minimal: "security@example.com",
		minimal + "  envelope_from: Bounces@example.org\n":                "Bounces+" + token + "@example.org",
		minimal + "  envelope_from: Bounces@example.org\n  verp: false\n": "Bounces@example.org",
	} {
		if got := mustLoad(t, text).EnvelopeSender(token); got != want {
			t.Errorf("envelope sender is %s, want %s", got, want)
		}
	}
	if len(token)+1 != verpRoom {
		t.Errorf("VERP needs room for %d octets, and verpRoom is %d", len(token)+1, verpRoom)
	}
}

func TestClosestKey(t *testing.T) {
	keys := []string{"campaign", "export", "halt", "smtp"}
	for word, want := range map[string]string{
		"campain": "campaign", "exports": "export", "hlat": "halt", "stmp": "smtp", "zzzz": "", "": "", "x": "",
		strings.Repeat("campaign", 100): "",
	} {
		if got := closest(word, keys); got != want {
			t.Errorf("closest to %q is %q, want %q", word, got, want)
		}
	}
}
