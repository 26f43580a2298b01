package campaign

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"breachnotify/pkg/account"
	"breachnotify/pkg/classify"
	"breachnotify/pkg/notice"
)

// Errors of Planner.Plan.
var (
	// ErrNoID says that a record has no account id, so that nobody could account
	// for it.
	ErrNoID = errors.New("the account has no id")
	// ErrNoNotice says that there is no notice for a class, not even in the
	// language of notice.locale.
	ErrNoNotice = errors.New("there is no notice for the class")
)

// Languages chooses the language of a notice. *notice.Set is one.
type Languages interface {
	// Locale returns the language in which an account of this class that prefers
	// the given one is written to; ok is false where there is none.
	Locale(class account.Class, preferred string) (locale string, ok bool)
}

var _ Languages = (*notice.Set)(nil)

// Planner decides, record by record, who gets which notice.
type Planner struct {
	Rules     classify.Rules
	Languages Languages
	Sendable  Sendable
}

// Plan gives draft every record, in their order, each exactly once: with its class
// and language, or with the reason why it gets no notice. Where several reasons
// apply the first of no_address, invalid_address, unsendable, suppressed, withheld
// and unclassified is given. Nothing is kept from one record to the next. Accounts that
// come twice are found by Draft.Seal, which is left to the caller.
//
// Plan ends at the first error: that of ctx, of records or of draft, ErrNoID or
// ErrNoNotice. The error names the line, and the draft must then be given up.
func (p *Planner) Plan(ctx context.Context, records iter.Seq2[account.Record, error], draft Draft) error {
	for record, err := range records {
		if err != nil {
			return fmt.Errorf("read the export: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		planned, err := p.decide(record)
		if err != nil {
			return fmt.Errorf("plan line %d: %w", record.Line, err)
		}
		if err := draft.Add(ctx, planned); err != nil {
			return fmt.Errorf("plan line %d: %w", record.Line, err)
		}
	}
	return ctx.Err()
}

// decide says everything that can be said of one record by itself. The class of an
// excluded account is kept, where it has one.
func (p *Planner) decide(record account.Record) (Planned, error) {
	if account.IsNull(record.ID) {
		return Planned{}, ErrNoID
	}
	to, bad := account.ParseAddress(record.Email)
	verdict := p.Rules.Classify(record)
	name := record.Name
	if account.IsNull(name) { // or a notice would greet NULL
		name = ""
	}
	planned := Planned{
		Line: record.Line, ID: record.ID, Name: name, To: to,
		Class: verdict.Class, Reason: verdict.Reason,
	}
	if exclusion, reason := p.exclude(to, bad, verdict); exclusion != "" {
		planned.Excluded, planned.Reason = exclusion, reason
		if exclusion == InvalidAddress {
			planned.Written = written(record.Email)
		}
		return planned, nil
	}
	locale, ok := p.Languages.Locale(verdict.Class, record.Locale)
	if !ok {
		return Planned{}, fmt.Errorf("%w %s", ErrNoNotice, verdict.Class)
	}
	planned.Locale = locale
	return planned, nil
}

// written is what a human looks at who has to find out which address was meant.
func written(email string) string {
	email = strings.TrimSpace(email)
	if len(email) > MaxWritten {
		email = strings.ToValidUTF8(email[:MaxWritten], "")
	}
	return email
}

func (p *Planner) exclude(to account.Address, bad error, verdict classify.Verdict) (Exclusion, string) {
	switch {
	case errors.Is(bad, account.ErrNoAddress):
		return NoAddress, bad.Error()
	case bad != nil:
		return InvalidAddress, bad.Error()
	}
	if exclusion, reason := p.Sendable.unless(to); exclusion != "" {
		return exclusion, reason
	}
	if verdict.Class == "" {
		return Unclassified, verdict.Reason
	}
	return "", ""
}

// Sendable says to which valid addresses notices may go. The zero Sendable is for a
// relay that takes ASCII alone.
type Sendable struct {
	SMTPUTF8    bool        // the relay takes non-ASCII local parts
	Suppression Suppression // may be nil
	Furnished   Domains     // where the organisation itself provides the mailboxes
}

// Sendable reads what the configuration says of it. The errors are those of
// ReadSuppressed.
func (c *Config) Sendable() (Sendable, error) {
	suppressed, err := c.ReadSuppressed()
	return Sendable{SMTPUTF8: c.SMTP.SMTPUTF8, Suppression: suppressed, Furnished: c.Furnished()}, err
}

// unless returns why nothing is sent to an address that is valid.
func (s Sendable) unless(to account.Address) (Exclusion, string) {
	switch {
	case to.NeedsSMTPUTF8() && !s.SMTPUTF8:
		return Unsendable, "the local part is not ASCII and smtp.smtputf8 is off"
	case s.Suppression.Has(to):
		return Suppressed, "the mailbox is in the file of suppress"
	case s.Furnished.Has(to):
		return Withheld, "the mailbox is at one of furnished_mail_domains"
	}
	return "", ""
}
