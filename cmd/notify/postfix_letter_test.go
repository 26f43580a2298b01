package main

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-msgauth/dkim"

	"breachnotify/pkg/account"
	"breachnotify/pkg/postfixtest"
)

// postfixLetter is a delivered message taken apart.
type postfixLetter struct {
	postfixtest.Delivery
	id     string // of its notice
	notice postfixNotice
	trace  mail.Header // what Postfix put before the message
	sent   []byte      // the message without that
	header mail.Header
	body   []byte
}

// readLetters takes messages apart and finds the notice of each.
func readLetters(t *testing.T, deliveries []postfixtest.Delivery, lines map[string]postfixAccountLine) []*postfixLetter {
	t.Helper()
	classes := map[string]account.Class{}
	for _, line := range lines {
		classes[line.Notice] = line.Class
	}
	var letters []*postfixLetter
	for _, d := range deliveries {
		l := readLetter(t, d)
		l.id = l.header.Get("X-Notice-ID")
		l.notice = postfixNotice{l.Mailbox, classes[l.id]}
		letters = append(letters, l)
	}
	return letters
}

// readLetter takes a message apart. The trace fields (RFC 5321 section 4.4, and those
// of virtual(8)) stand together at its top.
func readLetter(t *testing.T, d postfixtest.Delivery) *postfixLetter {
	t.Helper()
	l := &postfixLetter{Delivery: d, sent: d.Raw}
	for isTrace(l.sent) {
		l.sent = l.sent[fieldEnd(l.sent):]
	}
	top := d.Raw[:len(d.Raw)-len(l.sent)]
	trace, err := mail.ReadMessage(bytes.NewReader(append(slices.Clone(top), "\r\n"...)))
	noError(t, err)
	message, err := mail.ReadMessage(bytes.NewReader(l.sent))
	noError(t, err)
	l.body, err = io.ReadAll(message.Body)
	noError(t, err)
	l.trace, l.header = trace.Header, message.Header
	return l
}

func isTrace(message []byte) bool {
	name, _, _ := bytes.Cut(message, []byte(":"))
	return slices.Contains([]string{"Return-Path", "X-Original-To", "Delivered-To", "Received"}, string(name))
}

// fieldEnd returns the length of the first header field with its continuation lines.
func fieldEnd(message []byte) int {
	end := 0
	for end == 0 || end < len(message) && (message[end] == ' ' || message[end] == '\t') {
		end += bytes.IndexByte(message[end:], '\n') + 1
	}
	return end
}

// checkTrace holds that Postfix was told the right envelope, under TLS, and that
// SMTPUTF8 was asked for only where the address needs it.
func (l *postfixLetter) checkTrace(t *testing.T, of []postfixAccount) {
	t.Helper()
	to := l.recipient(t, of)
	for name, want := range map[string]string{
		"Return-Path":   "<bounces+" + l.id + "@acme.example>",
		"X-Original-To": to,
		"Delivered-To":  to,
	} {
		if got := l.trace[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	protocol := " with ESMTPS id "
	if strings.ContainsFunc(to, func(r rune) bool { return r >= utf8.RuneSelf }) {
		protocol = " with UTF8SMTPS id "
	}
	if got := l.trace["Received"]; len(got) != 1 || !strings.Contains(got[0], protocol) || !strings.Contains(got[0], "(using TLSv1.") {
		t.Errorf("Received: %q, want one %q under TLS", got, protocol)
	}
}

// recipient returns the address of the notice. Accounts of one mailbox may write it
// in several ways, of which any will do.
func (l *postfixLetter) recipient(t *testing.T, of []postfixAccount) string {
	t.Helper()
	to := strings.Trim(l.header.Get("To"), "<>")
	if !slices.ContainsFunc(of, func(a postfixAccount) bool { return a.mailbox() == to }) {
		t.Errorf("To: %q is not the mailbox of account %s", to, of[0].id)
	}
	return to
}

// postfixSubjects are those of the built-in notices.
var postfixSubjects = map[string]map[account.Class]string{
	"en": {
		account.Password: "Notice of Data Breach: please reset your Acme password",
		account.SSO:      "Notice of Data Breach: please sign out of Acme on all devices",
	},
	"de": {
		account.Password: "Datenschutzvorfall: Bitte setzen Sie Ihr Passwort bei Acme zurück",
		account.SSO:      "Datenschutzvorfall: Bitte melden Sie alle Geräte bei Acme ab",
	},
}

// checkHeader holds that every field of a notice is there once, that nothing else is,
// and that the ids agree with what `notify accounts` says of each account.
func (l *postfixLetter) checkHeader(t *testing.T, of []postfixAccount, lines map[string]postfixAccountLine) {
	t.Helper()
	for _, a := range of {
		if line := lines[a.id]; line.Notice != l.id || line.Class != a.class || line.Locale != a.locale || !strings.EqualFold(line.Address, l.Mailbox) {
			t.Errorf("%s: %+v, want notice %s to %s in %s", a.id, line, l.id, l.Mailbox, a.locale)
		}
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(l.header.Get("Subject"))
	if want := postfixSubjects[of[0].locale][of[0].class]; err != nil || subject != want {
		t.Errorf("Subject: %q, %v, want %q", subject, err, want)
	}
	for name, want := range map[string]string{
		"From":                     `"Acme Security" <security@acme.example>`,
		"Reply-To":                 "<help@acme.example>",
		"Message-Id":               "<" + l.id + "@acme.example>",
		"Mime-Version":             "1.0",
		"Content-Language":         of[0].locale,
		"Auto-Submitted":           "auto-generated",
		"X-Auto-Response-Suppress": "OOF, AutoReply, RN, NRN",
		"X-Notice-Id":              l.id,
	} {
		if got := l.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	checkFields(t, l.header)
}

// checkFields holds that a header has each field of a notice once and no other.
func checkFields(t *testing.T, header mail.Header) {
	t.Helper()
	fields := []string{"Auto-Submitted", "Content-Language", "Content-Type", "Date", "Dkim-Signature", "From", "Message-Id",
		"Mime-Version", "Reply-To", "Subject", "To", "X-Auto-Response-Suppress", "X-Notice-Id"}
	if got := slices.Sorted(maps.Keys(header)); !slices.Equal(got, fields) {
		t.Errorf("the fields are %q, want %q", got, fields)
	}
	for name, values := range header {
		if len(values) != 1 {
			t.Errorf("%s: %q, want it once", name, values)
		}
	}
}

// checkDate holds that the message carries the time of its plan, not that of its
// delivery.
func (l *postfixLetter) checkDate(t *testing.T, plan postfixPlan) {
	t.Helper()
	date, err := l.header.Date()
	if err != nil || date.Before(plan.from.Truncate(time.Second)) || date.After(plan.until) {
		t.Errorf("Date: %s, %v, want the time of the plan, from %s until %s", date, err, plan.from, plan.until)
	}
}

// checkParts holds that both parts say the same thing to the reader: about the
// accounts of the notice and no others, with the one link that fits the class.
func (l *postfixLetter) checkParts(t *testing.T, plan postfixPlan) {
	t.Helper()
	text, page := l.parts(t)
	if strings.Contains(page, "<script") || strings.Contains(text, "\nBcc:") {
		t.Error("the name of an account has become markup or a line")
	}
	for kind, part := range map[string]string{"text": text, "HTML": html.UnescapeString(page)} {
		if strings.Contains(part, "https://evil.example") {
			t.Errorf("the name of an account has become a link in the %s part", kind)
		}
		l.checkAccounts(t, part, plan)
		for link, want := range map[string]bool{
			postfixHelp:    true,
			postfixReset:   l.notice.class == account.Password,
			postfixSignOut: l.notice.class == account.SSO,
		} {
			if strings.Contains(part, link) != want {
				t.Errorf("the %s part links to %s: %t, want %t", kind, link, !want, want)
			}
		}
	}
}

// checkAccounts holds that a part names the accounts of its notice, and that nobody
// is told of an account of somebody else.
func (l *postfixLetter) checkAccounts(t *testing.T, part string, plan postfixPlan) {
	t.Helper()
	for notice, accounts := range plan.notices {
		for _, a := range accounts {
			label := "(" + a.id + ")"
			if notice == l.notice && !a.hostile {
				label = a.name + " " + label
			}
			if got, want := strings.Contains(part, label), notice == l.notice; got != want {
				t.Errorf("the part names %q: %t, want %t", label, got, want)
			}
		}
	}
}

// parts decodes the two parts of a message.
func (l *postfixLetter) parts(t *testing.T) (text, page string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(l.header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("Content-Type: %s, %v, want multipart/alternative", kind, err)
	}
	reader := multipart.NewReader(bytes.NewReader(l.body), params["boundary"])
	text, page = nextPart(t, reader, "text/plain"), nextPart(t, reader, "text/html")
	if _, err := reader.NextPart(); !errors.Is(err, io.EOF) {
		t.Errorf("there is a third part, or a broken end: %v", err)
	}
	return text, page
}

// nextPart decodes a part, which multipart.Reader does for quoted-printable.
func nextPart(t *testing.T, reader *multipart.Reader, want string) string {
	t.Helper()
	part, err := reader.NextPart()
	noError(t, err)
	kind, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
	if err != nil || kind != want || !strings.EqualFold(params["charset"], "UTF-8") {
		t.Fatalf("the part is %s %v, %v, want %s in UTF-8", kind, params, err, want)
	}
	content, err := io.ReadAll(part)
	noError(t, err)
	if !utf8.Valid(content) || part.Header.Get("Content-Transfer-Encoding") != "" {
		t.Errorf("the %s part is not quoted-printable UTF-8", want)
	}
	return string(content)
}

// checkDKIM verifies the signature on the message as it was delivered, with what
// Postfix added.
func (l *postfixLetter) checkDKIM(t *testing.T, record string) {
	t.Helper()
	found, err := dkim.VerifyWithOptions(bytes.NewReader(l.Raw), &dkim.VerifyOptions{
		LookupTXT: func(name string) ([]string, error) {
			if name != "s1._domainkey.acme.example" {
				return nil, fmt.Errorf("there is no record %s", name)
			}
			return []string{record}, nil
		},
	})
	switch {
	case err != nil || len(found) != 1:
		t.Errorf("DKIM: %d signatures, %v, want one", len(found), err)
	case found[0].Err != nil || found[0].Domain != "acme.example":
		t.Errorf("DKIM: a signature of %s, %v, want a valid one of acme.example", found[0].Domain, found[0].Err)
	}
}

// checkBytes holds that Postfix was given a message to the last octet, dots at the
// beginning of a line included.
func (l *postfixLetter) checkBytes(t *testing.T, want []byte) {
	t.Helper()
	if bytes.Equal(l.sent, want) {
		return
	}
	at := 0
	for at < min(len(l.sent), len(want)) && l.sent[at] == want[at] {
		at++
	}
	t.Errorf("other bytes than in the dry run, from octet %d of %d on: %.200q, want %.200q", at, len(want), l.sent[at:], want[at:])
}
