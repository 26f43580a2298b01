package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"breachnotify/pkg/account"
	"breachnotify/pkg/campaign"
	"breachnotify/pkg/check"
	"breachnotify/pkg/export"
	"breachnotify/pkg/hint"
	"breachnotify/pkg/ledger"
	"breachnotify/pkg/notice"
	"breachnotify/pkg/relay"
	"breachnotify/templates"
)

// folder is a campaign folder that has been read: a valid configuration and the
// notices that it names.
type folder struct {
	config  *campaign.Config
	notices *notice.Set
	ledger  string // path
	path    string // of the configuration

	problems  []check.Problem     // why the notices cannot be made use of, see openUnchecked
	overrides []campaign.Override // that this command gives
	checked   *check.Report       // what the offline rules find, see vet; nil: nobody looked yet
}

// contentError is why the notices of a folder cannot be made use of: what templates and
// facts hold, and neither I/O nor a key of the configuration.
type contentError struct{ error }

func (e contentError) Unwrap() error { return e.error }

// openFolder reads a folder. What is wrong with what its notices hold is a contentError.
func openFolder(p *process, g *globals) (*folder, error) {
	config, err := campaign.ReadFile(g.config, p.getenv)
	if err != nil {
		return nil, err
	}
	for _, key := range config.ExposedSecrets() {
		warning{"everybody on this machine can read the file of " + key, "chmod 600 the file, and change the secret if others use this machine"}.show(p)
	}
	options, err := noticeOptions(config)
	if err != nil {
		return nil, err
	}
	if err := options.Validate(); err != nil {
		return nil, err
	}
	notices, err := notice.Load(options)
	switch {
	case isFileError(err):
		return nil, err
	case err != nil:
		return nil, contentError{err}
	}
	if err := config.CheckLinks(notices.Links()); err != nil {
		return nil, contentError{err}
	}
	f := newFolder(config, g)
	f.notices = notices
	return f, nil
}

// newFolder returns the folder of a configuration, without its notices.
func newFolder(config *campaign.Config, g *globals) *folder {
	return &folder{config: config, ledger: cmp.Or(g.ledger, config.LedgerPath()), path: g.config}
}

// noticeOptions says which notices a campaign has.
func noticeOptions(config *campaign.Config) (notice.Options, error) {
	options := notice.Options{
		FS:              templates.Over(config.TemplateFS(templates.FS)),
		Facts:           config.Facts(),
		MessageIDDomain: config.MessageIDDomain(),
		DefaultLocale:   config.Notice.Locale,
	}
	key := config.SMTP.DKIM
	if key == nil {
		return options, nil
	}
	var err error
	options.DKIM, err = notice.LoadDKIM(key.Domain, key.Selector, key.KeyFile)
	return options, err
}

// ledgerPath finds the ledger for the commands that look at nothing else.
func ledgerPath(p *process, g *globals) (string, error) {
	path, _, err := campaignOf(p, g)
	return path, err
}

// campaignOf finds the ledger for the commands that change nothing, and the configuration,
// nil with --ledger: then none is needed.
func campaignOf(p *process, g *globals) (ledger string, config *campaign.Config, err error) {
	if g.ledger != "" {
		return g.ledger, nil, nil
	}
	config, err = campaign.ReadFile(g.config, p.getenv)
	if err != nil {
		return "", nil, hint.Append(err, "or name the ledger with --ledger")
	}
	return config.LedgerPath(), config, nil
}

// hasLedger reports whether the campaign was planned.
func (f *folder) hasLedger() (bool, error) {
	_, err := os.Stat(f.ledger)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for the ledger: %w", err)
	}
	return true, nil
}

func (f *folder) exportSpec() export.Spec {
	from := f.config.Export
	return export.Spec{
		Source: from.Source, Preset: from.Preset, Table: from.Table, Tables: from.Tables,
		Where: from.Where, Query: from.Query, Columns: export.Columns(from.Columns),
		MaxRecord: int64(from.MaxRecord), MaxUnpacked: int64(from.MaxUnpacked),
	}
}

// relay returns the relay of the configuration. Nothing is dialled.
func (f *folder) relay() (*relay.Relay, error) {
	s := f.config.SMTP
	options := relay.Options{
		Host: s.Host, Port: s.Port, TLS: relay.TLSMode(s.TLS), LocalName: s.LocalName,
		Username: s.Username, Password: s.Password, DSN: true,
		Timeouts: timeouts(s.Timeouts),
	}
	var err error
	if options.RootCAs, err = authorities("smtp.ca_file", s.CAFile); err != nil {
		return nil, err
	}
	return relay.New(options)
}

// authorities returns those of the system with those of a file, which a key of the
// configuration names; nil, which is the system's, where it names none.
func authorities(key, file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	roots, err := relay.LoadRoots(file)
	return roots, hint.Otherwise(err, "look at %s in notify.yaml; a relative path starts at that file", key)
}

// timeouts is the configuration in the words of relay. Zero is relay's default.
func timeouts(t campaign.Timeouts) relay.Timeouts {
	return relay.Timeouts{
		Connect: time.Duration(t.Connect), Banner: time.Duration(t.Banner), EHLO: time.Duration(t.EHLO),
		STARTTLS: time.Duration(t.STARTTLS), Auth: time.Duration(t.Auth), Mail: time.Duration(t.Mail),
		Rcpt: time.Duration(t.Rcpt), Data: time.Duration(t.Data), Block: time.Duration(t.Block),
		Dot: time.Duration(t.Dot), Quit: time.Duration(t.Quit),
	}
}

// openPlan opens the ledger for reading and holds the folder against it.
func (f *folder) openPlan(ctx context.Context) (*ledger.Reader, error) {
	book, err := openReadOnly(ctx, f.ledger)
	if err != nil {
		return nil, err
	}
	if err := f.unchanged(ctx, book); err != nil {
		return nil, errors.Join(err, book.Close())
	}
	return book, nil
}

// unchanged refuses a folder that is not the one that was planned.
func (f *folder) unchanged(ctx context.Context, book *ledger.Reader) error {
	frozen, _, err := book.Frozen(ctx)
	if err != nil {
		return err
	}
	if err := f.owns(frozen); err != nil {
		return err
	}
	now := f.config.Freeze(f.notices)
	changed := campaign.Changed(frozen.Parts, now.Parts)
	if len(changed) == 0 {
		return nil
	}
	err = say(errRefused, "the plan is frozen, and since then something changed: %v", changed)
	return hint.Wrap(err, "change it back, or make a new plan with notify plan while nothing has been sent")
}

// owns refuses what another campaign planned.
func (f *folder) owns(frozen campaign.Frozen) error {
	if frozen.Campaign == f.config.Campaign {
		return nil
	}
	err := say(errRefused, "the ledger %s belongs to the campaign %q, not %q", f.ledger, frozen.Campaign, f.config.Campaign)
	return hint.Wrap(err, "name this campaign's ledger with --ledger, or its configuration with --config")
}

// variants lists the notices of the folder in the order in which they are shown.
func (f *folder) variants() []variant {
	var all []variant
	for _, class := range account.Classes() {
		for _, locale := range f.notices.Locales(class) {
			all = append(all, variant{Class: class, Locale: locale, Subject: f.notices.Subject(class, locale)})
		}
	}
	return all
}

// planned lists the notices that the plan of book makes use of.
func (f *folder) planned(ctx context.Context, book *ledger.Reader) ([]variant, error) {
	kinds, err := book.Kinds(ctx)
	if err != nil {
		return nil, err
	}
	var used []variant
	for _, k := range kinds {
		used = append(used, variant{Class: k.Class, Locale: k.Locale, Subject: f.notices.Subject(k.Class, k.Locale)})
	}
	return used, nil
}

// variant is one notice in one language.
type variant struct {
	Class   account.Class `json:"class"`
	Locale  string        `json:"locale"`
	Subject string        `json:"subject"`
}
