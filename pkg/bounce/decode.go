package bounce

import (
	"encoding/base64"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"

	gomessage "github.com/emersion/go-message"
	"github.com/emersion/go-message/charset"
	"golang.org/x/net/html"
	"golang.org/x/text/encoding/charmap"
)

// decodeBody undoes the transfer encoding and the charset of a body. It never
// fails: what is broken is decoded as far as it goes, and a charset that is unknown
// or lies is read as UTF-8 or, failing that, as Windows-1252.
func decodeBody(p part, body string) string {
	body = decodeTransfer(strings.ToLower(p.header.get("content-transfer-encoding")), body)
	return strings.ReplaceAll(toUTF8(p.params["charset"], body), "\r\n", "\n")
}

func decodeTransfer(encoding, body string) string {
	encoding, _, _ = strings.Cut(encoding, ";")
	encoding = strings.Trim(encoding, ` "`)
	var h gomessage.Header
	h.Set("Content-Transfer-Encoding", encoding)
	entity, err := gomessage.New(h, strings.NewReader(body))
	if err != nil {
		return body // an encoding that nobody knows
	}
	if decoded, err := io.ReadAll(entity.Body); err == nil {
		return string(decoded)
	}
	switch encoding {
	case "quoted-printable":
		return decodeQuotedPrintable(body)
	case "base64":
		return decodeBase64(body)
	}
	return body
}

// decodeQuotedPrintable keeps what is no valid escape, as RFC 2045, section 6.7,
// advises for robust readers.
func decodeQuotedPrintable(s string) string {
	s = strings.ReplaceAll(s, "=\n", "")
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '=' && i+2 < len(s) {
			high, low := unhex(s[i+1]), unhex(s[i+2])
			if high >= 0 && low >= 0 {
				b.WriteByte(byte(high<<4 | low))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func unhex(c byte) int {
	return strings.IndexByte("0123456789abcdef", c|0x20)
}

// decodeBase64 skips characters outside the alphabet and a broken end. A body that
// is hardly base64 at all is returned as it is: some systems declare it and append
// plain text.
func decodeBase64(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r == '+' || r == '/' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, s)
	decoded, err := base64.RawStdEncoding.DecodeString(clean[:len(clean)-len(clean)%4])
	if err != nil || !utf8.Valid(decoded) && strings.Contains(s, " ") {
		return s
	}
	return string(decoded)
}

func toUTF8(label, s string) string {
	label = strings.Trim(label, " '\"")
	if strings.Contains(s, "\x1b$") { // only ISO-2022-JP looks so, whatever the label says
		label = "iso-2022-jp"
	}
	if label != "" && !strings.EqualFold(label, "utf-8") && !strings.EqualFold(label, "us-ascii") {
		if r, err := charset.Reader(label, strings.NewReader(s)); err == nil {
			if decoded, err := io.ReadAll(r); err == nil {
				s = string(decoded)
			}
		}
	}
	if utf8.ValidString(s) {
		return s
	}
	decoded, err := charmap.Windows1252.NewDecoder().String(s)
	if err != nil {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return decoded
}

// htmlText returns the text of an HTML body, a line for each block. Where a link is to an
// address that its text does not repeat, the address stands behind it, as in Name <address>.
func htmlText(s string) string {
	var t htmlReader
	for z := html.NewTokenizer(strings.NewReader(s)); ; {
		switch z.Next() {
		case html.ErrorToken:
			t.endLink()
			return t.text.String()
		case html.TextToken:
			t.read(string(z.Text()))
		case html.StartTagToken:
			t.start(z)
		case html.EndTagToken:
			t.end(z)
		case html.SelfClosingTagToken:
			t.text.WriteByte('\n')
		}
	}
}

// htmlReader gathers the text of an HTML body.
type htmlReader struct {
	text      strings.Builder
	hidden    int    // open elements whose text is not shown
	preserved int    // open elements whose lines are kept
	link      string // the address of the open link
	linkStart int    // where its text begins
}

// read takes text as it stands in the page: white space is one space, except where it is
// preserved, as in the headers of the original that Exchange quotes.
func (t *htmlReader) read(text string) {
	if t.preserved == 0 {
		text = strings.Join(strings.Fields(text), " ")
	}
	t.say(text)
}

func (t *htmlReader) say(text string) {
	if t.hidden == 0 {
		t.text.WriteString(text + " ")
	}
}

func (t *htmlReader) start(z *html.Tokenizer) {
	name, _ := z.TagName()
	switch tag := string(name); {
	case isHidden(tag):
		t.hidden++
	case isBlock(tag), isCell(tag):
		t.endLink()
		t.text.WriteByte('\n')
		if tag == "pre" {
			t.preserved++
		}
	case tag == "a":
		t.endLink()
		t.link, t.linkStart = linkedAddress(z), t.text.Len()
	}
}

func (t *htmlReader) end(z *html.Tokenizer) {
	name, _ := z.TagName()
	switch tag := string(name); {
	case isHidden(tag):
		t.hidden = max(0, t.hidden-1)
	case isBlock(tag):
		t.endLink()
		t.text.WriteByte('\n')
		if tag == "pre" {
			t.preserved = max(0, t.preserved-1)
		}
	case isCell(tag), tag == "a":
		t.endLink()
	}
}

// endLink writes the address of the open link, unless its text has it.
func (t *htmlReader) endLink() {
	if t.link == "" {
		return
	}
	said := strings.ToLower(t.text.String()[t.linkStart:])
	if !strings.Contains(said, strings.ToLower(t.link)) {
		t.say("<" + t.link + ">")
	}
	t.link = ""
}

// linkedAddress returns the address to which the link that a tag opens writes (RFC 6068).
func linkedAddress(tag *html.Tokenizer) string {
	for more := true; more; {
		var key, value []byte
		key, value, more = tag.TagAttr()
		if string(key) != "href" {
			continue
		}
		target, err := url.Parse(strings.TrimSpace(string(value)))
		if err != nil || target.Scheme != "mailto" {
			return ""
		}
		address, err := url.PathUnescape(target.Opaque)
		if err != nil {
			return ""
		}
		return firstAddress(address)
	}
	return ""
}

// isHidden reports whether what stands within a tag is not shown.
func isHidden(tag string) bool { return tag == "style" || tag == "script" || tag == "title" }

// isCell reports whether a tag opens a cell of a table. The cells of a row are lines without
// a blank one between them: what they say belongs together.
func isCell(tag string) bool { return tag == "td" || tag == "th" }

func isBlock(tag string) bool {
	switch tag {
	case "p", "br", "div", "tr", "li", "ul", "ol", "pre", "table", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote":
		return true
	}
	return false
}
