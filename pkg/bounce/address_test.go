package bounce

import (
	"slices"
	"strings"
	"testing"
)

func TestAddressesAreFoundInRunningText(t *testing.T) {
	for text, want := range map[string][]string{
		"<jo@example.org>: unknown":                        {"jo@example.org"},
		"to jo@example.org.":                               {"jo@example.org"},
		"mailto:jo@example.org, ann+x@example.org; done":   {"jo@example.org", "ann+x@example.org"},
		`"a.b"@example.org and "c"`:                        {`"a.b"@example.org`},
		"jo@example.org jo@EXAMPLE.org":                    {"jo@example.org"},
		"宛先：jo@example.jp へ":                               {"jo@example.jp"},
		"jürgen@example.org":                               {"jürgen@example.org"},
		"bounces+jo=example.org@lists.example":             {"bounces+jo=example.org@lists.example"},
		"root@localhost":                                   {"root@localhost"},
		"a @ b, @, x@, @y":                                 nil,
		"a@b@c":                                            {"a@b"},
		strings.Repeat("x", 300) + "@" + "example.org":     {strings.Repeat("x", maxLocal) + "@example.org"},
		"nyaan%example.org@gateway.example (percent hack)": {"nyaan%example.org@gateway.example"},
	} {
		if got := findAddresses(text, 10); !slices.Equal(got, want) {
			t.Errorf("%.40q: got %q, want %q", text, got, want)
		}
	}
}

func TestRecipientFieldsGiveTheirAddress(t *testing.T) {
	for value, want := range map[string]string{
		"rfc822; jo@example.org":          "jo@example.org",
		"rfc/822;<jo@example.org>":        "jo@example.org",
		"jo@example.org":                  "jo@example.org",
		"RFC822;jo@example.org (Jo)":      "jo@example.org",
		"utf-8; 用户@例子.example":            "用户@例子.example",
		`utf-8; j\x{F6}@example.org`:      "jö@example.org",
		`UTF-8 ; \x{7528}\x{6237}@x.org`:  "用户@x.org",
		`utf-8; a\x{5C}b@example.org`:     `a\b@example.org`,
		`utf-8; a\x{A}b\x{D800}@x.org`:    `a\x{A}b\x{D800}@x.org`, // no characters of an address
		`rfc822; j\x{F6}@example.org`:     `j\x{F6}@example.org`,
		`rfc822; "jo doe"@example.org`:    `"jo doe"@example.org`,
		"rfc822; /var/mail/jo":            "/var/mail/jo",
		"rfc822;":                         "",
		"x400; /G=Jo/S=Doe/ of somewhere": "",
	} {
		if got := recipientAddress(value); got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}

func TestTokensComeFromWhereTheReportWasDelivered(t *testing.T) {
	report := parseReader(t, strings.NewReader(`Delivered-To: bounces+first@notify.example
To: "Bounces" <bounces+second@notify.example>, plain@notify.example
Received: from a by b for <bounces+third@notify.example>; Tue, 8 Sep 2026 10:00:00 +0000
From: jo+notmine@example.org

Return-Path: bounces+quoted@notify.example
`))
	if want := []string{"first", "second", "third"}; !slices.Equal(report.Tokens, want) {
		t.Errorf("got %q, want %q", report.Tokens, want)
	}
}
