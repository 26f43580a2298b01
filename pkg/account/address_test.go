package account

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseAddressGivesTheWireForm(t *testing.T) {
	for in, want := range map[string]string{
		"jane@example.org":                             "jane@example.org",
		"  Jane.Doe@Example.ORG\t":                     "Jane.Doe@example.org",
		"\ufeffjane@example.org\u200b":                 "jane@example.org",
		"ja\u200dne@exam\u2060ple.org":                 "jane@example.org",
		"jane+news@sub.example.co.uk":                  "jane+news@sub.example.co.uk",
		"o'hara@example.org":                           "o'hara@example.org",
		`"jane doe"@example.org`:                       `"jane doe"@example.org`,
		`"jane.doe"@example.org`:                       `jane.doe@example.org`,
		`"a\"b"@example.org`:                           `"a\"b"@example.org`,
		`"a\b"@example.org`:                            `ab@example.org`,
		`"a@b"@example.org`:                            `"a@b"@example.org`,
		`".."@example.org`:                             `".."@example.org`,
		"jane@bücher.example":                          "jane@xn--bcher-kva.example",
		"jane@BÜCHER.example":                          "jane@xn--bcher-kva.example",
		"jane@XN--BCHER-KVA.example":                   "jane@xn--bcher-kva.example",
		"jane@faß.example":                             "jane@xn--fa-hia.example",
		"josé@example.org":                             "josé@example.org",
		"jane@r3---sn.example.org":                     "jane@r3---sn.example.org",
		strings.Repeat("a", 64) + "@example.org":       strings.Repeat("a", 64) + "@example.org",
		"a@" + strings.Repeat("b.", 124) + "org":       "a@" + strings.Repeat("b.", 124) + "org",
		"a@" + strings.Repeat("b", 63) + ".example.de": "a@" + strings.Repeat("b", 63) + ".example.de",
	} {
		a, err := ParseAddress(in)
		if err != nil {
			t.Errorf("ParseAddress(%q): %v", in, err)
			continue
		}
		if a.Wire() != want {
			t.Errorf("ParseAddress(%q).Wire() = %q, want %q", in, a.Wire(), want)
		}
	}
}

func TestParseAddressFindsNothing(t *testing.T) {
	for _, in := range []string{"", " ", "\t", "\ufeff", "NULL", "null", `\N`, " \u200b "} {
		if _, err := ParseAddress(in); !errors.Is(err, ErrNoAddress) {
			t.Errorf("ParseAddress(%q) = %v, want ErrNoAddress", in, err)
		}
	}
}

func TestParseAddressRefuses(t *testing.T) {
	for _, in := range []string{
		"jane", "jane@", "@example.org", "jane@localhost", "jane@example", "jane@example.org.",
		"jane@.example.org", "jane@example..org", "jane@-example.org", "jane@example-.org",
		"jane@exa_mple.org", "jane@exa mple.org", "jane@[192.0.2.1]", "jane@192.0.2.1", "jane@example.1",
		"Jane Doe <jane@example.org>", "<jane@example.org>", "jane@example.org>", "jane@example.org, joe@example.org",
		"jane@example.org;joe@example.org", "jane doe@example.org", "jane@doe@example.org", ".jane@example.org",
		"jane.@example.org", "ja..ne@example.org", "jane(comment)@example.org",
		`"jane@example.org`, `jane"@example.org`, `"ja"ne"@example.org`, `"jane\"@example.org`, `""@example.org`,
		"jane\r\nRCPT TO:<x@example.org>@example.org", "jane@example.org\nBcc: x@example.org", "ja\x00ne@example.org",
		"jane\x7f@example.org", "ja\u0085ne@example.org", "jane\u202e@example.org", "jane\u2028@example.org",
		"jane\xff@example.org", "jane\ufffd@example.org", "jane@ex\xffample.org", `"a,b"@example.org`, `"a<b"@example.org`,
		strings.Repeat("a", 65) + "@example.org", "a@" + strings.Repeat("b", 64) + ".org",
		"a@" + strings.Repeat("b.", 125) + "org", "jane@xn--a.example", "jane@" + strings.Repeat("ü", 5000) + ".org",
		"josé\u00a0x@example.org", "jane@example.org mailto",
	} {
		a, err := ParseAddress(in)
		if !errors.Is(err, ErrInvalidAddress) {
			t.Errorf("ParseAddress(%q) = %q, %v, want ErrInvalidAddress", in, a.Wire(), err)
		}
		if err != nil && strings.Contains(err.Error(), "jane") {
			t.Errorf("the error for %q repeats the input: %v", in, err)
		}
	}
}

func TestMailboxFoldsTheCaseOfTheLocalPartOnly(t *testing.T) {
	a, b := mustParse(t, "Jane@example.org"), mustParse(t, "jANE@EXAMPLE.org")
	if a == b {
		t.Error("the case of the local part is lost")
	}
	if a.Mailbox() != b.Mailbox() {
		t.Errorf("%q and %q are two mailboxes", a.Mailbox(), b.Mailbox())
	}
	for _, other := range []string{"jane+x@example.org", "j.ane@example.org", "jane@example.com"} {
		if mustParse(t, other).Mailbox() == a.Mailbox() {
			t.Errorf("%s is taken for the same mailbox", other)
		}
	}
}

func TestAnAddressNeverPrintsItself(t *testing.T) {
	a := mustParse(t, "jane.doe@example.org")
	asJSON, err := json.Marshal(map[string]any{"to": a})
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("sent", "to", a)
	for _, s := range []string{a.String(), fmt.Sprint(a), fmt.Sprintf("%v %+v %#v %s %q", a, a, a, a, a),
		fmt.Sprint(struct{ To Address }{a}), string(asJSON), logged.String()} {
		if strings.Contains(s, "jane") || !strings.Contains(s, "j***@example.org") {
			t.Errorf("printed %q, want the masked form", s)
		}
	}
	for in, want := range map[string]string{"j@example.org": "***@example.org", `"j d"@example.org`: "***@example.org", "éa@example.org": "é***@example.org"} {
		if got := mustParse(t, in).Masked(); got != want {
			t.Errorf("Masked(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestTheZeroAddress(t *testing.T) {
	var a Address
	if !a.IsZero() || a.Wire() != "" || a.Mailbox() != "" || a.Masked() != "" || a.NeedsSMTPUTF8() {
		t.Errorf("the zero address shows something: %q %q %q", a.Wire(), a.Mailbox(), a.Masked())
	}
}

func TestNeedsSMTPUTF8(t *testing.T) {
	for in, want := range map[string]bool{"jane@example.org": false, "josé@example.org": true, "jane@bücher.example": false} {
		if got := mustParse(t, in).NeedsSMTPUTF8(); got != want {
			t.Errorf("NeedsSMTPUTF8(%q) = %v, want %v", in, got, want)
		}
	}
}

func TestMaskTextHidesEveryAddress(t *testing.T) {
	for in, want := range map[string]string{
		"550 5.1.1 <jane@example.org>: no such user": "550 5.1.1 <j***@example.org>: no such user",
		"jane@example.org, joe@example.org":          "j***@example.org, j***@example.org",
		`"jane doe"@example.org is full`:             "***@example.org is full",
		"no address here":                            "no address here",
		"josé@bücher.example":                        "j***@bücher.example",
		"<pat.o'brien@example.org> unknown":          "<p***@example.org> unknown",
		"jane(at)example.org, joe[AT]example.org":    "j***(at)example.org, j***[AT]example.org",
		"rfc822;jane+2Bx+40example.org":              "rfc822;j***+40example.org",
		"***@example.org or j***@example.org":        "***@example.org or j***@example.org",
		"see ?to=jane%40example.org":                 "see ?***%40example.org",
	} {
		if got := MaskText(in); got != want {
			t.Errorf("MaskText(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMaskInHidesTheLocalPartAlone(t *testing.T) {
	jane := mustParse(t, "jane.doe@example.org")
	for in, want := range map[string]string{
		"550 no such user JANE.DOE":                "550 no such user j***",
		"550 user 'jane.doe' <jane.doe@x.org>":     "550 user 'j***' <j***@x.org>",
		"jane.doe":                                 "j***",
		"550 janexdoe is somebody else, jane.does": "550 janexdoe is somebody else, jane.does",
	} {
		if got := jane.MaskIn(in); got != want {
			t.Errorf("MaskIn(%q) = %q, want %q", in, got, want)
		}
	}
	if got := mustParse(t, "to@example.org").MaskIn("refused to talk"); got != "refused to talk" {
		t.Errorf("a short local part is hidden in ordinary words: %q", got)
	}
	if got := mustParse(t, "a$1b@example.org").MaskIn("no a$1b here"); got != "no a*** here" {
		t.Errorf("a local part with a dollar sign: %q", got)
	}
}

func TestHideInHidesTheDomainToo(t *testing.T) {
	jane := mustParse(t, "jane.doe@a.example")
	for in, want := range map[string]string{
		"550 5.1.1 <jane.doe@A.example>: unknown":    "550 5.1.1 <j***@***>: unknown",
		"550 no user jane.doe at a.example":          "550 no user j*** at ***",
		"550 jane.doe(at)a.example":                  "550 j***(at)***",
		"550 rfc822;jane.doe+40a.example":            "550 rfc822;j***+40***",
		"550 mx.a.example is down, ask data.example": "550 mx.*** is down, ask data.example",
	} {
		if got := jane.HideIn(in); got != want {
			t.Errorf("HideIn(%q) = %q, want %q", in, got, want)
		}
	}
	if got := (Address{}).HideIn("421 +40 bob@c.example"); got != "421 +40 b***@c.example" {
		t.Errorf("no address hides %q", got)
	}
}

// What ParseAddress accepts must be a fixed point, and must fit into a command and
// a header line as it stands.
func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{"jane@example.org", `"a b"@bücher.example`, "a\r\n@b.c", "josé@x.y", `"\\\""@x.yz`, "a@xn--bcher-kva.de"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		a, err := ParseAddress(in)
		if err != nil {
			if !errors.Is(err, ErrInvalidAddress) && !errors.Is(err, ErrNoAddress) {
				t.Fatalf("an error of neither kind: %v", err)
			}
			return
		}
		wire := a.Wire()
		if strings.ContainsAny(wire, "\r\n\x00<>,") || !utf8.ValidString(wire) || len(wire) > maxAddress {
			t.Fatalf("%q goes on the wire as %q", in, wire)
		}
		again, err := ParseAddress(wire)
		if err != nil || again != a {
			t.Fatalf("%q is %q, which is then %q (%v)", in, wire, again.Wire(), err)
		}
	})
}

func mustParse(t *testing.T, s string) Address {
	t.Helper()
	a, err := ParseAddress(s)
	if err != nil {
		t.Fatalf("ParseAddress(%q): %v", s, err)
	}
	return a
}

func BenchmarkMaskIn(b *testing.B) {
	a, err := ParseAddress("jane.doe@example.org")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		a.MaskIn("550 5.1.1 <jane.doe@example.org>: no such user jane.doe")
	}
}
