package main

import (
	"strconv"
	"strings"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// unmatchedLine is a line of `notify accounts --unmatched`.
type unmatchedLine struct {
	Table string `json:"table"` // as export.tables names it
	Value string `json:"value"`
}

var _ listed = unmatchedLine{}

var unmatchedHeader = []string{"table", "value"}

func newUnmatchedLine(u campaign.Unmatched, reveal bool) unmatchedLine {
	line := unmatchedLine(u)
	if !reveal {
		line.Value = account.MaskText(line.Value)
	}
	return line
}

func (l unmatchedLine) fields() []string { return []string{l.Table, l.Value} }

// words returns the line as a human reads it: a key with spaces around it in quotes, since
// these may be why it matches nothing.
func (l unmatchedLine) words() []string {
	if strings.TrimSpace(l.Value) != l.Value {
		return []string{l.Table, strconv.Quote(l.Value)}
	}
	return []string{l.Table, printable(l.Value)}
}
