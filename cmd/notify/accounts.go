package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/ledger"
)

type accountsOptions struct {
	id       string
	address  string
	class    string
	state    string
	excluded bool
	reveal   bool
	csv      bool
}

// filter returns what to ask the ledger for.
func (o accountsOptions) filter() (ledger.Filter, error) {
	f := ledger.Filter{ID: o.id, Class: account.Class(o.class), State: campaign.State(o.state), Excluded: o.excluded}
	if o.class != "" && !f.Class.Valid() {
		return f, say(errUsage, "--class is %q: want password or sso", o.class)
	}
	if o.state != "" && !f.State.Valid() {
		return f, say(errUsage, "--state is %q: want one of %v", o.state, campaign.States())
	}
	if o.address != "" {
		var err error
		if f.Address, err = account.ParseAddress(o.address); err != nil {
			return f, say(errUsage, "--address: %v", err)
		}
	}
	return f, nil
}

func newAccountsCommand(p *process, g *globals) *cobra.Command {
	var o accountsOptions
	cmd := command("accounts", "List accounts and what became of each",
		`accounts prints one line an account: its class and why, its notice, the state of
that, and the relay's last reply. Filters narrow the list; an account must fit all
of them. Addresses are masked unless --reveal is given.`,
		[]int{exitDone, exitFailed, exitUsage, exitRefused, exitInterrupted}, cobra.NoArgs)
	flags := cmd.Flags()
	flags.StringVar(&o.id, "id", "", "the account with this `ID`")
	flags.StringVar(&o.address, "address", "", "accounts of this mailbox (`ADDR`)")
	flags.StringVar(&o.class, "class", "", "accounts of this class: password or sso")
	flags.StringVar(&o.state, "state", "", "accounts whose notice is in this `STATE`")
	flags.BoolVar(&o.excluded, "excluded", false, "accounts that get no notice")
	flags.BoolVar(&o.reveal, "reveal", false, "show whole addresses")
	flags.BoolVar(&o.csv, "csv", false, "print CSV")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return runAccounts(cmd.Context(), p, g, o) }
	return cmd
}

func runAccounts(ctx context.Context, p *process, g *globals, o accountsOptions) (err error) {
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
	write := newLineWriter(p.stdout, g.json, o.csv)
	for line, err := range book.Accounts(ctx, filter) {
		if err != nil {
			return err
		}
		if err := write.line(newAccountLine(line, o.reveal)); err != nil {
			return fmt.Errorf("write the list: %w", err)
		}
	}
	return write.end()
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
}

func newAccountLine(l ledger.AccountLine, reveal bool) accountLine {
	id, address, reply := l.ID, l.Address.Wire(), l.LastReply
	if !reveal { // some exports have addresses for ids
		id, address, reply = account.MaskText(id), l.Address.Masked(), l.Address.MaskIn(reply)
	}
	line := accountLine{
		ID: id, Address: orNull(address), Class: orNull(l.Class), Reason: l.Reason, Excluded: orNull(l.Excluded),
		Notice: orNull(l.NoticeID), Generation: orNull(l.Generation), State: orNull(l.State), Attempts: l.Attempts,
		LastReply: orNull(reply), Locale: orNull(l.Locale), Line: l.Line,
	}
	if !l.Updated.IsZero() {
		updated := l.Updated.UTC()
		line.Updated = &updated
	}
	return line
}

// orNull returns nil for a zero value, which is null in JSON.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// fields returns the line as text, an empty one for null.
func (a accountLine) fields() []string {
	updated := ""
	if a.Updated != nil {
		updated = a.Updated.Format(time.RFC3339)
	}
	return []string{a.ID, text(a.Address), text(a.Class), a.Reason, text(a.Excluded), text(a.Notice),
		text(a.Generation), text(a.State), strconv.Itoa(a.Attempts), text(a.LastReply), updated, text(a.Locale),
		strconv.FormatInt(a.Line, 10)}
}

var accountHeader = []string{"id", "address", "class", "reason", "excluded", "notice", "generation", "state",
	"attempts", "last_reply", "updated", "locale", "line"}

func text[T any](v *T) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(*v)
}

// lineWriter prints accounts as they come: for a long list nothing is kept.
type lineWriter interface {
	line(accountLine) error
	end() error
}

func newLineWriter(w io.Writer, asJSON, asCSV bool) lineWriter {
	switch {
	case asJSON:
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return jsonLines{encoder}
	case asCSV:
		return &csvLines{w: csv.NewWriter(w)}
	}
	return humanLines{w}
}

type jsonLines struct{ encoder *json.Encoder }

func (j jsonLines) line(a accountLine) error { return j.encoder.Encode(a) }
func (j jsonLines) end() error               { return nil }

type csvLines struct {
	w      *csv.Writer
	headed bool
}

func (c *csvLines) line(a accountLine) error {
	if err := c.head(); err != nil {
		return err
	}
	fields := a.fields()
	for i, field := range fields {
		fields[i] = noFormula(field)
	}
	return c.w.Write(fields)
}

// noFormula keeps a spreadsheet from taking a field for a formula, by the apostrophe
// that spreadsheets know for that. Negative numbers are left as they are.
func noFormula(field string) string {
	if field == "" || !strings.ContainsRune("=+-@\t\r", rune(field[0])) {
		return field
	}
	if _, err := strconv.ParseFloat(field, 64); err == nil {
		return field
	}
	return "'" + field
}

func (c *csvLines) head() error {
	if c.headed {
		return nil
	}
	c.headed = true
	return c.w.Write(accountHeader)
}

func (c *csvLines) end() error {
	if err := c.head(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

type humanLines struct{ w io.Writer }

func (h humanLines) line(a accountLine) error {
	words := []string{printable(a.ID), text(a.Address), text(a.Class), text(a.State)}
	if a.Excluded != nil {
		words = append(words, fmt.Sprintf("line %d excluded: %s", a.Line, *a.Excluded))
	}
	words = append(words, "("+printable(a.Reason)+")", printable(text(a.LastReply)))
	_, err := fmt.Fprintln(h.w, strings.Join(strings.Fields(strings.Join(words, " ")), " "))
	return err
}

func (h humanLines) end() error { return nil }

// printable keeps what came from an export or a relay from steering a terminal.
func printable(s string) string {
	quoted := strconv.QuoteToGraphic(s)
	if quoted == `"`+s+`"` {
		return s
	}
	return quoted
}
