package check

import (
	"math"
	"testing"

	"breachnotify/pkg/account"
)

func TestPagesAreReadAsBrowsersReadThem(t *testing.T) {
	p := readPage(`<html lang=de><title> A
title </title><style>p{color:red}</style><body><H1>One <a href="https://a/">two</a></h1>intro<h2>Three</h2><ul><li>four<li>five</ul><script>six</script>`)
	if p.language != "de" || p.title != "A title" && p.title != "A\ntitle" || p.text != "One two\nintro\nThree\nfour\nfive" {
		t.Errorf("the page is %q, %q, %q", p.language, p.title, p.text)
	}
	if len(p.anchors) != 1 || p.anchors[0] != (anchor{"https://a/", "two"}) {
		t.Errorf("the links are %v", p.anchors)
	}
	if len(p.headings) != 2 || p.headings[0] != (heading{1, "One two", "intro"}) || p.headings[1] != (heading{2, "Three", "four\nfive"}) {
		t.Errorf("the headings are %+v", p.headings)
	}
}

func TestContrast(t *testing.T) {
	for _, c := range []struct {
		text, background string
		want             float64
	}{{"black", "#fff", 21}, {"#777777", "white", 4.48}, {"rgb(118, 118, 118)", "#FFFFFF", 4.54}, {"#123456", "#123456", 1}} {
		text, ok := parseColour(c.text)
		background, also := parseColour(c.background)
		if got := contrast(text, background); !ok || !also || math.Abs(got-c.want) > 0.01 {
			t.Errorf("%s on %s is %.2f, want %.2f", c.text, c.background, got, c.want)
		}
	}
	for _, text := range []string{"", "#12", "#12345g", "var(--a)", "rgb(1,2)", "inherit"} {
		if _, ok := parseColour(text); ok {
			t.Errorf("%q is a colour", text)
		}
	}
}

func TestContrastFollowsTheMediumAndTheElementsAround(t *testing.T) {
	for name, c := range map[string]struct {
		source string
		found  bool
	}{
		"dark on dark in one medium":            {`<style>@media (x) { body { background: #000 } p { color: #222 } }</style>`, true},
		"light on dark in one medium":           {`<style>body{color:#000;background:#fff} @media (x) { body { background: #000; color:#fff } p { color: #ddd } }</style>`, false},
		"a block with its own background":       {`<style>.b { color: #fff; background-color: #000 }</style>`, false},
		"a comment":                             {`<style>/* p { color: #eee } */</style>`, false},
		"a style attribute":                     {`<p style="color: #ccc">a</p>`, true},
		"a style attribute on a dark one":       {`<div style="background: #000"><p style="color: #ccc">a</p></div>`, false},
		"what holds after a medium":             {`<style>@media (x) { p { color: #000 } } p { color: #eee }</style>`, true},
		"a sheet that ends in the middle":       {`<style>p { color: #eee`, true},
		"an unknown colour is not judged":       {`<style>p { color: var(--x) }</style>`, false},
		"a border is no colour of text at all":  {`<style>p { border-color: #eee }</style>`, false},
		"an import before the block is skipped": {`<style>@charset "utf-8"; p { color: #eee }</style>`, true},
	} {
		v := &view{in: &inspected{Subject: &Subject{}}, page: readPage(c.source)}
		found := false
		checkContrast(v, func(place, string, ...any) { found = true })
		if found != c.found {
			t.Errorf("%s: found %v", name, found)
		}
	}
}

// FuzzRun holds that no notice, however broken, ends a check.
func FuzzRun(f *testing.F) {
	s := testSubject(f)
	sample := s.Notices[0].Variants[0].Message
	f.Add(sample.HTML, sample.Text, sample.Bytes)
	f.Add(`<a href="http://[::1%25/x">`, "https://[", []byte("From: x\r\n\r\n"))
	f.Add("<style>}{@media{p{color:#", "a <b", []byte("Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n\r\n--a"))
	f.Add("<h1></h1><h6>\xff</h6>", "\x00", []byte("From: <>\r\nReply-To: a\r\n\r\n"))
	s.Jurisdictions = []string{"eu", "us-ca", "us-ma"}
	notice := s.Notices[0]
	f.Fuzz(func(t *testing.T, page, text string, message []byte) {
		v := notice.Variants[0]
		v.Message.HTML, v.Message.Text, v.Message.Bytes = page, text, message
		changed := *s
		changed.Notices = []Notice{{account.Password, "en", []Variant{v}}}
		report := run(t, &changed)
		for _, finding := range report.Findings {
			if finding.File == "" || finding.Line < 0 {
				t.Errorf("no place: %+v", finding)
			}
		}
	})
}
