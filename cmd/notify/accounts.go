package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/ledger"
)

type accountsOptions struct {
	id       string
	address  string
	class    string
	state    string
	excluded bool

	unmatched bool
	reveal    bool
	csv       bool
}

// validate refuses filters beside --unmatched, which lists no accounts.
func (o accountsOptions) validate() error {
	if o.unmatched && (o.id != "" || o.address != "" || o.class != "" || o.state != "" || o.excluded) {
		return hint.Wrap(say(errUsage, "--unmatched lists keys that match no account: no filter of accounts fits"),
			"leave out either --unmatched or the filters")
	}
	return nil
}

// filter returns what to ask the ledger for.
func (o accountsOptions) filter() (ledger.Filter, error) {
	f := ledger.Filter{ID: o.id, Class: account.Class(o.class), State: campaign.State(o.state), Excluded: o.excluded}
	if o.class != "" && !f.Class.Valid() {
		return f, say(errUsage, "--class is %q: want password or sso", o.class)
	}
	if o.state != "" && !f.State.Valid() {
		return f, say(errUsage, "--state is %q: want one of %s", o.state, stateNames())
	}
	if o.address != "" {
		var err error
		if f.Address, err = account.ParseAddress(o.address); err != nil {
			return f, say(errUsage, "--address: %v", err)
		}
	}
	return f, nil
}

// stateNames are the values of --state.
func stateNames() string {
	var names []string
	for _, state := range campaign.States() {
		names = append(names, string(state))
	}
	return strings.Join(names, ", ")
}

func newAccountsCommand(p *process, g *globals) *cobra.Command {
	var o accountsOptions
	cmd := command("accounts", "List accounts and what became of each",
		`accounts prints one line an account: its class and why, its notice, the state of
that, and the relay's last reply. Filters narrow the list; an account must fit all
of them. Addresses are masked unless --reveal is given.
--unmatched lists instead the keys of the tables under export.tables that match no
account of the export: people who are in a list of the affected and get no notice.`,
		[]int{exitDone, exitFailed, exitUsage, exitRefused, exitInterrupted}, noArgs)
	flags := cmd.Flags()
	flags.StringVar(&o.id, "id", "", "the account with this `ID`")
	flags.StringVar(&o.address, "address", "", "accounts of this mailbox (`ADDR`)")
	flags.StringVar(&o.class, "class", "", "accounts of this `CLASS`: password or sso")
	flags.StringVar(&o.state, "state", "", "accounts whose notice is in this `STATE`")
	flags.BoolVar(&o.excluded, "excluded", false, "accounts that get no notice")
	flags.BoolVar(&o.unmatched, "unmatched", false, "the keys of further tables that match no account")
	flags.BoolVar(&o.reveal, "reveal", false, "show whole addresses")
	flags.BoolVar(&o.csv, "csv", false, "print CSV")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return runAccounts(cmd.Context(), p, g, o) }
	return cmd
}

func runAccounts(ctx context.Context, p *process, g *globals, o accountsOptions) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	filter, err := o.filter()
	if err != nil {
		return err
	}
	path, err := ledgerPath(p, g)
	if err != nil {
		return err
	}
	book, err := openReadOnly(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	ctx, cancel := p.untilStop(ctx)
	defer cancel()
	if o.unmatched {
		return writeList(newLineWriter(p.stdout, g.json, o.csv, unmatchedHeader), book.Unmatched(ctx),
			func(u campaign.Unmatched) listed { return newUnmatchedLine(u, o.reveal) })
	}
	return writeList(newLineWriter(p.stdout, g.json, o.csv, accountHeader), book.Accounts(ctx, filter),
		func(l ledger.AccountLine) listed { return newAccountLine(l, o.reveal) })
}

// accountLine is a line of `notify accounts`. Its JSON is a contract.
type accountLine struct {
	ID         string              `json:"id"`
	Address    *string             `json:"address"`
	Class      *account.Class      `json:"class"`
	Reason     string              `json:"reason"`
	Excluded   *campaign.Exclusion `json:"excluded"`
	Notice     *string             `json:"notice"`
	Generation *int                `json:"generation"`
	State      *campaign.State     `json:"state"`
	Attempts   int                 `json:"attempts"`
	LastReply  *string             `json:"last_reply"`
	Updated    *time.Time          `json:"updated"`
	Locale     *string             `json:"locale"`
	Line       int64               `json:"line"` // of the export
	Withdrawn  *time.Time          `json:"withdrawn"`
}

func newAccountLine(l ledger.AccountLine, reveal bool) accountLine {
	id, address, reply := l.ID, shownAddress(l.Address, l.Written, reveal), l.LastReply
	if !reveal { // some exports have addresses for ids
		id, reply = account.MaskText(id), account.MaskName(l.Address.MaskIn(reply), l.Name)
	}
	return accountLine{
		ID: id, Address: orNull(address), Class: orNull(l.Class), Reason: l.Reason, Excluded: orNull(l.Excluded),
		Notice: orNull(l.NoticeID), Generation: orNull(l.Generation), State: orNull(l.State), Attempts: l.Attempts,
		LastReply: orNull(reply), Updated: optionalTime(l.Updated), Locale: orNull(l.Locale), Line: l.Line, Withdrawn: optionalTime(l.Withdrawn),
	}
}

// shownAddress is an address, or what stands where one should.
func shownAddress(a account.Address, written string, reveal bool) string {
	switch {
	case reveal && a.IsZero():
		return written
	case reveal:
		return a.Wire()
	case a.IsZero():
		return account.MaskWritten(written)
	}
	return a.Masked()
}

// fields returns the line as text, an empty one for null.
func (a accountLine) fields() []string {
	return []string{a.ID, text(a.Address), text(a.Class), a.Reason, text(a.Excluded), text(a.Notice),
		text(a.Generation), text(a.State), strconv.Itoa(a.Attempts), text(a.LastReply), rfc3339(a.Updated), text(a.Locale),
		strconv.FormatInt(a.Line, 10), rfc3339(a.Withdrawn)}
}

var accountHeader = []string{"id", "address", "class", "reason", "excluded", "notice", "generation", "state",
	"attempts", "last_reply", "updated", "locale", "line", "withdrawn"}

// words returns the line as a human reads it.
func (a accountLine) words() []string {
	words := []string{printable(a.ID), printable(text(a.Address)), text(a.Class), text(a.State)}
	if a.Excluded != nil {
		words = append(words, fmt.Sprintf("line %d excluded: %s", a.Line, *a.Excluded))
	}
	words = append(words, "("+printable(a.Reason)+")", printable(text(a.LastReply)))
	if a.Withdrawn != nil {
		words = append(words, fmt.Sprintf("(a resend was withdrawn at %s: this notice was accepted)", rfc3339(a.Withdrawn)))
	}
	return words
}
