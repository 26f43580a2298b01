package notice

import (
	"bytes"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"

	"breachnotify/pkg/account"
)

// byGoMail is what go-mail makes of r.
func byGoMail(t testing.TB, s *Set, r Recipient) []byte {
	t.Helper()
	c, err := s.find(r)
	if err != nil {
		t.Fatal(err)
	}
	p := new(parts)
	if err := c.render(s.data(c, r), p); err != nil {
		t.Fatal(err)
	}
	subject := c.subject
	if r.Test {
		subject = "[TEST] " + subject
	}
	message, err := s.write(subject, r, p)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

func TestOrdinaryNoticesComeFromTheStencil(t *testing.T) {
	s := testSet(t)
	for _, v := range variants() {
		r := testRecipient(t, v.class, v.locale, account.Account{ID: "17", Name: "Jane Doe"})
		if !s.notices[v].stencil.fits(r) {
			t.Errorf("%s: go-mail writes each message anew", v.name())
		}
	}
}

func TestStencilWritesWhatGoMailWrites(t *testing.T) {
	s := testSet(t)
	long := strings.Repeat("l", 64) + "@"
	for name, change := range map[string]func(*Recipient){
		"an ordinary one":           func(*Recipient) {},
		"a test":                    func(r *Recipient) { r.Test = true },
		"a short id":                func(r *Recipient) { r.ID = "a" },
		"an id too long to fit":     func(r *Recipient) { r.ID = strings.Repeat("a", 60) },
		"another zone":              func(r *Recipient) { r.Date = r.Date.In(time.FixedZone("", -7*3600)) },
		"a year of five digits":     func(r *Recipient) { r.Date = r.Date.AddDate(10_000, 0, 0) },
		"a quoted local part":       func(r *Recipient) { r.To = address(t, `"jane  doe"@example.org`) },
		"a local part beyond ASCII": func(r *Recipient) { r.To = address(t, "用户@example.org") },
		"every odd character":       func(r *Recipient) { r.To = address(t, "!#$%&'*+-/=?^_`{|}~@example.org") },
		"the longest on one line":   func(r *Recipient) { r.To = address(t, long[:66-len("@example.org")]+"@example.org") },
		"one octet longer":          func(r *Recipient) { r.To = address(t, long[:67-len("@example.org")]+"@example.org") },
		"much longer":               func(r *Recipient) { r.To = address(t, long+"example.org") },
		"a name beyond ASCII":       func(r *Recipient) { r.Accounts[0].Name = "Zoë = Müller" },
		"a long name":               func(r *Recipient) { r.Accounts[0].Name = strings.Repeat("=ü ", 200) },
	} {
		for _, v := range variants() {
			r := testRecipient(t, v.class, v.locale, account.Account{ID: "17", Name: "Jane Doe"})
			change(&r)
			if got, want := compose(t, s, r).Bytes, byGoMail(t, s, r); !bytes.Equal(got, want) {
				t.Errorf("%s, %s: composed\n%s\nwant\n%s", name, v.name(), got, want)
			}
		}
	}
}

func TestNoStencilWhereAFactLooksLikeItsPattern(t *testing.T) {
	s := testSet(t, func(o *Options) { o.Facts.Organisation = patterns[0].id })
	r := testRecipient(t, account.Password, "en", account.Account{ID: "17"})
	if s.notices[variant{account.Password, "en"}].stencil != nil {
		t.Error("the organisation's name would be replaced by the id")
	}
	if got, want := compose(t, s, r).Bytes, byGoMail(t, s, r); !bytes.Equal(got, want) {
		t.Errorf("composed\n%s\nwant\n%s", got, want)
	}
}

func FuzzStencilWritesWhatGoMailWrites(f *testing.F) {
	f.Add("jane.doe@example.org", "aaaaaaaaaeq2kzo5c7d3fghi", "Jane", "17", int64(1795339800))
	f.Add(`"a b"@example.org`, "a", "", "\x00", int64(-1))
	f.Add("=?utf-8?q?x?=@xn--mnchen-3ya.example", "0pattern0of0a0notice0000", "0text0of0a0notice0", "=", int64(1<<40))
	s := testSet(f)
	f.Fuzz(func(t *testing.T, to, id, name, accountID string, date int64) {
		address, err := account.ParseAddress(to)
		if err != nil || !isNoticeID(id) {
			t.Skip()
		}
		r := Recipient{
			ID: id, To: address, Class: account.Password, Locale: "en", Date: time.Unix(date, 0),
			Accounts: []account.Account{{ID: accountID, Name: name}},
		}
		if m, err := s.Compose(r); err == nil && !bytes.Equal(m.Bytes, byGoMail(t, s, r)) {
			t.Errorf("composed\n%q\nwant\n%q", m.Bytes, byGoMail(t, s, r))
		}
	})
}

func FuzzQuotedPrintable(f *testing.F) {
	for _, text := range []string{
		"", "\n", "a \nb\t\n ", " ", "=", "a\r\nb\rc\n\r", strings.Repeat("x", 75), strings.Repeat("x", 76) + "\n",
		strings.Repeat("x", 74) + " ", strings.Repeat("x", 75) + " \n", strings.Repeat("x", 73) + "ü", strings.Repeat("=", 26),
		strings.Repeat(" ", 160),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var want bytes.Buffer
		w := quotedprintable.NewWriter(&want)
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := appendQuoted(nil, text); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%q gives\n%q, want\n%q", text, got, want.Bytes())
		}
	})
}
