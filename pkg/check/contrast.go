package check

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// leastContrast is what WCAG 2.2, success criterion 1.4.3, asks for ordinary text.
const leastContrast = 4.5

// colour is a colour of sRGB, each part from 0 to 1.
type colour struct{ r, g, b float64 }

var white = colour{1, 1, 1}

// declared is what one block of a style says about colours; nil where it says nothing.
type declared struct {
	selector         string
	text, background *colour
	written          string // the colour of the text, as it stands there
}

// BUG(check): contrast is computed from what styles say together: a text colour and
// the background of the same block, or else that of the body. Colours by variables,
// names beyond the basic ones and gradients are not read, and a block that inherits
// either colour from an element other than the body is held against the body's.

// checkContrast holds the colours of each medium and of each style attribute against
// each other.
func checkContrast(v *view, report reporter) {
	say := func(d declared, background colour) {
		if ratio := contrast(*d.text, background); ratio < leastContrast {
			report(v.find(d.written), "the colour %s of %q has a contrast of %.2f:1 to its background", d.written, d.selector, ratio)
		}
	}
	base := white
	v.page.elements(func(n *html.Node) {
		if n.Data != "style" {
			return
		}
		for _, medium := range media(textOf(n)) {
			behind := medium.body(base)
			if medium.query == "" {
				base = behind
			}
			for _, d := range medium.blocks {
				if d.text != nil {
					say(d, orElse(d.background, behind))
				}
			}
		}
	})
	v.page.elements(func(n *html.Node) {
		d := parseBlock("style of <"+n.Data+">", attribute(n, "style"))
		if d.text != nil {
			say(d, behind(n, base))
		}
	})
}

func orElse(c *colour, otherwise colour) colour {
	if c == nil {
		return otherwise
	}
	return *c
}

// behind returns the nearest background that the style attributes of n and of those
// around it give.
func behind(n *html.Node, otherwise colour) colour {
	for ; n != nil; n = n.Parent {
		if d := parseBlock("", attribute(n, "style")); d.background != nil {
			return *d.background
		}
	}
	return otherwise
}

// medium is a part of a style sheet that holds at the same time.
type medium struct {
	query  string // empty: always
	blocks []declared
}

// body returns the background of the whole page in m.
func (m medium) body(otherwise colour) colour {
	for _, d := range m.blocks {
		for selector := range strings.SplitSeq(d.selector, ",") {
			if strings.TrimSpace(selector) == "body" && d.background != nil {
				return *d.background
			}
		}
	}
	return otherwise
}

var cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)

// media reads a style sheet: what holds always first, then what stands in @ blocks.
func media(sheet string) []medium {
	sheet = cssComment.ReplaceAllString(sheet, "")
	always := medium{}
	var others []medium
	current := &always
	for {
		open := strings.IndexAny(sheet, "{}")
		if open < 0 {
			break
		}
		selector := strings.TrimSpace(sheet[:open])
		selector = strings.TrimSpace(selector[strings.LastIndexByte(selector, ';')+1:])
		closing := sheet[open] == '}'
		sheet = sheet[open+1:]
		switch {
		case closing:
			current = &always
		case strings.HasPrefix(selector, "@"):
			others = append(others, medium{query: selector})
			current = &others[len(others)-1]
		default:
			body, rest, _ := strings.Cut(sheet, "}")
			sheet = rest
			current.blocks = append(current.blocks, parseBlock(selector, body))
		}
	}
	return append([]medium{always}, others...)
}

// parseBlock reads the colours of one block of declarations.
func parseBlock(selector, body string) declared {
	d := declared{selector: selector}
	for declaration := range strings.SplitSeq(body, ";") {
		property, value, _ := strings.Cut(declaration, ":")
		value = strings.TrimSpace(strings.Replace(value, "!important", "", 1))
		c, ok := parseColour(value)
		if !ok {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(property)) {
		case "color":
			d.text, d.written = &c, value
		case "background", "background-color":
			d.background = &c
		}
	}
	return d
}

var (
	rgbColour    = regexp.MustCompile(`^rgb\(\s*([0-9]{1,3})[\s,]+([0-9]{1,3})[\s,]+([0-9]{1,3})\s*\)$`)
	namedColours = map[string]string{
		"black": "#000000", "white": "#ffffff", "gray": "#808080", "grey": "#808080", "silver": "#c0c0c0",
		"red": "#ff0000", "green": "#008000", "blue": "#0000ff", "yellow": "#ffff00", "navy": "#000080",
		"orange": "#ffa500", "lightgray": "#d3d3d3", "lightgrey": "#d3d3d3", "darkgray": "#a9a9a9", "darkgrey": "#a9a9a9",
	}
)

// parseColour reads #rgb, #rrggbb, rgb(r, g, b) and the basic names.
func parseColour(text string) (c colour, ok bool) {
	text = strings.ToLower(text)
	if name, known := namedColours[text]; known {
		text = name
	}
	if parts := rgbColour.FindStringSubmatch(text); parts != nil {
		return colour{part(parts[1], 10), part(parts[2], 10), part(parts[3], 10)}, true
	}
	digits, ok := strings.CutPrefix(text, "#")
	if ok && len(digits) == 3 {
		digits = digits[:1] + digits[:1] + digits[1:2] + digits[1:2] + digits[2:] + digits[2:]
	}
	if !ok || len(digits) != 6 || strings.Trim(digits, "0123456789abcdef") != "" {
		return colour{}, false
	}
	return colour{part(digits[:2], 16), part(digits[2:4], 16), part(digits[4:], 16)}, true
}

// part reads one part of a colour, of which the form is known to be right.
func part(digits string, base int) float64 {
	n, err := strconv.ParseUint(digits, base, 16)
	if err != nil {
		return 0
	}
	return min(float64(n)/255, 1)
}

// contrast returns the contrast ratio of WCAG 2.2: from 1 to 21.
func contrast(a, b colour) float64 {
	light, dark := a.luminance(), b.luminance()
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

func (c colour) luminance() float64 {
	linear := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}
