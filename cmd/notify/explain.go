package main

import (
	"fmt"
	"io"
	"strings"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
)

// explanation is what was decided about the accounts and why, for somebody who looks for
// a wrong mapping before anything goes out.
type explanation []reasonLine

// reasonLine is a decision that accounts share.
type reasonLine struct {
	Class    *account.Class      `json:"class"`
	Excluded *campaign.Exclusion `json:"excluded"`
	Reason   string              `json:"reason"`
	Accounts int64               `json:"accounts"`
	Examples []exampleLine       `json:"examples"`
}

// exampleLine is one of the accounts, masked.
type exampleLine struct {
	ID      string  `json:"id"`
	Address *string `json:"address"`
}

func newExplanation(reasons []campaign.Reason) explanation {
	lines := explanation{}
	for _, r := range reasons {
		line := reasonLine{
			Class: orNull(r.Class), Excluded: orNull(r.Excluded), Reason: r.Reason, Accounts: r.Accounts,
			Examples: []exampleLine{},
		}
		for _, e := range r.Examples {
			line.Examples = append(line.Examples, exampleLine{account.MaskText(e.ID), orNull(e.To.Masked())})
		}
		lines = append(lines, line)
	}
	return lines
}

func (e explanation) human(w io.Writer) {
	label := "why"
	for _, line := range e {
		fmt.Fprintf(w, "%-9s %s: %s\n", label, line.what(), printable(line.Reason))
		for _, example := range line.Examples {
			fmt.Fprintf(w, "%12s%s\n", "", strings.TrimRight(printable(example.ID)+" "+text(example.Address), " "))
		}
		label = ""
	}
}

// what is "170 password", or "6 unclassified, excluded".
func (l reasonLine) what() string {
	switch {
	case l.Excluded == nil:
		return fmt.Sprintf("%d %s", l.Accounts, *l.Class)
	case l.Class == nil:
		return fmt.Sprintf("%d excluded, %s", l.Accounts, *l.Excluded)
	}
	return fmt.Sprintf("%d %s excluded, %s", l.Accounts, *l.Class, *l.Excluded)
}
