package report

import (
	"fmt"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// Sizes of the pictures, in units of their view boxes. page.html goes by them as well.
const (
	chartWidth  = 720.0
	labelWidth  = 168.0 // of the rows of a bar chart
	numberWidth = 84.0  // right of the bars
	rowHeight   = 26.0
	axisWidth   = 64.0 // left of a timeline
	plotHeight  = 160.0
	plotTop     = 22.0
	footHeight  = 36.0
)

// barChart is notices by state in rows.
type barChart struct {
	ID, Title, Description string
	Height                 float64
	Legend                 []campaign.State
	Rows                   []barRow
}

type barRow struct {
	Label string
	Total int64
	Y     float64
	Parts []barPart
}

type barPart struct {
	State campaign.State
	N     int64
	X, W  float64
}

// counted is a row before it is drawn.
type counted struct {
	label string
	campaign.NoticeCounts
}

// newBarChart draws rows to the scale of the largest of them.
func newBarChart(id, title string, rows []counted) barChart {
	c := barChart{ID: id, Title: title, Description: title + ". The numbers are in the table below.", Height: rowHeight * float64(len(rows))}
	var most int64
	present := map[campaign.State]bool{}
	for _, row := range rows {
		most = max(most, row.Total)
		for _, s := range campaign.States() {
			present[s] = present[s] || row.Of(s) > 0
		}
	}
	for _, s := range campaign.States() {
		if present[s] {
			c.Legend = append(c.Legend, s)
		}
	}
	for i, row := range rows {
		r := barRow{Label: row.label, Total: row.Total, Y: float64(i) * rowHeight}
		x := labelWidth
		for _, s := range campaign.States() {
			if n := row.Of(s); n > 0 {
				w := float64(n) / float64(most) * (chartWidth - labelWidth - numberWidth)
				r.Parts = append(r.Parts, barPart{State: s, N: n, X: x, W: w})
				x += w
			}
		}
		c.Rows = append(c.Rows, r)
	}
	return c
}

// NumberX is where the number of a row stands: behind its bar.
func (r barRow) NumberX() float64 {
	if len(r.Parts) == 0 {
		return labelWidth
	}
	last := r.Parts[len(r.Parts)-1]
	return last.X + last.W + 6
}

func (r *Report) classChart() barChart {
	var rows []counted
	for _, class := range account.Classes() {
		rows = append(rows, counted{className(class), r.Status.ByClass[class]})
	}
	return newBarChart("by-class", "Notices by kind of sign-in and state", rows)
}

func (r *Report) destinationChart() barChart {
	var rows []counted
	for _, d := range r.Destinations {
		rows = append(rows, counted{shortened(d.Domain), d.NoticeCounts})
	}
	if r.Others.Total > 0 {
		rows = append(rows, counted{"all others", r.Others.NoticeCounts})
	}
	return newBarChart("by-destination", "Notices by destination and state", rows)
}

// shortened cuts a domain to what fits beside a bar; the table has all of it.
func shortened(domain string) string {
	const fits = 24
	if runes := []rune(domain); len(runes) > fits {
		return "…" + string(runes[len(runes)-fits+1:])
	}
	return domain
}

// timeChart is the accepted notices over time.
type timeChart struct {
	Title, Description string
	Height, Bottom     float64
	Bars               []timeBar
	Levels             []level
	Marks              []mark
	Halts              []mark
}

type timeBar struct {
	X, Y, W, H float64
	Span
}

// level is a line of the scale, mark a place on the axis of time.
type level struct {
	Y float64
	N int64
}

type mark struct {
	X     float64
	Label string
	End   bool // the label ends at X
}

func (r *Report) timeChart() timeChart {
	c := timeChart{Title: "Notices accepted by the mail relay over time", Bottom: plotTop + plotHeight, Height: plotTop + plotHeight + footHeight}
	if len(r.Timeline) == 0 {
		return c
	}
	start, end := r.Timeline[0].From, r.Timeline[len(r.Timeline)-1].To
	length := r.Timeline[0].To.Sub(start)
	c.Description = fmt.Sprintf("Each bar is %s. Times are UTC. The numbers are in the table below.", lengthWords(length))
	var most int64
	for _, s := range r.Timeline {
		most = max(most, s.Accepted)
	}
	top := roundUp(most)
	place := func(t time.Time) float64 {
		return axisWidth + float64(t.Sub(start))/float64(end.Sub(start))*(chartWidth-axisWidth-8)
	}
	height := func(n int64) float64 { return float64(n) / float64(top) * plotHeight }
	for _, s := range r.Timeline {
		x, w, h := place(s.From), place(s.To)-place(s.From), height(s.Accepted)
		gap := min(w*0.12, 3)
		c.Bars = append(c.Bars, timeBar{X: x + gap/2, Y: c.Bottom - h, W: w - gap, H: h, Span: s})
	}
	for _, n := range levels(top) {
		c.Levels = append(c.Levels, level{Y: c.Bottom - height(n), N: n})
	}
	c.Marks = []mark{{X: place(start), Label: stamp(start)}, {X: place(end), Label: stamp(end), End: true}}
	for _, run := range r.Runs {
		if run.Halted != "" && run.Ended != nil && !run.Ended.Before(start) && !run.Ended.After(end) {
			c.Halts = append(c.Halts, mark{X: place(*run.Ended), Label: fmt.Sprint("run ", run.Number, " halted"), End: place(*run.Ended) > chartWidth/2})
		}
	}
	return c
}

// levels are the marks of a scale that ends at top, without fractions.
func levels(top int64) []int64 {
	if top%2 == 0 {
		return []int64{0, top / 2, top}
	}
	return []int64{0, top}
}

// roundUp returns the next number that a scale may end with: one digit and zeros, and
// 1 at least.
func roundUp(n int64) int64 {
	unit := int64(1)
	for n/unit >= 10 {
		unit *= 10
	}
	return max((n+unit-1)/unit*unit, 1)
}

func lengthWords(d time.Duration) string {
	units := []struct {
		of   time.Duration
		name string
	}{{day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}}
	for _, u := range units {
		switch n := d / u.of; {
		case n == 1 && d%u.of == 0:
			return "one " + u.name
		case n > 1 && d%u.of == 0:
			return fmt.Sprintf("%d %ss", n, u.name)
		}
	}
	return d.String()
}
