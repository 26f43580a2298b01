package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/ledger"
	"breachnotify/pkg/throttle"
)

// shownProblems is how many of the last problems a screen has room for.
const shownProblems = 3

// scene is what a screen shows of a campaign at one moment. All of it comes from the
// ledger, so that the screen of a sending process and that of one that watches it say
// the same.
type scene struct {
	status   campaign.Status
	problems []campaign.Problem
	throttle *campaign.Throttle // what limits allow; nil: not known
	leave    string             // how to stop, or to leave the screen
}

// readScene reads a scene.
func readScene(ctx context.Context, book *ledger.Reader, c *campaign.Config, now time.Time) (scene, error) {
	stands, err := standingOf(ctx, book, c, now)
	if err != nil {
		return scene{}, err
	}
	s := scene{status: stands.status}
	if c != nil {
		s.throttle = &c.Throttle
	}
	s.problems, err = book.Problems(ctx, shownProblems)
	return s, err
}

// ranked is a row with its rank: those of the highest rank go first where a screen is
// too low.
type ranked struct {
	row
	rank int
}

// rows returns the screen for a terminal of a size: each row fits into the columns but
// one, and all of them into the lines but one, as far as these are known.
func (s scene) rows(columns, lines int) []row {
	if columns <= 0 {
		columns = 80
	}
	columns-- // a full line would take the cursor to the next one
	all := s.ranked(columns, s.counts)
	if lines > 1 && len(all) > lines-1 { // before a state goes unseen
		s.leave, _, _ = strings.Cut(s.leave, ";")
		all = s.ranked(columns, s.countsInBrief)
	}
	for lines > 1 && len(all) > lines-1 {
		lowest := 0
		for i, r := range all {
			if r.rank >= all[lowest].rank {
				lowest = i
			}
		}
		all = slices.Delete(all, lowest, lowest+1)
	}
	rows := make([]row, len(all))
	for i, r := range all {
		rows[i] = r.row
	}
	return rows
}

func (s scene) ranked(columns int, counts func(columns int) []row) []ranked {
	var all []ranked
	add := func(rank int, rows ...row) {
		for _, r := range rows {
			all = append(all, ranked{r, rank})
		}
	}
	add(1, s.title())
	add(0, s.bar(columns)...)
	add(3, s.now(columns)...)
	line, isBad := deadlineLine(s.status)
	if line != "" {
		add(2, folded("deadline", warningInk(isBad), line, columns)...)
	}
	add(1, counts(columns)...)
	if s.status.State == campaign.PhaseHalted && s.status.Halted != nil {
		add(1, folded("halted", bad, shown(account.MaskText(*s.status.Halted)), columns)...)
		add(1, folded("", plain, campaign.PhaseHalted.Advice().Next, columns)...)
	}
	add(4, s.lastProblems(columns)...)
	add(0, folded("stop", plain, s.leave, columns)...)
	return all
}

func (s scene) title() row {
	i := strong
	if s.status.State == campaign.PhaseHalted {
		i = bad
	}
	return row{{strong, shown(s.status.Campaign)}, {plain, "  "}, {i, string(s.status.State)},
		{faint, "  " + s.status.At.UTC().Format("15:04:05 UTC")}}
}

// settled is how many notices have an outcome. Left and settled make the total.
func settled(n campaign.NoticeCounts) int64 { return n.Total - n.Left() }

// bar is one row where there is room for it, and two elsewhere.
func (s scene) bar(columns int) []row {
	done, total := settled(s.status.Notices), s.status.Notices.Total
	percent := fmt.Sprintf(" %5.1f%%", floorPercent(done, total))
	of := fmt.Sprintf("%s of %s", thousands(done), thousands(total))
	room := columns - len(percent) - 2
	beside := columns >= 60
	if beside {
		room -= 2 + len(of)
	}
	room = max(4, room)
	full := 0
	if total > 0 {
		full = int(int64(room) * done / total)
	}
	r := row{{plain, "["}, {filled, strings.Repeat("=", full)}, {faint, strings.Repeat("-", room-full)}, {plain, "]"}, {strong, percent}}
	if beside {
		return []row{append(r, span{plain, "  " + of})}
	}
	return []row{r, labelled("notices", span{plain, of})}
}

// floorPercent is a share in tenths of a percent, rounded down: what is not all is not 100.
func floorPercent(done, total int64) float64 {
	if total == 0 {
		return 0
	}
	return math.Floor(1000*float64(done)/float64(total)) / 10
}

// now is what goes on: the batch, the rate and what limits it, and when it ends.
func (s scene) now(columns int) []row {
	var rows []row
	if b := s.status.Batch; b != nil {
		rows = append(rows, folded("batch", plain, fmt.Sprintf("%s of %s: %s of %s tried", thousands(b.Number),
			thousands(s.status.Batches.Total), thousands(b.Tried()), thousands(b.Notices)), columns)...)
	}
	if !s.status.Running() {
		return rows
	}
	if s.status.Probe != nil {
		rows = append(rows, folded("waits", bad, shown(waitsFor(*s.status.Probe, "15:04:05 UTC")), columns)...)
	}
	rows = append(rows, folded("rate", plain, s.pacing(), columns)...)
	end := "nobody can say yet"
	if s.status.ETA != nil {
		end = expected(s.status)
	}
	return append(rows, folded("done at", plain, end, columns)...)
}

// pacing says how fast the run is, what holds it back, and how much that allows.
func (s scene) pacing() string {
	if s.status.Limit == nil {
		rate := rateInWords(s.status, campaign.Rate{})
		if s.status.Measuring() || s.status.RatePerS <= 0 {
			return rate
		}
		return rate + ", as fast as the relay takes them"
	}
	limit := shown(*s.status.Limit)
	var allowed campaign.Rate
	if s.throttle != nil {
		allowed = allows(*s.throttle, limit)
	}
	text := rateInWords(s.status, allowed) + ", held back by " + limit
	if allowed.Count > 0 {
		text += ", which allows " + allowed.String()
	}
	if s.status.LimitedUntil != nil {
		text += ", until " + s.status.LimitedUntil.UTC().Format("15:04:05 UTC")
	}
	return text
}

// allows is the rate that a limit of the configuration stands for; zero: none.
func allows(t campaign.Throttle, limit string) campaign.Rate {
	name, domain, _ := strings.Cut(limit, " ")
	switch name {
	case throttle.LimitRate:
		return t.Rate
	case throttle.LimitDomain:
		own, other := t.DomainRates()
		if rate, ok := own[domain]; ok {
			return rate
		}
		return other
	}
	return campaign.Rate{}
}

// told are the states that tell what became of the notices.
func (s scene) told() []campaign.State {
	states := []campaign.State{campaign.Accepted, campaign.Deferred, campaign.Rejected, campaign.InDoubt}
	if s.status.Notices.Bounced > 0 { // which comes long after
		states = append(states, campaign.Bounced)
	}
	return states
}

// countsInBrief are the counts for a screen that is too low for a row each.
func (s scene) countsInBrief(columns int) []row {
	var counts []string
	for _, state := range s.told() {
		counts = append(counts, thousands(s.status.Notices.Of(state))+" "+state.Advice().Name)
	}
	return folded("so far", plain, strings.Join(counts, ", "), columns)
}

// counts are what became of the notices, with what to do.
func (s scene) counts(columns int) []row {
	var rows []row
	for _, state := range s.told() {
		n, advice := s.status.Notices.Of(state), state.Advice()
		i := plain
		switch {
		case n > 0 && state == campaign.Accepted:
			i = good
		case n > 0 && state != campaign.Deferred:
			i = bad
		}
		r := labelled(advice.Name, span{i, thousands(n)})
		if brief := (span{faint, "  " + advice.Brief}); n > 0 && advice.Brief != "" && r.columns()+columnsOf(brief.text) <= columns {
			r = append(r, brief)
		}
		rows = append(rows, r)
	}
	return rows
}

// leastReply is how many columns a reply is to have where it shares a row.
const leastReply = 16

func (s scene) lastProblems(columns int) []row {
	var rows []row
	label := "problems"
	for _, p := range s.problems {
		r := labelled(label, span{plain, p.At.UTC().Format("15:04:05") + "  " + p.Outcome.Advice().Name + "  "}, span{faint, p.NoticeID})
		reply := span{plain, shown(account.MaskText(p.Reply))}
		if r.columns()+2+leastReply <= columns {
			rows = append(rows, append(r, span{plain, "  "}, reply))
		} else {
			rows = append(rows, r, labelled("", reply))
		}
		label = ""
	}
	return rows
}
