package check

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

const (
	factOrganisation = "organisation"
	incidentPrefix   = "incident."
)

// isDeclared reports whether the configuration has one of these facts, in any language.
func (in *inspected) isDeclared(keys []string) bool {
	for _, v := range in.views {
		for _, key := range keys {
			if v.fact(key) != "" {
				return true
			}
		}
	}
	return false
}

// fact returns a fact in the language of the notice, as notice.Facts.Incident says.
func (v *view) fact(key string) string {
	if key == factOrganisation {
		return v.in.Facts.Organisation
	}
	incident, key := v.in.Facts.Incident, strings.TrimPrefix(key, incidentPrefix)
	for _, tag := range tagsOf(v.locale) {
		if value := strings.TrimSpace(incident[key+"_"+tag]); value != "" {
			return value
		}
	}
	return strings.TrimSpace(incident[key])
}

// tagsOf returns what the keys of facts in a language end in, the narrowest first.
func tagsOf(locale string) []string {
	var tags []string
	for tag := strings.ToLower(strings.ReplaceAll(locale, "-", "_")); tag != ""; {
		tags = append(tags, tag)
		tag = tag[:max(strings.LastIndexByte(tag, '_'), 0)]
	}
	return tags
}

// languageOf returns the first part of a locale in lower case.
func languageOf(locale string) string {
	language, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(locale, "_", "-")), "-")
	return language
}

// showsFact reports whether a fact is declared and stands in both parts. Markup,
// addresses, white space and the case of letters do not count; a date may be written
// in any form that has its day and year.
func (v *view) showsFact(key string) bool {
	value := v.fact(key)
	if value == "" {
		return false
	}
	return v.inBothParts(func(part string) bool {
		if day, err := time.Parse(time.DateOnly, value); err == nil {
			return showsDate(part, day)
		}
		plain := v.plainly(part)
		for _, block := range blocksOf(value) {
			if !strings.Contains(plain, wordsOf(block)) {
				return false
			}
		}
		return true
	})
}

// plainly returns wordsOf a part, which is made once: many elements look for their facts.
func (v *view) plainly(part string) string {
	plain, known := v.plain[part]
	if !known {
		plain = wordsOf(part)
		v.plain[part] = plain
	}
	return plain
}

func (v *view) inBothParts(shows func(part string) bool) bool {
	return shows(v.Message.Text) && shows(v.page.text)
}

// blocksOf returns the text of each block of Markdown, without the markup.
func blocksOf(markdown string) []string {
	source := []byte(markdown)
	var blocks []string
	var walk func(n ast.Node)
	walk = func(n ast.Node) {
		for child := n.FirstChild(); child != nil; child = child.NextSibling() {
			switch child := child.(type) {
			case *ast.Text:
				blocks[len(blocks)-1] += string(child.Value(source))
				if child.SoftLineBreak() || child.HardLineBreak() {
					blocks[len(blocks)-1] += " "
				}
				continue
			case *ast.AutoLink:
				continue // addresses do not count
			}
			if child.Type() == ast.TypeBlock {
				blocks = append(blocks, "")
			}
			walk(child)
		}
	}
	walk(goldmark.DefaultParser().Parse(text.NewReader(source)))
	return slices.DeleteFunc(blocks, func(block string) bool { return strings.TrimSpace(block) == "" })
}

var mailAddress = regexp.MustCompile(`<?[^\s<>]+@[^\s<>]+>?`)

// wordsOf returns the words of text in lower case with a space between and around
// them, without web and mail addresses.
func wordsOf(text string) string {
	text = mailAddress.ReplaceAllString(webAddress.ReplaceAllString(text, " "), " ")
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
	return " " + strings.Join(words, " ") + " "
}

// showsDate reports whether text has a day in numbers, or with the month in words.
func showsDate(text string, day time.Time) bool {
	if strings.Contains(text, day.Format(time.DateOnly)) {
		return true
	}
	number, year := day.Format("2"), day.Format("2006")
	written := regexp.MustCompile(`(?:^|\s)0?` + number + `(?:st|nd|rd|th|\.)?\s+\p{L}{3,}\.?,?\s+` + year + `(?:\D|$)|\p{L}{3,}\s+0?` + number + `,\s+` + year + `(?:\D|$)`)
	return written.MatchString(text)
}
