package check

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"unicode/utf8"
)

// Bounds of a message.
const (
	maxSubject = 78       // characters, RFC 5322 section 2.1.1
	maxHTML    = 80 << 10 // octets; Gmail cuts at 102 KB, after other hands have added some
	maxLine    = 998      // octets without the line end, RFC 5322 section 2.1.1
)

// messageRules are about the notices as mail.
func messageRules() []rule {
	return []rule{
		{Rule{"sender-domain", SeverityError, "a sender or reply address outside of official_domains",
			"readers are told to look at the sender, and answers must come to you",
			"send from an address at an official domain, or add the domain if it is yours"}, each(checkSender)},
		{Rule{"subject-length", SeverityWarning, "a subject of more than 78 characters",
			"mail readers cut it, on a telephone at about 40",
			"put what matters first, and shorten the rest"}, each(checkSubject)},
		{Rule{"html-size", SeverityWarning, "an HTML part of more than 80 KB",
			"large mails are cut by some readers, and what is cut may be the part that counts",
			"shorten the notice or the layout"}, each(checkSize)},
		{Rule{"line-length", SeverityError, "a line of the message, as it goes out, of more than 998 octets",
			"mail servers may cut or refuse it (RFC 5322, section 2.1.1)",
			"break the line"}, each(checkLines)},
		{Rule{"attachment", SeverityError, "a part that is neither the text nor the HTML",
			"readers are taught not to open attachments, and filters agree",
			"put the file on your website and say where"}, each(checkAttachments)},
	}
}

func checkSender(v *view, report reporter) {
	header, err := v.header()
	if err != nil {
		return // for attachment, which reads all of it
	}
	for key, at := range map[string]string{"From": "notice.from", "Reply-To": "notice.reply_to"} {
		if header.Get(key) == "" && key != "From" {
			continue
		}
		list, err := header.AddressList(key)
		if err != nil {
			report(place{file: at}, "the header %s holds no address", key)
			continue
		}
		for _, sender := range list {
			domain := sender.Address[strings.LastIndexByte(sender.Address, '@')+1:]
			if judged, _ := v.in.judgeHost(domain); judged != hostOfficial {
				report(place{file: at}, "the header %s has the domain %s", key, domain)
			}
		}
	}
}

func (v *view) header() (mail.Header, error) {
	message, err := mail.ReadMessage(bytes.NewReader(v.Message.Bytes))
	if err != nil {
		return nil, fmt.Errorf("read a header: %w", err)
	}
	return message.Header, nil
}

func checkSubject(v *view, report reporter) {
	if n := utf8.RuneCountInString(v.Message.Subject); n > maxSubject {
		report(v.find("subject:"), "the subject has %d characters", n)
	}
}

func checkSize(v *view, report reporter) {
	if n := len(v.Message.HTML); n > maxHTML {
		report(v.whole(), "the HTML part has %d KB", (n+1023)>>10)
	}
}

// checkLines looks at what goes over the wire, where both parts are encoded: a paragraph
// that is one long line in the Markdown is none there.
func checkLines(v *view, report reporter) {
	lines := bufio.NewScanner(bytes.NewReader(v.Message.Bytes))
	lines.Buffer(nil, len(v.Message.Bytes)+1)
	for number := 1; lines.Scan(); number++ {
		if n := len(bytes.TrimSuffix(lines.Bytes(), []byte("\r"))); n > maxLine {
			report(v.whole(), "line %d of the message has %d octets", number, n)
		}
	}
}

func checkAttachments(v *view, report reporter) {
	message, err := mail.ReadMessage(bytes.NewReader(v.Message.Bytes))
	if err != nil {
		report(v.whole(), "the message cannot be read")
		return
	}
	kind, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		report(v.whole(), "the message has the type %q, and not multipart/alternative", kind)
		return
	}
	parts := multipart.NewReader(message.Body, parameters["boundary"])
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			report(v.whole(), "the parts of the message cannot be read")
			return
		}
		checkPart(v, part, report)
	}
}

func checkPart(v *view, part *multipart.Part, report reporter) {
	kind, _, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
	disposition, _, _ := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil || kind != "text/plain" && kind != "text/html" || disposition == "attachment" || part.FileName() != "" {
		report(v.whole(), "the message has a part of the type %q", kind)
	}
}
