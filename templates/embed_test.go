package templates

import (
	"errors"
	"io/fs"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

func read(t *testing.T, fsys fs.FS, name string) string {
	t.Helper()
	content, err := fs.ReadFile(fsys, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestOverAddsTheLayoutAndNothingElse(t *testing.T) {
	folder := fstest.MapFS{"en/sso.md": {Data: []byte("own")}}
	over := Over(folder)
	if read(t, over, Layout) != read(t, FS, Layout) || read(t, over, "en/sso.md") != "own" {
		t.Error("the built-in layout or the folder's notice is not there")
	}
	if _, err := fs.Stat(over, "en/password.md"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a built-in notice shows through: %v", err)
	}
	folder[Layout] = &fstest.MapFile{Data: []byte("own layout")}
	if read(t, over, Layout) != "own layout" {
		t.Error("the folder's layout is not used")
	}
}

// The title and the five headings are those of Cal. Civ. Code 1798.82(d)(1).
func TestEnglishNoticesHaveTheHeadingsOfTheStatute(t *testing.T) {
	want := []string{
		"# Notice of Data Breach", "## What Happened", "## What Information Was Involved",
		"## What We Are Doing", "## What You Can Do", "## For More Information",
	}
	for _, name := range []string{"en/password.md", "en/sso.md"} {
		if got := headings(read(t, FS, name)); !slices.Equal(got, want) {
			t.Errorf("%s has %q", name, got)
		}
	}
	for _, name := range []string{"de/password.md", "de/sso.md"} {
		if got := headings(read(t, FS, name)); len(got) != len(want) {
			t.Errorf("%s has %q", name, got)
		}
	}
}

func headings(source string) []string {
	var found []string
	for line := range strings.Lines(source) {
		if strings.HasPrefix(line, "#") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

func TestNoticesHoldNoRelativeDates(t *testing.T) {
	relative := regexp.MustCompile(`(?i)\b(today|yesterday|tomorrow|recently|last (week|month|year|night)|ago|heute|gestern|morgen|kürzlich|neulich|letzte[nrs]?|vor (wenigen|einigen))\b`)
	for _, name := range []string{"en/password.md", "en/sso.md", "de/password.md", "de/sso.md"} {
		if found := relative.FindString(read(t, FS, name)); found != "" {
			t.Errorf("%s says %q, which means something else when it is read", name, found)
		}
	}
}

var (
	colours   = regexp.MustCompile(`(?m)^(.*)\{ color: (#[0-9a-f]{6})(?: !important)?; background-color: (#[0-9a-f]{6})`)
	fontSizes = regexp.MustCompile(`font-size: ([0-9]+)(px|[a-z%]+)`)
)

// TestLayoutCanBeRead holds the contrast of WCAG 2.2, 1.4.3 (4.5 to 1) in light
// and dark, and the 10 points of Cal. Civ. Code 1798.82(d)(1)(C): 13.33 px.
func TestLayoutCanBeRead(t *testing.T) {
	layout := read(t, FS, Layout)
	rules := colours.FindAllStringSubmatch(layout, -1)
	if len(rules) != 8 || len(rules) != strings.Count(layout, " color: #") {
		t.Errorf("%d rules set both colours of %d that set one", len(rules), strings.Count(layout, " color: #"))
	}
	for _, rule := range rules {
		if ratio := contrast(t, rule[2], rule[3]); ratio < 4.5 {
			t.Errorf("%s has a contrast of %.2f", rule[1], ratio)
		}
	}
	for _, size := range fontSizes.FindAllStringSubmatch(layout, -1) {
		if n, err := strconv.Atoi(size[1]); err != nil || size[2] != "px" || n < 14 {
			t.Errorf("%s is smaller than 10 points", size[0])
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	light, dark := luminance(t, a), luminance(t, b)
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
