package bounce

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/mail"
	"slices"
	"strings"
	"time"
)

// maxRecipients bounds the recipients of one report. Whoever gathers them stops at
// enoughRecipients, which is one more, so that it shows that there are more.
const (
	maxRecipients    = 10_000
	enoughRecipients = maxRecipients + 1
)

// Options of Parse. The zero value is ready to use.
type Options struct {
	Source string // of the report; empty: SourceMail
}

// Parse reads one message to its end and returns what it says. Whatever the message
// is, Parse holds a bounded part of it and does not fail: what cannot be understood is
// KindOther. The only error is that of r, wrapped. Digest is that of the bytes of r.
func Parse(r io.Reader, o Options) (Report, error) {
	digest := sha256.New()
	m, err := readTree(io.TeeReader(r, digest))
	if err != nil {
		return Report{}, fmt.Errorf("read a message: %w", err)
	}
	report := read(m)
	report.Digest = hex.EncodeToString(digest.Sum(nil))
	report.Source = SourceMail
	if o.Source != "" {
		report.Source = o.Source
	}
	report.At = dateOf(m.header)
	return report, nil
}

// read is the way from a tree to a report: by the plain text first, and by the HTML if
// that names nobody and the HTML does.
func read(m message) Report {
	report := readAs(m, readNotice(m, false))
	if report.Kind == KindOther || report.namesNobody() {
		if n := readNotice(m, true); len(n.lines) > 0 {
			if again := readAs(m, n); again.Kind != KindOther && !again.namesNobody() {
				return again
			}
		}
	}
	if report.Kind == KindOther {
		if passed, ok := readPassedOn(m); ok {
			return passed
		}
	}
	return report
}

// readPassedOn reads a report that is attached to a mail that is none, as those attach it
// who get what was meant for others. It must be whole: the words of a mail that somebody
// passes on tell nothing.
func readPassedOn(m message) (Report, bool) {
	for _, p := range m.parts {
		if p.mediaType != "message/rfc822" {
			continue
		}
		passed, err := readTree(strings.NewReader(p.text))
		if err != nil || !isComplete(readDeliveryStatus(passed)) {
			continue
		}
		return readAs(passed, readNotice(passed, false)), true
	}
	return Report{}, false
}

// namesNobody reports whether no recipient has an address.
func (r Report) namesNobody() bool {
	return !slices.ContainsFunc(r.Recipients, func(each Recipient) bool { return each.Address != "" })
}

func readAs(m message, n notice) Report {
	groups := readDeliveryStatus(m)
	if loose := looseDeliveryStatus(n); !hasRecipient(groups) && (isComplete(loose) || isSystemReport(m, n)) {
		groups = append(groups, loose...)
	}
	o := findOriginal(m, n, groups)
	report := Report{
		MessageID: o.messageID, NoticeID: o.noticeID,
		Tokens:    findTokens(m, o, groups),
		Addresses: allAddresses(m, n, o),
		Sender:    firstAddress(o.header.get("from")),
	}
	var recipients []Recipient
	report.Kind, recipients = classify(evidence{m, n, o, groups})
	report.Recipients = uniqueRecipients(recipients)
	if report.Kind == KindBounce || report.Kind == KindDelay {
		report.Truncated = m.cut || len(recipients) > maxRecipients || n.cut && !hasRecipient(groups)
	}
	return report
}

// dateOf returns the Date of a header, or zero.
func dateOf(h fields) time.Time {
	at, err := mail.ParseDate(h.get("date"))
	if err != nil {
		return time.Time{}
	}
	return at
}

// allAddresses returns the addresses of a message: those of its fields first, those of
// its texts after them, and of the original those to whom it went: who wrote it did not
// fail to get it.
func allAddresses(m message, n notice, o original) []string {
	var b strings.Builder
	for _, value := range m.header.all("x-failed-recipients", "from", "reply-to") {
		b.WriteString(value + "\n")
	}
	b.WriteString(strings.Join(n.lines, "\n"))
	for _, p := range m.parts {
		if isReport(p.mediaType) {
			b.WriteString("\n" + p.text[:min(len(p.text), 16<<10)])
		}
	}
	if len(o.header) > 0 {
		b.WriteString("\n" + strings.Join(o.header.all(toWhom...), "\n"))
	} else {
		b.WriteString("\n" + strings.Join(n.copy[:min(len(n.copy), 100)], "\n"))
	}
	return findAddresses(b.String(), maxAddresses)
}

// uniqueRecipients keeps each address once: the first, unless a later one failed.
func uniqueRecipients(recipients []Recipient) []Recipient {
	var unique []Recipient
	index := map[string]int{}
	for _, r := range recipients {
		key := strings.ToLower(r.Address)
		i, seen := index[key]
		switch {
		case seen && r.Action == ActionFailed && unique[i].Action != ActionFailed:
			unique[i] = r
		case !seen && len(unique) < maxRecipients:
			index[key] = len(unique)
			unique = append(unique, r)
		}
	}
	return unique
}
