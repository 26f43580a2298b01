package notice

import (
	"bytes"
	"flag"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/account"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func variants() []variant {
	var all []variant
	for _, locale := range []string{"de", "en"} {
		for _, class := range account.Classes() {
			all = append(all, variant{class, locale})
		}
	}
	return all
}

func TestBuiltInNoticesAreTheGoldenFiles(t *testing.T) {
	s := testSet(t)
	for _, v := range variants() {
		t.Run(v.file(), func(t *testing.T) {
			r := testRecipient(t, v.class, v.locale, account.Account{ID: "17", Name: "Jane Doe"}, account.Account{ID: "42"})
			golden := filepath.Join("testdata", v.locale+"-"+string(v.class)+".eml")
			got := compose(t, s, r).Bytes
			if *update {
				if err := os.WriteFile(golden, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("the notice is not %s; if it should not be, run go test -update\n%s", golden, got)
			}
		})
	}
}

func TestSameRecipientGivesSameBytes(t *testing.T) {
	for _, v := range variants() {
		r := testRecipient(t, v.class, v.locale, account.Account{ID: "17", Name: "Jane Doe"})
		first := compose(t, testSet(t), r)
		s := testSet(t)
		done := make(chan []byte)
		for range 8 {
			go func() {
				m, err := s.Compose(r)
				if err != nil {
					t.Error(err)
				}
				done <- m.Bytes
			}()
		}
		for range 8 {
			if got := <-done; !bytes.Equal(got, first.Bytes) {
				t.Errorf("%s: two renderings differ", v.name())
			}
		}
	}
}

// parsed is a message as another mail library reads it.
type parsed struct {
	header mail.Header
	types  []string
	bodies []string
}

func parseMessage(t testing.TB, raw []byte) parsed {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("the message cannot be read back: %v", err)
	}
	p := parsed{header: m.Header}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return p
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := part.Header.Get("Content-Transfer-Encoding"); !strings.EqualFold(got, "quoted-printable") {
			t.Errorf("Content-Transfer-Encoding is %q", got)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		p.types = append(p.types, part.Header.Get("Content-Type"))
		p.bodies = append(p.bodies, strings.ReplaceAll(string(body), "\r\n", "\n"))
	}
}

func TestHeadersAreExactlyThese(t *testing.T) {
	r := testRecipient(t, account.Password, "en", account.Account{ID: "17"})
	p := parseMessage(t, compose(t, testSet(t), r).Bytes)
	want := map[string]string{
		"From":                     `"Example Security" <security@example.com>`,
		"Reply-To":                 "<help@example.com>",
		"To":                       "<jane.doe@example.org>",
		"Subject":                  "Notice of Data Breach: please reset your Example Media password",
		"Date":                     "Sun, 22 Nov 2026 09:30:00 +0000",
		"Message-Id":               "<aaaaaaaaaeq2kzo5c7d3fghi@example.com>",
		"Mime-Version":             "1.0",
		"Content-Language":         "en",
		"Auto-Submitted":           "auto-generated",
		"X-Auto-Response-Suppress": "OOF, AutoReply, RN, NRN",
		"X-Notice-Id":              "aaaaaaaaaeq2kzo5c7d3fghi",
		"Content-Type":             "multipart/alternative; boundary=notice-aaaaaaaaaeq2kzo5c7d3fghi",
	}
	for name, values := range p.header {
		if len(values) != 1 || values[0] != want[name] {
			t.Errorf("%s is %q, want exactly one %q", name, values, want[name])
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("%s is missing", name)
	}
	if want := []string{"text/plain; charset=UTF-8", "text/html; charset=UTF-8"}; !slices.Equal(p.types, want) {
		t.Errorf("the parts are %q, want %q", p.types, want)
	}
}

func TestBytesHoldWhatMessageShows(t *testing.T) {
	s := testSet(t)
	for _, v := range variants() {
		m := compose(t, s, testRecipient(t, v.class, v.locale, account.Account{ID: "17", Name: "Zoë Müller"}))
		p := parseMessage(t, m.Bytes)
		if strings.TrimSpace(p.bodies[0]) != strings.TrimSpace(m.Text) || strings.TrimSpace(p.bodies[1]) != strings.TrimSpace(m.HTML) {
			t.Errorf("%s: the parts of the message are not Text and HTML", v.name())
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(p.header.Get("Subject"))
		if err != nil || subject != m.Subject || subject != s.Subject(v.class, v.locale) {
			t.Errorf("%s: the subject is %q (%v), want %q", v.name(), subject, err, m.Subject)
		}
		checkWire(t, m.Bytes)
	}
}

// checkWire holds the bytes against RFC 5321 section 4.5.3.1.6 and RFC 5322
// section 2.1.1: CRLF only, short lines, ASCII where no header needs more.
func checkWire(t testing.TB, raw []byte) {
	t.Helper()
	if strings.ContainsAny(strings.ReplaceAll(string(raw), "\r\n", ""), "\r\n\x00") {
		t.Error("a bare CR, LF or NUL")
	}
	for line := range strings.SplitSeq(string(raw), "\r\n") {
		if len(line) > 998 {
			t.Errorf("a line of %d octets", len(line))
		}
	}
}

func TestAddressesStandInToAsTheyAre(t *testing.T) {
	s := testSet(t)
	for _, wire := range []string{
		"jane+tag@example.org", "o'neil@example.org", "用户@example.org", "jörg@xn--mnchen-3ya.example",
		`"jane doe"@example.org`, `"a\\b\"c"@example.org`, strings.Repeat("l", 64) + "@" + strings.Repeat("d", 60) + ".example.org",
	} {
		t.Run(wire, func(t *testing.T) {
			r := testRecipient(t, account.SSO, "en", account.Account{ID: "17"})
			r.To = address(t, wire)
			m := compose(t, s, r)
			p := parseMessage(t, m.Bytes)
			if got := p.header.Get("To"); got != "<"+r.To.Wire()+">" {
				t.Errorf("To is %s", got)
			}
			checkWire(t, m.Bytes)
		})
	}
}

func TestOptionalPartsOfAMessage(t *testing.T) {
	s := testSet(t, func(o *Options) { o.Facts.ReplyTo = nil })
	r := testRecipient(t, account.Password, "de", account.Account{ID: "17"})
	r.Test = true
	r.Date = noticeDate.In(time.FixedZone("", 3*3600)).Truncate(time.Second)
	m := compose(t, s, r)
	if p := parseMessage(t, m.Bytes); p.header["Reply-To"] != nil || p.header.Get("Date") != "Sun, 22 Nov 2026 09:30:00 +0000" {
		t.Errorf("the header is %v", p.header)
	}
	if !strings.HasPrefix(m.Subject, "[TEST] Datenschutzvorfall: ") {
		t.Errorf("the subject of a test is %q", m.Subject)
	}
	if !strings.Contains(m.Text, "22. November 2026") {
		t.Error("the date of the notice is not in the text")
	}
}

func TestComposeRefusesAnIncompleteRecipient(t *testing.T) {
	s := testSet(t)
	for name, change := range map[string]func(*Recipient){
		"no address":       func(r *Recipient) { r.To = account.Address{} },
		"no account":       func(r *Recipient) { r.Accounts = nil },
		"no date":          func(r *Recipient) { r.Date = time.Time{} },
		"no id":            func(r *Recipient) { r.ID = "" },
		"id with a header": func(r *Recipient) { r.ID = "a\r\nBcc: x" },
		"unknown class":    func(r *Recipient) { r.Class = "both" },
		"unknown language": func(r *Recipient) { r.Locale = "fr" },
	} {
		r := testRecipient(t, account.Password, "en", account.Account{ID: "17", Name: "Jane Doe"})
		change(&r)
		if _, err := s.Compose(r); err == nil {
			t.Errorf("%s: composed", name)
		} else if strings.Contains(err.Error(), "Jane") || strings.Contains(err.Error(), "jane") {
			t.Errorf("%s: the error names somebody: %v", name, err)
		}
	}
}

func BenchmarkCompose(b *testing.B) {
	s := testSet(b)
	r := testRecipient(b, account.Password, "en", account.Account{ID: "17", Name: "Jane Doe"})
	b.ReportAllocs()
	for b.Loop() {
		compose(b, s, r)
	}
}
