package ledger

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// surveyRows is how many notices are read as one text: a row costs several times more
// where each crosses from SQLite by itself.
const surveyRows = 10_000

// surveyPage returns a text for each column, with a line a notice: to append to several
// texts is faster than to make one of several columns. Behind them stand the first and the
// last moment of an acceptance.
const surveyPage = `SELECT group_concat(class, char(10)), group_concat(locale, char(10)), group_concat(state, char(10)),
		group_concat(attempts, char(10)), group_concat(coalesce(updated, 0) / 60000000, char(10)), group_concat(address, char(10)),
		min(updated) FILTER (WHERE state = 'accepted'), max(updated) FILTER (WHERE state = 'accepted')
	FROM notices WHERE seq BETWEEN ? AND ? AND current = 1`

// The columns of surveyPage. What comes before updated is what few notices differ in.
const (
	updatedColumn = 4
	addressColumn = 5
	columns       = 6
)

// stratum is what notices have in common by which they are counted.
type stratum struct {
	class    account.Class
	locale   string
	state    campaign.State
	attempts int
	notices  int64
}

// censusTaker counts the current notices. It does not trust the tally.
type censusTaker struct {
	strata  map[string]*stratum // by their words
	minutes map[int64]int64     // accepted ones, by minutes since 1970
	first   sql.NullInt64       // of these, in microseconds since 1970
	last    sql.NullInt64       // of these, likewise
	domains *destinations
	key     []byte // of strata, to be used again
}

func newCensusTaker() *censusTaker {
	return &censusTaker{
		strata: map[string]*stratum{}, minutes: map[int64]int64{}, domains: newDestinations(),
	}
}

// take goes through all notices.
func (c *censusTaker) take(ctx context.Context, tx *sqlx.Tx) error {
	var last int64
	if err := tx.GetContext(ctx, &last, "SELECT coalesce(max(seq), 0) FROM notices"); err != nil {
		return err
	}
	page, err := tx.PrepareContext(ctx, surveyPage)
	if err != nil {
		return err
	}
	defer page.Close()
	for first := int64(1); first <= last; first += surveyRows {
		if err := c.page(ctx, page, first); err != nil {
			return err
		}
	}
	return nil
}

// page counts the notices from first on.
func (c *censusTaker) page(ctx context.Context, page *sql.Stmt, first int64) error {
	rows, err := page.QueryContext(ctx, first, first+surveyRows-1)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var texts [columns]sql.RawBytes
		var first, last sql.NullInt64
		if err := rows.Scan(&texts[0], &texts[1], &texts[2], &texts[3], &texts[4], &texts[5], &first, &last); err != nil {
			return err
		}
		c.extend(first, last)
		if err := c.lines(texts); err != nil {
			return err
		}
	}
	return rows.Err()
}

// extend takes in the first and the last acceptance of a page, if it has any.
func (c *censusTaker) extend(first, last sql.NullInt64) {
	if first.Valid && (!c.first.Valid || first.Int64 < c.first.Int64) {
		c.first = first
	}
	if last.Valid && (!c.last.Valid || last.Int64 > c.last.Int64) {
		c.last = last
	}
}

// lines counts the notices that the lines of texts are about.
func (c *censusTaker) lines(texts [columns]sql.RawBytes) error {
	var line [columns][]byte
	for len(texts[addressColumn]) > 0 {
		for i, text := range texts {
			cut, rest, _ := bytes.Cut(text, []byte{'\n'})
			line[i], texts[i] = cut, rest
		}
		if err := c.count(line); err != nil {
			return err
		}
	}
	return nil
}

func (c *censusTaker) count(line [columns][]byte) error {
	c.key = c.key[:0]
	for _, word := range line[:updatedColumn] {
		c.key = append(append(c.key, word...), '\n')
	}
	s, known := c.strata[string(c.key)]
	if !known {
		var err error
		if s, err = newStratum(line); err != nil {
			return err
		}
		c.strata[string(c.key)] = s
	}
	s.notices++
	if s.state == campaign.Accepted {
		minute, err := strconv.ParseInt(string(line[updatedColumn]), 10, 64)
		if err != nil || minute == 0 {
			return damaged("an accepted notice has no time")
		}
		c.minutes[minute]++
	}
	address := line[addressColumn]
	c.domains.add(address[bytes.LastIndexByte(address, '@')+1:], s.state)
	return nil
}

func newStratum(line [columns][]byte) (*stratum, error) {
	attempts, err := strconv.Atoi(string(line[3]))
	if err != nil {
		return nil, damaged("the attempts of a notice cannot be read")
	}
	return &stratum{
		class: account.Class(line[0]), locale: string(line[1]), state: campaign.State(line[2]), attempts: attempts,
	}, nil
}

// kinds returns the counts by class and language.
func (c *censusTaker) kinds() []campaign.KindCounts {
	counts := map[Kind]*campaign.NoticeCounts{}
	for _, s := range c.strata {
		kind := Kind{Class: s.class, Locale: s.locale}
		if counts[kind] == nil {
			counts[kind] = &campaign.NoticeCounts{}
		}
		counts[kind].Add(s.state, s.notices)
	}
	var kinds []campaign.KindCounts
	for kind, n := range counts {
		kinds = append(kinds, campaign.KindCounts{Class: kind.Class, Locale: kind.Locale, NoticeCounts: *n})
	}
	slices.SortFunc(kinds, func(a, b campaign.KindCounts) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Locale, b.Locale))
	})
	return kinds
}

func (c *censusTaker) attempts() []campaign.AttemptCount {
	counts := map[int]int64{}
	for _, s := range c.strata {
		counts[s.attempts] += s.notices
	}
	var attempts []campaign.AttemptCount
	for _, n := range slices.Sorted(maps.Keys(counts)) {
		attempts = append(attempts, campaign.AttemptCount{Attempts: n, Notices: counts[n]})
	}
	return attempts
}

func (c *censusTaker) timeline() []campaign.MinuteCount {
	var minutes []campaign.MinuteCount
	for _, minute := range slices.Sorted(maps.Keys(c.minutes)) {
		minutes = append(minutes, campaign.MinuteCount{At: time.Unix(minute*60, 0).UTC(), N: c.minutes[minute]})
	}
	return minutes
}
