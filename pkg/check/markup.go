package check

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// pageRules are about the HTML part as a page.
func pageRules() []rule {
	return []rule{
		{Rule{"remote-content", SeverityError, "an image, a style sheet, a frame or a font that is fetched",
			"whoever serves it learns who reads the notice and when, and what it shows can change after it was sent",
			"take it out; a notice refers to nothing remote"}, each(checkRemote)},
		{Rule{"script", SeverityError, "a script, or an attribute that runs one",
			"no mail reader runs it, and every filter refuses it",
			"take it out"}, each(checkScript)},
		{Rule{"form", SeverityError, "a form, or a field to fill in",
			"readers would type secrets into a mail",
			"take it out, and lead to a page of your own"}, each(checkForm)},
		{Rule{"page-language", SeverityError, "a page without the language of the notice in lang",
			"a screen reader reads it with the sounds of another language",
			"write <html lang=\"{{.Locale}}\"> in layout.html"}, each(checkPageLanguage)},
		{Rule{"page-title", SeverityError, "a page without a title",
			"a screen reader names a page by it",
			"write <title>{{.Subject}}</title> in layout.html"}, each(checkTitle)},
		{Rule{"heading-order", SeverityWarning, "headings that skip a level, or not one heading of the first level",
			"those who cannot see the page find their way by its headings",
			"begin with one # heading, and go down one level at a time"}, each(checkHeadings)},
		{Rule{"contrast", SeverityError, "text whose contrast to its background is under 4.5:1",
			"people with weak eyes, and people in the sun, cannot read it (WCAG 2.2, 1.4.3)",
			"take a darker colour on light, or a lighter one on dark"}, each(checkContrast)},
	}
}

var (
	fetchingElements = strings.Fields("img picture source video audio track link iframe frame object embed svg image")
	runningElements  = strings.Fields("script applet object embed")
	fillingElements  = strings.Fields("form input textarea select button")
	fetchingStyle    = regexp.MustCompile(`(?i)url\s*\(|@import|image-set\s*\(`)
)

func checkRemote(v *view, report reporter) {
	v.page.elements(func(n *html.Node) {
		if slices.Contains(fetchingElements, n.Data) {
			report(v.find("<"+n.Data), "the page has <%s>", n.Data)
		}
		style := attribute(n, "style")
		if n.Data == "style" {
			style = textOf(n)
		}
		if found := fetchingStyle.FindString(style); found != "" {
			report(v.find(found), "a style of the page has %s", found)
		}
		for _, key := range []string{"background", "src", "srcset", "poster"} {
			if attribute(n, key) != "" && !slices.Contains(fetchingElements, n.Data) {
				report(v.find(key+"="), "<%s> has the attribute %s", n.Data, key)
			}
		}
	})
}

func checkScript(v *view, report reporter) {
	v.page.elements(func(n *html.Node) {
		if slices.Contains(runningElements, n.Data) {
			report(v.find("<"+n.Data), "the page has <%s>", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:") {
				report(v.find(a.Key+"="), "<%s> runs something by its attribute %s", n.Data, a.Key)
			}
		}
	})
}

func checkForm(v *view, report reporter) {
	v.page.elements(func(n *html.Node) {
		if slices.Contains(fillingElements, n.Data) {
			report(v.find("<"+n.Data), "the page has <%s>", n.Data)
		}
	})
}

func checkPageLanguage(v *view, report reporter) {
	switch {
	case v.page.language == "":
		report(place{file: layoutFile}, "the page has no language")
	case !strings.EqualFold(strings.ReplaceAll(v.page.language, "_", "-"), strings.ReplaceAll(v.locale, "_", "-")):
		report(place{file: layoutFile}, "the page of the notice in %s has the language %q", v.locale, v.page.language)
	}
}

func checkTitle(v *view, report reporter) {
	if v.page.title == "" {
		report(place{file: layoutFile}, "the page has no title")
	}
}

func checkHeadings(v *view, report reporter) {
	first, level := 0, 0
	for _, h := range v.page.headings {
		if h.level == 1 {
			first++
		}
		if h.level > level+1 {
			report(v.find(h.text), "the heading %q is of level %d below one of level %d", h.text, h.level, level)
		}
		level = h.level
	}
	if first != 1 {
		report(v.whole(), "the page has %d headings of the first level", first)
	}
}
